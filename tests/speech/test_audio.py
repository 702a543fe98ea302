import io
import math
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from relay.errors import SpeechError
from relay.speech.audio import MAX_GAIN, MAX_SECONDS, PEAK, decode, levelled, loudness, prepare
from relay.speech.base import RATE
from tests.tones import pitch, tone, wav


def encoded(samples: NDArray[np.int16], kind: str, codec: str) -> bytes:
    """The samples as a compressed file."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
def test_speech_of_any_rate_keeps_its_pitch_and_its_length(rate: int) -> None:
    samples = decode(wav(tone(440, 1.0, rate=rate), rate))

    assert len(samples) == pytest.approx(RATE, rel=0.01)
    assert pitch(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(("kind", "codec"), [("mp3", "libmp3lame"), ("ogg", "libopus"), ("flac", "flac")])
def test_compressed_speech_is_read(kind: str, codec: str) -> None:
    samples = decode(encoded(tone(440, 1.0), kind, codec))

    assert len(samples) == pytest.approx(RATE, rel=0.1)
    assert pitch(samples[: RATE // 2]) == pytest.approx(440, abs=4)


def test_of_a_wav_file_the_header_is_enough_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def opened(file: io.BytesIO, **how: Any) -> Any:
        container = av_open(file, **how)
        looked_at.append(file.tell())
        return container

    av_open = av.open
    monkeypatch.setattr(av, "open", opened)
    data = wav(tone(440, 5.0))
    decode(data)

    assert looked_at[0] < len(data) / 4


def test_stereo_becomes_mono() -> None:
    both = np.repeat(tone(440, 0.5), 2)

    assert len(decode(wav(both, channels=2))) == pytest.approx(RATE / 2, rel=0.01)


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", b"RIFF\0\0\0\0WAVE", wav(np.zeros(0, np.int16))])
def test_what_is_no_audio_is_refused(data: bytes) -> None:
    with pytest.raises(SpeechError):
        decode(data)


def test_a_clip_that_is_too_long_is_refused() -> None:
    with pytest.raises(SpeechError, match="longer than"):
        decode(wav(np.zeros(round((MAX_SECONDS + 1) * 8000), np.int16), 8000))


@given(st.binary(max_size=300), st.integers(0, 300))
def test_hostile_bytes_are_refused_or_read(data: bytes, keep: int) -> None:
    for hostile in (data, wav(tone(440, 0.01))[:keep] + data):
        try:
            assert len(decode(hostile))
        except SpeechError:
            continue


def test_loudness_is_that_of_the_standard() -> None:
    # EBU Tech 3341: a 997 Hz sine of -20 dBFS in one channel reads -23.0 LUFS
    assert loudness(tone(997, 3.0, level=0.1)) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("level", [0.05, 0.1, 0.3, 0.9])
def test_quiet_and_loud_clips_come_out_equally_loud(level: float) -> None:
    assert loudness(levelled(tone(997, 1.0, level=level), -18.0)) == pytest.approx(-18.0, abs=0.3)


def test_a_clip_shorter_than_a_block_of_the_meter_is_levelled_too() -> None:
    assert loudness(levelled(tone(997, 0.1, level=0.05), -18.0)) == pytest.approx(-18.0, abs=1.0)


def test_near_silence_is_not_blown_up_and_a_whisper_only_so_far() -> None:
    noise = (np.random.default_rng(0).standard_normal(RATE) * 3).astype(np.int16)
    assert np.array_equal(levelled(noise, -18.0), noise)
    assert loudness(np.zeros(RATE, np.int16)) == -math.inf

    whisper = tone(997, 1.0, level=0.005)
    raised = loudness(levelled(whisper, -18.0)) - loudness(whisper)
    assert raised == pytest.approx(MAX_GAIN, abs=0.2)


def test_nothing_clips_however_uneven_the_clip_is() -> None:
    shout = np.concatenate([tone(997, 1.0, level=0.02), tone(997, 0.01, level=0.9)])

    assert np.abs(levelled(shout, -5.0)).max() <= math.ceil(PEAK * 32767)


def test_a_prepared_clip_is_samples_as_bytes() -> None:
    pcm = prepare(wav(tone(440, 0.5)), -18.0)

    assert len(pcm) == RATE
