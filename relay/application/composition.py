"""The composition root: builds the rooms, says who is told of what, and winds a run down."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from relay.acts import Act
from relay.application.addressing import Addressing
from relay.application.anticipation import anticipation_for
from relay.application.audio import SilentAudio
from relay.application.commands import CommandRooms
from relay.application.connect import link
from relay.application.describing import description_of
from relay.application.dialogue import Dialogue
from relay.application.events import Events
from relay.application.points import PointRewards
from relay.application.reception import Reception
from relay.application.remembering import memory_acts, memory_of
from relay.application.runtime_controls import RuntimeControls
from relay.application.scenario import ScenarioRooms
from relay.application.silence import Silence
from relay.application.spoken_rooms import SpokenRooms
from relay.application.statistics import Statistics
from relay.application.streams import follow_stream
from relay.application.subtitles import Subtitles
from relay.application.unanswered import Questions
from relay.application.viewers import ViewersCommands
from relay.commands.gate import Finished
from relay.config.loading import Config
from relay.forwarding.forwarder import Forwarder
from relay.inbox.base import Inbox
from relay.inbox.build import build as build_inbox
from relay.inbox.retry import PatientNotes, with_retries
from relay.inbox.upkeep import Upkeep
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.moderation.outbound import Outbound
from relay.moderation.quiet import QuietViewers
from relay.platforms import listed
from relay.platforms.base import Notes, Offering, Platform, PlatformControls, Receive
from relay.platforms.desk import DeskOutlet
from relay.platforms.supervision import Supervisor
from relay.replies.poster import Poster
from relay.scenario.actions import available_acts
from relay.speech.floor import Floor, FloorState
from relay.system.periodic import AGAIN, repeat
from relay.text.aloud.emotes import Emotes

if TYPE_CHECKING:
    from relay.memory.memory import Memory

LOOK_EVERY = 0.5
"""Seconds after which a wait for quiet looks at the floor's deadlines."""
DRAIN = 5.0
"""Seconds a run that ends gives the answer under way, and as many to account for what still waits."""

MakePlatforms = Callable[[Receive, PlatformControls, Notes], Sequence[Platform]]


