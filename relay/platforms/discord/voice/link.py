"""One connection to a voice channel: discord.py's, which also tells how it ended, and never speaks unencrypted."""

import asyncio
from typing import Any

import discord
from discord.types.voice import GuildVoiceState
from discord.voice_state import VoiceConnectionState

from relay.speech.packet_source import SILENCE


class VoiceLink(discord.VoiceClient):
    """Made by `channel.connect(cls=…, reconnect=False)`: whoever connects also reconnects, with a new link."""

    def __init__(self, client: discord.Client, channel: discord.abc.Connectable) -> None:
        super().__init__(client, channel)
        self.ended = asyncio.Event()
        """Set when the connection is over for good."""
        self.expelled = False
        """Whether somebody put the bot out of the channel, or the channel is gone."""

    async def connect(self, **options: Any) -> None:
        # discord.py's reader goes to rest as its thread begins; on a busy machine that could undo that it was woken
        # to read the connection's own address, which it would then never read
        reader = self._connection._socket_reader
        while reader._idle_paused or reader._running.is_set():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.001)
        await super().connect(**options)

    def create_connection_state(self) -> VoiceConnectionState:
        return LinkState(self)

    @property
    def is_ready(self) -> bool:
        """Whether what is said now arrives, and encrypted where the call is. May be asked from any thread."""
        state = self._connection
        is_heard = state.is_connected() and self.failure is None
        return is_heard and (state.dave_protocol_version == 0 or state.can_encrypt)

    @property
    def failure(self) -> BaseException | None:
        """Why discord.py does not read the voice gateway any more, once it failed.

        What it did not expect, such as a proposal for another epoch, it trips over without ending the connection,
        which then looks alive for ever.
        """
        reader = self._connection._runner
        return reader.exception() if reader is not None and reader.done() and not reader.cancelled() else None

    async def hang_up(self, *, wait: bool) -> None:
        """Leave; with `wait`, only return when Discord has said so: the next connection would take it for its own."""
        self.stop()
        socket = self._connection.ws
        try:
            await self._connection.disconnect(force=True, wait=wait)
        finally:
            if socket:  # discord.py leaves it open when the main gateway is gone
                await socket.close()

    async def on_voice_state_update(self, data: GuildVoiceState) -> None:
        # a connection that fails is taken down before Discord says so, or read no more; one that stands has been cut
        # by somebody
        if data["channel_id"] is None and self.is_connected() and self.failure is None:
            self.expelled = True
        await super().on_voice_state_update(data)

    def send_audio_packet(self, data: bytes, *, encode: bool = True) -> None:
        # until the group's key is there, discord.py would send into an encrypted call what everybody can read
        super().send_audio_packet(data if self.is_ready else SILENCE, encode=encode)

    def cleanup(self) -> None:
        super().cleanup()
        _retrieve(asyncio.current_task())
        self.ended.set()


class LinkState(VoiceConnectionState):
    """Fails where it is moved, or given another server, before it is connected for the first time.

    discord.py begins anew then: it cancels whoever waits for the connection, and the attempt it gave up disturbs the
    new one, which nobody ends and which makes the bot leave when it fails at last, wherever it is by then.
    """

    _has_joined = False

    async def connect(self, *, wait: bool = True, **options: Any) -> None:
        if not wait:  # discord.py begins anew; before it has joined, who waits for that does so
            return await super().connect(wait=False, **options) if self._has_joined else None
        try:
            await super().connect(wait=True, **options)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            raise discord.ClientException("moved while connecting") from None
        self._has_joined = True

    async def soft_disconnect(self, **options: Any) -> None:
        connector = self._connector
        if not self._has_joined and connector is not None and connector is not asyncio.current_task():
            connector.cancel()
        await super().soft_disconnect(**options)


def _retrieve(task: asyncio.Task[Any] | None) -> None:
    """Why discord.py's reader of the voice gateway failed is told by `ended`; asyncio would report it once more."""
    if task is not None:
        task.add_done_callback(lambda done: None if done.cancelled() else done.exception())


def link_of_another(guild: discord.Guild, ours: VoiceLink | None) -> VoiceLink | None:
    """The bot's connection on this server, where it is not ours: it is in one channel of a server at a time."""
    found = guild.voice_client
    return found if isinstance(found, VoiceLink) and found is not ours else None
