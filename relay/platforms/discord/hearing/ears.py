"""The companion's ears on Discord: who talks, told at once; what they say, passed on; and how well it goes."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import discord

from relay.config import VoiceSection
from relay.platforms.discord.hearing.activity import Feed, VoiceActivity
from relay.platforms.discord.hearing.client import HearingClient
from relay.platforms.discord.hearing.counts import Counts
from relay.platforms.discord.hearing.permissions import HearingPermissions
from relay.platforms.discord.hearing.receiver import Receiver
from relay.platforms.discord.outgoing import FAILURES
from relay.speech.base import Speakers

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 0.05
"""Seconds between two looks at whether those who talk still do."""
REPEAT_EVERY: Final = 1.0
"""Seconds after which it is said again that somebody talks."""
CHECK_EVERY: Final = 1.0
"""Seconds between two looks at the alarm."""
ANNOUNCE_WITHIN: Final = 10.0
ANNOUNCE_AGAIN: Final = 600.0
"""Seconds after which coming to the same channel is announced again; sooner, it is a lost connection that came back."""

OnOnset = Callable[[int], None]
"""Told whose voice was just heard, in the thread that reads the socket: has to be quick and safe there."""


class Ears:
    """Hears the people in the voice channels that were joined with `connect`."""

    def __init__(
        self,
        settings: VoiceSection,
        *,
        on_onset: OnOnset,
        speakers: Speakers,
        feed: Feed,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.audience = HearingPermissions(settings, clock)
        self.counts = Counts(clock)
        self._on_onset = on_onset
        self._speakers = speakers
        self._clock = clock
        self._voices = VoiceActivity(settings.noise_gate, hears=self._hears, began=self._began, feed=feed, clock=clock)
        self._client: HearingClient | None = None
        self._told: dict[int, float] = {}
        self._woken = asyncio.Event()
        self._joined = asyncio.Event()
        self._announced: dict[int, float] = {}
        self._unannounced = ""

    def client(self, client: discord.Client, channel: discord.abc.Connectable) -> HearingClient:
        """The connection to a voice channel: `channel.connect(cls=ears.client, self_deaf=False)`."""
        return HearingClient(client, channel, self)

    async def run(self) -> None:
        """Follow who talks, announce listening, and raise the alarm, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(), name="discord voices")
                tasks.create_task(self._announce(), name="discord announcement")
                tasks.create_task(self._watch(), name="discord voice alarm")
        finally:
            for user in list(self._told):
                self._stop(user)

    def health(self) -> str | None:
        """What keeps people from being heard, in one line; None when nothing does."""
        if self.counts.is_deaf:
            return f"voice packets come in, but none can be decrypted ({self.counts}): leave and join again"
        return self._unannounced or None

    # What the connection tells

    def receiver(self, client: HearingClient) -> Receiver:
        """See Owner."""
        self._client = client
        return Receiver(client.keys, self._voices, self.counts, me=client.user.id)

    def listening(self, client: HearingClient) -> None:
        """See Owner."""
        self._client = client
        self._joined.set()

    def left(self, user: int) -> None:
        """See Owner."""
        self._voices.forget(user)
        self._woken.set()

    def closed(self, client: HearingClient) -> None:
        """See Owner."""
        if client is self._client:
            self._client = None
            self._woken.set()

    # Who talks

    def _hears(self, user: int) -> bool:
        client = self._client
        return client is not None and self.audience.hears(user) and client.is_human(user)

    def _began(self, user: int) -> None:
        """In the socket's thread."""
        client = self._client
        try:
            self._on_onset(user)
        finally:
            if client is not None:
                with suppress(RuntimeError):  # the loop is closed: the relay ends
                    client.loop.call_soon_threadsafe(self._talks, user)

    def _talks(self, user: int) -> None:
        self._told[user] = self._clock()
        self._speakers.speaks(_speaker(user))
        self._woken.set()

    async def _follow(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._told:
                self._look()
                await asyncio.sleep(LOOK_EVERY)

    def _look(self) -> None:
        now = self._clock()
        for user, told in list(self._told.items()):
            if not self._voices.is_talking(user):
                self._stop(user)
            elif now - told >= REPEAT_EVERY:
                self._talks(user)

    def _stop(self, user: int) -> None:
        del self._told[user]
        self._speakers.stopped(_speaker(user))

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


async def _post(channel: discord.VoiceChannel | discord.StageChannel, text: str) -> str:
    """Say it in the voice channel's own chat; what went wrong, if anything did."""
    try:
        async with asyncio.timeout(ANNOUNCE_WITHIN):
            await channel.send(text, allowed_mentions=discord.AllowedMentions.none(), silent=True)
    except FAILURES as error:
        log.warning("discord: listening could not be announced in %s: %s", channel.id, error)
        return f"listening could not be announced in voice channel {channel.id}: give the bot Send Messages there"
    return ""


def _speaker(user: int) -> str:
    return f"voice:{user}"
