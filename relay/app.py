"""The composition root: builds the rooms, runs them in one task group, and stops them in reverse."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import groupby
from typing import Any, Protocol

from relay import clock, shutdown
from relay.answers import Answers
from relay.booth import Booth
from relay.config import Config
from relay.desk import Desk
from relay.door import key_of, link, own_voice
from relay.errors import InboxError
from relay.floor import Floor, FloorState
from relay.forwarding.forwarder import NOTE_CHAT, Forwarder
from relay.forwarding.spoken import Spoken
from relay.heart import Heart
from relay.inbox.base import Inbox
from relay.inbox.build import build as build_inbox
from relay.inbox.patience import patiently
from relay.informing import Informer
from relay.journal import Journal
from relay.model import AudienceMessage, Caller, Edit, Forward, Incoming, Origin, ReplyText, Retraction, Settlement
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls, command_in
from relay.moderation.outbound import Outbound
from relay.performing import Performer
from relay.periodic import repeat
from relay.platforms.base import Controls as ControlsProtocol
from relay.platforms.base import Notes, Platform, Receive
from relay.platforms.supervision import Supervisor
from relay.repertoire import repertoire
from relay.replies.poster import Poster
from relay.replies.replies import Replies
from relay.replies.screening import Screening
from relay.speech.clips import Clips
from relay.speech.playback import Playback
from relay.speech.voice import Voice
from relay.voxta.audio import AudioInput
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

TRIM_EVERY = 60.0
"""Seconds between two looks for messages that may be forgotten, at most."""
TRIM_SHARE = 0.1
"""The same as a share of how long messages are remembered: what is kept for minutes must not be kept for twice that."""
AGAIN = 1.0
"""Seconds after which a room that others can do without begins anew, when a mistake of ours has ended it."""
LOOK_EVERY = 0.5
"""Seconds after which a wait for quiet looks at the floor's deadlines."""
DRAIN = 5.0
"""Seconds a run that ends gives the answer under way, and as many to account for what still waits."""

MakePlatforms = Callable[[Receive, ControlsProtocol, Notes], Sequence[Platform]]


class Watcher(Protocol):
    """Is told what passes between the relay and Voxta; returns at once."""

    def heard(self, message: WireMessage) -> None:
        """A message came in."""
        ...

    def sent(self, message: WireMessage) -> None:
        """A message went out."""
        ...

    def told(self, forward: Forward) -> None:
        """The character was told what the audience said or did."""
        ...

    def look(self) -> None:
        """The chat, or who speaks, may be another than before."""
        ...


