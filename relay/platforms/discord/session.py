"""One session of Discord's gateway: what it tells, put into the intake in the order it came.

It ends when Discord ends the session, since discord.py goes on as if it were ready where it begins another one.

discord.py runs each handler as a task of its own but starts them in order, so no handler here may wait before
it has put what it has.
"""

import asyncio
import logging
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
import discord
from discord.gateway import ReconnectWebSocket

from relay.errors import PlatformUnavailable
from relay.model import AudienceMessage, Incoming
from relay.platforms.discord import incoming
from relay.platforms.discord.bot import Bot
from relay.platforms.discord.commands import Commands
from relay.platforms.discord.controls import Decision
from relay.platforms.discord.guild_commands import GuildCommands
from relay.platforms.discord.happenings import Happenings
from relay.platforms.discord.missed import History, Mark, can_read_history, can_view
from relay.platforms.discord.outgoing import explain
from relay.platforms.discord.sharding import GatewayShard
from relay.platforms.discord.slash import Slash
from relay.platforms.intake import Intake

log = logging.getLogger(__name__)

GUILD_READY_TIMEOUT: Final = 0.5
"""Seconds without another server's description after which the start counts as complete; each start takes as long."""
RATE_LIMIT_WAIT: Final = 30.0
"""The longest wait for a rate limit, in seconds; discord.py allows no less."""
RESUMES: Final = 4
"""Failures to reach the gateway after which the session is given up: discord.py would wait up to 17 minutes then."""
STANDS: Final = 5.0
"""Seconds for which a line has to stand. Where Discord ends `RESUMES` in a row sooner, the session is given up, which
discord.py would resume without a pause, for ever."""
LOOK_AGAIN: Final = (20.0, 40.0)
"""Seconds, at random between, after which another look is taken at what could not be looked up."""


