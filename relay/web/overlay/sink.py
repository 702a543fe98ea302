"""The overlay as a place where clips are heard: one page leads, the others play along."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from relay.hearing.played import PlayedSound
from relay.replies.heard_text import words
from relay.speech.base import RATE, Clip, SinkListener
from relay.web.overlay.messages import (
    ClipEnded,
    Cue,
    CutClips,
    Failed,
    FromPage,
    PageSound,
    Pause,
    PlaySound,
    Pose,
    Position,
    Ready,
    Resume,
    Started,
    Subtitle,
    Sync,
    ToPage,
    Volume,
)
from relay.web.overlay.timeline import Queued, Timeline

log = logging.getLogger(__name__)

AWAY: Final = 1.5
"""Seconds a page may take to load anew. Less than `playback.GRACE`, or its clip would count as over."""

Report = Started | Position | ClipEnded


class OverlayPage(Protocol):
    """A page as the sink sees it."""

    def send(self, message: ToPage) -> None:
        """Queue a message; never waits."""

    def drop(self) -> None:
        """End the connection; the page leaves soon, and may come again."""


@dataclass(eq=False)
class _Seat:
    """What is known of an open page."""

    page: OverlayPage
    sound: PageSound
    captions: bool
    last: Report | None = None

    @property
    def plays(self) -> bool:
        """Whether anybody can hear it or read along. Without sound it plays at the same pace, in captions."""
        return self.captions or self.sound is PageSound.ON


class OverlaySink:
    """Open while a page is, be it one that only shows captions. The page that leads is the one whose reports count:
    the first that can be heard, else the first.

    When the leader goes, the page that has been there longest takes over with what it said last. When the last one
    goes, it has AWAY seconds to come again and go on, as more may be about to be said; then the sink closes. A page
    that hangs is noticed within `page.SILENCE` seconds.
    """

    name = "overlay"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.played = PlayedSound()
        """What is heard of it, for those who look for its echo."""
        self._timeline = Timeline(clock, started=self._started, ended=self._ended)
        self._listener: SinkListener | None = None
        self._seats: dict[OverlayPage, _Seat] = {}
        self._leader: _Seat | None = None
        self._closing: asyncio.TimerHandle | None = None
        """Runs out while the only page is away."""
        self._pose: Pose | None = None
        """How the companion looks; None where nobody has pictures of it."""
        self._volume = 1.0
        self._is_muted = False
        """OBS plays nothing of what the pages do."""

    @property
    def is_open(self) -> bool:
        return self._leader is not None or self._closing is not None

    @property
    def has_sound(self) -> bool:
        """Whether a page plays sound that nobody has muted."""
        return not self._is_muted and any(seat.sound is PageSound.ON for seat in self._seats.values())

    @property
    def pages(self) -> int:
        """How many are open."""
        return len(self._seats)

    def condition(self) -> str:
        """How it is, for people."""
        sounds = {seat.sound for seat in self._seats.values()}
        if not sounds:
            return "no page is open"
        if PageSound.ON in sounds:
            return "open, but its source is muted in OBS" if self._is_muted else "open"
        if PageSound.WAITING in sounds:
            return "a page waits for a click to be heard"
        if self._leader is None:
            return "a page is open that neither plays nor shows anything (mute=1 and captions=0)"
        return "open, without sound (mute=1)"

    def remedy(self, pages: str) -> str:
        """What a person can do about an overlay that is not heard. `pages` is the address of ours."""
        sounds = {seat.sound for seat in self._seats.values()}
        if PageSound.ON in sounds:
            return "the overlay's source is muted in OBS: unmute it there"
        if PageSound.WAITING in sounds:
            return "the overlay's page waits for a click: click it once"
        if sounds:
            return "the overlay's page is silent (mute=1): open one without that"
        return f"no page of the overlay is open: add {pages}/overlay as a browser source in OBS"

    def mute(self, is_muted: bool) -> None:
        """Whether OBS plays nothing of what the pages do: they show it then, and count as without sound."""
        self._is_muted = is_muted
        self._note_played()

    def listen(self, listener: SinkListener) -> None:
        self._listener = listener

    def play(self, clip: Clip) -> None:
        """Does nothing while the sink is closed."""
        if self.is_open:
            self._tell(self._cue(self._timeline.add(clip)))

    def pause(self) -> None:
        self._timeline.pause()
        self._note_played()
        self._tell(Pause())

    def resume(self) -> None:
        self._timeline.resume()
        if self._leader is None:
            self._timeline.hold()
        self._note_played()
        self._tell(Resume())

    def cut(self) -> None:
        self._timeline.cut()
        self._note_played()
        for seat in self._seats.values():
            seat.last = None
        self._tell(CutClips())

    def seconds_heard(self, clip: Clip) -> float:
        return self._timeline.seconds_heard(clip)

    def set_volume(self, volume: float) -> None:
        self._volume = volume
        self._tell(Volume(volume=volume))

    def effect(self, name: str) -> bool:
        """Play one of the streamer's sounds beside the speech. Whether any page plays it."""
        self._tell(PlaySound(name=name))
        return self.has_sound

    def pose(self, pose: Pose) -> None:
        """Show another picture of the companion, on every page that has them."""
        self._pose = pose
        for seat in self._seats.values():
            seat.page.send(pose)

    def subtitle(self, name: str, text: str) -> None:
        """Show what somebody said, on every page; those that come later do not see it."""
        for seat in self._seats.values():
            seat.page.send(Subtitle(name=name, text=text))

    def find(self, cue: str) -> Clip | None:
        """The clip a page asks for; None when it is not queued."""
        return self._timeline.find(cue)

    def hear(self, page: OverlayPage, message: FromPage) -> None:
        """Take what a page says."""
        seat = self._seats.get(page)
        match message:
            case Ready():
                self._sit_down(page, message)
            case Started() | Position() | ClipEnded() if seat is not None and seat.plays:
                seat.last = message
                if seat is self._leader:
                    self._follow(message)
            case Failed() if seat is not None:
                log.warning("an overlay page could not play a clip; it starts anew")
                self._leave(page)
                page.drop()

    def leave(self, page: OverlayPage) -> None:
        """A page is gone, perhaps to load itself anew."""
        self._leave(page, may_return=True)

    def _leave(self, page: OverlayPage, *, may_return: bool = False) -> None:
        seat = self._seats.pop(page, None)
        if seat is None or seat is not self._leader:
            return
        if self._lead() is not None:
            self._take_over()
        elif may_return:
            self._timeline.hold()
            self._closing = asyncio.get_running_loop().call_later(AWAY, self._close)
        else:
            self._close()

    def _playing(self) -> Iterator[_Seat]:
        return (seat for seat in self._seats.values() if seat.plays)

    def _lead(self) -> _Seat | None:
        """Who leads from now on."""
        self._leader = next((seat for seat in self._playing() if seat.sound is PageSound.ON), None)
        self._leader = self._leader or next(self._playing(), None)
        return self._leader

    def _take_over(self) -> None:
        """A page leads instead of another: what it has said already counts."""
        if self._leader is not None and self._leader.last is not None:
            self._follow(self._leader.last)

    def _sit_down(self, page: OverlayPage, ready: Ready) -> None:
        """A page came, or its sound has changed: it is told all that is queued."""
        if page in self._seats:
            page.send(CutClips())  # what was on its way to it is told again, and would be played twice
        was, seat = self._leader, _Seat(page, ready.sound, ready.captions)
        self._seats[page] = seat
        if self._pose is not None:
            page.send(self._pose)
        if seat.plays:
            page.send(Volume(volume=self._volume))
            if self._timeline.is_paused:
                page.send(Pause())
            for queued in self._timeline:
                page.send(self._cue(queued))
        if self._lead() is None:
            if was is not None:
                self._close()
        elif was is None:
            self._open()
        elif was is not self._leader:
            self._take_over()

    def _open(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        self._changed()

    def _close(self) -> None:
        self._closing = None
        self._timeline.clear()
        self._note_played()
        self._changed()

    def _follow(self, report: Report) -> None:
        match report:
            case Started(id=cue, at=seconds):
                for seat in self._playing():
                    if seat is not self._leader:
                        seat.page.send(Sync(id=cue, seconds=seconds))
                self._timeline.reached(cue, seconds)
            case Position(id=cue, seconds=seconds):
                self._timeline.reached(cue, seconds)
            case ClipEnded(id=cue):
                self._timeline.passed(cue)
        self._note_played()

    def _note_played(self) -> None:
        """Pages tell a few times a second where they are; between that they are taken to play on."""
        playing, now = next(iter(self._timeline), None), self._clock()
        if playing is None or playing.progress.since is None or not self.has_sound:
            self.played.stops(now)
        else:
            start = round(self._timeline.seconds_heard(playing.clip) * RATE)
            self.played.plays(playing.clip.pcm, start, len(playing.clip.pcm) // 2 - start, now)

    def _cue(self, queued: Queued) -> Cue:
        clip = queued.clip
        ends = [0, *(end for end, _ in words(clip.text))]
        said = tuple(
            (clip.text[start:end], share * clip.duration)
            for start, (end, share) in zip(ends, words(clip.text), strict=False)
        )
        return Cue(
            id=queued.id,
            speaker=clip.speaker,
            words=said,
            duration=clip.duration,
            start=self._timeline.seconds_heard(clip),
        )

    def _tell(self, message: ToPage) -> None:
        for seat in self._playing():
            seat.page.send(message)

    def _started(self, clip: Clip) -> None:
        if self._listener is not None:
            self._listener.started(self, clip)

    def _ended(self, clip: Clip) -> None:
        if self._listener is not None:
            self._listener.ended(self, clip)

    def _changed(self) -> None:
        if self._listener is not None:
            self._listener.changed(self)
