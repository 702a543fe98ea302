"""The companion's voice: what the floor decides is done to the playback, and told to Voxta."""

import asyncio
import time
from collections.abc import Callable

from relay.config import FloorSection
from relay.model import Forward
from relay.replies.replies import Replies
from relay.replies.reply import Phase, Reply, Sentence
from relay.speech.floor import Floor, FloorDecision, FloorState
from relay.speech.making_up import MakingUp
from relay.speech.playback import Playback
from relay.speech.reports import Reports, Voxta


class Voice:
    """One for each relay. `run` keeps the clock and talks to Voxta; everything else returns at once."""

    def __init__(
        self,
        settings: FloorSection,
        *,
        floor: Floor,
        playback: Playback,
        replies: Replies,
        voxta: Voxta,
        over: Callable[[Reply], None],
        given_up: Callable[[Forward], None],
        changed: Callable[[], None],
        plays: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`over` hears of each spoken reply that is done or cut, `given_up` of what was asked and is stopped before
        its answer begins, `changed` whenever the floor may be free now.

        `plays`: Voxta takes us for a player of speech.
        """
        self._settings = settings
        self._floor = floor
        self._replies = replies
        self._over = over
        self._given_up = given_up
        self._changed = changed
        self._clock = clock
        self._reports = Reports(voxta, replies, clock, plays=plays)
        self._tick = asyncio.Event()
        self._making_up = MakingUp(settings, voxta, self._reports, self._release)
        self._current: Reply | None = None
        """The newest reply; None once it was given up, or something was asked after it."""
        self._release_due = False
        """The floor is free as soon as the text of what was cut off ends where the voice did."""
        self.playback = playback
        playback.listen(self)
        self.may_pause = True
        """Whether people in the voice channel silence the companion now; read by the threads that hear them."""

    async def run(self) -> None:
        """Play, keep the floor's time and tell Voxta, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.playback.run())
            tasks.create_task(self._keep_time())
            tasks.create_task(self._reports.run())

    # The companion

    def asked(self) -> None:
        """A forward was sent that will be answered."""
        self._making_up.answered()
        self._release_due = False
        self._current = None
        self.look()

    def thinking(self, reply: Reply, *, is_thought: bool = False) -> None:
        """A reply is generated, or goes on, if only with what it thinks."""
        if reply.is_silenced or (is_thought and reply is not self._current):
            return
        self._making_up.answered()
        self._release_due = False
        self._current = reply
        self._floor.thinking(self._clock(), is_thought=is_thought)
        self.look()

    def started(self, reply: Reply) -> None:
        """Voxta tells the text of a reply from now on, whoever still wants to hear it, and waits for its end."""
        self._reports.came(reply)
        self.thinking(reply)

    def say(self, reply: Reply, sentence: Sentence) -> None:
        """Queue the next sentence of a reply; what still comes of one that was given up is not said."""
        self._reports.came(reply)
        if reply.is_silenced:
            return
        if reply.lacks_beginning or not self.playback.say(reply, sentence):
            self._reports.started(sentence, 0.0)

    def text_ended(self, reply: Reply) -> None:
        """The text of a reply is complete. One that nobody can hear counts as heard."""
        if reply.is_voicing:
            self.playback.whole(reply)
        else:
            if reply is self._current and not reply.is_silenced:
                self._floor.reply_ended(self._clock())
            self._reports.completed(reply)
        self.look()

    def text_changed(self, message_id: str, text: str) -> None:
        """Voxta tells the text of a message. When that is shorter than the reply was, it cut it off by itself."""
        if self._reports.text_changed(message_id, text):
            self._release_if_due()

    def played_elsewhere(self, message_id: str | None, duration: float) -> None:
        """Voxta tells that a client plays speech; what we play ourselves is known already."""
        if not self.playback.is_busy and not self._reports.is_ours(message_id):
            self._floor.speaking(self._clock(), duration)
            self.look()

    def completed_elsewhere(self, message_id: str | None) -> None:
        """Voxta tells that speech is over, which may be that of an earlier reply."""
        if message_id is None or (self._current is not None and self._current.id == message_id):
            self._release()

    def cancelled(self, reply: Reply) -> None:
        """Voxta or somebody else gave up a reply."""
        if reply.is_voicing:
            self.playback.cut(reply)
            self._give_up(reply)
        self._reports.completed(reply)
        if reply is self._current:
            self._release()

    def unanswered(self) -> None:
        """There will be no answer to what was asked."""
        self._release()

    def all_cancelled(self) -> None:
        """Voxta or somebody else gave up everything that is spoken."""
        for reply in self._cut_all():
            self._give_up(reply)
        self._release()

    def turn(self, *, is_over: bool) -> None:
        """Voxta waits for people now, or works on a turn."""
        if is_over:
            self._floor.turn_is_over(self._clock(), is_voicing=self.playback.is_busy)
        else:
            self._making_up.answered()
            self._floor.turn_goes_on(self._clock())
        self.look()

    def forget(self) -> None:
        """The chat is gone."""
        self._floor.freed()
        self.playback.clear()
        self._making_up.forget()
        self._current = None
        self._reports.forget()
        self._release()

    def silence(self) -> bool:
        """Give up everything that is said or thought of. False when there is nothing."""
        stopped = self.stop()
        while self.playback.is_busy:
            self.stop()
        return stopped

    def stop(self, reply: Reply | None = None) -> bool:
        """Give up one reply (the current one, spoken or not), or what is thought of. False when there is none."""
        if self._floor.state(self._clock()) is FloorState.IDLE and not self.playback.is_busy:
            return False
        reply = reply or self._spoken()
        if stopped := reply or self._current:
            stopped.is_stopped = True
        must_interrupt = reply is None or reply.phase is not Phase.SPEAKING
        if must_interrupt:
            self._tell_to_stop()
        if reply is not None and reply.is_voicing:
            self.playback.cut(reply)
            self._give_up(reply)
        if must_interrupt:
            self._reports.add(self._release_later)  # what is sent before Voxta knows would be interrupted as well
        else:
            self._release()
        return True

    @property
    def is_speaking(self) -> bool:
        """Whether a reply is being said, heard at the moment or paused."""
        return self._floor.state(self._clock()) is FloorState.SPEAKING

    # The people

    def talks(self, speaker: str) -> None:
        """See Speakers."""
        self._floor.speaker_talks(speaker, self._clock())
        self.look()
        self.playback.align_sinks()

    def speaks(self, speaker: str) -> None:
        """See Speakers."""
        self._floor.speaker_speaks(speaker, self._clock())
        self.look()
        self.playback.align_sinks()

    def stopped(self, speaker: str, *, is_done: bool = False) -> None:
        """See Speakers. `is_done` when it is known that they do not just draw breath."""
        self._floor.speaker_stopped(speaker, self._clock(), is_done=is_done)
        self.look()

    def listens(self, speaker: str) -> None:
        """What they say is not for the companion as far as it is known."""
        self._floor.speaker_listens(speaker)
        self.look()

    def says_more(self, speaker: str) -> None:
        """What they say is, after all."""
        self._floor.speaker_says_more(speaker, self._clock())
        self.look()

    def expect_words(self, *, is_expected: bool) -> None:
        """Somebody is done, and what they said is about to be known; or there is nothing to wait for."""
        self._floor.expect_words(self._clock(), is_expected=is_expected)
        self.recognising(is_under_way=is_expected)
        self.look()

    def recognising(self, *, is_under_way: bool) -> None:
        """What a person says is about to be known, or is known now."""
        self._making_up.recognising(self._clock(), is_under_way=is_under_way)
        self._tick.set()

    def answered_otherwise(self) -> None:
        """Who interrupted, or is about to, gave an order: there is nothing to be said to it."""
        if self._making_up.answered():
            self._release()
        else:
            self.leave_unanswered()

    def leave_unanswered(self) -> None:
        """Who talks now wants no answer when they are done. Who cuts nothing off is owed none; the next one may be."""
        if self._floor.was_interrupted:
            self._making_up.leave_unanswered()

    # What is heard

    def sentence_began(self, sentence: Sentence, duration: float) -> None:
        """See PlaybackListener."""
        if duration:
            self._floor.speaking(self._clock(), duration)
            self.look()
        self._reports.started(sentence, duration)

    def reply_heard(self, reply: Reply) -> None:
        """See PlaybackListener."""
        self._reports.completed(reply)
        self._over(reply)
        self._release()

    # Inside

    def look(self) -> None:
        """Do what the floor wants done now."""
        while (act := self._floor.advance(self._clock())) is not None:
            match act:
                case FloorDecision.PAUSE:
                    self.playback.pause()
                case FloorDecision.RESUME:
                    self.playback.resume()
                case FloorDecision.INTERRUPT:
                    self._interrupt()
                case FloorDecision.YIELDED:
                    self._make_up()
        self.may_pause = self._floor.is_interruptible and "voice" in self._settings.may_interrupt
        self._tick.set()
        self._changed()

    def _interrupt(self) -> None:
        cut = self._cut_all()
        self.playback.resume()
        self._making_up.interrupted(cut)
        self._tell_to_stop()
        for reply in cut:
            self._give_up(reply)

    def _tell_to_stop(self) -> None:
        if self._current is not None:
            self._current.is_silenced = True
            self._current = None
        self._reports.interrupted()
        if (asked := self._replies.give_up_asked()) is not None:
            self._given_up(asked)

    async def _release_later(self) -> None:
        self._release()

    def _spoken(self) -> Reply | None:
        """The reply that is being said, else the oldest of which more may come."""
        return self.playback.current or next(iter(self._replies.voicing()), None)

    def _cut_all(self) -> list[Reply]:
        """All that was spoken, in play order."""
        cut = []
        while (reply := self._spoken()) is not None:
            self.playback.cut(reply)
            cut.append(reply)
        return cut

    def _give_up(self, reply: Reply) -> None:
        """Voxta's message ends where the voice did."""
        reply.is_silenced = True
        self._reports.cut(reply)
        self._tick.set()
        self._over(reply)

    def _make_up(self) -> None:
        """The person is done. They may be answered by Voxta itself, or are already; if not, it is asked to go on."""
        now = self._clock()
        if self._making_up.yielded(now, is_answered=self._floor.state(now) is not FloorState.IDLE):
            self._floor.awaits_words(now)
            self._release_due = False

    def _release(self) -> None:
        """The companion is done; what is sent before its text ends where the voice did would be answered too early."""
        self._release_due = self._reports.has_uncut
        if not self.playback.is_busy and not self._release_due:
            self._floor.released()
        self.look()

    def _release_if_due(self) -> None:
        if self._release_due:
            self._release()

    async def _text_was_cut(self) -> None:
        self._release_if_due()

    async def _keep_time(self) -> None:
        while True:
            self._tick.clear()
            now = self._clock()
            self._making_up.ask_if_due(now)
            if self._reports.cut_overdue():
                self._reports.add(self._text_was_cut)
            wanted = (self._floor.next_at(now), self._making_up.due_at, self._reports.next_at())
            times = [time for time in wanted if time is not None]
            try:
                async with asyncio.timeout(max(0.0, min(times) - now) if times else None):
                    await self._tick.wait()
            except TimeoutError:
                self.look()
