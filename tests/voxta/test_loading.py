"""A Voxta whose model comes from a cold disk: the chat that it opens is asked for once, and waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from relay.config import VoxtaSection
from relay.voxta import session as voxta_session
from relay.voxta.session import VoxtaSession
from relay.wire.messages import WireMessage
from relay.wire.server import parse_server
from tests.virtual_time import VirtualLoop

MINUTE: Final = 60.0
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "open": {"join": "open"},
    "character": {"join": "character", "character_id": "luna"},
    "chat": {"join": "chat", "chat_id": "of before"},
}


class SlowVoxta:
    """A connection to a Voxta that loads a chat for as long as `loads_for`, in virtual time."""

    cookies = None

    def __init__(self, loads_for: float = MINUTE) -> None:
        self._loads_for = loads_for
        self._handle: Callable[[WireMessage], None] = lambda message: None
        self._loading: asyncio.TaskGroup
        self._news = asyncio.Condition()
        self.open: list[dict[str, Any]] = []
        """The chats that are open, as they are listed."""
        self.visits = 0
        self.asked: list[str] = []
        """What was asked for after logging in, by the types of the calls."""

    @asynccontextmanager
    async def connect(self, *_: object, **__: object) -> AsyncIterator["SlowVoxta"]:
        self.visits += 1
        yield self

    async def run(self, handle: Callable[[WireMessage], None]) -> None:
        """What loads ends with the connection."""
        self._handle = handle
        async with asyncio.TaskGroup() as self._loading:
            await asyncio.Event().wait()

    async def invoke(self, call: WireMessage) -> None:
        """A call is answered when it has arrived, and then done."""
        match call.type_name:
            case "authenticate":
                self.tell("welcome")
                self.tell("chatsSessionsUpdated", sessions=self.open)
            case "startChat" | "resumeChat" | "subscribeToChat":
                self._loading.create_task(self._load(getattr(call, "chat_id", None) or "new"))
                async with self._news:
                    self.asked.append(call.type_name)
                    self._news.notify_all()

    async def was_asked(self, times: int) -> None:
        """Return when a chat was asked for this often."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.asked) >= times)

    def tell(self, type: str, **fields: Any) -> None:
        self._handle(parse_server({"$type": type, **fields}))

    async def _load(self, chat_id: str) -> None:
        about = {"sessionId": "session", "chatId": chat_id}
        self.tell("chatStarting", **about)
        self.tell("chatLoadingMessage", sessionId="session", text="Loading llama.cpp", progress=0.1)
        await asyncio.sleep(self._loads_for)
        self.tell("chatStarted", **about, characters=[{"id": "luna", "name": "Luna"}])


class Room:
    """A session with a slow Voxta."""

    def __init__(self, join: str) -> None:
        self._changed = asyncio.Event()
        section = VoxtaSection.model_validate({"mode": "server", **SETTINGS[join]})
        self.session = VoxtaSession(section, listen=print, changed=self._changed.set, url="http://voxta")

    async def joined(self) -> None:
        await self._changed.wait()
        assert self.session.chat is not None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.session.run())
        try:
            async with asyncio.timeout(60 * MINUTE):
                yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


@pytest.fixture
def voxta(monkeypatch: pytest.MonkeyPatch) -> SlowVoxta:
    voxta = SlowVoxta()
    monkeypatch.setattr(voxta_session, "HubConnection", voxta)
    return voxta


@pytest.mark.parametrize(
    ("join", "asks"), [("character", "startChat"), ("chat", "resumeChat"), ("open", "subscribeToChat")]
)
def test_a_chat_that_loads_for_a_minute_is_asked_for_once_and_joined(
    join: str, asks: str, voxta: SlowVoxta, loop: VirtualLoop
) -> None:
    async def join_it() -> None:
        voxta.open = [{"sessionId": "session", "chatId": "elsewhere"}] if join == "open" else []
        room = Room(join)
        async with room.running():
            await room.joined()

    loop.run(join_it())

    assert (voxta.asked, voxta.visits) == ([asks], 1)


def test_the_chat_of_before_is_waited_for_and_not_replaced_by_a_new_one(voxta: SlowVoxta, loop: VirtualLoop) -> None:
    async def come_back() -> None:
        room = Room("character")
        room.session.prefer("of before")
        async with room.running():
            await room.joined()
            assert room.session.chat is not None and room.session.chat.chat_id == "of before"

    loop.run(come_back())

    assert (voxta.asked, voxta.visits) == (["resumeChat"], 1)


def test_what_voxta_loads_is_told_meanwhile(voxta: SlowVoxta, loop: VirtualLoop) -> None:
    async def look() -> None:
        room = Room("character")
        async with room.running():
            await voxta.was_asked(1)
            await asyncio.sleep(MINUTE / 2)
            assert room.session.problem == "Voxta is loading the chat: Loading llama.cpp"

            await room.joined()
            assert room.session.problem is None

    loop.run(look())


def test_a_chat_that_never_gets_loaded_is_asked_for_again_and_is_still_the_same(
    voxta: SlowVoxta, loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voxta, "_loads_for", 1200.0)

    async def wait() -> None:
        room = Room("character")
        room.session.prefer("of before")
        async with room.running():
            await voxta.was_asked(2)

    loop.run(wait())

    assert voxta.asked == ["resumeChat", "resumeChat"]


@pytest.mark.parametrize(
    "end",
    [
        [("chatClosed", {"sessionId": "session", "chatId": "of before"})],
        [
            ("chatSessionError", {"sessionId": "session", "message": "The chat cannot be loaded"}),
            ("chatSessionError", {"sessionId": "session", "message": "No voice", "serviceName": "TextToSpeech"}),
        ],
    ],
    ids=["closed", "refused"],
)
def test_a_chat_that_is_given_up_while_it_loads_is_not_waited_for(
    end: list[tuple[str, dict[str, Any]]], voxta: SlowVoxta, loop: VirtualLoop
) -> None:
    async def give_up() -> None:
        room = Room("character")
        room.session.prefer("of before")
        async with room.running():
            await voxta.was_asked(1)
            for type, fields in end:
                voxta.tell(type, **fields)
            async with asyncio.timeout(MINUTE / 2):
                await voxta.was_asked(2)

    loop.run(give_up())

    assert voxta.asked == ["resumeChat", "startChat"]
