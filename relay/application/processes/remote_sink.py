"""A sink of another process, as the core has it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from relay.speech.base import Clip, Sink, SinkListener

_REMEMBERED: Final = 64
"""Clips of which is known how much was heard."""

Say = Callable[..., None]
"""Tells the other process; see Line.say."""


class RemoteSink:
    """How much was heard of what sounds now is reckoned by the clock, from what the other process last told."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.is_open = False
        """See Sink; told by the other process."""
        self.has_sound = False
        """See Sink; told as well."""
        self.to_bring: asyncio.Queue[tuple[int, Clip]] = asyncio.Queue()
        """Clips on their way to the other process, each with how often the sink was cut before."""
        self.cuts = 0
        """How often it was cut: what was reported before does not count any more."""
        self.signs = 0
        """How many signs of people's talking were heard: to go on is only for a process that has told no others."""
        self._clock = clock
        self._say: Say | None = None
        self._listener: SinkListener | None = None
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        self._heard: dict[str, float] = {}
        """Seconds of each clip, as of `_since` for the one that sounds."""
        self._sounding: Clip | None = None
        self._since = 0.0
        self._is_paused = False
        self._volume = 1.0

    # See Sink

    def listen(self, listener: SinkListener) -> None:
        self._listener = listener

    def play(self, clip: Clip) -> None:
        if self.is_open:
            self._remember(clip)
            self.to_bring.put_nowait((self.cuts, clip))

    def pause(self) -> None:
        self._hold()
        self._is_paused = True
        self._tell("pause")

    def resume(self) -> None:
        self._hold()
        self._is_paused = False
        self._tell("resume", self.signs)

    def cut(self) -> None:
        self._hold()
        self._is_paused, self._sounding = False, None
        self.cuts += 1
        self._tell("cut", self.cuts, self.signs)

    def seconds_heard(self, clip: Clip) -> float:
        seconds = self._heard.get(clip.id, 0.0)
        if clip is self._sounding and not self._is_paused:
            seconds += self._clock() - self._since
        return min(seconds, clip.duration)

    def set_volume(self, volume: float) -> None:
        self._volume = volume
        self._tell("volume", volume)

    # The other process

    @property
    def hears(self) -> Mapping[str, Callable[..., None]]:
        """What it tells."""
        return {"open": self._opens, "started": self._starts, "ended": self._ends, "heard": self._was_heard}

    def attach(self, say: Say) -> None:
        """It can be told from now on, and knows nothing."""
        self._say, self.cuts, self.signs = say, 0, 0
        say("volume", self._volume)

    def detach(self) -> None:
        """It is gone, and so is what it had."""
        self._say = None
        self._opens(is_open=False, has_sound=False)

    def _opens(self, is_open: bool, has_sound: bool) -> None:
        self.has_sound = has_sound
        if is_open == self.is_open:
            return
        self.is_open = is_open
        if not is_open:
            self._hold()
            self._sounding = None
            while not self.to_bring.empty():
                self.to_bring.get_nowait()
        if self._listener is not None:
            self._listener.changed(self)

    def _starts(self, id: str, cuts: int) -> None:
        if cuts != self.cuts or (clip := self._clips.get(id)) is None:
            return
        self._hold()
        self._sounding, self._since = clip, self._clock()
        if self._listener is not None:
            self._listener.started(self, clip)

    def _ends(self, id: str, cuts: int) -> None:
        if cuts != self.cuts or (clip := self._clips.get(id)) is None:
            return
        self._heard[id] = clip.duration
        if clip is self._sounding:
            self._sounding = None
        if self._listener is not None:
            self._listener.ended(self, clip)

    def _was_heard(self, seconds: Mapping[str, float]) -> None:
        self._heard.update(seconds)
        self._since = self._clock()

    # Inside

    def _tell(self, what: str, *about: Any) -> None:
        if self._say is not None:
            self._say(what, *about)

    def _hold(self) -> None:
        """Reckon up to now."""
        if self._sounding is not None:
            self._heard[self._sounding.id] = self.seconds_heard(self._sounding)
        self._since = self._clock()

    def _remember(self, clip: Clip) -> None:
        self._clips[clip.id] = clip
        while len(self._clips) > _REMEMBERED:
            old, _ = self._clips.popitem(last=False)
            self._heard.pop(old, None)


_: type[Sink] = RemoteSink
