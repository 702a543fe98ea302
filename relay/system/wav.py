"""Sound as a file, in the form that everything reads."""

import io
import wave


def wav_of(pcm: bytes, rate: int) -> bytes:
    """A WAV file of mono signed 16-bit samples, `rate` of them a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm)
    return file.getvalue()
