"""Speech in play order: each sentence is fetched ahead, played wherever it is heard, acknowledged, and can be cut.

The first open sink, in the configured order, leads: what it reports is what was heard. Others play along.
"""

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from relay.errors import SpeechError
from relay.speech.base import Clip, Cut, Sentence, Sink
from relay.speech.heard import Part, heard_text

log = logging.getLogger(__name__)

GRACE: Final = 2.0
"""Seconds a sink may be late to report the start or the end of a clip; then it no longer counts as heard there."""
MAX_OPEN: Final = 16
"""Replies followed whose end has not come."""
AHEAD: Final = 3
"""Clips queued at the sinks at once."""

Fetch = Callable[[str, str, str], Awaitable[Clip]]
"""Makes the clip of an address, a reply's id and a text. Raises SpeechError."""


class Stage(Protocol):
    """Hears what becomes of the speech."""

    def sentence_began(self, sentence: Sentence, duration: float) -> None:
        """It is heard from now on for `duration` seconds; 0 when it has no sound that could be heard."""

    def reply_heard(self, message_id: str) -> None:
        """All of a reply was heard, or nobody could hear the rest; its text is complete."""


@dataclass(eq=False)
class _Item:
    sentence: Sentence
    fetched: "asyncio.Task[Clip | None]"
    clip: Clip | None = None
    has_begun: bool = False
    due: float = float("inf")
    """When the next report is overdue."""


@dataclass(eq=False)
class _Reply:
    message_id: str
    is_whole: bool = False
    parts: list[Part] = field(default_factory=list)
    """What became of the sentences that are over, in order."""


