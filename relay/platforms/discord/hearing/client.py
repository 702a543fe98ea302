"""discord.py's voice connection, with the ears it lacks."""

import logging
import socket
from collections.abc import Callable
from typing import Any, Final, Protocol

import discord
from discord.gateway import DiscordVoiceWebSocket
from discord.voice_state import VoiceConnectionState

from relay.platforms.discord.hearing.receiver import Receiver
from relay.platforms.discord.hearing.rtp import TRANSPORT
from relay.platforms.discord.voice.link import LinkState, VoiceLink

log = logging.getLogger(__name__)

SocketReaderCallback = Callable[[bytes], Any]
_ADDRESS_ANSWER: Final = b"\0\2"


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


class HearingClient(VoiceLink):
    """One voice connection that gives what comes in to a receiver."""

    _connection: "_Connection"

    def __init__(self, client: discord.Client, channel: discord.abc.Connectable, owner: Owner) -> None:
        super().__init__(client, channel)
        self._owner = owner
        self._receiver = owner.receiver(self)

    @property
    def keys(self) -> VoiceConnectionState:
        """What opens packets now; see DecryptionKeys."""
        return self._connection

    def is_human(self, user: int) -> bool:
        """Whether it is a person, as far as known. May be asked from any thread."""
        member = self.guild.get_member(user)
        return user != self.user.id and not (member is not None and member.bot)

    def name_of(self, user: int) -> str:
        """How people see them; empty where that is not known. May be asked from any thread."""
        member = self.guild.get_member(user)
        return member.display_name if member is not None else ""

    def create_connection_state(self) -> "_Connection":
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
            case DiscordVoiceWebSocket.HELLO:
                self._connection.forget_address()
            case DiscordVoiceWebSocket.READY:
                self._receiver.forget_names()
            case DiscordVoiceWebSocket.SESSION_DESCRIPTION:
                if data["mode"] != TRANSPORT:
                    log.error("discord: the voice connection uses %s, which cannot be heard", data["mode"])
                self._connection.listen(self._receiver.packet)
                self._owner.listening(self)
            case DiscordVoiceWebSocket.SPEAKING:
                self._receiver.name(int(data["ssrc"]), int(data["user_id"]))
            case DiscordVoiceWebSocket.CLIENT_CONNECT if data.get("audio_ssrc"):
                self._receiver.name(int(data["audio_ssrc"]), int(data["user_id"]))
            case DiscordVoiceWebSocket.CLIENT_DISCONNECT:
                self._receiver.forget(int(data["user_id"]))
                self._owner.left(int(data["user_id"]))


class _Connection(LinkState):
    """Mends two things in discord.py that only show when somebody listens all the time.

    Its reader waits for a packet for up to 30 s, and a socket that is closed meanwhile does not end that wait: after
    a reconnection it would hear nothing for so long. And it asks for its own address before it listens for the
    answer: a reader at work may have taken that answer already, and the connection would wait for it for ever.
    """

    _receive: SocketReaderCallback
    _address: bytes | None = None

    def listen(self, receive: SocketReaderCallback) -> None:
        """Give all packets to `receive`, in the thread that reads them."""
        self._receive = receive
        self.remove_socket_listener(self._take)
        super().add_socket_listener(self._take)

    def add_socket_listener(self, callback: SocketReaderCallback) -> None:
        super().add_socket_listener(callback)
        if self._address is not None:
            callback(self._address)

    def forget_address(self) -> None:
        """Another connection begins, which finds out its own."""
        self._address = None

    async def disconnect(self, *, force: bool = True, cleanup: bool = True, wait: bool = False) -> None:
        if force or self.is_connected():
            self._give_up_socket()
        await super().disconnect(force=force, cleanup=cleanup, wait=wait)

    async def soft_disconnect(self, **options: Any) -> None:
        self._give_up_socket()
        await super().soft_disconnect(**options)

    def _take(self, data: bytes) -> None:
        if data[:2] == _ADDRESS_ANSWER:
            self._address = data
        else:
            self._receive(data)

    def _give_up_socket(self) -> None:
        self._socket_reader.pause()
        if isinstance(self.socket, socket.socket):
            try:
                self.socket.shutdown(socket.SHUT_RD)
            except OSError as error:
                log.debug("discord: the voice socket was gone already: %s", error)
