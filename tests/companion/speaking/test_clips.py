"""Clips and the shelf they are kept on."""

import io
import struct
import wave

import pytest

from relay.companion.speaking.clips import Speech
from relay.companion.voice.base import Mute, VoiceError
from tests.companion.endpoints import wav


class FixedVoice:
    """Answers with the files it was given, one after the other; the last one again and again."""

    def __init__(self, *files: bytes | VoiceError) -> None:
        self.files = list(files)
        self.texts: list[str] = []

    async def speak(self, text: str) -> bytes:
        self.texts.append(text)
        file = self.files.pop(0) if len(self.files) > 1 else self.files[0]
        if isinstance(file, VoiceError):
            raise file
        return file


def kept(speech: Speech, url: str) -> bytes | None:
    return speech.wav(url.removeprefix("/api/tts/gens/"))


async def test_a_clip_has_an_address_and_a_length() -> None:
    speech = Speech(FixedVoice(wav(1.5)))

    first, second = await speech.clip("Hello."), await speech.clip("Hello.")

    assert first is not None and second is not None
    assert first.url != second.url
    assert first.duration == 1.5
    assert kept(speech, first.url) == wav(1.5)


@pytest.mark.parametrize("unknown", [0xFFFFFFFF, 0])
async def test_a_header_written_before_the_length_was_known_is_mended(unknown: int) -> None:
    streamed = bytearray(wav(2.0))
    struct.pack_into("<I", streamed, 4, unknown)
    struct.pack_into("<I", streamed, 40, unknown)
    speech = Speech(FixedVoice(bytes(streamed) + b"\0"))

    clip = await speech.clip("Hello.")

    assert clip is not None and clip.duration == 2.0
    with wave.open(io.BytesIO(kept(speech, clip.url) or b"")) as file:
        assert file.getnframes() == 16_000


@pytest.mark.parametrize(
    "file",
    [b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF....AVI fmt ", wav(1.0)[:30], wav(1.0).replace(b"\x80\x3e\0\0", b"\0\0\0\0")],
)
async def test_what_is_no_wav_file_is_an_error(file: bytes) -> None:
    with pytest.raises(VoiceError, match="WAV"):
        await Speech(FixedVoice(file)).clip("Hello.")


async def test_the_oldest_is_forgotten_first() -> None:
    speech = Speech(FixedVoice(wav(1.0)), shelf=2 * len(wav(1.0)))

    urls = [clip.url for _ in range(4) if (clip := await speech.clip("Hello."))]

    assert [kept(speech, url) is not None for url in urls] == [False, False, True, True]


async def test_the_newest_is_kept_however_large() -> None:
    speech = Speech(FixedVoice(wav(1.0)), shelf=10)

    clip = await speech.clip("Hello.")

    assert clip is not None and kept(speech, clip.url)


async def test_without_a_voice_nothing_is_spoken() -> None:
    assert await Speech(Mute()).clip("Hello.") is None


async def test_a_failing_voice_is_logged_once_until_it_recovers(caplog: pytest.LogCaptureFixture) -> None:
    broken = VoiceError("check companion.speech_url")
    speech = Speech(FixedVoice(broken, broken, wav(1.0), broken))

    for fails in (True, True, False, True):
        if fails:
            with pytest.raises(VoiceError):
                await speech.clip("Hello.")
        else:
            await speech.clip("Hello.")

    assert [record.message for record in caplog.records] == [
        "Replies go out without speech: check companion.speech_url"
    ] * 2
