"""What is to be heard in the overlay and how much of it was: pure but for the clock it is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from weakref import WeakKeyDictionary

from relay.speech.base import Clip


@dataclass
class Progress:
    """How much of a clip was heard: `seconds`, and what has passed `since` then while it plays."""

    seconds: float = 0.0
    since: float | None = None
    has_started: bool = False


@dataclass(eq=False)
class Queued:
    """A clip handed over once. A clip that is played again is queued under another id."""

    id: str
    """Hard to guess, like that of the clip."""
    clip: Clip
    progress: Progress = field(default_factory=Progress)


class Timeline:
    """Follows the reports of one page at a time.

    A report about a clip means that those before it are over, so that a lost report holds nothing up. `started` and
    `ended` are called as a sink's listener is.
    """

    def __init__(
        self, clock: Callable[[], float], *, started: Callable[[Clip], None], ended: Callable[[Clip], None]
    ) -> None:
        self._clock = clock
        self._started = started
        self._ended = ended
        self._numbers = count()
        self._queue: list[Queued] = []
        self._cut: dict[str, Progress] = {}
        self._progress: WeakKeyDictionary[Clip, Progress] = WeakKeyDictionary()
        self.is_paused = False

    def __iter__(self) -> Iterator[Queued]:
        """What is queued, the one that plays first."""
        return iter(tuple(self._queue))

    def find(self, cue: str) -> Clip | None:
        """The clip with this id while it is queued, else None."""
        return next((queued.clip for queued in self._queue if queued.id == cue), None)

    def add(self, clip: Clip) -> Queued:
        queued = Queued(f"{next(self._numbers)}-{clip.id}", clip)
        self._queue.append(queued)
        self._progress[clip] = queued.progress
        return queued

    def pause(self) -> None:
        self.is_paused = True
        self._freeze()

    def resume(self) -> None:
        self.is_paused = False
        if self._queue and (progress := self._queue[0].progress).has_started:
            progress.since = self._clock()

    def hold(self) -> None:
        """Nobody plays it just now: nothing more counts as heard until the next report."""
        self._freeze()

    def cut(self) -> None:
        """Forget the queue and any pause."""
        self.clear()
        self.is_paused = False

    def clear(self) -> None:
        """Forget the queue. Where its clips were stopped may still be reported."""
        self._freeze()
        self._cut = {queued.id: queued.progress for queued in self._queue}
        self._queue = []

    def reached(self, cue: str, seconds: float) -> None:
        """So much of a clip was heard."""
        if cue in self._cut:
            self._cut[cue].seconds = seconds
        elif self._proceed_to(cue):
            queued = self._queue[0]
            is_first, queued.progress.has_started = not queued.progress.has_started, True
            queued.progress.seconds = seconds
            queued.progress.since = None if self.is_paused else self._clock()
            if is_first:
                self._started(queued.clip)

    def passed(self, cue: str) -> None:
        """A clip was heard to its end."""
        if self._proceed_to(cue):
            self._end_first()

    def seconds_heard(self, clip: Clip) -> float:
        """Seconds of a clip that were heard; those since the last report are counted while it plays."""
        return self._seconds(clip, self._progress.get(clip, Progress()))

    def _proceed_to(self, cue: str) -> bool:
        """End what is before this clip, and say whether it is the first now. A listener may cut meanwhile."""
        while self.find(cue) is not None:
            if self._queue[0].id == cue:
                return True
            self._end_first()
        return False

    def _end_first(self) -> None:
        queued = self._queue[0]
        if not queued.progress.has_started:
            queued.progress.has_started = True
            self._started(queued.clip)
        if queued in self._queue:
            self._queue.remove(queued)
            queued.progress.seconds, queued.progress.since = queued.clip.duration, None
            self._ended(queued.clip)

    def _seconds(self, clip: Clip, progress: Progress) -> float:
        since = self._clock() - progress.since if progress.since is not None else 0.0
        return min(progress.seconds + since, clip.duration)

    def _freeze(self) -> None:
        for queued in self._queue:
            queued.progress.seconds, queued.progress.since = self._seconds(queued.clip, queued.progress), None
