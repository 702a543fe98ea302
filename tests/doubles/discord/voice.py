"""The local Discord's voice: who is in which channel, what the bot says there, and people who talk to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.doubles.discord.answers import Refused, nothing
from tests.doubles.discord.signal import Signal
from tests.doubles.discord.voice_dave import ENCRYPTED, Group
from tests.doubles.discord.voice_e2ee import EndToEnd
from tests.doubles.discord.voice_line import Address, Line
from tests.doubles.discord.voice_person import Ends, VoicePerson
from tests.doubles.discord.voice_rtp import AES, SILENCE, XCHACHA, Header
from tests.doubles.discord.voice_socket import (
    BAD_TOKEN,
    DISCONNECTED,
    INVALID,
    JOINED,
    LEFT,
    NO_DAVE,
    SPEAKING,
    Admission,
    Connection,
    VoiceSockets,
    describe,
)
from tests.doubles.discord.voice_sound import Samples, decode
from tests.doubles.discord.world import STAGE, Json, Person, World
from tests.support import PATIENCE

VOICE_STATES = 1 << 7
"""Gateway intent."""

Dispatch = Callable[[str, Json, int], Awaitable[None]]
"""Tells the gateway's sessions that asked for an intent."""


@dataclass(frozen=True)
class Heard:
    """A packet of the bot as it arrived."""

    at: float
    """`time.perf_counter()`"""
    channel: str
    sequence: int
    timestamp: int
    opus: bytes
    """Decrypted."""
    encrypted: bool
    """End to end."""

    @property
    def is_silence(self) -> bool:
        return self.opus == SILENCE