class DiscordSession(discord.Client):
    """One shard, connected until it fails or is closed; `discord.Client.start` runs it."""

    def __init__(
        self,
        bot: Bot,
        shard: GatewayShard,
        intents: discord.Intents,
        intake: Intake,
        mark: Mark,
        connector: aiohttp.BaseConnector,
        *,
        identifies: Callable[[], None],
    ) -> None:
        """Closes the connector. `identifies` is called when Discord is asked to begin the session."""
        super().__init__(
            intents=intents,
            shard_id=shard.id,
            shard_count=shard.of,
            connector=connector,
            http_trace=bot.clock.trace(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=GUILD_READY_TIMEOUT,
            max_ratelimit_timeout=RATE_LIMIT_WAIT,
        )
        self._bot = bot
        self._shard = shard
        self._listening = bot.listening
        self._intake = intake
        self._mark = mark
        self._clock = bot.clock
        self._identifies = identifies
        self._happenings = Happenings(self, bot.listening, intake.put, bot.clock, bot.wanted)
        self._history = History(self, mark, bot.clock, bot.look_back, self._read)
        self._failures = 0
        self._ended_at = float("-inf")
        """When Discord last ended a line, in the loop's time."""
        self._ended_soon = 0
        """How many in a row it ended at once."""
        self._search: asyncio.Task[list[Incoming]] | None = None
        self._next_look: asyncio.TimerHandle | None = None
        self._trouble: str | None = None
        slash = Slash(bot.listening, intake.put, bot.clock, bot.offers)
        self._commands = Commands(self, slash, bot.offers, registers=shard.id == 0)
        self._server_commands = GuildCommands(self._commands, slash, bot.offers)
        self._following: Sequence[asyncio.Task[None]] = ()
        self.controls = bot.offers.controls
        self.add_dynamic_items(Decision)
        self.connected = False

    @property
    def _me(self) -> int:
        return self.user.id if self.user is not None else 0

    def forums(self) -> frozenset[int]:
        """Those of the chosen channels that are forums."""
        chosen = self._listening.channels
        return frozenset(id for id in chosen if isinstance(self.get_channel(id), discord.ForumChannel))

    def trouble(self) -> str | None:
        """What the bot lacks in the chosen channels, and the fix."""
        if not self.is_ready():
            return None
        if any(guild.unavailable for guild in self.guilds):
            return "a server is away"
        channels = sorted(id for id in self._listening.channels if self._is_mine(id))
        if unseen := [str(id) for id in channels if not can_view(self.get_channel(id))]:
            return f"cannot see {', '.join(unseen)}: give the bot View Channel there"
        if blind := [str(id) for id in channels if not can_read_history(self.get_channel(id))]:
            return f"cannot look up what is missed in {', '.join(blind)}: give the bot Read Message History there"
        return self._happenings.missing()

    def _is_mine(self, channel: int) -> bool:
        """Whether it is this shard that has to see a channel. What it does not know may be another one's."""
        return self._shard.of == 1 or self.get_channel(channel) is not None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if event == "disconnect":
            self._disconnected(sys.exception())
        if self.is_closed():  # discord.py still announces things then, and trips over its own lack of a loop
            return
        if event in ("guild_available", "guild_join"):
            self._server_commands.look_again()
        if event == "guild_available":  # there is one handler of each event, and that of this one is the voice's
            self._guild_described()
        self._happenings.read(event, *args)
        super().dispatch(event, *args, **kwargs)

    def _disconnected(self, error: BaseException | None) -> None:
        """discord.py goes on from this error by itself. Raises PlatformUnavailable where a new session is better."""
        if not isinstance(error, Exception) or isinstance(error, discord.ConnectionClosed):
            return
        is_ended = isinstance(error, ReconnectWebSocket)
        self._failures += not is_ended
        self._ended_soon = self._ended_soon + is_ended if self.loop.time() - self._ended_at < STANDS else 0
        self._ended_at = self.loop.time() if is_ended else self._ended_at
        is_worth_it = max(self._failures, self._ended_soon) < RESUMES
        if self.ws is not None and self.ws.session_id is not None and is_worth_it:
            return
        if is_ended:
            raise PlatformUnavailable("discord: Discord ended the session")
        raise PlatformUnavailable(str(explain(error, "gateway")))

    async def setup_hook(self) -> None:
        is_registered = await self._commands.sync_changes()
        following = (self._commands.follow(is_registered=is_registered), self._server_commands.follow())
        self._following = [asyncio.create_task(each, name="discord slash commands") for each in following]

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self._bot.last_start.turn()
        await self._bot.buckets.begins(self._shard.id)
        self._bot.last_start.begins()
        self._identifies()

    async def close(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        for each in self._following:
            each.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        await super().close()
        self._history.described()

    # What was missed

    async def on_connect(self) -> None:
        """The session began, and nothing is replayed: what was written before it is looked up."""
        self.connected = True
        self._history.lose(self._listening.channels)
        self._look_up()

    def _guild_described(self) -> None:
        self._history.described()
        if self._search is not None and self._search.done() and self._mark.gaps:
            self._look_up()

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        lost = [channel for channel in self._listening.channels if guild.get_channel(channel) is not None]
        self._history.lose(lost)

    def _look_up(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._search = asyncio.create_task(self._history.find())
        self._search.add_done_callback(lambda _: self._look_again())
        self._intake.put(self._search)

    def _look_again(self) -> None:
        if (trouble := self.trouble()) != self._trouble and trouble is not None:
            log.warning("discord: the bot %s", trouble)
        self._trouble = trouble
        if self._mark.gaps and not self.is_closed():
            self._next_look = self.loop.call_later(random.uniform(*LOOK_AGAIN), self._look_up)

    # What is told

    async def on_ready(self) -> None:
        self._bot.hearing.begins(self._shard)

    async def on_resumed(self) -> None:
        self.connected = True
        self._failures = 0

    async def on_disconnect(self) -> None:
        self.connected = False

    async def on_message(self, message: discord.Message) -> None:
        if self._listening.covers(message.channel) and not self._history.told(message):
            return
        # what a resumed session repeats has waited at Discord
        at = self._clock.arrived() if self.connected else self._clock.happened(message.created_at.timestamp())
        if (read := self._read(message, at)) is not None:
            self._intake.put(read)

    def _read(self, message: discord.Message, at: float) -> AudienceMessage | None:
        """What is told of a message, written at `at` by this machine's clock."""
        if self._listening.wants(message):
            return incoming.read_message(message, self._me, at)
        return self._happenings.notice(message, at)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        if self._listening.covers(event.message.channel) and (edit := incoming.read_edit(event.message)):
            self._intake.put(edit)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self._retract(event.channel_id, event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        self._retract(event.channel_id, *sorted(event.message_ids))

    def _retract(self, channel: int, *messages: int) -> None:
        place = self.get_channel(channel)
        if self._listening.covers(place):
            for message in messages:
                self._intake.put(incoming.deleted(message, incoming.places_of(place)))

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        if event.parent_id in self._listening.channels:
            self._intake.put(incoming.channel_deleted(event.thread_id, event.parent_id))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        if self._listening.covers(channel):
            self._intake.put(incoming.channel_deleted(channel.id))

    async def on_member_ban(self, guild: discord.Guild, person: discord.User | discord.Member) -> None:
        if places := self._heard_in(guild):
            self._intake.put(incoming.banned(person.id, places))

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        places = self._heard_in(after.guild) if after.is_timed_out() and not before.is_timed_out() else ()
        if places:
            self._intake.put(incoming.timed_out(after.id, places))

    def _heard_in(self, guild: discord.Guild) -> list[str]:
        """The chosen channels of a server."""
        return [str(channel) for channel in self._listening.ordered if guild.get_channel(channel) is not None]
