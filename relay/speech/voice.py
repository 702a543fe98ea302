"""The companion's voice: what the floor decides is done to the playback, and told to Voxta."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from relay.errors import VoxtaError
from relay.floor import Act, Floor, FloorState
from relay.settings import FloorSection
from relay.speech.base import Cut, Sentence
from relay.speech.playback import Playback

log = logging.getLogger(__name__)

ANSWER_WAIT: Final = 2.0
"""Seconds Voxta has to answer a person by itself, after transcribing them, before it is asked to go on."""
REMEMBERED: Final = 64
"""Replies that were given up, of which more may still come."""


class Voxta(Protocol):
    """What is told to Voxta about speech. Each raises VoxtaError."""

    async def interrupt(self) -> None: ...
    async def speech_started(self, message_id: str, start: int, end: int, duration: float) -> None: ...
    async def speech_completed(self, message_id: str) -> None: ...
    async def rewrite(self, message_id: str, text: str) -> None: ...
    async def ask_for_reply(self) -> None: ...
    async def have_said(self, text: str) -> None: ...


class Audience(Protocol):
    """Hears when the text of a spoken reply may be shown."""

    def spoken(self, message_id: str, heard: str | None) -> None:
        """A reply is over: heard whole (None), or as far as `heard`, which may be ""."""


class Voice:
    """One for each relay. `run` keeps the clock and talks to Voxta; everything else returns at once."""

    def __init__(
        self,
        settings: FloorSection,
        *,
        floor: Floor,
        playback: Callable[["Voice"], Playback],
        voxta: Voxta,
        audience: Audience,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`changed` is called whenever the floor may be free now."""
        self._settings = settings
        self._floor = floor
        self._voxta = voxta
        self._audience = audience
        self._changed = changed
        self._clock = clock
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._tick = asyncio.Event()
        self._rest = ""
        self._current: str | None = None
        """The id of the newest reply."""
        self._given_up: deque[str] = deque(maxlen=REMEMBERED)
        self._has_sound: set[str] = set()
        self._ask_at: float | None = None
        self._wants_answer = True
        self.playback = playback(self)
        self.may_pause = True
        """Whether people in the voice channel silence the companion now; read by the threads that hear them."""

    async def run(self) -> None:
        """Play, keep the floor's time and tell Voxta, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.playback.run())
            tasks.create_task(self._keep_time())
            tasks.create_task(self._tell())

    # The companion

    def asked(self) -> None:
        """A forward was sent that will be answered."""
        self.look()

    def is_voicing(self, message_id: str) -> bool:
        """Whether some of this reply is being said, or about to be."""
        return self.playback.is_voicing(message_id)

    def thinking(self, message_id: str) -> None:
        """A reply is generated, or goes on."""
        if message_id in self._given_up:
            return
        self._ask_at = None
        self._current = message_id
        self._floor.thinking(self._clock())
        self.look()

    def say(self, sentence: Sentence) -> None:
        """Queue the next sentence of a reply; what still comes of one that was given up is not said."""
        if sentence.message_id in self._given_up:
            return
        if sentence.url:
            self._has_sound.add(sentence.message_id)
        self.playback.say(sentence)

    def text_ended(self, message_id: str) -> None:
        """The text of a reply is complete. One with sound that nobody can hear counts as heard."""
        if self.playback.is_voicing(message_id):
            self.playback.whole(message_id)
        elif message_id == self._current and message_id not in self._given_up:
            self._floor.reply_ended(self._clock())
            if message_id in self._has_sound:
                self._job(lambda: self._voxta.speech_completed(message_id))
        self._has_sound.discard(message_id)
        self.look()

    def played_elsewhere(self, duration: float) -> None:
        """Voxta tells that a client plays speech; what we play ourselves is known already."""
        if not self.playback.is_busy:
            self._floor.speaking(self._clock(), duration)
            self.look()

    def completed_elsewhere(self, message_id: str | None) -> None:
        """Voxta tells that speech is over, which may be that of an earlier reply."""
        if message_id in (None, self._current):
            self._release()

    def cancelled(self, message_id: str | None) -> None:
        """Voxta or somebody else gave up a reply, or (None) everything that is spoken."""
        cuts = self.playback.cut_all() if message_id is None else [self.playback.cut(message_id)]
        for cut in cuts:
            if cut is not None:
                self._give_up(cut)
        self._has_sound.discard(message_id or "")
        if message_id in (None, self._current):
            self._release()

    def turn(self, *, is_over: bool) -> None:
        """Voxta waits for people now, or works on a turn."""
        if is_over:
            self._floor.turn_is_over(self._clock(), is_voicing=self.playback.is_busy)
        else:
            self._floor.turn_goes_on(self._clock())
        self.look()

    def forget(self) -> None:
        """The chat is gone."""
        self._floor.freed()
        self.playback.cut_all()
        self._ask_at, self._rest, self._current = None, "", None
        self._has_sound.clear()
        while not self._jobs.empty():
            self._jobs.get_nowait()
        self._release()

    def silence(self) -> bool:
        """Give up everything that is said or thought of. False when there is nothing."""
        stopped = self.stop()
        while self.playback.is_busy:
            self.stop()
        return stopped

    def stop(self, message_id: str | None = None) -> bool:
        """Give up one reply (the current one, spoken or not), or what is thought of. False when there is none."""
        if self._floor.state(self._clock()) is FloorState.IDLE and not self.playback.is_busy:
            return False
        cut = self.playback.cut(message_id)
        must_interrupt = cut is None or not cut.is_whole
        if must_interrupt:
            self._tell_to_stop()
        if cut is not None:
            self._give_up(cut)
        if must_interrupt:
            self._job(self._release_later)  # what is sent before Voxta knows would be interrupted as well
        else:
            self._release()
        return True

    # The people

    def talks(self, speaker: str) -> None:
        """See Speakers."""
        self._floor.speaker_talks(speaker, self._clock())
        self.look()
        self.playback.settle()

    def stopped(self, speaker: str, *, is_done: bool = False) -> None:
        """See Speakers. `is_done` when it is known that they do not just draw breath."""
        self._floor.speaker_stopped(speaker, self._clock(), is_done=is_done)
        self.look()

    def leave_unanswered(self) -> None:
        """Who talks now wants no answer when they are done."""
        self._wants_answer = False

    # What is heard

    def sentence_began(self, sentence: Sentence, duration: float) -> None:
        """See Stage."""
        self._floor.speaking(self._clock(), duration)
        self.look()
        self._job(
            lambda: self._voxta.speech_started(sentence.message_id, sentence.start_index, sentence.end_index, duration)
        )

    def reply_heard(self, message_id: str) -> None:
        """See Stage."""
        self._job(lambda: self._voxta.speech_completed(message_id))
        self._audience.spoken(message_id, None)
        self._release()

    # Inside

    def look(self) -> None:
        """Do what the floor wants done now."""
        while (act := self._floor.advance(self._clock())) is not None:
            match act:
                case Act.PAUSE:
                    self.playback.pause()
                case Act.RESUME:
                    self.playback.resume()
                case Act.INTERRUPT:
                    self._interrupt()
                case Act.YIELDED:
                    self._make_up()
        self.may_pause = self._floor.is_interruptible and "voice" in self._settings.may_interrupt
        self._tick.set()
        self._changed()

    def _interrupt(self) -> None:
        cuts = self.playback.cut_all()
        self.playback.resume()
        self._rest = " ".join(cut.rest for cut in cuts if cut.rest)
        self._tell_to_stop()
        for cut in cuts:
            self._give_up(cut)

    def _tell_to_stop(self) -> None:
        if self._current is not None:
            self._given_up.append(self._current)
        self._job(self._voxta.interrupt)

    async def _release_later(self) -> None:
        self._release()

    def _give_up(self, cut: Cut) -> None:
        """Voxta's message ends where the voice did."""
        self._given_up.append(cut.message_id)
        self._job(lambda: self._voxta.speech_completed(cut.message_id))
        if cut.rest:
            self._job(lambda: self._voxta.rewrite(cut.message_id, cut.heard))
        self._audience.spoken(cut.message_id, cut.heard)

    def _make_up(self) -> None:
        """The person is done. They may be answered by Voxta itself; if not, it is asked to go on."""
        wants_answer, self._wants_answer = self._wants_answer, True
        if wants_answer and self._settings.after != "nothing":
            now = self._clock()
            self._floor.asked(now)
            self._ask_at = now + ANSWER_WAIT

    def _go_on(self) -> None:
        self._ask_at = None
        rest, self._rest = self._rest, ""
        if self._settings.after == "resume" and rest:
            self._job(lambda: self._voxta.have_said(rest))
        else:
            self._job(self._ask)

    async def _ask(self) -> None:
        try:
            await self._voxta.ask_for_reply()
        except VoxtaError:
            self._release()
            raise

    def _release(self) -> None:
        if not self.playback.is_busy:
            self._floor.released()
        self.look()

    def _job(self, job: Callable[[], Awaitable[None]]) -> None:
        self._jobs.put_nowait(job)

    async def _keep_time(self) -> None:
        while True:
            self._tick.clear()
            now = self._clock()
            if self._ask_at is not None and now >= self._ask_at:
                self._go_on()
            times = [time for time in (self._floor.next_at(now), self._ask_at) if time is not None]
            try:
                async with asyncio.timeout(max(0.0, min(times) - now) if times else None):
                    await self._tick.wait()
            except TimeoutError:
                self.look()

    async def _tell(self) -> None:
        """One thing after the other, so that Voxta hears of them in order."""
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except VoxtaError as error:
                log.info("Voxta was not told about speech: %s", error)
