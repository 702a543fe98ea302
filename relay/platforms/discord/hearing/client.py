"""discord.py's voice connection, with the ears it lacks."""

import logging
import socket
from typing import Any, Protocol

import discord
from discord.gateway import DiscordVoiceWebSocket
from discord.voice_state import VoiceConnectionState

from relay.platforms.discord.hearing.receiver import Receiver
from relay.platforms.discord.hearing.rtp import TRANSPORT

log = logging.getLogger(__name__)


class Owner(Protocol):
    """Whose ears these are. Called on the event loop."""

    def receiver(self, client: "HearingClient") -> Receiver:
        """The receiver of a new connection."""
        ...

    def listening(self, client: "HearingClient") -> None:
        """Packets will come in, also again after a reconnection or a move."""
        ...

    def left(self, user: int) -> None:
        """A person left the channel."""
        ...

    def closed(self, client: "HearingClient") -> None:
        """The connection is over."""
        ...


class HearingClient(discord.VoiceClient):
    """One voice connection that gives what comes in to a receiver."""

    def __init__(self, client: discord.Client, channel: discord.abc.Connectable, owner: Owner) -> None:
        super().__init__(client, channel)
        self._owner = owner
        self._receiver = owner.receiver(self)

    @property
    def keys(self) -> VoiceConnectionState:
        """What opens packets now; see Keys."""
        return self._connection

    def is_human(self, user: int) -> bool:
        """Whether it is a person, as far as known. May be asked from any thread."""
        member = self.guild.get_member(user)
        return user != self.user.id and not (member is not None and member.bot)

    def create_connection_state(self) -> VoiceConnectionState:
        return _Connection(self, hook=self._hook)

    def cleanup(self) -> None:
        super().cleanup()
        self._owner.closed(self)

    async def _hook(self, _: object, message: dict[str, Any]) -> None:
        """Called by discord.py with each message of the voice gateway; an error here would end the connection."""
        try:
            self._follow(message["op"], message.get("d") or {})
        except (KeyError, TypeError, ValueError, AttributeError):
            log.warning("discord: the voice gateway sent what could not be read (op %s)", message.get("op"))

    def _follow(self, op: int, data: dict[str, Any]) -> None:
        match op:
            case DiscordVoiceWebSocket.READY:
                self._receiver.forget_names()
            case DiscordVoiceWebSocket.SESSION_DESCRIPTION:
                if data["mode"] != TRANSPORT:
                    log.error("discord: the voice connection uses %s, which cannot be heard", data["mode"])
                self._connection.remove_socket_listener(self._receiver.packet)
                self._connection.add_socket_listener(self._receiver.packet)
                self._owner.listening(self)
            case DiscordVoiceWebSocket.SPEAKING:
                self._receiver.name(int(data["ssrc"]), int(data["user_id"]))
            case DiscordVoiceWebSocket.CLIENT_CONNECT if data.get("audio_ssrc"):
                self._receiver.name(int(data["audio_ssrc"]), int(data["user_id"]))
            case DiscordVoiceWebSocket.CLIENT_DISCONNECT:
                self._receiver.forget(int(data["user_id"]))
                self._owner.left(int(data["user_id"]))


class _Connection(VoiceConnectionState):
    """Wakes discord.py's reader when its socket is given up.

    The reader waits for a packet for up to 30 s, and a socket that is closed meanwhile does not end that wait. As
    somebody listens all the time, a reconnection would not even hear the answer to its own address discovery.
    """

    async def disconnect(self, *, force: bool = True, cleanup: bool = True, wait: bool = False) -> None:
        if force or self.is_connected():
            self._give_up_socket()
        await super().disconnect(force=force, cleanup=cleanup, wait=wait)

    async def soft_disconnect(self, **options: Any) -> None:
        self._give_up_socket()
        await super().soft_disconnect(**options)

    def _give_up_socket(self) -> None:
        self._socket_reader.pause()
        if isinstance(self.socket, socket.socket):
            try:
                self.socket.shutdown(socket.SHUT_RD)
            except OSError as error:
                log.debug("discord: the voice socket was gone already: %s", error)
