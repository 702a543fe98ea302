"""The Discord adapter: text channels and slash commands."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception_type

from relay.acts import Act
from relay.errors import InboxError, PlatformUnavailable, PostRejected, causes
from relay.model import Kind, Post, Settlement
from relay.platforms.base import (
    Notes,
    Offering,
    Platform,
    PlatformControls,
    Receive,
    Selective,
    Tunable,
    ViewerCommands,
)
from relay.platforms.discord.acts import DiscordReach
from relay.platforms.discord.audio import DiscordAudio
from relay.platforms.discord.bot import Bot
from relay.platforms.discord.incoming import Listening
from relay.platforms.discord.offers import Offers
from relay.platforms.discord.outgoing import send, show_typing
from relay.platforms.discord.session import DiscordSession
from relay.platforms.discord.settings import NOTE_BEGAN, PLATFORM, TEXT_LIMIT, DiscordSection
from relay.platforms.discord.shard import ShardLine
from relay.platforms.discord.sharding import GatewayShard, Resharded, Sharding
from relay.platforms.discord.voice.choosing import CompanionVoice
from relay.platforms.discord.voice.commands import voice_commands
from relay.platforms.discord.voice.voices import BotVoices
from relay.platforms.sharing import Divisible, IsOurs, Share, Shareable, everywhere
from relay.replies.outlet import Typing
from relay.system.backoff import backoff
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)

NOTE_KNOWN: Final = "discord known"
"""The note that holds the id up to which no message was missed."""
NOTE_EVERY = 2.0
"""Seconds between two looks whether that id has grown."""
FIRST_NOTE = 0.1
"""Seconds between two looks whether there is one, as what follows a run without a note looks nothing up."""
READ_AGAIN = backoff(0.1, 5.0)
"""Between two tries to read it."""


class DiscordPlatform:
    """Listens in the chosen channels and their threads, and writes what the companion answers there."""

    name: str = PLATFORM
    text_limit: int = TEXT_LIMIT

    def __init__(
        self,
        settings: DiscordSection,
        receive: Receive,
        controls: PlatformControls,
        notes: Notes,
        *,
        look_back: float,
        wanted: Collection[Kind] = (),
        voice: CompanionVoice | None = None,
    ) -> None:
        """`voice` where the companion also speaks or listens.

        Messages it was not told of are looked up when they are at most `look_back` seconds old. Of what happens besides
        messages, only the `wanted` kinds are asked for.
        """
        self.addressed_only = settings.listen_to == "addressed"
        """See Selective."""
        voices = [voice] if voice is not None else []
        self._offers = Offers(controls, voice_commands(voices))
        self._bot = Bot(
            settings,
            receive,
            self._offers,
            Listening(settings.channels),
            Sharding(settings),
            wanted=wanted,
            look_back=look_back,
            voices=BotVoices(each.voice for each in voices),
        )
        self.listening = self._bot.hearing.any
        self._notes = notes
        self._lines: dict[GatewayShard, ShardLine] = {}
        """With what they have accepted, also from one run to the next."""
        self._shards: Sequence[ShardLine] = ()
        """Those that run."""
        self._trouble = "not connected yet"

    async def run(self) -> None:
        """See Platform. When cancelled it stores what it has accepted before it returns."""
        try:
            async with asyncio.TaskGroup() as tasks:
                # By itself: a session also begins while nothing can be stored.
                tasks.create_task(self._remember(NOTE_BEGAN, self._began), name="discord note of the session")
                while True:
                    await self._listen()
        except ExceptionGroup as failures:
            error = causes(failures)[0]
            self._trouble, self._shards = str(error), ()
            raise error from None

    async def _listen(self) -> None:
        """With all shards of this process, until it becomes another number of them."""
        began, here = await self._noted(NOTE_BEGAN), self._bot.sharding.here()
        self._bot.last_start.before = float(began) if began is not None else None
        known = await self._known()
        self._lines = {each: self._lines.get(each) or ShardLine(self._bot, each, known) for each in here}
        self._shards = tuple(self._lines.values())
        try:
            async with asyncio.TaskGroup() as tasks:
                # What shards that are no more had accepted is looked up again: it is not waited for.
                tasks.create_task(self._remember(NOTE_KNOWN, self._stored), name="discord note of what is stored")
                for line in self._shards:
                    tasks.create_task(line.run(), name=f"discord {line.shard}")
        except* Resharded:
            log.info("discord: the bot takes %d shards", self._bot.sharding.count)

    def _note(self, name: str) -> str:
        """A note's name: processes that share the shards have one each, but Discord counts the sessions of all."""
        ids = self._bot.settings.shard_ids
        return f"{name} {','.join(map(str, ids))}" if ids and name != NOTE_BEGAN else name

    async def _known(self) -> int | None:
        """Up to where an earlier run, or the shards before, missed nothing."""
        known = await self._noted(NOTE_KNOWN)
        return int(known) if known is not None else None

    async def _noted(self, name: str) -> str | None:
        noted = None
        async for attempt in AsyncRetrying(retry=retry_if_exception_type(InboxError), wait=READ_AGAIN):
            with attempt:
                noted = await self._notes.get_note(self._note(name))
        return noted

    async def _remember(self, name: str, latest: Callable[[], Awaitable[float | None]]) -> None:
        """Note this for the next run, whenever it is another one."""
        noted: float | None = None
        while True:
            await asyncio.sleep(FIRST_NOTE if noted is None else NOTE_EVERY)
            value = await latest()
            if value is not None and value != noted:
                with suppress(InboxError):  # later, then
                    await self._notes.set_note(self._note(name), str(value))
                    noted = value

    async def _began(self) -> float | None:
        """When the last session began."""
        return self._bot.last_start.at

    async def _stored(self) -> int | None:
        """Up to where nothing was missed: only what is stored counts."""
        lines = self._shards
        known = min((line.mark.known for line in lines if line.mark.known is not None), default=None)
        for line in lines:
            await line.intake.stored()
        return known

    def _session(self, channel: str = "") -> DiscordSession | None:
        """Any can write anywhere; but that of the channel's own shard knows how much the channel takes."""
        sessions = [line.session for line in self._shards if line.session is not None]
        known = (each for each in sessions if channel.isdecimal() and each.get_channel(int(channel)) is not None)
        return next(known, sessions[0] if sessions else None)

    async def post(self, post: Post) -> None:
        """See Platform."""
        if (session := self._session(post.channel)) is None:
            raise PlatformUnavailable(f"discord: {self.health()}")
        if post.use is None or not post.answers_use:
            await send(session, post)
        elif not self._offers.uses.answer(post.use, post.text):
            raise PostRejected("discord: who used the command does not wait for its answer any more")

    def offer(self, commands: ViewerCommands) -> None:
        """See Offering."""
        self._offers.viewers = commands

    async def share(self, companions: Sequence[Share]) -> None:
        """See Shareable."""
        self._offers.share(companions)
        self._bot.voices.may_come = True
        audios = (each.voice for each in companions)
        await self._bot.voices.have(each.voice for each in audios if isinstance(each, DiscordAudio))

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """See Offering."""
        self._offers.uses.settled(settlements)

    def acts(self) -> Sequence[Act]:
        """See Acting."""
        return self.within(everywhere).acts()

    def within(self, is_ours: IsOurs) -> DiscordReach:
        """See Divisible."""
        return DiscordReach(self._session, is_ours)

    async def typing(self, channel: str) -> None:
        """See Typing."""
        if (session := self._session(channel)) is not None:
            await show_typing(session, channel)

    def channels(self) -> Sequence[str]:
        """See Platform. In a forum nobody can write but in its posts."""
        sessions = [line.session for line in self._shards if line.session is not None]
        forums = {id for each in sessions for id in each.forums()}
        chosen = [id for id in self._bot.listening.ordered if id not in forums]
        if not self._bot.sharding.is_whole:  # another process knows the others
            chosen = [id for id in chosen if any(each.get_channel(id) is not None for each in sessions)]
        return [str(channel) for channel in chosen]

    def channel_name(self, channel: str) -> str:
        """See Tunable: settings have ids."""
        return channel

    async def set_channels(self, channels: Sequence[str]) -> None:
        """See Tunable. What was written in a new one before is not told."""
        chosen = frozenset(map(int, channels))
        for line in self._lines.values():
            line.mark.forget(self._bot.listening.channels - chosen)
        self._bot.listening.choose(map(int, channels))

    def health(self) -> str:
        """See Platform."""
        if not self._shards:
            return self._trouble
        troubles = {line: trouble for line in self._shards if (trouble := line.trouble()) is not None}
        if len(troubles) == len(self._shards):
            return next(iter(troubles.values()))
        lacks = [f"{line.shard}: {trouble}" for line, trouble in troubles.items()]
        sessions = [line.session for line in self._shards if line not in troubles and line.session is not None]
        lacks += dict.fromkeys(trouble for each in sessions if (trouble := each.trouble()) is not None)
        if (
            len(sessions) == len(self._shards) > 1
            and self._bot.sharding.is_whole
            and (unseen := self._unseen(sessions))
        ):
            lacks.append(for_pages(f"cannot see {', '.join(unseen)}: give the bot View Channel there"))
        if lacks:
            return for_pages(f"connected, but {'; '.join(lacks)}")
        voice = self._bot.voices.health()
        return f"connected; {voice}" if voice else "connected"

    def _unseen(self, sessions: Sequence[DiscordSession]) -> list[str]:
        """Channels that no shard knows, now that each has been told of its servers."""
        if not all(each.is_ready() for each in sessions):
            return []
        return [str(id) for id in self._bot.listening.ordered if not any(each.get_channel(id) for each in sessions)]


_: type[Platform] = DiscordPlatform
_offering: type[Offering] = DiscordPlatform
_shareable: type[Shareable] = DiscordPlatform
_divisible: type[Divisible] = DiscordPlatform
_selective: type[Selective] = DiscordPlatform
_tunable: type[Tunable] = DiscordPlatform
_typing: type[Typing] = DiscordPlatform
