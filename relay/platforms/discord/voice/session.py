"""The companion in a voice channel: joining, following the streamer, coming back after a lost connection, leaving.

One task does all of it, so that no two of them meet. Commands and events only say where to be, and wake it.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import discord
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.config import VoiceSection
from relay.errors import PlatformUnavailable
from relay.model import Talker
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.voice.channels import Channel, channel_of, has_company, missing_permissions, silenced
from relay.platforms.discord.voice.link import VoiceLink, link_of_another
from relay.platforms.discord.voice.sink import DiscordSink
from relay.platforms.discord.voice.stage import take_the_stage
from relay.platforms.discord.voice.talkers import KnownTalkers
from relay.platforms.discord.voice.whereabouts import VoiceWhereabouts
from relay.system.backoff import backoff

log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 10.0
LEAVE_TIMEOUT: Final = 3.0
"""Seconds; a channel is left then without hearing that it was."""
GAP: Final = 5.0
"""Seconds a connection may be between two servers, as in a move; longer, and it is made anew."""
STEADY: Final = 30.0
"""Seconds after which a connection counts as good, so that losing it is no reason to wait long."""
TICK: Final = 0.2
"""Seconds between two looks at what nobody tells: encryption, being alone, a connection that hangs."""
RETRY_WAIT = backoff(1.0, 30.0)
"""Between two tries to be in a channel."""
REJOIN_WAIT: Final = (0.1, 1.0)
"""Seconds before joining again after a connection that had been good, at random between: others lost theirs too."""

Connects = Callable[[discord.Client, discord.abc.Connectable], VoiceLink]
"""A class of voice connection, or what makes one."""


class DiscordVoice:
    """Where the companion is in voice. Made once; each login to Discord is `attached` to it.

    A bot of several shards has as many logins at once, and goes where one of them sees the channel.
    """

    def __init__(
        self,
        settings: VoiceSection,
        *,
        cls: Connects = VoiceLink,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sink = DiscordSink(clock)
        """The voice, for as long as the relay runs; open while somebody in the channel can hear it."""
        self.streamer = settings.streamer
        self._settings = settings
        self._cls = cls
        self._clock = clock
        self._where = VoiceWhereabouts(settings.channels)
        self._woken = asyncio.Event()
        self._clients: dict[discord.Client, asyncio.Task[None]] = {}
        self._place = asyncio.Lock()
        """Held by whose link it is: where another shard's server is next, that waits until this one is left."""
        self._link: VoiceLink | None = None
        self._made: VoiceLink | None = None
        """The last one, also where it never came about."""
        self._heading: int | None = None
        self._talkers = KnownTalkers(settings.streamer)
        self._trouble = ""
        self._silence: str | None = None

    # For commands

    def join(self, channel: Channel) -> str:
        """Come to a channel; what to tell who asked."""
        if missing := missing_permissions(channel):
            return f"I cannot speak in {channel.mention}: give me {missing} there."
        if (other := link_of_another(channel.guild, self._made)) is not None:
            return f"Another companion is in {other.channel.mention}: it has to leave first."
        self._where.ask(channel.id)
        self._woken.set()
        return f"On my way to {channel.mention}."

    def leave(self) -> str:
        """Leave, and stay away until asked or until the streamer comes back; what to tell who asked."""
        was_wanted = self._where.channel is not None
        self._where.dismiss()
        self._woken.set()
        return "Bye!" if was_wanted else "I am in no voice channel."

    @property
    def channel(self) -> int | None:
        """Where it is, or is on its way to."""
        return self._where.channel

    def health(self) -> str | None:
        """What is wrong, in one line; None when nothing is."""
        if self._silence is not None:
            return f"voice: {self._silence}"
        return self._trouble or None

    def people(self) -> list[str]:
        """The names of the people in the companion's voice channel."""
        members = self._link.channel.members if self._link is not None else []
        return [member.display_name for member in members if not member.bot]

    def talker(self, user: int) -> Talker:
        """Who it is that talks, by their id."""
        return self._talkers.find(user, self._link.channel if self._link is not None else None)

    # For the adapter

    def attach(self, client: discord.Client) -> None:
        """Be in voice with this login, too. Nothing that happens in voice is raised."""
        self._clients[client] = asyncio.create_task(self._run(client), name="discord voice")

    async def detach(self, client: discord.Client) -> None:
        """Be there no more with this login; returns when its channel is left."""
        if (task := self._clients.pop(client, None)) is not None:
            task.cancel()
            await asyncio.wait({task})

    def look_around(self) -> None:
        """A server was described anew, and somebody may have moved meanwhile."""
        self._where.follow(self._streamers_channel())
        self._woken.set()

    def _streamers_channel(self) -> int | None:
        found = (channel_of(client, self.streamer) for client in self._clients)
        return next((channel for channel in found if channel is not None), None)

    def moved(self, member: discord.Member, after: discord.VoiceState) -> None:
        """Somebody has joined, moved, muted or left, as Discord tells."""
        here = after.channel.id if after.channel is not None else None
        if member.id == self.streamer:
            self._where.follow(here)
        elif self._is_me(member) and here not in (None, self._heading):
            assert here is not None
            self._heading = here
            self._where.moved(here)
        self._woken.set()

    def _is_me(self, member: discord.Member) -> bool:
        """Whether it is the bot where it speaks for this companion: on other servers it does so for others."""
        return self._link is not None and member == self._link.guild.me and member.guild == self._link.guild

    # The task

    async def _run(self, client: discord.Client) -> None:
        await client.wait_until_ready()
        self._where.follow(self._streamers_channel())
        while client in self._clients:
            await self._wait_until(lambda: self._is_wanted(client))
            try:
                async with self._place:
                    await self._stay(client)
            except Exception:  # whatever voice trips over, it must not take the text side with it
                log.exception("discord: voice failed and starts again")
                await self._pause(STEADY)

    def _is_wanted(self, client: discord.Client) -> bool:
        """Whether the channel to be in is one of this login's servers."""
        channel = self._where.channel
        is_alone = client.shard_count in (None, 1)
        return channel is not None and (is_alone or client.get_channel(channel) is not None)

    async def _stay(self, client: discord.Client) -> None:
        """Be where one is wanted, and come back there, until one is wanted nowhere."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(PlatformUnavailable),
            wait=RETRY_WAIT,
            sleep=self._pause,
            before_sleep=self._note,
        ):
            with attempt:
                await self._visit(client)

    def _note(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        self._trouble = f"voice: {error}; trying again"
        log.warning("discord: %s", self._trouble)

    async def _visit(self, client: discord.Client) -> None:
        """From joining to leaving. Raises PlatformUnavailable when it failed, or ended before its time."""
        since = self._clock()
        if client not in self._clients or self._where.channel is None or not self._is_wanted(client):
            self._trouble = ""
            return
        try:
            await self._be_in(client, self._where.channel)
        except PlatformUnavailable as error:
            if self._clock() - since < STEADY:
                raise
            log.warning("discord: voice: %s; joining again", error)
            await self._pause(random.uniform(*REJOIN_WAIT))

    async def _be_in(self, client: discord.Client, id: int) -> None:
        channel = client.get_channel(id)
        if not isinstance(channel, Channel):
            raise PlatformUnavailable(f"channel {id} is not there")
        if missing := missing_permissions(channel):
            self._trouble = f"voice: cannot speak in channel {id}: give the bot {missing} there"
            log.warning("discord: %s", self._trouble)
            return self._where.give_up()
        if (other := link_of_another(channel.guild, self._made)) is not None:
            raise PlatformUnavailable(f"the bot is in {other.channel} for another companion of this server")
        link = await self._connect(client, channel)
        try:
            self._link, self._trouble = link, ""
            await self._dwell(link)
        finally:
            self._link = self._silence = None
            self.sink.detach()
            await self._hang_up(link)

    async def _connect(self, client: discord.Client, channel: Channel) -> VoiceLink:
        self._heading = channel.id
        try:
            return await channel.connect(
                timeout=CONNECT_TIMEOUT,
                reconnect=False,
                self_deaf=self._settings.listen_to == "nobody",
                cls=self._make,
            )
        except BaseException as error:
            if isinstance(stale := channel.guild.voice_client, VoiceLink):
                await self._hang_up(stale)
            else:
                await self._have_left(client, channel.guild)
            if isinstance(error, (*FAILURES, AttributeError)):  # discord.py trips over a gateway that just went away
                raise PlatformUnavailable(f"cannot join {channel}: {error or type(error).__name__}") from None
            raise

    def _make(self, client: discord.Client, channel: discord.abc.Connectable) -> VoiceLink:
        self._made = self._cls(client, channel)
        return self._made

    async def _dwell(self, link: VoiceLink) -> None:
        """Be there until wanted elsewhere, or put out. Raises PlatformUnavailable when the connection is lost."""
        # discord.py's own way to another channel can stay deaf to its answer for 30 s, so each channel gets a new link
        alone, cut_off = Lasting(self._clock), Lasting(self._clock)
        staged: int | None = None
        self.sink.attach(link)
        while self._where.channel == link.channel.id:
            # a gateway session that begins anew forgets the connections of the one before
            is_lost = link.ended.is_set() or link.failure is not None or link not in link.client.voice_clients
            if is_lost or cut_off.seconds(not link.is_connected()) > GAP:
                return self._lose(link)
            if alone.seconds(not has_company(link.channel)) >= self._settings.leave_alone_after:
                return self._where.give_up()
            if staged != link.channel.id:
                staged = link.channel.id
                await take_the_stage(link)
            self._note_silence(silenced(link.channel))
            self.sink.refresh(heard=has_company(link.channel) and not self._silence)
            await self._wait(TICK)

    def _note_silence(self, silence: str | None) -> None:
        if silence != self._silence and silence is not None:
            log.warning("discord: voice: the bot is %s; answers are posted as text", silence)
        elif silence != self._silence:
            log.info("discord: voice: the bot can be heard again")
        self._silence = silence

    def _lose(self, link: VoiceLink) -> None:
        if not link.expelled:
            if link.failure is not None:
                log.info("discord: the voice gateway is read no more: %r", link.failure)
            raise PlatformUnavailable(f"the connection to {link.channel} was lost")
        log.info("discord: put out of voice channel %s; staying out until asked", link.channel)
        self._where.expel()

    async def _hang_up(self, link: VoiceLink) -> None:
        """Leave; never hangs, never raises."""
        if link.ended.is_set():
            return await self._have_left(link.client, link.guild)
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT):
                await link.hang_up(wait=link.client in self._clients)
        except (*FAILURES, AttributeError) as error:
            log.info("discord: left voice without a goodbye: %s", error)

    async def _have_left(self, client: discord.Client, guild: discord.Guild) -> None:
        """Until Discord has told so: told later, the next connection would take it for its own end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_TIMEOUT):
                await self._wait_until(lambda: client not in self._clients or guild.me.voice is None)

    # Waiting

    async def _wait(self, seconds: float) -> None:
        """Until woken, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    async def _wait_until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._woken.clear()
            await self._woken.wait()

    async def _pause(self, seconds: float) -> None:
        """Let time pass, unless something else is wanted meanwhile."""
        wanted = self._where.channel
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wait_until(lambda: self._where.channel != wanted or not self._clients)


class Lasting:
    """How long something has been so without a break."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None

    def seconds(self, so: bool) -> float:
        """0 when it is not so."""
        if not so:
            self._since = None
            return 0.0
        if self._since is None:
            self._since = self._clock()
        return self._clock() - self._since
