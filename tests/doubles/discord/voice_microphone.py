"""A microphone that is on all the time: a room's noise, what is said into it, and what comes out of a loudspeaker."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, overload

import av
import numpy as np

from tests.doubles.discord.voice import Heard
from tests.doubles.discord.voice_sound import FRAME, RATE, Samples, encoder, frame_of, loudness, mono

LONGEST: Final = 30_000
"""Packets after which it is off: ten minutes."""
_ECHOES: Final = RATE // 20
"""Samples for which a small room rings."""
_JOINED: Final = RATE // 10
"""Samples by which a packet may be late and still is played right behind the one before, as all are that are early."""
_LOUD: Final = 10 ** (-50 / 20)


class Microphone(Sequence[bytes]):
    """Packets for `VoicePerson.stream`, made when they are asked for, one after the other."""

    def __init__(self, room: Samples, echo: Callable[[int], Samples] | None = None) -> None:
        """`room` is heard again and again; `echo` gives what comes out of a loudspeaker in the frame of that number."""
        self._room = room
        self._echo = echo
        self._lock = threading.Lock()
        self._spoken: Samples = np.zeros(0, np.float32)
        """What is still to be sent of what is said into it."""
        self._frame = 0
        self._codec = encoder()

    def say(self, samples: Samples) -> None:
        """This is said from now on, or behind what is being said."""
        with self._lock:
            self._spoken = np.concatenate([self._spoken, samples, np.zeros(-len(samples) % FRAME, np.float32)])

    @property
    def is_silent(self) -> bool:
        """Whether all that was said is sent."""
        return len(self._spoken) == 0

    def __len__(self) -> int:
        return LONGEST

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | Sequence[bytes]:
        assert number == self._frame, "a microphone hears one frame after the other"
        self._frame += 1
        with self._lock:
            said, self._spoken = self._spoken[:FRAME], self._spoken[FRAME:]
        sound = self._room[np.arange(number * FRAME, (number + 1) * FRAME) % len(self._room)]
        if len(said):
            sound = sound + said
        if self._echo is not None:
            sound = sound + self._echo(number)
        [packet] = self._codec.encode(frame_of(sound, number * FRAME))
        return bytes(packet)


class Loudspeaker:
    """Plays what the bot says in somebody's room, from where it reaches their microphone."""

    def __init__(
        self,
        heard: Sequence[Heard],
        *,
        level: float,
        delay: float,
        seconds: float = 240.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`level` in dB beside what is played, `delay` in seconds; `seconds` is how long it works at most.

        `clock` is the one by which packets were heard.
        """
        self._heard = heard
        self._clock = clock
        self._delay = delay
        self._taken = len(heard)
        self._codec = av.CodecContext.create("libopus", "r")
        self._played = np.zeros(round(seconds * RATE), np.float32)
        self._end = 0
        self._began = float("inf")
        """When the first frame was due."""
        self.seconds = 0.0
        """How much was heard again, above -50 dBFS."""
        ringing = np.random.default_rng(7).normal(0, 0.05, _ECHOES) * np.exp(-5.0 * np.arange(_ECHOES) / _ECHOES)
        ringing[0] = 1.0
        self._room = (10 ** (level / 20) * ringing / np.sqrt(np.sum(np.square(ringing)))).astype(np.float32)

    def echo(self, number: int) -> Samples:
        """What the microphone hears of it in its frame of that number; to be asked for each frame when it is due."""
        self._began = min(self._began, self._clock() - number * FRAME / RATE)  # frames may be late, never early
        self._play()
        end = (number + 1) * FRAME
        dry = self._played[max(0, end - FRAME - _ECHOES + 1) : end]
        dry = np.pad(dry, (FRAME + _ECHOES - 1 - len(dry), 0))
        if not dry.any():
            return dry[-FRAME:]
        wet = np.asarray(np.convolve(dry, self._room, "valid"), np.float32)
        self.seconds += loudness(wet) > _LOUD and FRAME / RATE
        return wet

    def _play(self) -> None:
        while self._taken < len(self._heard):
            packet = self._heard[self._taken]
            self._taken += 1
            assert isinstance(self._codec, av.AudioCodecContext)
            due = round((packet.at - self._began + self._delay) * RATE)
            begin = self._end if due - self._end <= _JOINED else max(0, due)
            for frame in self._codec.decode(av.Packet(packet.opus)):
                sound = mono(frame)
                self._played[begin : begin + len(sound)] = sound
                begin += len(sound)
            self._end = begin
