"""A place where the companion is heard, faster than by people."""

import asyncio
from collections import OrderedDict, deque
from typing import Final

from relay.speech.base import Clip, SinkListener

_REMEMBERED: Final = 64
"""Clips of which is known how far they were heard."""


class Loudspeaker:
    """Plays `speed` times as fast as people would hear it, and remembers no more than it must."""

    name = "overlay"
    is_open = True
    has_sound = True

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._queue: deque[Clip] = deque()
        self._heard: OrderedDict[str, float] = OrderedDict()
        self._playing: asyncio.TimerHandle | None = None
        self._is_paused = False
        self._listener: SinkListener
        self.played = 0

    def listen(self, listener: SinkListener) -> None:
        self._listener = listener

    def play(self, clip: Clip) -> None:
        self._queue.append(clip)
        self._go_on()

    def pause(self) -> None:
        self._is_paused = True
        self._stop()

    def resume(self) -> None:
        self._is_paused = False
        self._go_on()

    def cut(self) -> None:
        self._stop()
        self._queue.clear()
        self._is_paused = False

    def seconds_heard(self, clip: Clip) -> float:
        return self._heard.get(clip.id, 0.0)

    def set_volume(self, volume: float) -> None:
        pass

    def _go_on(self) -> None:
        if self._playing is None and self._queue and not self._is_paused:
            clip = self._queue[0]
            self._playing = asyncio.get_running_loop().call_later(clip.duration / self._speed, self._ended)
            if clip.id not in self._heard:
                self._note(clip, clip.duration / 2)
                self._listener.started(self, clip)

    def _ended(self) -> None:
        self._playing = None
        clip = self._queue.popleft()
        self._note(clip, clip.duration)
        self.played += 1
        self._listener.ended(self, clip)
        self._go_on()

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            self._playing = None

    def _note(self, clip: Clip, seconds: float) -> None:
        self._heard[clip.id] = seconds
        if len(self._heard) > _REMEMBERED:
            self._heard.popitem(last=False)
