"""The companion's ears on Discord: who talks, told at once; what they say, passed on; and how well it goes."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVarTuple, Unpack

import discord

from relay.config import VoiceSection
from relay.platforms.discord.hearing.client import HearingClient
from relay.platforms.discord.hearing.counts import Counts
from relay.platforms.discord.hearing.onsets import Onsets
from relay.platforms.discord.hearing.permissions import HearingPermissions
from relay.platforms.discord.hearing.receiver import Receiver
from relay.platforms.discord.hearing.voices import Voices, speaker_name
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.settings import PLATFORM
from relay.platforms.voice import Listener
from relay.text.for_pages import for_pages
from relay.text.unicode import folded

log = logging.getLogger(__name__)

CHECK_EVERY: Final = 1.0
"""Seconds between two looks at the alarm."""
ANNOUNCE_WITHIN: Final = 10.0
ANNOUNCE_AGAIN: Final = 600.0
"""Seconds after which coming to the same channel is announced again; sooner, it is a lost connection that came back."""

Args = TypeVarTuple("Args")
OnOnset = Callable[[int], None]
"""Told whose voice was just heard, in the thread that reads the socket: has to be quick and safe there."""


class Ears:
    """Hears the people in the voice channels that were joined with `connect`."""

    def __init__(
        self,
        settings: VoiceSection,
        *,
        on_onset: OnOnset,
        listener: Listener,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.audience = HearingPermissions(settings, clock)
        self.counts = Counts(clock)
        self._on_onset = on_onset
        self._clock = clock
        gate = settings.noise_gate
        self._echoes = listener.echoes
        self._muted = listener.muted
        self._advised: set[str] = set()
        self._onsets = Onsets(
            gate, hears=self._hears, began=self._began, follow=self, clock=clock, may_echo=self._may_echo
        )
        self.voices = Voices(listener, gate, hears=self._hears, noted=self._onsets.bars.__setitem__, clock=clock)
        self._client: HearingClient | None = None
        self._joined = asyncio.Event()
        self._announced: dict[int, float] = {}
        self._unannounced = ""

    def client(self, client: discord.Client, channel: discord.abc.Connectable) -> HearingClient:
        """The connection to a voice channel: `channel.connect(cls=ears.client, self_deaf=False)`."""
        return HearingClient(client, channel, self)

    async def run(self) -> None:
        """Follow who talks, announce listening, and raise the alarm, until cancelled."""
        await self.voices.prepare()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.voices.follow(), name="discord voices")
            tasks.create_task(self._announce(), name="discord announcement")
            tasks.create_task(self._watch(), name="discord voice alarm")

    def health(self) -> str | None:
        """What keeps people from being heard, in one line; None when nothing does."""
        if self.counts.is_deaf:
            return f"voice packets come in, but none can be decrypted ({self.counts}): leave and join again"
        return self._unannounced or None

    # What the connection tells

    def receiver(self, client: HearingClient) -> Receiver:
        """See Owner."""
        self._client = client
        return Receiver(client.keys, self._onsets, self.counts, me=client.user.id)

    def listening(self, client: HearingClient) -> None:
        """See Owner."""
        self._client = client
        self._joined.set()

    def left(self, user: int) -> None:
        """See Owner."""
        self._onsets.forget(user)
        self.voices.forget(user)

    def closed(self, client: HearingClient) -> None:
        """See Owner."""
        if client is self._client:
            self._client = None
            self.voices.forget_all()

    # Who talks

    def _hears(self, user: int) -> bool:
        client = self._client
        if client is None or not self.audience.hears(user) or not client.is_human(user):
            return False
        muted = self._muted()
        return not muted or (f"{PLATFORM}:{user}" not in muted and folded(client.name_of(user)) not in muted)

    def _may_echo(self, user: int, now: float) -> bool:
        return self._echoes is not None and self._echoes.is_likely(speaker_name(user), now)

    # The thread that reads the socket

    def _began(self, user: int) -> None:
        try:
            self._on_onset(user)
        finally:
            self._post(self.voices.began, user)

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        """See Follow."""
        self._post(self.voices.sound, user, timestamp, pcm)

    def hush(self, user: int) -> None:
        """See Follow."""
        self._post(self.voices.hush, user)

    def _post(self, call: Callable[[Unpack[Args]], None], *args: *Args) -> None:
        if (client := self._client) is not None:
            with suppress(RuntimeError):  # the loop is closed: the relay ends
                client.loop.call_soon_threadsafe(call, *args)

    # That it listens, and whether it can

    async def _announce(self) -> None:
        while True:
            await self._joined.wait()
            self._joined.clear()
            client, text, now = self._client, self.audience.announcement(), self._clock()
            if client is None or text is None:
                continue
            if now - self._announced.get(client.channel.id, float("-inf")) >= ANNOUNCE_AGAIN:
                self._announced[client.channel.id] = now
                self._unannounced = await _post(client.channel, text)

    async def _watch(self) -> None:
        was_deaf = False
        while True:
            await asyncio.sleep(CHECK_EVERY)
            if (is_deaf := self.counts.is_deaf) and not was_deaf:
                log.error("discord: %s", self.health())
            elif was_deaf and not is_deaf:
                log.info("discord: people can be heard again (%s)", self.counts)
            was_deaf = is_deaf
            self._forget_absent()
            await self._advise()

    def _forget_absent(self) -> None:
        """Those whose leaving was not told. Who speaks is there, whatever the gateway says so far."""
        if (client := self._client) is None:
            return
        here = client.channel.voice_states
        for user in self.voices.quiet.difference(here):
            self.left(user)
        if self._echoes is not None:
            self._echoes.keep({speaker_name(user) for user in (*here, *self.voices.states)})

    async def _advise(self) -> None:
        """Say once who hears the companion by loudspeakers, that headphones help."""
        client = self._client
        if client is None or self._echoes is None:
            return
        for who in [who for who in self._echoes.loudspeakers() if who not in self._advised]:
            self._advised.add(who)
            user = who.partition(":")[2]
            log.warning("discord: the companion comes back through the loudspeakers of %s: headphones help", user)
            await _say(client.channel, f"<@{user}> I hear myself through your loudspeakers. Headphones help.")


async def _post(channel: discord.VoiceChannel | discord.StageChannel, text: str) -> str:
    """Say it in the voice channel's own chat; what went wrong, if anything did."""
    if await _say(channel, text):
        return ""
    return for_pages(
        f"listening could not be announced in voice channel {channel.id}: give the bot Send Messages there"
    )


async def _say(channel: discord.VoiceChannel | discord.StageChannel, text: str) -> bool:
    try:
        async with asyncio.timeout(ANNOUNCE_WITHIN):
            await channel.send(text, allowed_mentions=discord.AllowedMentions.none(), silent=True)
    except FAILURES as error:
        log.warning("discord: nothing could be written in voice channel %s: %s", channel.id, error)
        return False
    return True
