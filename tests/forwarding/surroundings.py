"""What a forwarder works with, failing on demand: a store without a disk, a Voxta without a network, time at will."""

import asyncio
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeVar

from relay.application.settings import load
from relay.commands.gate import CommandGate
from relay.config.loading import Config
from relay.errors import InboxError, VoxtaError, VoxtaForbidden, VoxtaNotTold, VoxtaUnavailable
from relay.forwarding.forwarder import Forwarder
from relay.inbox import tables
from relay.inbox.retry import with_retries
from relay.inbox.sqlite import SqliteInbox
from relay.inbox.writer import Job, SqliteWriter
from relay.model import AudienceMessage, Author, Forward, Kind, Role, Settlement
from relay.speech.floor import Floor
from relay.voxta.chat import JoinedChat
from relay.voxta.gateway import GatewaySession
from relay.wire import server
from relay.wire.messages import ChatMessage, Person
from tests.commands.room import no_commands
from tests.virtual_time import VirtualLoop

T = TypeVar("T")
GAP = 2.0
SETTINGS: dict[str, dict[str, Any]] = {
    "selection": {
        "seed": 1,
        "pool": 16,
        "picks": 3,
        "gap": GAP,
        "chat_ttl": 20.0,
        "quiet_ttl": 40.0,
        "addressed_ttl": 60.0,
        "event_ttl": 90.0,
    },
    "budget": {"rates": {"all": 60.0, "viewer": 600.0}, "bursts": {"all": 5, "viewer": 50}},
    "filters": {"links": "hold", "hold_for": 50.0, "repeat_within": 1.0, "paste_length": 2000},
}
MOST_LOOKS = 10_000
"""At the clock within one turn of the loop; none that ends takes so many."""
HOME = "home"
"""The chat that is joined first."""


def config(**sections: dict[str, Any]) -> Config:
    return load(None, **{name: SETTINGS.get(name, {}) | sections.get(name, {}) for name in {*SETTINGS, *sections}})


def message(
    number: int, text: str = "", *, author: str = "ann", role: Role | None = None, **over: Any
) -> AudienceMessage:
    fields = {
        "platform": "twitch",
        "id": str(number),
        "channel": "lobby",
        "kind": Kind.CHAT,
        "author": Author(id=author, name=author.title(), roles=frozenset({role} if role else ())),
        "text": text or f"what about number {number}",
    }
    return AudienceMessage.model_validate(fields | over)


class Trouble(Enum):
    """What one call of the store meets."""

    NONE = auto()
    REFUSED = auto()
    """It fails, and nothing was done."""
    LATE = auto()
    """It fails for whoever asks, and is done all the same."""