class Relay:
    """All rooms of one relay, built around one inbox and one Voxta session."""

    def __init__(
        self,
        config: Config,
        make_platforms: MakePlatforms,
        *,
        voxta_url: str,
        statistics: Statistics,
        audio: SilentAudio | None = None,
        inbox: Inbox | None = None,
        emotes: Emotes | None = None,
    ) -> None:
        """`emotes` learns which words of the audience are pictures."""
        self._config = config
        self._statistics = statistics
        self.audio = audio or SilentAudio()
        self.voxta_url = voxta_url
        self.heartbeat_file = config.heartbeat_file
        self.events = Events()
        self.inbox: Inbox = inbox or build_inbox(config.inbox, config.relay.name, config.inbox_path)
        self.upkeep = Upkeep(self.inbox, config.inbox.keep)
        self.floor = Floor(config.floor, config.forwarding.reply_timeout, doubt=config.hearing.doubt)
        hears = self.audio.hearing is not None
        self.session = link(config, voxta_url, self.events, hears=hears, may_tell=lambda: self.inbox.is_sure)
        self.outbound = Outbound(config.outbound)
        self.commands = CommandRooms(
            config, outbound=self.outbound, inbox=self.inbox, session=self.session, events=self.events
        )
        self._quiet = QuietViewers(self.inbox)
        self.forwarder = self._forwarder()
        self.anticipation = anticipation_for(config, self.session, self.forwarder)
        self.memory = self._remembering()
        self.dialogue = Dialogue(
            config,
            voxta_url,
            outbound=self.outbound,
            session=self.session,
            floor=self.floor,
            audio=self.audio,
            events=self.events,
            emotes=emotes or Emotes(),
        )
        self.voice = self.dialogue.voice
        self.runtime = self._runtime_controls()
        audit = Audit(config.audit_file, size=config.relay.audit_size, files=config.relay.audit_files)
        self.controls = Controls(self.runtime, audit)
        self.addressing = self._addressing()
        self.points = self._points()
        keeper = self.points.keeper
        reception = Reception(self.inbox, self.addressing, self.controls, statistics, self.events, keeper)
        self.receive = reception.receive
        self.viewers = self._viewers(reception)
        self.platforms = make_platforms(self.receive, self.controls, self.inbox)
        notes = PatientNotes(self.inbox)
        self.poster = Poster(config.replies, [*self.platforms, DeskOutlet()], self.events.posted, notes)
        self.supervisor = Supervisor(self.platforms, self.poster.announce)
        acts = self._acts()
        self.commands.serve(acts, self._finished, listed.labels(), self.platforms)
        self.scenario = ScenarioRooms(config, self.session, self.platforms, acts, self.audio)
        self.silence = Silence(
            config, self.audio, halt=lambda: self.forwarder.halt, volume=lambda: self.runtime.switches().volume
        )
        self._listening: asyncio.Task[Any] | None = None
        self._moved = asyncio.Event()
        self._subscribe()
        self._questions = Questions(self)

    def _forwarder(self) -> Forwarder:
        return Forwarder(
            self._config,
            inbox=self.inbox,
            session=self.session,
            floor=self.floor,
            observer=self.events,
            commands=self.commands.gate,
            quiet=self._quiet,
            labels=listed.labels(),
        )

    def _remembering(self) -> "Memory | None":
        memory = memory_of(
            self._config,
            inbox=self.inbox,
            session=self.session,
            live=lambda: self.forwarder.waiting.switches,
            quiet=self._quiet,
            commands=self.commands.gate,
            events=self.events,
            labels=listed.labels(),
        )
        if memory is not None:
            self.forwarder.brief = memory.context.brief
        return memory

    def _runtime_controls(self) -> RuntimeControls:
        return RuntimeControls(
            self.inbox,
            self.dialogue,
            self.forwarder,
            platforms=lambda: self.platforms,
            describe=lambda: description_of(self),
        )

    def _viewers(self, reception: Reception) -> ViewersCommands:
        quiet, addressing, gate, end = self._quiet, self.addressing, self.commands.gate, reception.take_back
        viewers = ViewersCommands(self._config, gate, self.inbox, quiet, self.forwarder, addressing, end)
        viewers.wishes.memory = self.memory
        viewers.wishes.forgotten = self.events.forgotten
        return viewers

    def _points(self) -> PointRewards:
        return PointRewards(
            self._config,
            self.inbox,
            self.commands.gate,
            lambda: self.platforms,
            is_posted=lambda: self.poster.settings.post_to != "nowhere",
            is_away=lambda: self.session.chat is None,
        )

    def _addressing(self) -> Addressing:
        nicknames, table = self._config.forwarding.nicknames, self.commands.gate.table
        return Addressing(nicknames, lambda: self.session.chat, lambda: self.platforms, table)

    def _acts(self) -> list[Act]:
        own = available_acts(
            self._config,
            self.platforms,
            say=self.dialogue.screening.screen,
            outbound=self.outbound,
            controls=self.controls,
            play=self.audio.effect,
            name=self.dialogue.name_of,
            have_said=self.session.have_said,
        )
        return [*own, self.commands.act, *memory_acts(self.memory), *self.dialogue.avatar.acts()]

    def _subscribe(self) -> None:
        """Who is told of what, in this order."""
        self.forwarder.hush(self.audio.is_quiet)
        events, statistics, live = self.events, self._statistics, self.forwarder.waiting
        self.subtitles = Subtitles(self._config, self.audio, lambda: live.switches, self.poster.tell, self._quiet)
        events.arrived.subscribe(self.subtitles.arrived)
        follow_stream(events, self.platforms)
        self.commands.subscribe(events, lambda: self.is_answering)
        self.scenario.subscribe(events)
        events.arrived.subscribe(self.runtime.saw)
        events.arrived.subscribe(self.viewers.latest.saw)
        events.decided.subscribe(self.forwarder.decide)
        for retract in (self.forwarder.retract, self.dialogue.router.retract, self.poster.retract):
            events.retracted.subscribe(retract)
        events.asking.subscribe(self.poster.expect)
        events.asking.subscribe(self.dialogue.router.asked)
        events.unasked.subscribe(self.dialogue.router.unasked)
        events.given_up.subscribe(self.forwarder.given_up)
        events.forwarded.subscribe(statistics.forwarded)
        events.settled.subscribe(self.forwarder.settled)
        events.settled.subscribe(statistics.settled)
        events.settled.subscribe(lambda _: self._moved.set())
        events.received.subscribe(self.dialogue.router.hear)
        events.received.subscribe(self.silence.hear)
        self.spoken = SpokenRooms(self, self._config)
        events.chat_changed.subscribe(self.dialogue.router.forget)
        events.released.subscribe(statistics.reply)
        events.released.subscribe(self.poster.queue)
        events.posted.subscribe(statistics.post)
        events.obeyed.subscribe(self.poster.tell)
        self.points.subscribe(events)
        for platform in (each for each in self.platforms if isinstance(each, Offering)):
            platform.offer(self.commands.gate.table)
            events.settled.subscribe(platform.settled)
        events.changed.subscribe(self._moved.set)
        events.changed.subscribe(lambda: self.forwarder.hush(self.audio.is_quiet))

    def _finished(self, finished: Finished) -> None:
        """The relay has carried out what somebody wanted, or could not."""
        if not finished.is_done:
            self.points.keeper.failed(finished.message.key)
            self.commands.gate.undone(finished.message.key)
        self.forwarder.finish(finished)

    async def restore(self) -> None:
        """Take up what the run before this one left. The inbox has to be open."""
        await with_retries(self.runtime.restore)
        await with_retries(self.commands.restore)
        await with_retries(self.viewers.restore)
        if chat := await with_retries(self.forwarder.last_chat.id):
            self.session.prefer(chat)
        self.addressing.last_known = await with_retries(self.forwarder.last_chat.characters)

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name, in the order in which it begins: nobody is listened to before the rest runs."""
        yield "voxta", self.session.run()
        for room in (self.dialogue, self.commands, self.points, self.scenario, self.spoken):
            yield from room.rooms()
        yield "forwarder", self.forwarder.run()
        yield "poster", self.poster.run()
        yield "questions", self._questions.run()
        yield "forgetting", repeat(self.viewers.forgetting.run, AGAIN, "deleting what viewers want forgotten")
        if self.anticipation is not None:
            yield "anticipation", self.anticipation.run()
        if self.memory is not None:
            yield "memory", repeat(self.memory.run, AGAIN, "remembering people")
        yield "upkeep", repeat(self.upkeep.once, self.upkeep.every, "forgetting old messages")
        yield "silence", self.silence.run()
        yield "platforms", self._listen()

    async def _listen(self) -> None:
        self._listening = asyncio.current_task()  # for `end`, which stops this room before the others
        await self.supervisor.run()

    async def quiet(self, *, empty: bool = False) -> None:
        """Wait until no answer is under way and, if `empty`, until nothing waits."""
        self._moved.clear()
        while (empty and await self._is_waiting()) or self.is_answering:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._moved.wait()
            self._moved.clear()
        await self.poster.drain()

    async def _is_waiting(self) -> bool:
        """Some message is without an outcome, or one that nobody was told of."""
        return await with_retries(self.inbox.waiting) > 0 or self.forwarder.is_settling

    async def end(self, reason: str) -> None:
        """Wind down: take nothing more in, let the answer under way be posted, and drop what still waits."""
        if self._listening is not None:
            self._listening.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                await self.quiet()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                await self.forwarder.end(reason)
                await self.quiet(empty=True)

    # For people

    @property
    def speaker(self) -> str | None:
        """The name of the character that is heard now."""
        return self.dialogue.speaker

    @property
    def is_answering(self) -> bool:
        """A reply is awaited or under way."""
        return self.floor.state(time.monotonic()) is not FloorState.IDLE