class Relay:
    """All rooms of one relay, built around one inbox and one Voxta session."""

    def __init__(
        self,
        config: Config,
        make_platforms: MakePlatforms,
        *,
        voxta_url: str,
        journal: Journal,
        booth: Booth | None = None,
    ) -> None:
        self._config = config
        self.watchers: list[Watcher] = []
        """Those who are told of everything that passes between the relay and Voxta."""
        self._booth = booth or Booth()
        hearing = self._booth.hearing
        self._journal = journal
        self.inbox: Inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
        self.floor = Floor(config.floor, config.forwarding.reply_timeout)
        self.session = link(
            config,
            voxta_url,
            listen=self.hear,
            changed=self._chat_changed,
            sent=self._sent,
            hears=hearing is not None,
        )
        self.forwarder = Forwarder(
            config,
            inbox=self.inbox,
            session=self.session,
            floor=self.floor,
            observer=self,
            clock=time.monotonic,
            wall=clock.now,
        )
        outbound = Outbound(config.outbound)
        self.screening = Screening(outbound, self._say, hold_for=config.outbound.hold_for)
        self._clips = Clips(
            config.speech,
            key_of(config),
            voxta_url,
            cookies=self.session.cookies,
            voice=own_voice(config),
        )
        self._audio_input = (
            AudioInput(key_of(config), hearing, url=voxta_url, cookies=self.session.cookies) if hearing else None
        )
        self._spoken = (
            Spoken(
                self.session,
                self._audio_input,
                self._booth,
                floor=self.floor,
                asking=self.asking,
                freed=self._look_again,
            )
            if self._audio_input is not None
            else None
        )
        replies = Replies()
        playback = Playback(self._clips.fetch)
        self.voice = Voice(
            config.floor,
            floor=self.floor,
            playback=playback,
            replies=replies,
            voxta=self.session,
            over=self.screening.over,
            changed=self._look_again,
            plays=config.speech.enabled,
        )
        playback.play_on(self._booth.open(self.voice))
        playback.set_volume(config.speech.volume)
        self.answers = Answers(replies, self.voice, self.screening, name_of=self._name_of, record=self._record)
        self.desk = Desk(
            inbox=self.inbox,
            voice=self.voice,
            forwarder=self.forwarder,
            screening=self.screening,
            describe=self.describe,
            volume=config.speech.volume,
        )
        self.controls = Controls(
            self.desk, Audit(config.audit_file, size=config.relay.audit_size, files=config.relay.audit_files)
        )
        self.platforms = make_platforms(self.receive, self.controls, self.inbox)
        self.poster = Poster(config.replies, self.platforms, journal.post)
        self.supervisor = Supervisor(self.platforms, self.poster.announce)
        acts = repertoire(
            config,
            self.platforms,
            say=self.screening.take,
            controls=self.controls,
            play=self._booth.effect,
            name=lambda: self._name_of(None),
        )
        self.performer = Performer(acts, config.scenario.allow, self.session)
        self.informer = Informer(config.scenario, self.session, self.platforms, people=self._booth.people)
        self.watchers += [self.performer, self.informer]
        self._heart = Heart(config.heart_file, self.condition)
        self._listening: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Run every room until cancelled. The inbox has to be open (see `opened`)."""
        await patiently(self.desk.restore)
        if chat := await patiently(self.inbox.get_note, NOTE_CHAT):
            self.session.prefer(chat)
        async with asyncio.TaskGroup() as tasks:

            def start(name: str, room: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
                return tasks.create_task(_vital(name, room), name=name)

            start("voxta", self.session.run())
            start("clips", self._clips.run())
            start("voice", self.voice.run())
            start("booth", repeat(self._booth.run, AGAIN, "listening beside Voxta"))
            if self._audio_input is not None:
                start("audio input", repeat(self._audio_input.run, AGAIN, "sending what people say"))
            if self._spoken is not None:
                start("spoken words", repeat(self._spoken.run, AGAIN, "telling what people said"))
            start("forwarder", self.forwarder.run())
            start("poster", self.poster.run())
            start("performer", repeat(self.performer.run, AGAIN, "acting for the scenario"))
            start("informer", repeat(self.informer.run, AGAIN, "informing the scenario"))
            trim_every = min(TRIM_EVERY, TRIM_SHARE * self._config.inbox.keep)
            start("trim", repeat(self._trim, trim_every, "forgetting old messages"))
            start("heart", self._heart.beat())
            self._listening = start("platforms", self.supervisor.run())

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
        return await patiently(self.inbox.waiting) > 0 or self.forwarder.is_settling

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

    # In

    async def receive(self, *incoming: Incoming) -> None:
        """Store what a platform brings; durable when it returns."""
        for is_message, group in groupby(incoming, lambda each: isinstance(each, AudienceMessage)):
            if is_message:
                await self._store([each for each in group if isinstance(each, AudienceMessage)])
            else:
                for change in group:
                    await self._change(change)

    async def _store(self, messages: Sequence[AudienceMessage]) -> None:
        for message, is_new in zip(messages, await self.inbox.append(messages), strict=True):
            self._journal.message(message, is_new=is_new)
            self.desk.saw(message)
            self.informer.saw(message)
            if is_new and (words := command_in(message)) is not None:
                await self._obey(message, words)

    async def _change(self, change: Incoming) -> None:
        match change:
            case Edit():
                await self.inbox.edit(change)
            case Retraction():
                self.answers.retract(change)
                self._journal.dropped(await self.inbox.retract(change, clock.now()))

    async def _obey(self, message: AudienceMessage, words: str) -> None:
        """A moderator's command in chat; the forwarder drops the message itself."""
        author = message.author
        by = Caller(source=message.platform, name=author.name, id=author.id, roles=author.roles)
        self.poster.tell(Origin.of(message), await self.controls.run(words, by))

    # What the forwarder does

    def asking(self, forward: Forward) -> None:
        self.poster.expect(forward.origins)
        self.answers.asked(forward)

    def forwarded(self, forward: Forward) -> None:
        self._journal.forwarded(forward)
        for watcher in self.watchers:
            watcher.told(forward)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        self._journal.settled(settlements)
        self._moved.set()

    # Out

    def hear(self, message: WireMessage) -> None:
        """One message from Voxta; returns at once."""
        if self._spoken is not None:
            self._spoken.hear(message)
        self.answers.hear(message)
        for watcher in self.watchers:
            watcher.heard(message)
        self._look_again()

    def _sent(self, message: WireMessage) -> None:
        for watcher in self.watchers:
            watcher.sent(message)

    def _look_again(self) -> None:
        self._moved.set()
        self.forwarder.wake()
        for watcher in self.watchers:
            watcher.look()

    def _say(self, reply: ReplyText) -> None:
        self._journal.reply(reply)
        self.poster.take(reply)

    def _chat_changed(self) -> None:
        self.answers.forget()
        self._look_again()

    def _name_of(self, sender_id: str | None) -> str:
        chat = self.session.chat
        return chat.character_name(sender_id) if chat else ""

    def _record(self, wanted: bool) -> None:
        """Voxta wants to hear people, or does not."""
        chat = self.session.chat
        if self._audio_input is not None:
            self._audio_input.request(wanted and chat is not None, chat.session_id if chat is not None else "")

    async def _trim(self) -> None:
        await self.inbox.trim(clock.now() - self._config.inbox.keep)

    # For people

    def condition(self) -> str:
        """How the platforms are; begins with "ok" unless one of them waits for a person."""
        return "\n".join([*(["ok"] if self.supervisor.is_well else []), *self.supervisor.lines()])

    async def describe(self) -> str:
        """What is connected and what waits, a few lines."""
        chat = self.session.chat
        who = ", ".join(person.name for person in chat.characters) if chat else self.session.problem
        where = f"in a chat with {who}; {self.session.refusal}" if self.session.refusal else f"in a chat with {who}"
        lines = [
            f"Voxta: {where if chat else who}",
            *self.supervisor.lines(),
            *self._booth.lines(),
            await self._backlog(),
            f"The companion is {self.floor.state(time.monotonic())}",
        ]
        return "\n".join(lines)

    async def _backlog(self) -> str:
        try:
            return f"Waiting: {await self.inbox.waiting()}"
        except InboxError as error:
            return f"Inbox: {error}"

    @property
    def is_answering(self) -> bool:
        """A reply is awaited or under way."""
        return self.floor.state(time.monotonic()) is not FloorState.IDLE


async def _vital(name: str, room: Coroutine[Any, Any, None]) -> None:
    """Run a room whose failure ends the run: the others then have to end in time."""
    try:
        await room
    except Exception as error:
        shutdown.begin(f"{name} failed ({error})")
        raise


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
    """Open the inbox and run the relay while the context lasts; the task fails when the relay does."""
    await relay.inbox.open()
    try:
        task = asyncio.create_task(relay.run(), name="relay")
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    finally:
        await relay.inbox.close()


async def until(task: asyncio.Task[None], work: asyncio.Task[None]) -> None:
    """Wait for `work`, or for the relay to fail before it is done."""
    done, _ = await asyncio.wait({task, work}, return_when=asyncio.FIRST_COMPLETED)
    if work not in done:
        work.cancel()
    for finished in done:
        finished.result()