class Disk:
    """What outlives a relay: one database, and what the next calls of the store meet."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.executescript(";".join(tables.LAYOUT.steps))
        self.next: deque[Trouble | Callable[[], object]] = deque()
        """For each call to come its trouble; between them what happens just before the next one."""


class MemoryWriter(SqliteWriter):
    """Runs each job at once, in a transaction of its own."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(Path("nowhere"), tables.LAYOUT, timeout=5.0)
        self._disk = disk
        self._is_between = False
        self.calls = 0
        """How often the store was asked, each time for one commit at most."""
        self.is_alive = True

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def run(self, job: Job[T], undo: Callable[[T], object] | None = None) -> T:
        if self._is_between:
            return self._commit(job)
        if not self.is_alive:
            raise InboxError("the process is dead")
        self.calls += 1
        await asyncio.sleep(0)
        trouble = self._next_trouble()
        if trouble is Trouble.REFUSED:
            raise InboxError("the store failed")
        result = self._commit(job)
        try:
            await asyncio.sleep(0)
            if trouble is Trouble.LATE:
                raise InboxError("the store did not answer in time")
        except (asyncio.CancelledError, InboxError):
            if undo is not None and self.is_alive:
                undo(result)
            raise
        return result

    def post(self, job: Job[None], then: Callable[[], object]) -> None:
        self._commit(job)
        asyncio.get_running_loop().call_soon(then)

    def between(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a call of the store that happens between two others, at once."""
        self._is_between = True
        try:
            work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            self._is_between = False
        raise AssertionError("it waited for something")

    def _next_trouble(self) -> Trouble:
        while self._disk.next:
            event = self._disk.next.popleft()
            if isinstance(event, Trouble):
                return event
            event()
        return Trouble.NONE

    def _commit(self, job: Job[T]) -> T:
        connection = self._disk.connection
        connection.execute("BEGIN")
        try:
            result = job(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result


class Sending(Enum):
    """What becomes of a forward on its way."""

    ARRIVES = auto()
    CUT_BEFORE = auto()
    """The connection breaks, and Voxta never got it."""
    CUT_AFTER = auto()
    """The connection breaks, and Voxta has it."""
    REFUSED = auto()
    FORBIDDEN = auto()
    NOT_TOLD = auto()
    """It took so long until it could go that it did not."""


class Voxta(GatewaySession):
    """A server with chats, and the relay's way to them."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self.chats: dict[str, list[ChatMessage]] = {}
        self.chat = None
        self.refusal = None
        self.is_alive = False
        self.next: deque[Sending] = deque()
        """For each forward to come."""
        self.lag = 1e-4
        """Seconds until Voxta's answer to a call is there; what it takes, it has at once."""
        self.under_way = self.most_under_way = 0
        self.attempted: list[tuple[Forward, float]] = []
        """What the relay has tried to send, and when."""
        self.arrived: list[Forward] = []

    def join(self, chat_id: str = HOME, *, tells_history: bool = True) -> None:
        """A connection, and a chat joined over it."""
        messages = self.chats.setdefault(chat_id, [])
        people = [Person(id="v", name="Vox")]
        history = deque(messages, maxlen=500) if tells_history else None
        newest = len(messages) - 1 if tells_history else None
        self.chat = JoinedChat("session", chat_id, "Sam", people, history, newest)
        self.is_alive, self.refusal = True, None

    def leave(self) -> None:
        """The relay has noticed that the connection is gone."""
        self.chat, self.is_alive = None, False

    def say(self, text: str, role: str) -> None:
        """One more message stands in the joined chat."""
        assert self.chat is not None
        messages = self.chats[self.chat.chat_id]
        number = len(messages)
        said = server.MessageUpdate(message_id=f"m{number}", text=text, role=role, index=number)
        messages.append(said)
        if self.is_alive:
            self.chat.saw(said)

    @property
    def told(self) -> Counter[str]:
        """How often Voxta got each audience message."""
        return Counter(key for forward in self.arrived for key in forward.keys)

    async def send(self, forward: Forward) -> None:
        self.attempted.append((forward, self._wall()))
        if self.chat is None or not self.is_alive or self.chat.chat_id != forward.chat_id:
            raise VoxtaUnavailable("there is no connection")
        what = self.next.popleft() if self.next else Sending.ARRIVES
        self.is_alive = what not in (Sending.CUT_BEFORE, Sending.CUT_AFTER)
        if what in (Sending.ARRIVES, Sending.CUT_AFTER):
            self.arrived.append(forward)
            if forward.send_as.role is not None:
                self.say(forward.body, forward.send_as.role)
        await self._answer(self.chat)
        if what is Sending.REFUSED:
            raise VoxtaError("no such thing")
        if what is Sending.NOT_TOLD:
            raise VoxtaNotTold("another process may tell it by now")
        if what is Sending.FORBIDDEN:
            self.refusal = "Voxta lets the relay send nothing"
            raise VoxtaForbidden(self.refusal)

    async def _answer(self, chat: JoinedChat) -> None:
        """Wait for what Voxta says of a call, as long as there is a connection."""
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            await asyncio.sleep(self.lag if self.is_alive else 0.0)
        finally:
            self.under_way -= 1
        if self.chat is not chat or not self.is_alive:
            raise VoxtaUnavailable("the connection was lost")


class WatchedFloor(Floor):
    """Nothing may be asked while somebody has it."""

    def asked(self, now: float, *, interruptible: bool = True) -> None:
        assert self.is_free(now) or self.has_room_for_words(now)
        super().asked(now, interruptible=interruptible)


class Scene:
    """One forwarder at work, on a clock that jumps. It can die and begin anew beside the same store."""

    def __init__(self, config: Config, commands: CommandGate | None = None) -> None:
        self._config = config
        self._commands = commands
        self.loop = VirtualLoop()
        self.disk = Disk()
        self.wall_offset = 0.0
        self.voxta = Voxta(self.wall)
        self.told: list[Settlement] = []
        """Outcomes the observer was told of."""
        self.asked_keys: list[str] = []
        """What it was told an answer is expected to."""
        self.unasked_keys: list[str] = []
        """What it was told no answer is expected to any more."""
        self.forwarded_keys: list[str] = []
        """What it was told Voxta has."""
        self._looked_at = 0.0
        self._looks = 0
        self._begin()

    def _clock(self) -> float:
        """Fails for who asks for ever and lets no time pass."""
        now = self.loop.time()
        self._looks = self._looks + 1 if now == self._looked_at else 0
        self._looked_at = now
        assert self._looks < MOST_LOOKS, "nobody else has a turn any more"
        return now

    def _begin(self) -> None:
        self.writer = MemoryWriter(self.disk)
        self.inbox = SqliteInbox(Path("nowhere"), max_count=10_000, timeout=5.0, clock=self.wall)
        self.inbox._writer = self.writer
        self.floor = WatchedFloor(self._config.floor, self._config.forwarding.reply_timeout, doubt=1.0)
        self.forwarder = Forwarder(
            self._config,
            inbox=self.inbox,
            session=self.voxta,
            floor=self.floor,
            observer=self,
            commands=self._commands or no_commands(),
            clock=self._clock,
            wall=self.wall,
        )
        self._run = self.loop.create_task(self._live())

    async def _live(self) -> None:
        await with_retries(self.inbox.open)
        await self.forwarder.run()

    def wall(self) -> float:
        return self.loop.wall() + self.wall_offset

    def asking(self, forward: Forward) -> None:
        assert self.forwarder.halt is None, "nothing may be asked now"
        self.asked_keys.extend(forward.keys)

    def unasked(self, forward: Forward) -> None:
        self.unasked_keys.extend(forward.keys)

    def forwarded(self, forward: Forward) -> None:
        self.forwarded_keys.extend(forward.keys)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        self.told.extend(settlements)
        self.forwarder.settled(settlements)

    def crash(self) -> None:
        """The relay dies in whatever it does, and another one begins."""
        self.writer.is_alive = False
        self._stop()
        self.voxta.leave()
        self._begin()

    def restart(self) -> None:
        """The relay is asked to end, and another one begins."""
        self._stop()
        self.voxta.leave()
        self._begin()

    def close(self) -> None:
        self._stop()
        self.loop.close()
        self.disk.connection.close()

    def _stop(self) -> None:
        self._run.cancel()
        self.loop.run(asyncio.wait({self._run}))

    def wait(self, seconds: float = 0.0) -> None:
        """Let time pass, and everything happen that is due."""
        self.forwarder.wake()
        self.loop.run(asyncio.sleep(seconds + 1e-3))
        if self._run.done():
            self._run.result()

    def give(self, *messages: AudienceMessage) -> list[bool]:
        """People wrote these; a store that fails is asked again."""
        return self.loop.run(with_retries(self.inbox.append, messages))

    def outcome(self, of: AudienceMessage) -> Settlement | None:
        record = self.writer.between(self.inbox.why(of.key))
        assert record is not None, f"{of.key} is lost"
        return record.settlement
