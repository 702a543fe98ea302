import sys
import threading
from collections.abc import Iterator

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from relay.speech.base import FRAME, RATE, Clip
from relay.speech.packet_source import SILENCE, PacketSource
from tests.tones import pitch, tone


def clip(name: str, seconds: float = 0.1, hertz: float = 440) -> Clip:
    return Clip(id=name, message_id="r1", text=name, pcm=tone(hertz, seconds).astype("<i2").tobytes())


class Player:
    """A gate, and what it reported."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.packets = PacketSource(
            started=lambda c: self.said.append(f"{c.id}+"), ended=lambda c: self.said.append(f"{c.id}-")
        )

    def read(self, frames: int) -> list[bytes]:
        return [self.packets.read() for _ in range(frames)]


def decoded(packets: list[bytes]) -> NDArray[np.int16]:
    codec = av.CodecContext.create("libopus", "r")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.layout = RATE, "mono"
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(packet))]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)


def test_clips_are_read_one_right_after_the_other_and_reported() -> None:
    player = Player()
    player.packets.feed(clip("a", 0.06))
    player.packets.feed(clip("b", 0.04))

    packets = player.read(5)

    assert SILENCE not in packets
    assert player.said == ["a+", "a-", "b+"]
    assert player.read(2) == [SILENCE, SILENCE]
    assert player.said == ["a+", "a-", "b+", "b-"], "the end is told once, when the last frame was played"
    assert player.packets.is_idle


def test_what_is_read_sounds_like_the_clip() -> None:
    player = Player()
    player.packets.feed(clip("a", 0.5, hertz=700))

    samples = decoded(player.read(25))

    assert pitch(samples[4800:]) == pytest.approx(700, abs=3)


def test_a_cut_silences_the_next_frame_and_is_not_reported_as_an_end() -> None:
    player = Player()
    a = clip("a", 0.1)
    player.packets.feed(a)
    player.read(2)

    player.packets.cut()

    assert player.read(3) == [SILENCE] * 3
    assert player.said == ["a+"]
    assert player.packets.seconds_heard(a) == pytest.approx(2 * FRAME)


def test_a_clip_that_goes_on_after_a_cut_is_reported_again_and_goes_on_where_it_was() -> None:
    player = Player()
    a = clip("a", 0.1)
    player.packets.feed(a)
    player.read(2)
    player.packets.cut()

    player.packets.feed(a)
    player.read(4)

    assert player.said == ["a+", "a+", "a-"]
    assert player.packets.seconds_heard(a) == pytest.approx(0.1)


def test_a_pause_silences_the_next_frame_and_keeps_the_place() -> None:
    player = Player()
    a = clip("a", 0.1)
    player.packets.feed(a)
    player.read(2)

    player.packets.pause()
    assert player.read(10) == [SILENCE] * 10
    assert player.packets.seconds_heard(a) == pytest.approx(2 * FRAME)
    player.packets.resume()

    assert SILENCE not in player.read(3)
    assert player.said == ["a+"]


@pytest.mark.parametrize("volume", [0.25, 2.0])
def test_the_volume_changes_from_the_next_frame_on(volume: float) -> None:
    player = Player()
    player.packets.feed(clip("a", 1.0))

    normal = decoded(player.read(20))[-9600:]
    player.packets.set_volume(volume)
    changed = decoded(player.read(20))[-9600:]

    assert np.abs(changed).max() == pytest.approx(np.abs(normal).max() * volume, rel=0.15)


def test_a_clip_that_was_not_played_was_not_heard() -> None:
    assert Player().packets.seconds_heard(clip("a")) == 0


STEPS = st.lists(st.sampled_from(["feed", "pause", "resume", "cut", "read", "read", "read"]), max_size=60)


@given(STEPS)
def test_no_sequence_of_calls_ends_a_clip_twice_or_hears_more_than_there_is(steps: list[str]) -> None:
    player = Player()
    clips: list[Clip] = []
    for step in steps:
        if step == "feed":
            clips.append(clip(f"c{len(clips)}", 0.05))
            player.packets.feed(clips[-1])
        else:
            getattr(player.packets, step)()

    assert len(player.said) == len(set(player.said))
    assert all(0 <= player.packets.seconds_heard(each) <= each.duration for each in clips)
    player.packets.resume()
    player.read(len(clips) * 3 + 1)
    assert player.packets.is_idle


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns so often that they meet everywhere, and wait little for each other."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often")
def test_cuts_from_another_thread_never_let_a_frame_through_afterwards() -> None:
    player = Player()
    stop = threading.Event()
    after_cut: list[bytes] = []

    def read() -> None:
        while not stop.is_set():
            player.packets.read()

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(200):
        player.packets.feed(clip(f"c{number}", 0.5))
        player.packets.cut()
        after_cut.append(player.packets.read())
    stop.set()
    thread.join()

    assert after_cut == [SILENCE] * 200


def test_what_goes_out_can_be_looked_up_by_the_time_it_did() -> None:
    times = iter([10.0, 10.02, 10.04, 10.5])
    packets = PacketSource(started=lambda _: None, ended=lambda _: None, clock=lambda: next(times))
    said = clip("a", 0.08)
    samples = np.frombuffer(said.pcm, "<i2")
    packets.feed(said)

    for _ in range(3):
        packets.read()
    packets.pause()
    packets.read()
    packets.resume()
    packets.read()

    assert packets.played.between(10.0, 2880) == samples[:2880].tobytes()
    assert not any(packets.played.between(10.06, 960)), "it was paused"
    assert packets.played.between(10.5, 960) == samples[2880:].tobytes()
    assert packets.played.was_silent(10.52)
