"""Speech in play order: each sentence is fetched ahead, played wherever it is heard, acknowledged, and can be cut.

The first open sink, in the configured order, leads: what it reports is what was heard. Others play along.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from relay.errors import NothingToHear, SpeechError
from relay.replies.reply import Phase, Reply, Sentence
from relay.speech.base import Clip, Sink
from relay.speech.play_order import PlayOrder, QueuedSentence
from relay.speech.sink_group import SinkGroup

log = logging.getLogger(__name__)

GRACE: Final = 2.0
"""Seconds a sink may be late to report the start or the end of a clip; then it no longer counts as heard there."""

Fetch = Callable[[str, str, str], Awaitable[Clip]]
"""Makes the clip of an address, a reply's id and a text. Raises SpeechError."""


class PlaybackListener(Protocol):
    """Hears what becomes of the speech."""

    def sentence_began(self, sentence: Sentence, duration: float) -> None:
        """It is heard from now on for `duration` seconds; 0 when it has no sound that could be heard."""

    def reply_heard(self, reply: Reply) -> None:
        """All of a reply was heard, or nobody could hear the rest; it is done."""


class Playback:
    """Plays what it is given until cancelled. All methods but `run` return at once; call them on the event loop."""

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._sinks = SinkGroup()
        self._listeners: list[PlaybackListener] = []
        self._order = PlayOrder()
        self._ended_at = float("-inf")
        self.heard_at: dict[str, float] = {}
        """When each sink last began to play something, by its name and the clock."""
        self._news = asyncio.Event()

    def play_on(self, sinks: Sequence[Sink]) -> None:
        """Where it is heard, in the order in which they lead; called once, before anything is said."""
        self._sinks.use(sinks, self)

    def listen(self, listener: PlaybackListener) -> None:
        """Tell `listener` from now on."""
        self._listeners.append(listener)

    # Looking

    @property
    def is_busy(self) -> bool:
        """Whether anything is being said, or about to be. A reply of which more may come is none of that."""
        return bool(self._order)

    @property
    def current(self) -> Reply | None:
        """The reply that is being said; None between replies, and while more of one may come."""
        return first.reply if (first := self._order.first) is not None else None

    @property
    def sounding(self) -> tuple[Clip, float] | None:
        """The clip that is heard where it leads, and how many seconds of it were; None while there is silence."""
        front = None if self._sinks.is_paused else self._order.front
        return (front.clip, self._sinks.seconds_heard(front.clip)) if front and front.clip and front.has_begun else None

    # Speaking

    def say(self, reply: Reply, sentence: Sentence) -> bool:
        """Queue a sentence of a reply behind the others. False when nobody could hear it now."""
        part = reply.say(sentence.text)
        if not self._can_be_heard():
            return False
        reply.is_voiced = True
        self._order.add(QueuedSentence(reply, sentence, part, asyncio.create_task(self._get(reply, sentence))))
        self._news.set()
        return True

    def whole(self, reply: Reply) -> None:
        """No more sentences of this reply will come."""
        self._end_if_over(reply)

    def pause(self) -> None:
        """Fall silent, and keep the place."""
        self._sinks.pause()

    def resume(self) -> None:
        """Go on where it was paused."""
        if self._sinks.resume():
            self._expect()
            self._news.set()

    def cut(self, reply: Reply) -> None:
        """Give up a reply where it is; what other replies have left to say is still said. A pause goes on.

        While the sinks have another reply they are left alone.
        """
        if (first := self._order.first) is not None and first.reply is reply:
            first.part.share = self._position()
        if self._order.front is None or self._order.front.reply is reply:
            self._sinks.cut()
        for item in self._order.remove(reply):
            item.fetched.cancel()
        self._news.set()
        reply.cut()

    def clear(self) -> None:
        """Fall silent, and forget what was to be said. How far it was heard stays known."""
        if (first := self._order.first) is not None:
            first.part.share = self._position()
        self._sinks.cut()
        for item in self._order.drain():
            item.fetched.cancel()
        self._news.set()

    def align_sinks(self) -> None:
        """Bring the sinks back in line, after one was paused by somebody else."""
        self._sinks.align()

    def set_volume(self, volume: float) -> None:
        self._sinks.set_volume(volume)

    # Running

    async def run(self) -> None:
        """Feed the sinks and watch over them until cancelled."""
        try:
            while True:
                self._news.clear()
                self._give_up_overdue()
                now = self._clock()  # the same for both: what is not due yet is waited for
                self._feed(now)
                try:
                    async with asyncio.timeout(self._until_due(now)):
                        await self._news.wait()
                except TimeoutError:
                    continue
        finally:
            fetching = [item.fetched for item in self._order]
            for task in fetching:
                task.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)

    def _until_due(self, now: float) -> float | None:
        """Seconds until something has to be done that nobody reports; None for never."""
        times = [] if self._sinks.is_paused else [item.due for item in self._order.at_sinks()]
        first = self._order.first
        if first is not None and self._order.front is None and (begins := self._may_begin_at(first)) > now:
            times.append(begins)
        due = min(times, default=float("inf"))
        return None if due == float("inf") else max(0.0, due - now)

    def _may_begin_at(self, item: QueuedSentence) -> float:
        """When there has been enough silence before a clip."""
        return self._ended_at + item.sentence.gap

    def _feed(self, now: float) -> None:
        """Hand the next clips to the sinks, as they arrive."""
        while (item := self._order.next()) is not None:
            if not self._may_go(item, now):
                return
            if not item.fetched.done():
                item.fetched.add_done_callback(lambda _: self._news.set())
                return
            if not self._can_be_heard():
                return self._lose()
            item.clip = item.fetched.result()
            self._order.hand_over()
            if item.clip is not None:
                self._sinks.play(item.clip)
            self._pass_silent()
            self._expect()

    def _may_go(self, item: QueuedSentence, now: float) -> bool:
        """Whether a clip is for the sinks now. They have one reply at a time, so that each can be cut alone."""
        if (front := self._order.front) is not None:
            return front.reply is item.reply and not item.sentence.gap
        return now >= self._may_begin_at(item)

    async def _get(self, reply: Reply, sentence: Sentence) -> Clip | None:
        if not sentence.url:
            return None
        try:
            return replace(await self._fetch(sentence.url, sentence.message_id, sentence.text), speaker=reply.character)
        except NothingToHear:
            return None
        except SpeechError as error:
            log.warning("speech: a sentence is not heard: %s", error)
            return None

    # What the sinks report

    def started(self, sink: Sink, clip: Clip) -> None:
        """See SinkListener."""
        self.heard_at[sink.name] = self._clock()
        item = self._order.of(clip)
        if self._sinks.is_led_by(sink) and item is not None:
            self._pass_over(item)
            if self._order.front is item and not item.has_begun:
                self._begin(item)

    def ended(self, sink: Sink, clip: Clip) -> None:
        """See SinkListener."""
        item = self._order.of(clip)
        if self._sinks.is_led_by(sink) and item is not None:
            self._finish(item)

    def changed(self, sink: Sink) -> None:
        """See SinkListener."""
        if sink.is_open and self._sinks.is_paused:
            sink.pause()
        if self._sinks.is_led_by(sink) and not sink.is_open:
            self._sinks.depose()
            if self._can_be_heard():
                self._catch_up()
            else:
                self._lose()
        elif self._sinks.is_led_by(sink) and self._overdue() is None:
            self._expect()
        self._news.set()

    # Inside

    def _can_be_heard(self) -> bool:
        return self._sinks.lead(is_busy=self.is_busy, has_clips=self._order.front is not None)

    def _begin(self, item: QueuedSentence) -> None:
        item.has_begun = True
        self._expect()
        for listener in self._listeners:
            listener.sentence_began(item.sentence, item.clip.duration if item.clip is not None else 0.0)

    def _finish(self, item: QueuedSentence) -> None:
        """A clip is over."""
        self._pass_over(item)
        if self._order.front is item:  # hearing that those before it are over may have cut it off
            self._over(self._order.pass_on())
        self._pass_silent()
        self._expect()
        self._news.set()

    def _pass_over(self, item: QueuedSentence) -> None:
        """Clips before the one that is played now, whose ends went missing, are over."""
        while (front := self._order.front) is not None and front is not item:
            self._over(self._order.pass_on())

    def _pass_silent(self) -> None:
        """Sentences without sound are over when it is their turn."""
        while (front := self._order.front) is not None and front.clip is None:
            self._over(self._order.pass_on())

    def _over(self, item: QueuedSentence, *, was_lost: bool = False) -> None:
        if not item.has_begun:
            self._begin(item)
        has_sound, text = item.clip is not None, item.sentence.text
        if has_sound:
            self._ended_at = self._clock()
        was_heard = not was_lost and (has_sound or not any(map(str.isalnum, text)))  # an emoji is silent by nature
        if item.reply.is_open:  # not cut off by its own beginning
            item.part.share = 1.0 if was_heard else 0.0
            self._end_if_over(item.reply)

    def _end_if_over(self, reply: Reply) -> None:
        if reply.phase is Phase.SPEAKING and not self._order.has(reply):
            reply.finish()
            for listener in self._listeners:
                listener.reply_heard(reply)

    def _expect(self) -> None:
        """Set when the front clip's next report is overdue."""
        if (front := self._order.front) is not None and front.clip is not None:
            left = max(0.0, front.clip.duration - self._sinks.seconds_heard(front.clip)) if front.has_begun else 0.0
            front.due = self._clock() + left + GRACE

    def _overdue(self) -> QueuedSentence | None:
        front = self._order.front
        return front if front is not None and self._clock() >= front.due else None

    def _give_up_overdue(self) -> None:
        """A sink that does not report is taken for deaf: the clip counts as heard, so that nothing waits for ever."""
        while (item := self._overdue()) is not None and not self._sinks.is_paused:
            log.warning("speech: %s does not say what became of a sentence; going on", self._sinks.leader_name)
            self._finish(item)

    def _lose(self) -> None:
        """Nobody can hear anything any more: the rest stays unheard, and the replies are over."""
        for item in self._order.drain():
            item.fetched.cancel()
            if not item.has_begun:
                item.clip = None
            self._over(item, was_lost=True)

    def _catch_up(self) -> None:
        """Another sink leads: what it has finished already is over."""
        for item in list(self._order.at_sinks()):
            if item.clip is not None and self._sinks.seconds_heard(item.clip) >= item.clip.duration:
                self._finish(item)
        self._expect()

    def _position(self) -> float:
        """The share of the front clip that was heard."""
        front = self._order.front
        if front is None or front.clip is None or not front.clip.duration:
            return 0.0
        return min(1.0, self._sinks.seconds_heard(front.clip) / front.clip.duration)
