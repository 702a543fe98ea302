"""From datagrams to people's voices: opened, named, put in order, unsealed and decoded."""

import logging
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import davey

from relay.errors import SpeechError
from relay.platforms.discord.hearing.counts import Counts
from relay.platforms.discord.hearing.reorder_buffer import ReorderBuffer
from relay.platforms.discord.hearing.rtp import SILENCE, Packet, Transport, Unreadable, is_audio
from relay.speech.opus import SAMPLES, Decoder

log = logging.getLogger(__name__)

HOLD: Final = 100
"""Packets kept of a stream whose person is not known yet: two seconds."""
MADE_UP: Final = 10
"""Frames in a row that are made up for at most when they are lost: 200 ms; more is a hole."""
STREAMS: Final = 64
"""Streams without a name that are kept at a time."""


class DecryptionKeys(Protocol):
    """What opens packets now. All of it changes during a call, so it is read for each packet.

    discord.py's VoiceConnectionState is one.
    """

    secret_key: list[int]
    dave_session: davey.DaveSession | None
    dave_protocol_version: int


class Heard(Protocol):
    """Takes what was heard, in the thread that calls `Receiver.packet`."""

    def hears(self, user: int) -> bool:
        """Whether this person is to be heard at all."""
        ...

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        """A stretch of sound: 48 kHz, mono, signed 16 bit; `timestamp` is that of its first sample."""
        ...

    def silence(self, user: int) -> None:
        """The person's client says that they fell silent."""
        ...


@dataclass(slots=True)
class _Stream:
    order: ReorderBuffer = field(default_factory=ReorderBuffer)
    decoder: Decoder = field(default_factory=Decoder)
    heard: Packet | None = None
    """The last one; None when nothing goes on behind it."""


class Receiver:
    """One connection's ear. `packet` is called by the thread that reads the socket, all else by the event loop.

    There is no lock: the loop only replaces entries of `_users`, and the thread alone owns the streams.
    """

    def __init__(self, keys: DecryptionKeys, heard: Heard, counts: Counts, *, me: int) -> None:
        self._keys = keys
        self._heard = heard
        self._counts = counts
        self._me = me
        self._transport = Transport()
        self._users: dict[int, int] = {}
        self._streams: dict[int, _Stream] = {}
        self._unnamed: dict[int, deque[Packet]] = {}

    # The event loop

    def name(self, ssrc: int, user: int) -> None:
        """Discord says whose stream it is."""
        self._users[ssrc] = user

    def forget(self, user: int) -> None:
        """A person left; when they come back, it is with another stream."""
        for ssrc in [ssrc for ssrc, owner in self._users.copy().items() if owner == user]:
            self._users.pop(ssrc, None)

    def forget_names(self) -> None:
        """A new connection began, and with it streams may have changed hands."""
        self._users.clear()

    # The socket's thread

    def packet(self, data: bytes) -> None:
        """Hear one datagram. Never raises: discord.py's reader must outlive every packet."""
        if not is_audio(data):
            return
        self._counts.received += 1
        try:
            self._sort(self._transport.open(data, bytes(self._keys.secret_key or ())))
        except Unreadable:
            self._counts.fail("unreadable")
        except Exception:
            self._counts.fail("broken")
            log.exception("discord: a voice packet could not be handled")

    def _sort(self, packet: Packet) -> None:
        user = self._users.get(packet.ssrc)
        if user is None:
            user, packet = self._recognise(packet)
        if user is None:
            self._hold(packet)
            return
        for waiting in self._unnamed.pop(packet.ssrc, ()):
            self._follow(user, waiting)
        self._follow(user, packet)

    def _recognise(self, packet: Packet) -> tuple[int | None, Packet]:
        """Whose packet it is, found by the key that opens it; it is opened then."""
        session = self._keys.dave_session
        if session is None or not _is_sealed(packet.payload):
            return None, packet
        for user in map(int, session.get_user_ids()):
            opus = _unseal(session, user, packet.payload) if user != self._me else None
            if opus is not None:
                self._users[packet.ssrc] = user
                return user, replace(packet, payload=opus, sealed=False)
        return None, packet

    def _hold(self, packet: Packet) -> None:
        if packet.payload == SILENCE:
            return
        self._counts.fail("unnamed")
        if packet.ssrc not in self._unnamed and len(self._unnamed) >= STREAMS:
            del self._unnamed[next(iter(self._unnamed))]
        self._unnamed.setdefault(packet.ssrc, deque(maxlen=HOLD)).append(packet)

    def _follow(self, user: int, packet: Packet) -> None:
        if not self._heard.hears(user):
            return
        stream = self._streams.get(packet.ssrc)
        if stream is None:
            self._streams = {ssrc: each for ssrc, each in self._streams.items() if ssrc in self._users}
            stream = self._streams[packet.ssrc] = _Stream()
        for due in stream.order.push(packet):
            self._hear(user, stream, due)

    def _hear(self, user: int, stream: _Stream, packet: Packet) -> None:
        before, stream.heard = stream.heard, None
        if packet.payload == SILENCE:
            self._heard.silence(user)
            return
        opus = self._opus(user, packet)
        if opus is None:
            self._counts.fail("sealed")
            return
        self._counts.succeed()
        lost = _lost_between(before, packet)
        for number, pcm in enumerate(stream.decoder.make_up(lost, opus) if lost else ()):
            self._counts.made_up += 1
            self._heard.sound(user, (packet.timestamp - (lost - number) * SAMPLES) & 0xFFFFFFFF, pcm)
        try:
            pcm = stream.decoder.decode(opus)
        except SpeechError:
            self._counts.undecodable += 1
            return
        stream.heard = packet
        self._counts.decoded += 1
        self._heard.sound(user, packet.timestamp, pcm)

    def _opus(self, user: int, packet: Packet) -> bytes | None:
        """The payload without its end-to-end encryption; None when that stays closed."""
        session = self._keys.dave_session
        if not packet.sealed or session is None:
            return packet.payload
        if not self._keys.dave_protocol_version and not _is_sealed(packet.payload):
            return packet.payload
        return _unseal(session, user, packet.payload)


def _lost_between(before: Packet | None, packet: Packet) -> int:
    """How many frames to make up for: those that were sent in one go with what was heard, as numbers and times say."""
    if before is None:
        return 0
    lost = (packet.sequence - before.sequence & 0xFFFF) - 1
    samples = packet.timestamp - before.timestamp & 0xFFFFFFFF
    return lost if 0 < lost <= MADE_UP and samples == (lost + 1) * SAMPLES else 0


def _is_sealed(payload: bytes) -> bool:
    """Whether it ends as DAVE frames do."""
    return payload[-2:] == b"\xfa\xfa"


def _unseal(session: davey.DaveSession, user: int, payload: bytes) -> bytes | None:
    try:
        return session.decrypt(user, davey.MediaType.audio, payload)
    except ValueError:
        return None
