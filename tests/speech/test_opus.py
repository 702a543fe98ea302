"""Samples go through Opus and back."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import SpeechError
from relay.speech.base import RATE
from relay.speech.opus import SAMPLES, Decoder, Encoder


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


@settings(max_examples=300, deadline=None)
@given(packet=st.binary(max_size=200))
def test_hostile_packets_are_samples_or_refused(packet: bytes) -> None:
    with suppress(SpeechError):
        assert len(Decoder().decode(packet)) % 2 == 0
