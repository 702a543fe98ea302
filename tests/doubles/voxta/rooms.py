"""The chats of a server: which are open, and which can be resumed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.doubles.voxta.cast import Participant
from tests.doubles.voxta.chat import Chat
from tests.doubles.voxta.client import HubClient, Identity
from tests.doubles.voxta.switches import Switches
from tests.doubles.voxta.turns import Turns
from tests.doubles.voxta.wire import Wire, new_id


@dataclass(eq=False)
class OpenChat:
    chat: Chat
    turns: Turns
    task: asyncio.Task[None]
    """Runs the turns."""


@dataclass(eq=False)
class Rooms:
    user: Participant
    characters: Sequence[Participant]
    switches: Switches
    wire: Wire
    turns_of: Callable[[Chat], Turns]
    open: list[OpenChat] = field(default_factory=list)
    closed: dict[str, Chat] = field(default_factory=dict)
    """By chatId."""
    welcomed: list[HubClient] = field(default_factory=list)
    """Whoever authenticated, and is told which chats are open."""

    def by_session(self, session_id: str | None) -> OpenChat | None:
        return next((one for one in self.open if one.chat.session_id == session_id), None)

    def by_chat(self, chat_id: str | None) -> OpenChat | None:
        return next((one for one in self.open if one.chat.chat_id == chat_id), None)

    async def start(self, owner: Identity, characters: Sequence[Participant], chat_id: str | None = None) -> OpenChat:
        chat = Chat(self.user, list(characters), owner, self.switches, self.wire, chat_id or new_id())
        if self.switches.nulls:
            await chat.add("Event", self.user, None)
        chat.flags["at_the_door"] = 0
        return await self._open(chat)

    async def resume(self, chat_id: str, owner: Identity) -> OpenChat | None:
        """A chat that was closed is opened again, with all that was said, as another session."""
        chat = self.closed.pop(chat_id, None)
        if chat is None:
            return self.by_chat(chat_id)
        chat.session_id, chat.owner = new_id(), owner
        return await self._open(chat)

    async def close(self, one: OpenChat) -> None:
        self.open.remove(one)
        self.closed[one.chat.chat_id] = one.chat
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)
        await one.chat.tell("chatClosed", chatId=one.chat.chat_id)
        one.chat.clients.clear()
        await self.tell_sessions(self.welcomed)

    async def tell_sessions(self, clients: Sequence[HubClient]) -> None:
        sessions = [
            {
                "sessionId": one.chat.session_id,
                "chatId": one.chat.chat_id,
                "user": one.chat.user.shown(),
                "characters": [character.shown() for character in one.chat.characters],
            }
            for one in self.open
        ]
        for client in tuple(clients):
            await client.send({"$type": "chatsSessionsUpdated", "sessions": sessions})

    async def gone(self, client: HubClient) -> None:
        """A client's connection ended."""
        if client in self.welcomed:
            self.welcomed.remove(client)
        for one in tuple(self.open):
            if client in one.chat.clients:
                one.chat.clients.remove(client)
                one.turns.left(client)
            if self.switches.ends_with_owner and one.chat.owner == client.identity:
                await self.close(one)

    async def _open(self, chat: Chat) -> OpenChat:
        turns = self.turns_of(chat)
        one = OpenChat(chat, turns, asyncio.create_task(turns.run()))
        self.open.append(one)
        await self.tell_sessions(self.welcomed)
        return one