class Playback:
    """Plays what it is given until cancelled. All methods but `run` return at once; call them on the event loop."""

    def __init__(
        self, sinks: Sequence[Sink], fetch: Fetch, stage: Stage, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`sinks` in the order in which they lead."""
        self._sinks = sinks
        self._fetch = fetch
        self._stage = stage
        self._clock = clock
        self._replies: dict[str, _Reply] = {}
        self._items: deque[_Item] = deque()
        self._played = 0
        """How many of the items, from the front, are at the sinks."""
        self._leader: Sink | None = None
        self._ended_at = float("-inf")
        self._paused = False
        self._news = asyncio.Event()
        for sink in sinks:
            sink.listen(self)

    # Looking

    @property
    def is_busy(self) -> bool:
        """Whether anything is being said, or about to be. A reply of which more may come is none of that."""
        return bool(self._items)

    def is_voicing(self, message_id: str) -> bool:
        """Whether some of this reply is being said, or about to be."""
        return message_id in self._replies

    # Speaking

    def say(self, sentence: Sentence) -> bool:
        """Queue a sentence behind the others. False when nobody could hear it now."""
        if self._lead() is None:
            return False
        self._open(sentence.message_id)
        self._items.append(_Item(sentence, asyncio.create_task(self._get(sentence))))
        self._news.set()
        return True

    def whole(self, message_id: str) -> None:
        """No more sentences of this reply will come."""
        if (reply := self._replies.get(message_id)) is not None:
            reply.is_whole = True
            self._end_if_over(reply)

    def pause(self) -> None:
        """Fall silent, and keep the place."""
        if not self._paused:
            self._paused = True
            for sink in self._sinks:
                sink.pause()

    def resume(self) -> None:
        """Go on where it was paused."""
        if self._paused:
            self._paused = False
            for sink in self._sinks:
                sink.resume()
            self._expect()
            self._news.set()

    def cut(self, message_id: str | None = None) -> Cut | None:
        """Give up a reply, the current one if none is named; what other replies have left to say is still said.

        A pause goes on.
        """
        reply = self._replies.get(message_id) if message_id is not None else self._current()
        if reply is None:
            return None
        position = self._position()
        for sink in self._sinks:
            sink.cut()
            if self._paused:
                sink.pause()
        parts = [*reply.parts, *self._unfinished(reply, position)]
        self._drop(reply)
        self._start_over()
        heard, rest = heard_text(parts)
        return Cut(reply.message_id, heard, rest, reply.is_whole)

    def cut_all(self) -> list[Cut]:
        """Give up everything, in play order."""
        cuts = []
        while (cut := self.cut()) is not None:
            cuts.append(cut)
        return cuts

    def settle(self) -> None:
        """Bring the sinks back in line, after one was paused by somebody else."""
        if not self._paused:
            for sink in self._sinks:
                sink.resume()

    def set_volume(self, volume: float) -> None:
        for sink in self._sinks:
            sink.set_volume(volume)

    # Running

    async def run(self) -> None:
        """Feed the sinks and watch over them until cancelled."""
        try:
            while True:
                self._news.clear()
                self._give_up_overdue()
                await self._feed()
                try:
                    async with asyncio.timeout(self._until_due()):
                        await self._news.wait()
                except TimeoutError:
                    continue
        finally:
            fetching = [item.fetched for item in self._items]
            for task in fetching:
                task.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)

    def _until_due(self) -> float | None:
        """Seconds until something has to be done that nobody reports; None for never."""
        now = self._clock()
        times = [] if self._paused else [item.due for item in itertools.islice(self._items, self._played)]
        if self._items and not self._played and (begins := self._may_begin_at(self._items[0])) > now:
            times.append(begins)
        due = min(times, default=float("inf"))
        return None if due == float("inf") else max(0.0, due - now)

    def _may_begin_at(self, item: _Item) -> float:
        """When there has been enough silence before a clip."""
        return self._ended_at + item.sentence.gap

    async def _feed(self) -> None:
        """Hand the next clips to the sinks, as they arrive."""
        while self._played < min(len(self._items), AHEAD):
            item = self._items[self._played]
            if item.sentence.gap and (self._played or self._clock() < self._may_begin_at(item)):
                return
            if not item.fetched.done():
                item.fetched.add_done_callback(lambda _: self._news.set())
                return
            if self._lead() is None:
                return self._lose()
            item.clip = item.fetched.result()
            self._played += 1
            if item.clip is not None:
                for sink in self._sinks:
                    if sink.is_open:
                        sink.play(item.clip)
            self._pass_silent()
            self._expect()

    async def _get(self, sentence: Sentence) -> Clip | None:
        if not sentence.url:
            return None
        try:
            return await self._fetch(sentence.url, sentence.message_id, sentence.text)
        except SpeechError as error:
            log.warning("speech: a sentence is not heard: %s", error)
            return None

    # What the sinks report

    def started(self, sink: Sink, clip: Clip) -> None:
        """See Listener."""
        item = self._item_of(clip)
        if sink is self._leader and item is not None:
            self._pass_over(item)
            if self._is_in_front(item) and not item.has_begun:
                self._begin(item)

    def ended(self, sink: Sink, clip: Clip) -> None:
        """See Listener."""
        item = self._item_of(clip)
        if sink is self._leader and item is not None:
            self._finish(item)

    def changed(self, sink: Sink) -> None:
        """See Listener."""
        if sink.is_open and self._paused:
            sink.pause()
        if sink is self._leader and not sink.is_open:
            self._leader = None
            if self._lead() is None:
                self._lose()
            else:
                self._catch_up()
        self._news.set()

    # Inside

    def _lead(self) -> Sink | None:
        """The open sink whose reports count.

        It stays the same while anything is at the sinks: that it closed is noticed here before it tells, and only then
        is known what becomes of what it had.
        """
        if self._leader is None or not self._items or not (self._leader.is_open or self._played):
            self._leader = next((sink for sink in self._sinks if sink.is_open), None)
        return self._leader if self._leader is not None and self._leader.is_open else None

    def _open(self, message_id: str) -> None:
        """Follow a reply; of those whose end never came the oldest is forgotten."""
        self._replies.setdefault(message_id, _Reply(message_id))
        unfinished = {item.sentence.message_id for item in self._items} | {message_id}
        lost = [other for other in self._replies if other not in unfinished]
        if len(lost) > MAX_OPEN:
            del self._replies[lost[0]]

    def _current(self) -> _Reply | None:
        """The reply that is being said, else the oldest of which more may come."""
        if self._items:
            return self._replies[self._items[0].sentence.message_id]
        return next(iter(self._replies.values()), None)

    def _item_of(self, clip: Clip) -> _Item | None:
        return next((item for item in itertools.islice(self._items, self._played) if item.clip is clip), None)

    def _begin(self, item: _Item) -> None:
        item.has_begun = True
        self._expect()
        self._stage.sentence_began(item.sentence, item.clip.duration if item.clip is not None else 0.0)

    def _finish(self, item: _Item) -> None:
        """A clip is over."""
        self._pass_over(item)
        if self._is_in_front(item):
            self._played -= 1
            self._over(self._items.popleft())
        self._pass_silent()
        self._expect()
        self._news.set()

    def _pass_over(self, item: _Item) -> None:
        """Clips before the one that is played now, whose ends went missing, are over."""
        while self._played and self._items[0] is not item:
            self._played -= 1
            self._over(self._items.popleft())

    def _is_in_front(self, item: _Item) -> bool:
        """Whether it is being played; hearing of another one's end may have cut it off."""
        return self._played > 0 and self._items[0] is item

    def _pass_silent(self) -> None:
        """Sentences without sound are over when it is their turn."""
        while self._played and self._items[0].clip is None:
            self._played -= 1
            self._over(self._items.popleft())

    def _over(self, item: _Item, *, was_lost: bool = False) -> None:
        if not item.has_begun:
            self._begin(item)
        has_sound, text = item.clip is not None, item.sentence.text
        if has_sound:
            self._ended_at = self._clock()
        was_heard = not was_lost and (has_sound or not _has_words(text))
        if (reply := self._replies.get(item.sentence.message_id)) is not None:  # not cut off by its own beginning
            reply.parts.append(Part(text, 1.0 if was_heard else 0.0))
            self._end_if_over(reply)

    def _end_if_over(self, reply: _Reply) -> None:
        has_more = any(item.sentence.message_id == reply.message_id for item in self._items)
        if reply.is_whole and not has_more and self._replies.pop(reply.message_id, None) is not None:
            self._stage.reply_heard(reply.message_id)

    def _expect(self) -> None:
        """Set when the front clip's next report is overdue."""
        if self._played and (front := self._items[0]).clip is not None:
            assert front.clip is not None
            left = max(0.0, front.clip.duration - self._heard(front)) if front.has_begun else 0.0
            front.due = self._clock() + left + GRACE

    def _heard(self, item: _Item) -> float:
        """Seconds that were heard of an item's clip."""
        if item.clip is None or self._leader is None:
            return 0.0
        return self._leader.heard(item.clip)

    def _give_up_overdue(self) -> None:
        """A sink that does not report is taken for deaf: the clip counts as heard, so that nothing waits for ever."""
        while self._played and not self._paused and self._clock() >= self._items[0].due:
            log.warning("speech: %s does not say what became of a sentence; going on", self._name())
            self._finish(self._items[0])

    def _name(self) -> str:
        return self._leader.name if self._leader is not None else "nobody"

    def _lose(self) -> None:
        """Nobody can hear anything any more: the rest stays unheard, and the replies are over."""
        self._played = 0
        while self._items:
            item = self._items.popleft()
            item.fetched.cancel()
            if not item.has_begun:
                item.clip = None
            self._over(item, was_lost=True)

    def _catch_up(self) -> None:
        """Another sink leads: what it has finished already is over."""
        for item in list(itertools.islice(self._items, self._played)):
            if item.clip is not None and self._heard(item) >= item.clip.duration:
                self._finish(item)
        self._expect()

    def _position(self) -> float:
        """The share of the front clip that was heard."""
        front = self._items[0] if self._played else None
        if front is None or front.clip is None or not front.clip.duration:
            return 0.0
        return min(1.0, self._heard(front) / front.clip.duration)

    def _unfinished(self, reply: _Reply, position: float) -> Iterator[Part]:
        for place, item in enumerate(self._items):
            if item.sentence.message_id == reply.message_id:
                yield Part(item.sentence.text, position if place == 0 else 0.0)

    def _drop(self, reply: _Reply) -> None:
        for item in [item for item in self._items if item.sentence.message_id == reply.message_id]:
            item.fetched.cancel()
            self._items.remove(item)
        self._replies.pop(reply.message_id, None)

    def _start_over(self) -> None:
        """The sinks were emptied: what is left goes to them again."""
        self._played = 0
        for item in self._items:
            item.clip, item.has_begun, item.due = None, False, float("inf")
        self._news.set()


def _has_words(text: str) -> bool:
    """Whether there was anything to be heard; an emoji is silent by nature."""
    return any(character.isalnum() for character in text)
