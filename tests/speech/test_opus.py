"""Samples go through Opus and back."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import SpeechError
from relay.speech import opus
from relay.speech.base import RATE
from relay.speech.libopus import OpusStream
from relay.speech.opus import SAMPLES, Decoder, Encoder
from tests.benchmarks.lost_packets import packets_of
from tests.hearing import sounds
from tests.support import examples


def test_a_tone_survives_the_way_there_and_back() -> None:
    at = np.arange(25 * SAMPLES) / RATE
    tone = (9000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()
    encoder, decoder = Encoder(), Decoder()
    frames = [tone[at : at + 2 * SAMPLES] for at in range(0, len(tone), 2 * SAMPLES)]
    heard = np.frombuffer(b"".join(decoder.decode(encoder.encode(frame)) for frame in frames), "<i2")
    assert len(heard) == 25 * SAMPLES
    assert np.abs(heard[5 * SAMPLES :]).max() == pytest.approx(9000, rel=0.05)


def test_a_packet_that_is_none_is_refused_and_the_next_one_decoded() -> None:
    decoder, packet = Decoder(), Encoder().encode(bytes(2 * SAMPLES))
    for broken in (b"", b"\xff" * 3):
        with pytest.raises(SpeechError, match="no Opus"):
            decoder.decode(broken)
    assert len(decoder.decode(packet)) == 2 * SAMPLES


def test_what_is_lost_is_in_the_packet_behind_it_where_the_client_sends_it_twice() -> None:
    words = sounds.speech()[:24_000]
    packets = packets_of(words)
    clean, made_up, holes = Decoder(), Decoder(), Decoder()
    whole, repaired, gaps = b"", b"", b""
    for number, packet in enumerate(packets):
        whole += clean.decode(packet)
        if number % 5 == 3 and number + 1 < len(packets):
            repaired += b"".join(made_up.make_up(1, packets[number + 1]))
            gaps += bytes(2 * SAMPLES)
        else:
            repaired, gaps = repaired + made_up.decode(packet), gaps + holes.decode(packet)
    assert len(repaired) == len(whole)
    assert _distance(repaired, whole) < _distance(gaps, whole) / 2


def test_without_the_library_what_is_lost_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "library", lambda: None)
    decoder, packet = Decoder(), Encoder().encode(bytes(2 * SAMPLES))
    assert len(decoder.decode(packet)) == 2 * SAMPLES
    assert decoder.make_up(3, packet) == [bytes(2 * SAMPLES)] * 3


def _distance(one: bytes, other: bytes) -> float:
    """Between their spectra: what is heard, not where its waves begin."""
    spectra = [np.abs(np.fft.rfft(np.frombuffer(each, "<i2").reshape(-1, SAMPLES) / 2**15)) for each in (one, other)]
    return float(np.linalg.norm(spectra[0] - spectra[1]))


@settings(max_examples=examples(300), deadline=None)
@given(packet=st.binary(max_size=200))
def test_hostile_packets_are_samples_or_refused(packet: bytes) -> None:
    with suppress(SpeechError):
        assert len(Decoder().decode(packet)) % 2 == 0


class Library:
    """Makes a decoder, or fails with an error."""

    def __init__(self, error: int = 0) -> None:
        self._error = error
        self.given_back: list[int] = []

    def opus_decoder_create(self, rate: int, channels: int, error: Any) -> int | None:
        error._obj.value = self._error
        return None if self._error else 7

    def opus_decoder_destroy(self, state: int) -> None:
        self.given_back.append(state)


def test_a_decoder_is_given_back_when_it_is_done_with() -> None:
    library = Library()
    stream = OpusStream(library)
    assert library.given_back == []

    del stream

    assert library.given_back == [7]


def test_a_decoder_that_cannot_be_made_is_told_of() -> None:
    with pytest.raises(SpeechError, match="no decoder \\(error -7\\)"):
        OpusStream(Library(-7))


def test_without_the_library_too_a_packet_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "library", lambda: None)

    with pytest.raises(SpeechError, match="3 bytes are no Opus"):
        Decoder().decode(b"\xff" * 3)
