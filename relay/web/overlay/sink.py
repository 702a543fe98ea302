"""The overlay as a place where clips are heard: one page leads, the others play along."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from relay.speech.base import Clip, SinkListener
from relay.web.overlay.messages import (
    Caption,
    ClipEnded,
    Cue,
    CutClips,
    Failed,
    FromPage,
    Pause,
    PlaySound,
    Position,
    Ready,
    Resume,
    Started,
    Sync,
    ToPage,
    Volume,
)
from relay.web.overlay.timeline import Queued, Timeline

log = logging.getLogger(__name__)

Report = Started | Position | ClipEnded


class OverlayPage(Protocol):
    """A page as the sink sees it."""

    def send(self, message: ToPage) -> None:
        """Queue a message; never waits."""

    def drop(self) -> None:
        """End the connection; the page leaves soon, and may come again."""


class OverlaySink:
    """Open while at least one page can be heard. The one that could first leads: its reports count.

    When the leader goes, the page that has been there longest takes over with what it said last; when none is
    left, the sink closes. A page that hangs is noticed within `page.SILENCE` seconds. Pages that are muted, or
    not allowed to play, only show captions.
    """

    name = "overlay"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeline = Timeline(clock, started=self._started, ended=self._ended)
        self._listener: SinkListener | None = None
        self._heard: dict[OverlayPage, Report | None] = {}
        """The pages that can be heard, the leader first, and what each reported last."""
        self._silent: dict[OverlayPage, None] = {}
        self._volume = 1.0
        self._caption = ""

    @property
    def is_open(self) -> bool:
        return bool(self._heard)

    def listen(self, listener: SinkListener) -> None:
        self._listener = listener

    def play(self, clip: Clip) -> None:
        """Does nothing while the sink is closed."""
        if self.is_open:
            self._tell(self._cue(self._timeline.add(clip)))

    def pause(self) -> None:
        self._timeline.pause()
        self._tell(Pause())

    def resume(self) -> None:
        self._timeline.resume()
        self._tell(Resume())

    def cut(self) -> None:
        self._timeline.cut()
        self._heard = dict.fromkeys(self._heard)
        self._tell(CutClips())
        self.caption("")

    def seconds_heard(self, clip: Clip) -> float:
        return self._timeline.seconds_heard(clip)

    def set_volume(self, volume: float) -> None:
        self._volume = volume
        self._tell(Volume(volume=volume))

    def caption(self, text: str) -> None:
        """Show what is heard on the pages that play nothing themselves; for clips of this sink this is done already."""
        self._caption = text
        for page in self._silent:
            page.send(Caption(text=text))

    def effect(self, name: str) -> bool:
        """Play one of the streamer's sounds beside the speech. Whether any page plays it."""
        self._tell(PlaySound(name=name))
        return self.is_open

    def find(self, cue: str) -> Clip | None:
        """The clip a page asks for; None when it is not queued."""
        return self._timeline.find(cue)

    def hear(self, page: OverlayPage, message: FromPage) -> None:
        """Take what a page says."""
        match message:
            case Ready(sound=True):
                self._can_be_heard(page)
            case Ready(sound=False):
                self._is_silent(page)
            case Started() | Position() | ClipEnded() if page in self._heard:
                self._heard[page] = message
                if page is self._leader:
                    self._follow(message)
            case Failed() if page in self._heard:
                log.warning("an overlay page could not play a clip; it starts anew")
                page.drop()

    def leave(self, page: OverlayPage) -> None:
        """A page is gone."""
        self._silent.pop(page, None)
        self._lose(page)

    @property
    def _leader(self) -> OverlayPage | None:
        return next(iter(self._heard), None)

    def _can_be_heard(self, page: OverlayPage) -> None:
        if page in self._heard:
            return
        self._silent.pop(page, None)
        self._heard[page] = None
        page.send(Volume(volume=self._volume))
        if self._timeline.is_paused:
            page.send(Pause())
        for queued in self._timeline:
            page.send(self._cue(queued))
        if len(self._heard) == 1:
            self._changed()

    def _is_silent(self, page: OverlayPage) -> None:
        self._silent[page] = None
        page.send(Caption(text=self._caption))
        self._lose(page)

    def _lose(self, page: OverlayPage) -> None:
        if page not in self._heard:
            return
        was_leader = page is self._leader
        del self._heard[page]
        if not self._heard:
            self._timeline.clear()
            self.caption("")
            self._changed()
        elif was_leader and (last := next(iter(self._heard.values()))) is not None:
            self._follow(last)

    def _follow(self, report: Report) -> None:
        match report:
            case Started(id=cue, at=seconds):
                for page in list(self._heard)[1:]:
                    page.send(Sync(id=cue, seconds=seconds))
                self._timeline.reached(cue, seconds)
            case Position(id=cue, seconds=seconds):
                self._timeline.reached(cue, seconds)
            case ClipEnded(id=cue):
                self._timeline.passed(cue)

    def _cue(self, queued: Queued) -> Cue:
        clip = queued.clip
        return Cue(id=queued.id, text=clip.text, duration=clip.duration, start=self._timeline.seconds_heard(clip))

    def _tell(self, message: ToPage) -> None:
        for page in self._heard:
            page.send(message)

    def _started(self, clip: Clip) -> None:
        self.caption(clip.text)
        if self._listener is not None:
            self._listener.started(self, clip)

    def _ended(self, clip: Clip) -> None:
        if not any(self._timeline):
            self.caption("")
        if self._listener is not None:
            self._listener.ended(self, clip)

    def _changed(self) -> None:
        if self._listener is not None:
            self._listener.changed(self)
