"""A Voxta server of the tests' own, on a local port."""

from collections.abc import Callable
from typing import Final, Self

from aiohttp import web

from tests.doubles.ports import free_port
from tests.doubles.voxta.access import KEY, Access
from tests.doubles.voxta.cast import Participant
from tests.doubles.voxta.chat import Chat
from tests.doubles.voxta.checks import Message
from tests.doubles.voxta.hub import Hub
from tests.doubles.voxta.requests import Requests
from tests.doubles.voxta.rooms import OpenChat, Rooms
from tests.doubles.voxta.script import Script, echo
from tests.doubles.voxta.sound_in import SoundIn, Understand
from tests.doubles.voxta.sound_out import SoundOut
from tests.doubles.voxta.switches import Switches
from tests.doubles.voxta.turns import Scenario, Turns
from tests.doubles.voxta.wire import Wire

OWN_PAGE: Final = (None, "Voxta.Talk")
"""Who owns a chat that was opened in Voxta's own page."""


class VoxtaDouble:
    """Use with `async with`. What it says and how long that sounds, and what it understands, may be set at any time."""

    def __init__(self, switches: Switches | None = None) -> None:
        self.switches = switches or Switches()
        self.user = Participant("Streamer")
        self.characters = (Participant("Catherine"), Participant("George"))
        self.script: Script = echo
        self.seconds: Callable[[str], float] = lambda text: 0.04
        """How long a text takes to be spoken."""
        self.understand: Understand = lambda pcm: "hello there"
        self.pause = 0.3
        """Seconds of quiet that end what a person says."""
        self.scenario: Scenario = nothing_happens
        self.violations: list[str] = []
        """What clients did that a real server would hang or stumble over."""
        self.access = Access(self.switches)
        self.sound = SoundOut(self.switches, lambda text: self.seconds(text))
        wire = Wire(self.switches)
        self.rooms = Rooms(self.user, self.characters, self.switches, wire, self._turns)
        self.hub = Hub(self.switches, self.access, wire, Requests(self.switches, self.access, self.rooms))
        self.ears = SoundIn(
            self.access,
            chats=lambda: [one.chat for one in self.rooms.open],
            understand=lambda pcm: self.understand(pcm),
            pause=lambda: self.pause,
        )
        self._port = free_port()
        self._runner: web.AppRunner | None = None

    # running

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        for one in tuple(self.rooms.open):
            await self.rooms.close(one)

    async def start(self) -> None:
        """May be called again after `stop`, for a server that was restarted: the same address, the same chats."""
        app = web.Application()
        for part in (self.hub, self.sound, self.ears, self.access):
            app.add_routes(part.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        assert self._runner is not None
        await self.hub.close()
        await self.ears.close()
        await self._runner.cleanup()

    # what a test looks at

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def key(self) -> str:
        """An API key that is good here."""
        return KEY

    def received(self, type: str) -> list[Message]:
        """The messages of this type that clients sent, in order."""
        return [message for message in self.hub.received if message["$type"] == type]

    @property
    def open_chat(self) -> OpenChat:
        """The one chat that is open."""
        (one,) = self.rooms.open
        return one

    @property
    def chat(self) -> Chat:
        return self.open_chat.chat

    @property
    def turns(self) -> Turns:
        return self.open_chat.turns

    async def open_elsewhere(self) -> Chat:
        """Somebody opens a chat in Voxta's own page."""
        return (await self.rooms.start(OWN_PAGE, self.characters[:1])).chat

    def _turns(self, chat: Chat) -> Turns:
        return Turns(
            chat,
            self.switches,
            self.sound,
            lambda said: self.script(said),
            lambda turns, event: self.scenario(turns, event),
            self.violations,
        )


async def nothing_happens(turns: Turns, event: str) -> None:
    """A scenario without scripts."""
