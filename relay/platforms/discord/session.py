"""One login to Discord: what its gateway tells, put into the intake in the order it came.

discord.py runs each handler as a task of its own but starts them in order, so no handler here may wait before
it has put what it has.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Any, Final

import discord

from relay.platforms.base import Controls
from relay.platforms.discord import incoming
from relay.platforms.discord.commands import Command, Commands
from relay.platforms.discord.connection import make_connector
from relay.platforms.discord.incoming import Listening
from relay.platforms.discord.missed import Mark, find_missed, newest_message
from relay.platforms.discord.steering import Decision
from relay.platforms.intake import Intake
from relay.settings import DiscordSection

log = logging.getLogger(__name__)

GUILD_READY_TIMEOUT: Final = 0.5
"""Seconds without another server's description after which the start counts as complete; each start takes as long."""
RATE_LIMIT_WAIT: Final = 30.0
"""The longest wait for a rate limit, in seconds; discord.py allows no less."""
IDENTIFY_WAIT: Final = (1.0, 5.0)
"""Seconds to wait, at random between, before a new session replaces one that Discord ended; Discord asks for it."""


class Session(discord.Client):
    """Connected until it fails or is closed; `discord.Client.start` runs it."""

    def __init__(
        self,
        settings: DiscordSection,
        intents: discord.Intents,
        intake: Intake,
        mark: Mark,
        controls: Controls,
        commands: Sequence[Command],
        listening: asyncio.Event,
    ) -> None:
        """`commands` are offered besides those for text; `listening` is set once all channels are heard."""
        super().__init__(
            intents=intents,
            connector=make_connector(settings),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=GUILD_READY_TIMEOUT,
            max_ratelimit_timeout=RATE_LIMIT_WAIT,
        )
        self._listening = Listening.to(settings)
        self._intake = intake
        self._mark = mark
        self._commands = Commands(self, self._listening, intake.put, controls, commands)
        self.controls = controls
        self.add_dynamic_items(Decision)
        self._listening_now = listening
        self.connected = False

    @property
    def _me(self) -> int:
        return self.user.id if self.user is not None else 0

    def unseen(self) -> list[int]:
        """Chosen channels that the bot cannot see."""
        return [channel for channel in sorted(self._listening.channels) if self.get_channel(channel) is None]

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if not self.is_closed():  # discord.py still announces things then, and trips over its own lack of a loop
            super().dispatch(event, *args, **kwargs)

    async def setup_hook(self) -> None:
        await self._commands.sync_changes()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await asyncio.sleep(random.uniform(*IDENTIFY_WAIT))

    async def on_connect(self) -> None:
        """A new session began, so nothing was replayed: what was written in between is looked up."""
        self.connected = True
        if (since := self._mark.gap()) is not None:
            self._intake.put(asyncio.create_task(find_missed(self, self._listening, self._mark, since)))

    async def on_ready(self) -> None:
        self._listening_now.set()
        self._mark.start(newest_message(self, self._listening))
        for channel in self.unseen():
            log.warning("discord.channels: %d is not visible to the bot: give it View Channel there", channel)

    async def on_resumed(self) -> None:
        self.connected = True

    async def on_disconnect(self) -> None:
        self.connected = False

    async def on_message(self, message: discord.Message) -> None:
        is_new = self._listening.covers(message.channel) and self._mark.saw(message.id)
        wanted = is_new and self._listening.wants(message, self._me)
        if wanted and (read := incoming.read_message(message, self._me)) is not None:
            self._intake.put(read)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        if self._listening.covers(event.message.channel) and (edit := incoming.read_edit(event.message)):
            self._intake.put(edit)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self._retract(event.channel_id, event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        self._retract(event.channel_id, *sorted(event.message_ids))

    def _retract(self, channel: int, *messages: int) -> None:
        if self._listening.covers(self.get_channel(channel)):
            for message in messages:
                self._intake.put(incoming.deleted(message))

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        if event.parent_id in self._listening.channels:
            self._intake.put(incoming.channel_deleted(event.thread_id))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        if self._listening.covers(channel):
            self._intake.put(incoming.channel_deleted(channel.id))

    async def on_member_ban(self, guild: discord.Guild, person: discord.User | discord.Member) -> None:
        if self._listens_in(guild):
            self._intake.put(incoming.banned(person.id))

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        if after.is_timed_out() and not before.is_timed_out() and self._listens_in(after.guild):
            self._intake.put(incoming.timed_out(after.id))

    def _listens_in(self, guild: discord.Guild) -> bool:
        return any(guild.get_channel(channel) is not None for channel in self._listening.channels)
