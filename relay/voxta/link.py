"""What the rest of the relay asks of Voxta, however it is reached."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp.abc import AbstractCookieJar

from relay.model import Forward, ScriptCall
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ContextText


class Link(Protocol):
    """A way to one chat in Voxta. `run` keeps it; the other methods raise VoxtaError."""

    problem: str | None
    """Why no chat is joined, in one line; None when one is."""
    chat: JoinedChat | None
    """The joined chat; None while there is none."""
    refusal: str | None
    """Why Voxta takes nothing that is sent into the joined chat, in one line that holds the fix; None when it does."""

    @property
    def is_connected(self) -> bool:
        """Whether Voxta is there, with or without a chat."""
        ...

    def prefer(self, chat_id: str) -> None:
        """Join this chat again when it is still there, as after a restart."""
        ...

    async def run(self) -> None:
        """Connect, join and reconnect until cancelled. Raises AuthError when a person has to act."""
        ...

    async def send(self, forward: Forward) -> None:
        """Send a forward to the joined chat. Several that expect no reply may be sent at once; they go in this order.

        Raises VoxtaUnavailable when it is unknown whether Voxta took it, VoxtaError when Voxta refused it,
        VoxtaForbidden when it did so for lack of rights (see `refusal`), and VoxtaNotTold when it took so long until
        it could go that another process may tell it by now, or its chat was left.
        """
        ...

    def begin_send(self, forward: Forward) -> asyncio.Future[None] | None:
        """The same without waiting; None when it has to be waited for with `send`."""
        ...

    async def interrupt(self) -> None:
        """Stop the reply in progress and its speech."""
        ...

    async def speech_started(self, message_id: str, start: int, end: int, duration: float) -> None:
        """A part of a reply's text is heard now, for `duration` seconds."""
        ...

    async def speech_completed(self, message_id: str) -> None:
        """Nothing more of a reply will be heard."""
        ...

    async def rewrite(self, message_id: str, text: str) -> None:
        """Replace a message's text; one of which nothing is left is deleted."""
        ...

    async def ask_for_reply(self) -> None:
        """Have the character speak, though nobody wrote anything."""
        ...

    async def have_said(self, text: str) -> None:
        """Have the character say exactly this."""
        ...

    async def update_context(
        self, key: str, contexts: Sequence[ContextText] = (), set_flags: Sequence[str] = ()
    ) -> None:
        """Replace what the character knows under `key`, and set or (`!name`) unset flags."""
        ...

    async def trigger_script_event(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Run the scenario's script listener `app:<name>`."""
        ...

    def begin_script_event(self, call: ScriptCall) -> asyncio.Future[None] | None:
        """The same without waiting; None when it has to be waited for."""
        ...

    async def complete_trigger(self, trigger_id: str) -> None:
        """Voxta need not wait any longer for an app trigger that came with this id."""
        ...

    def cookies(self) -> AbstractCookieJar | None:
        """Those of the connection, for other requests to Voxta; None where there are none."""
        ...