class Voice:
    """Voice of all guilds but those that have one of their own; the bot is in one of its channels at most."""

    def __init__(self, world: World, dispatch: Dispatch, signal: Signal, guild: str = "") -> None:
        self.host = f"local-{guild or 1}.discord.media"
        """The voice server's name."""
        self._guild = guild
        self._world = world
        self._dispatch = dispatch
        self._signal = signal
        self._line = Line(self._discovered, self._arrived)
        self._admission: Admission | None = None
        self._present: dict[str, VoicePerson] = {}
        """Who is in some voice channel, by user id."""
        self._e2ee: EndToEnd | None = None
        self.sockets = VoiceSockets(self)
        self.connection: Connection | None = None
        """The bot's, since it identified."""
        self.modes: tuple[str, ...] = (AES, XCHACHA)
        self.dave = True
        """Whether calls are end-to-end encrypted."""
        self.hold_group = False
        """Not to let the bot into the encrypted group of its next calls, until `e2ee.release()`."""
        self.locked: set[str] = set()
        """Channels the bot may not enter."""
        self.may_speak_on_stage = False
        self.heard: list[Heard] = []
        """What the bot sent, silence included; what nobody could hear is left out."""
        self.lasting: dict[str, bool] = {}
        """What the server has set for the bot wherever it goes, such as `mute`."""
        self.unheard = 0
        """Packets with sound that came while the bot was muted, deafened or in the audience of a stage."""
        self.unreadable = 0
        """Packets that could not be opened, or that only the wrong key would open."""
        self.speaking: list[int] = []
        """What the bot said of itself: 1 while it speaks, 0 when not."""
        self.raised_hands = 0
        """How often it asked to speak on a stage."""
        self.wishes: list[str | None] = []
        """The channels in which the bot wished to be, one after the other; None to be in none."""
        self.tells_of_leaving_after = 0.0
        """Seconds until it is told that it has left."""

    def start(self) -> None:
        self._line.start()

    async def stop(self) -> None:
        if self.connection is not None and self.connection.wire is not None:
            self.connection.wire.abort()
        await self._line.stop()

    @property
    def port(self) -> int:
        return self._line.port

    # People

    async def enter(self, who: Person, channel: str) -> VoicePerson:
        """Join a voice channel, or move there from another one."""
        await self._go(who.id)
        person = self._present[who.id] = VoicePerson(who.id, who.name, self._announce)
        await self._show(who.id, channel)
        if self._hears(person) and self.connection is not None:
            await self.connection.send(JOINED, {"user_ids": [person.id]})
            if self._e2ee is not None:
                await self._e2ee.joined(int(person.id))
            self._link(person)
        return person

    async def leave(self, who: Person, *, is_told: bool = True) -> None:
        """With `is_told` false, the voice gateway says nothing of it."""
        await self._go(who.id, is_told=is_told)
        await self._show(who.id, None)

    async def _go(self, id: str, *, is_told: bool = True) -> None:
        person = self._present.get(id)
        if person is None:
            return
        heard = self._hears(person)
        del self._present[id]
        person.ends = None
        if heard and self.connection is not None:
            if is_told:
                await self.connection.send(LEFT, {"user_id": id})
            if self._e2ee is not None:
                self._world.voice_states.pop(id)
                await self._e2ee.left(int(id))

    def _hears(self, person: VoicePerson) -> bool:
        """Whether the bot's call is this person's."""
        return self.connection is not None and self._channel_of(person.id) == self.connection.admission.channel

    def _channel_of(self, id: str) -> str | None:
        state = self._world.voice_states.get(self._key(id))
        return state["channel_id"] if state is not None else None

    def _key(self, id: str) -> str:
        """Where the world has somebody's state: a bot has one in each guild."""
        return f"{id}{self._guild}" if id == self._world.bot.id else id

    async def _announce(self, person: VoicePerson) -> None:
        if self.connection is not None:
            person.announced = True
            await self.connection.send(SPEAKING, {"user_id": person.id, "ssrc": person.ssrc, "speaking": 1})

    async def _show(self, id: str, channel: str | None, **more: Any) -> None:
        """Tell the gateway where somebody is now."""
        key = self._key(id)
        before = self._world.voice_states.get(key)
        if before is not None and channel and before["guild_id"] != self._world.channels[channel].guild:
            left = self._world.set_voice_state(id, None, key)
            await self._dispatch("VOICE_STATE_UPDATE", left, VOICE_STATES)
        state = self._world.set_voice_state(id, channel, key, **more)
        await self._dispatch("VOICE_STATE_UPDATE", state, VOICE_STATES)
        self._signal.notify()

    # The bot, through the main gateway

    @property
    def bot_channel(self) -> str | None:
        return self._channel_of(self._world.bot.id)

    async def request(self, session: str, data: Json) -> None:
        """The bot wants to be in another channel, or in none: gateway opcode 4."""
        channel = data["channel_id"]
        self.wishes.append(channel and str(channel))
        if str(channel) in self.locked:
            return
        if channel is None:
            await asyncio.sleep(self.tells_of_leaving_after)
            await self._put_out()
        else:
            await self._admit(str(channel), session, self_mute=data["self_mute"], self_deaf=data["self_deaf"])

    async def _admit(self, channel: str, session: str, **more: Any) -> None:
        moved = self.bot_channel not in (None, channel)
        stage = self._world.channels[channel].type == STAGE
        self._admission = Admission(channel, session)
        await self._show(self._world.bot.id, channel, session_id=session, suppress=stage, **self.lasting, **more)
        if moved:
            await self._end_call(DISCONNECTED)
        await self.assign_server()

    async def assign_server(self) -> None:
        """Name the voice server and the token for it; done again, it moves the call to another server."""
        assert self._admission is not None
        self._admission = Admission(self._admission.channel, self._admission.session)
        await self._dispatch("VOICE_SERVER_UPDATE", {
            "token": self._admission.token, "guild_id": self._guild_of(self._admission),
            "endpoint": f"{self.host}:443",
        }, 0)  # fmt: skip

    def _guild_of(self, admission: Admission) -> str:
        return self._world.channels[admission.channel].guild

    async def _put_out(self) -> None:
        self._admission = None
        if self.bot_channel is not None:
            await self._show(self._world.bot.id, None)
        await self._end_call(DISCONNECTED)

    async def _end_call(self, code: int) -> None:
        connection, self.connection, self._e2ee = self.connection, None, None
        self._unlink()
        if connection is not None:
            await connection.close(code)

    async def move_bot(self, channel: str) -> None:
        """A moderator moves the bot."""
        assert self._admission is not None
        await self._admit(channel, self._admission.session)

    async def kick_bot(self) -> None:
        """A moderator puts the bot out."""
        await self._put_out()

    async def set_bot(self, **state: bool) -> None:
        """A moderator changes the bot's voice state: `mute`, `deaf`, or `suppress`. Voice Resource, "Voice State"."""
        await self._show(self._world.bot.id, self.bot_channel, **state)

    # The bot, through the voice gateway

    def admit(self, data: Json) -> Connection | int:
        admission = self._admission
        if admission is None or data["session_id"] != admission.session:
            return INVALID
        if data["server_id"] != self._guild_of(admission):
            return INVALID
        if data["token"] != admission.token:
            return BAD_TOKEN
        if self.dave and not data.get("max_dave_protocol_version") and not self._on_stage(admission.channel):
            return NO_DAVE
        self._unlink()
        self.connection = Connection(admission)
        self._e2ee = None
        return self.connection

    def _on_stage(self, channel: str) -> bool:
        return self._world.channels[channel].type == STAGE

    def find(self, data: Json) -> Connection | None:
        connection = self.connection
        if connection is None or connection.admission is not self._admission:
            return None
        known = connection.admission
        return connection if (data["session_id"], data["token"]) == (known.session, known.token) else None

    def _discovered(self, ssrc: int, address: Address) -> None:
        if self.connection is not None and self.connection.ssrc == ssrc:
            self.connection.address = address

    async def described(self, connection: Connection) -> None:
        if connection.dave_version:
            group = Group(int(connection.admission.channel), int(self._world.bot.id))
            self._e2ee = EndToEnd(connection, group, self._listening, self.hold_group)
            await self._e2ee.begin()
        others = [person.id for person in self._listeners()]
        if others:
            await connection.send(JOINED, {"user_ids": others})
        for person in self._listeners():
            self._link(person)
        self._signal.notify()

    def _listeners(self) -> list[VoicePerson]:
        return [person for person in self._present.values() if self._hears(person)]

    def _listening(self) -> list[int]:
        return [int(person.id) for person in self._listeners()]

    async def told(self, connection: Connection, op: int, data: Any) -> None:
        if op == SPEAKING:
            self.speaking.append(data["speaking"])
        elif self._e2ee is not None and connection is self.connection:
            await self._e2ee.told(op, data)
        self._signal.notify()

    async def told_binary(self, connection: Connection, op: int, body: bytes) -> None:
        if self._e2ee is not None and connection is self.connection:
            await self._e2ee.told_binary(op, body)
        self._signal.notify()

    # Sound

    def _link(self, person: VoicePerson) -> None:
        """Let the bot hear a person."""
        connection, e2ee = self.connection, self._e2ee
        assert connection is not None and connection.outbound is not None and connection.address is not None
        address, id = connection.address, int(person.id)

        def send(packet: bytes) -> None:
            if not self._world.voice_states[self._key(self._world.bot.id)]["deaf"]:
                self._line.send(packet, address)

        def encrypt(packet: bytes) -> bytes:
            return e2ee.group.encrypt(id, packet) if e2ee is not None else packet

        person.ends = Ends(connection.outbound, send, encrypt)

    def _unlink(self) -> None:
        for person in self._present.values():
            person.ends, person.announced = None, False

    def _arrived(self, packet: bytes, sender: Address, at: float) -> None:
        connection = self.connection
        if connection is None or connection.inbound is None or connection.address != sender:
            return
        try:
            payload = connection.inbound.open(packet)
        except Exception:  # each cipher has its own
            self.unreadable += 1
            return
        self._note(connection, Header.read(packet), payload, at)
        self._signal.notify()

    def _note(self, connection: Connection, header: Header, payload: bytes, at: float) -> None:
        encrypted = payload.endswith(ENCRYPTED)
        opus = self._e2ee.group.decrypt(payload) if encrypted and self._e2ee is not None else payload
        state = self._world.voice_states.get(self._key(self._world.bot.id))
        if opus is None or header.ssrc != connection.ssrc:
            self.unreadable += 1
        elif state is None or state["suppress"] or state["mute"] or state["deaf"]:
            self.unheard += opus != SILENCE
        else:
            channel = connection.admission.channel
            self.heard.append(Heard(at, channel, header.sequence, header.timestamp, opus, encrypted))

    @property
    def words(self) -> list[Heard]:
        """What was heard of the bot without silence."""
        return [packet for packet in self.heard if not packet.is_silence]

    def samples(self) -> Samples:
        """What was heard of the bot, decoded, without silence."""
        return decode(packet.opus for packet in self.words)

    # What goes wrong

    @property
    def e2ee(self) -> EndToEnd:
        assert self._e2ee is not None, "this call is not encrypted"
        return self._e2ee

    async def close(self, code: int) -> None:
        """Close the voice gateway's socket; unless the code is 4015, the call cannot be resumed."""
        assert self.connection is not None
        await self.connection.close(code)

    def drop(self) -> None:
        """Cut the voice gateway's line, without a goodbye."""
        assert self.connection is not None and self.connection.wire is not None
        self.connection.wire.abort()

    async def rotate_key(self) -> None:
        """A new transport key, at once."""
        assert self.connection is not None
        self.connection.rekey(self.connection.mode)
        for person in self._listeners():
            self._link(person)
        await describe(self.connection)

    # Waiting

    async def wait_joined(self, channel: str, timeout: float = PATIENCE) -> Connection:
        """Until the bot can speak and hear in a channel, encrypted where that is asked for and somebody is there."""
        await self._signal.wait_until(lambda: self._is_in(channel), f"the bot in channel {channel}", timeout)
        assert self.connection is not None
        return self.connection

    def _is_in(self, channel: str) -> bool:
        connection = self.connection
        if connection is None or not connection.described or connection.admission.channel != channel:
            return False
        alone = not self._listeners()
        return self.bot_channel == channel and (self._e2ee is None or alone or bool(self._e2ee.executed))

    async def wait_left(self, timeout: float = PATIENCE) -> None:
        await self._signal.wait_until(lambda: self.bot_channel is None, "the bot to leave", timeout)

    async def wait_words(self, n: int, timeout: float = PATIENCE) -> list[Heard]:
        """Until the bot said that many packets that are not silence."""
        await self._signal.wait_until(lambda: len(self.words) >= n, f"{n} packets, got {len(self.words)}", timeout)
        return self.words

    # REST: stages

    def routes(self) -> list[web.RouteDef]:
        guild = "/api/v10/guilds/{guild}"
        return [web.patch(guild + "/voice-states/@me", self._change_own_state)]

    async def _change_own_state(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("suppress") is False and not self.may_speak_on_stage:
            raise Refused(403, 50013, "Missing Permissions")
        if body.get("request_to_speak_timestamp"):
            self.raised_hands += 1
        changes = {key: body[key] for key in ("suppress", "request_to_speak_timestamp") if key in body}
        await self._show(self._world.bot.id, self.bot_channel, **changes)
        return nothing()
