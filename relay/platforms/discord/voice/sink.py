"""The companion's voice in a Discord call: a sink whose packets discord.py's player takes from a packet source."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import discord

from relay.hearing.played import PlayedSound
from relay.platforms.discord.voice.link import VoiceLink
from relay.speech.base import Clip, Sink, SinkListener
from relay.speech.packet_source import SILENCE, PacketSource

log = logging.getLogger(__name__)

TAIL: Final = 5
"""Packets of silence behind what is said, as Discord wants it; then the player rests."""
ALIVE_EVERY: Final = 15.0
"""Seconds of rest after which one packet goes out, so that no router on the way forgets the path."""


class _Source(discord.AudioSource):
    """What one player of discord.py reads, every 20 ms in a thread of its own. It rests when there is nothing to say.

    One player lives as long as its connection: stopping and starting players puts silence into the next words.
    """

    def __init__(self, packets: PacketSource, link: VoiceLink) -> None:
        self._packets = packets
        self._link = link
        self._lock = threading.Lock()
        self._silent = 0
        self.alive = True

    def start(self) -> None:
        self._link.play(self, after=self._stopped)

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        packet = self._packets.read()
        with self._lock:
            # a pause within a sentence can be as silent as the end of all
            self._silent = self._silent + 1 if packet == SILENCE and self._packets.is_idle else 0
            if self._silent >= TAIL and not self._link.is_paused():
                self._link.pause()
        return packet

    def wake(self) -> None:
        """There is something to say. Call it after the packet source has it."""
        with self._lock:
            self._silent = 0
            if self._link.is_paused():
                self._link.resume()

    def keep_alive(self) -> None:
        with self._lock:
            if self._link.is_paused():
                self._link.send_audio_packet(SILENCE, encode=False)

    def _stopped(self, error: Exception | None) -> None:
        """In the player's thread: it gave up, for want of a connection or on an error."""
        self.alive = False
        if error is not None:
            log.warning("discord: the voice player failed: %s: %s", type(error).__name__, error)


class DiscordSink:
    """Heard in the voice channel the companion is in."""

    name: str = "discord"

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` in seconds."""
        self._clock = clock
        self._packets = PacketSource(started=self._started, ended=self._ended, clock=clock)
        self._link: VoiceLink | None = None
        self._source: _Source | None = None
        self._heard = False
        self._was_open = False
        self._listener: SinkListener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cuts = 0
        """How often it was cut: what was reported before does not count any more."""
        self._alive_at = clock()

    # Sink

    @property
    def is_open(self) -> bool:
        """See Sink: somebody is there, it may speak, and what it says is encrypted where it has to be."""
        return self._heard and self._link is not None and self._link.is_ready

    @property
    def has_sound(self) -> bool:
        """See Sink."""
        return self.is_open

    def listen(self, listener: SinkListener) -> None:
        """See Sink."""
        self._listener = listener

    def play(self, clip: Clip) -> None:
        """See Sink."""
        if self.is_open:
            self._packets.feed(clip)
            self._wake()

    def pause(self) -> None:
        """See Sink; from any thread."""
        self._packets.pause()

    def resume(self) -> None:
        """See Sink."""
        self._packets.resume()
        self._wake()

    def cut(self) -> None:
        """See Sink; from any thread."""
        self._packets.cut()
        self._cuts += 1

    def seconds_heard(self, clip: Clip) -> float:
        """See Sink."""
        return self._packets.seconds_heard(clip)

    def set_volume(self, volume: float) -> None:
        """See Sink."""
        self._packets.set_volume(volume)

    def _wake(self) -> None:
        if self._source is not None:
            self._source.wake()

    @property
    def played(self) -> PlayedSound:
        """What goes out."""
        return self._packets.played

    # The player's thread

    def _started(self, clip: Clip) -> None:
        self._report(self._tell_started, clip)

    def _ended(self, clip: Clip) -> None:
        self._report(self._tell_ended, clip)

    def _report(self, tell: Callable[[Clip, int], None], clip: Clip) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the relay ends
                self._loop.call_soon_threadsafe(tell, clip, self._cuts)

    # The loop

    def _tell_started(self, clip: Clip, cuts: int) -> None:
        if cuts == self._cuts and self._listener is not None:
            self._listener.started(self, clip)

    def _tell_ended(self, clip: Clip, cuts: int) -> None:
        if cuts == self._cuts and self._listener is not None:
            self._listener.ended(self, clip)

    # The connection

    def attach(self, link: VoiceLink) -> None:
        """Speak through this connection from now on."""
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._alive_at = self._clock()

    def refresh(self, *, heard: bool) -> None:
        """Look how it is; to be called a few times a second. `heard` is whether somebody is there to hear it."""
        self._heard = heard
        self._keep_playing()
        self._tell()
        if self._clock() - self._alive_at >= ALIVE_EVERY and self._source is not None:
            self._source.keep_alive()
            self._alive_at = self._clock()

    def detach(self) -> None:
        """The connection is over."""
        self._link = self._source = None
        self._heard = False
        self._tell()

    def _keep_playing(self) -> None:
        """discord.py's player gives up when a connection is away for long; a new one takes its place."""
        link = self._link
        if link is not None and link.is_connected() and (self._source is None or not self._source.alive):
            link.stop()
            self._source = _Source(self._packets, link)
            self._source.start()

    def _tell(self) -> None:
        if self.is_open == self._was_open:
            return
        self._was_open = self.is_open
        if not self._was_open:
            self.cut()
        if self._listener is not None:
            self._listener.changed(self)


_: type[Sink] = DiscordSink
