"""What several people say becomes one stream in real time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.hearing.base import HEARING_RATE
from relay.speech.mixer import BLOCK_BYTES, QUIET, Mixer

FRAME = 320


def sine(frequency: float, seconds: float, level: float = 0.1) -> bytes:
    at = np.arange(int(seconds * HEARING_RATE)) / HEARING_RATE
    return (level * 32767 * np.sin(2 * np.pi * frequency * at)).astype("<i2").tobytes()


def play(hearing: Mixer, said: dict[int, bytes], seconds: float, begin: int = 2**32 - 5000) -> bytes:
    """Everybody's frames each 20 ms, read each 30 ms; what was read."""
    heard = b""
    for millisecond in range(0, round(seconds * 1000), 10):
        if millisecond % 20 == 0:
            at = millisecond // 20 * FRAME
            for speaker, pcm in said.items():
                if frame := pcm[2 * at : 2 * (at + FRAME)]:
                    hearing.feed(speaker, (begin + at) % 2**32, frame)
        if millisecond % 30 == 0:
            heard += hearing.read()
    return heard


def strength(pcm: bytes, frequency: float) -> float:
    """The amplitude of one frequency, as a share of full scale."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    at = np.arange(len(samples)) / HEARING_RATE
    return float(abs(2 * np.mean(samples * np.exp(-2j * np.pi * frequency * at)))) / 32767


@pytest.fixture
def hearing() -> Mixer:
    hearing = Mixer()
    hearing.open()
    return hearing


def test_eight_people_at_once_are_all_in_the_mix(hearing: Mixer) -> None:
    frequencies = {speaker: 200.0 + 300 * speaker for speaker in range(8)}
    heard = play(hearing, {speaker: sine(each, 1.2, 0.08) for speaker, each in frequencies.items()}, 1.2)
    middle = heard[2 * 3200 : 2 * (3200 + 12_800)]
    assert [strength(middle, each) for each in frequencies.values()] == pytest.approx([0.08] * 8, rel=0.05)


def test_nobody_talking_is_exact_silence_and_so_is_the_time_after_speech(hearing: Mixer) -> None:
    heard = play(hearing, {1: sine(440, 0.3)}, 1.0)
    assert heard[: 2 * BLOCK_BYTES] == 2 * QUIET
    assert heard[-10 * BLOCK_BYTES :] == 10 * QUIET
    assert any(heard)


def test_blocks_are_thirty_milliseconds_of_sixteen_kilohertz(hearing: Mixer) -> None:
    heard = play(hearing, {1: sine(440, 0.9)}, 0.9)
    assert len(heard) == 30 * BLOCK_BYTES == int(0.9 * HEARING_RATE) * 2


def test_shouting_together_is_bent_rather_than_wrapped(hearing: Mixer) -> None:
    heard = np.frombuffer(play(hearing, dict.fromkeys(range(6), sine(250, 1.0, 0.9)), 1.0), "<i2").astype(int)
    assert 0.9 * 32767 < heard.max() <= 32767
    assert np.abs(np.diff(heard)).max() < 20_000


def test_frames_that_arrive_unevenly_join_up(hearing: Mixer) -> None:
    pcm = sine(440, 0.8)
    frames = [pcm[2 * at : 2 * (at + FRAME)] for at in range(0, 40 * FRAME, FRAME)]
    heard, fed = b"", 0
    for block in range(32):
        late = 2 if block % 4 else 0
        while fed < min(40, (block + 1) * 1.5 - late):
            hearing.feed(1, fed * FRAME, frames[fed])
            fed += 1
        heard += hearing.read()
    middle = heard[2 * 1600 : 2 * (1600 + 8000)]
    assert strength(middle, 440) == pytest.approx(0.1, rel=0.05)


def test_a_lost_frame_leaves_a_hole_of_its_own_length(hearing: Mixer) -> None:
    pcm = np.frombuffer(sine(440, 1.0), "<i2").copy()
    hearing.feed(1, 0, pcm[:FRAME].tobytes())
    hearing.feed(1, 2 * FRAME, pcm[:FRAME].tobytes())
    heard = np.frombuffer(b"".join(hearing.read() for _ in range(6)), "<i2")
    loud = np.flatnonzero(np.abs(heard) > 300)
    assert loud[-1] - loud[0] == pytest.approx(3 * 320, abs=16)


def test_the_same_frame_twice_is_heard_once(hearing: Mixer) -> None:
    pcm = sine(440, 0.02, 0.3)
    for _ in range(2):
        hearing.feed(1, 0, pcm)
    heard = np.frombuffer(b"".join(hearing.read() for _ in range(6)), "<i2")
    assert np.abs(heard).max() < 0.33 * 32767


def test_nothing_is_kept_while_nobody_wants_it() -> None:
    hearing = Mixer()
    hearing.feed(1, 0, sine(440, 0.02))
    hearing.open()
    assert [hearing.read() for _ in range(5)] == [QUIET] * 5


def test_what_waits_is_forgotten_when_listening_ends(hearing: Mixer) -> None:
    hearing.feed(1, 0, sine(440, 0.02))
    hearing.close()
    hearing.open()
    assert [hearing.read() for _ in range(5)] == [QUIET] * 5


def test_a_slow_reader_finds_the_newest_three_seconds_only(hearing: Mixer) -> None:
    low, high = sine(300, 9.0), sine(900, 3.0)
    for at in range(0, 9 * HEARING_RATE, FRAME):
        hearing.feed(1, at, low[2 * at : 2 * (at + FRAME)])
    for at in range(0, 3 * HEARING_RATE, FRAME):
        hearing.feed(1, 9 * HEARING_RATE + at, high[2 * at : 2 * (at + FRAME)])
    heard = b"".join(hearing.read() for _ in range(102))
    assert strength(heard[2000:-4000], 900) == pytest.approx(0.1, rel=0.1)
    assert strength(heard[2000:-4000], 300) < 0.01
    assert [hearing.read() for _ in range(3)][1:] == [QUIET] * 2


@settings(max_examples=200, deadline=None)
@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2**32 - 1), st.integers(0, 6000), st.integers(0, 3)), max_size=30
    )
)
def test_no_order_of_timestamps_breaks_the_mix(pieces: list[tuple[int, int, int, int]]) -> None:
    hearing = Mixer()
    hearing.open()
    for speaker, timestamp, length, reads in pieces:
        hearing.feed(speaker, timestamp, b"\x10\x20" * length)
        for _ in range(reads):
            assert len(hearing.read()) == BLOCK_BYTES
