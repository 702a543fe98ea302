"""What clients ask of the server, and what becomes of it."""

from collections.abc import Awaitable, Callable
from typing import Final

from tests.doubles.voxta.access import Access
from tests.doubles.voxta.cast import Participant
from tests.doubles.voxta.checks import Message
from tests.doubles.voxta.client import HubClient
from tests.doubles.voxta.in_chat import HANDLERS
from tests.doubles.voxta.rights import missing_scope
from tests.doubles.voxta.rooms import OpenChat, Rooms
from tests.doubles.voxta.switches import KeyRule, Rights, Switches
from tests.doubles.voxta.wire import new_id

VERSION: Final = "1.0.0-double"


class Refused(Exception):
    """What was asked is not done. `told` is the message that says so."""

    def __init__(self, message: str, session_id: str | None = None) -> None:
        super().__init__(message)
        kind = "error" if session_id is None else "chatSessionError"
        about: Message = {} if session_id is None else {"sessionId": session_id, "retry": False}
        self.told: Message = {"$type": kind, "message": message, "details": None, "code": None, "serviceName": None}
        self.told |= about


class Requests:
    def __init__(self, switches: Switches, access: Access, rooms: Rooms) -> None:
        self._switches = switches
        self._access = access
        self._rooms = rooms
        self._handlers: dict[str, Callable[[HubClient, Message], Awaitable[None]]] = {
            "authenticate": self._authenticate,
            "startChat": self._start,
            "resumeChat": self._resume,
            "subscribeToChat": self._subscribe,
            "stopChat": self._stop,
            "deleteChat": self._delete,
            "loadCharactersList": self._list_characters,
            "loadScenariosList": self._list_scenarios,
            "loadChatsList": self._list_chats,
        }

    async def carry_out(self, client: HubClient, message: Message) -> None:
        """Raises `Refused`."""
        type = message["$type"]
        if not client.name and type != "authenticate":
            raise Refused("The client is not authenticated.")
        if handler := self._handlers.get(type):
            await handler(client, message)
        elif "sessionId" in message:
            one = self._find(client, message)
            if handle := HANDLERS.get(type):
                await handle(one, client, message)

    async def gone(self, client: HubClient) -> None:
        await self._rooms.gone(client)

    # coming in

    async def _authenticate(self, client: HubClient, message: Message) -> None:
        if self._switches.key is KeyRule.ASKED and client.key not in self._access.keys:
            await client.send({"$type": "authenticationRequired"})
            return
        wanted = frozenset(message["scope"])
        if self._switches.rights is not Rights.OPEN and (beyond := wanted - self._access.scopes(client.key)):
            raise Refused(f"The API key does not allow the scope {', '.join(sorted(beyond))}.")
        client.name, client.scopes, client.capabilities = message["client"], wanted, message["capabilities"]
        await client.send(self._welcome(message))
        await client.send({"$type": "configuration", "configurations": [], "services": {}, "featureFlags": []})
        await client.send({"$type": "moduleRuntimeInstances", "instances": []})
        self._rooms.welcomed.append(client)
        if self._rooms.open or self._switches.tells_empty_sessions:
            await self._rooms.tell_sessions([client])

    def _welcome(self, message: Message) -> Message:
        return {
            "$type": "welcome",
            "user": self._rooms.user.shown(),
            "apiVersion": self._switches.api_version,
            "voxtaServerVersion": VERSION,
            "assistant": self._rooms.characters[0].shown(),
            "favorite": None,
            "characters": [character.shown() for character in self._rooms.characters],
            "registeredClientVersion": None,
        }

    # chats

    async def _start(self, client: HubClient, message: Message) -> None:
        if (chat_id := message.get("chatId")) and (open_already := await self._rooms.resume(chat_id, client.identity)):
            one = open_already
        else:
            one = await self._rooms.start(client.identity, self._cast(message), chat_id)
        await self._enter(one, client, message)

    def _cast(self, message: Message) -> list[Participant]:
        wanted = message.get("characterIds") or [message.get("characterId")]
        cast = [one for one in self._rooms.characters if one.id in wanted]
        if not cast and not message.get("scenarioId"):
            raise Refused(f"There is no character {wanted[0]}.")
        return cast or [self._rooms.characters[0]]

    async def _resume(self, client: HubClient, message: Message) -> None:
        one = await self._rooms.resume(message["chatId"], client.identity)
        if one is None:
            raise Refused("The chat was not found.")
        await self._enter(one, client, message)

    async def _enter(self, one: OpenChat, client: HubClient, message: Message) -> None:
        await one.chat.welcome(client)
        await one.chat.declare(message)

    async def _subscribe(self, client: HubClient, message: Message) -> None:
        one = self._rooms.by_session(message["sessionId"])
        if one is not None:
            await one.chat.welcome(client)
        elif self._switches.refuses_by_closing:
            await client.send({"$type": "chatClosed", "sessionId": message["sessionId"], "chatId": ""})
        else:
            raise Refused("The chat session was not found.")

    async def _stop(self, client: HubClient, message: Message) -> None:
        session_id = message.get("sessionId") or next(
            (one.chat.session_id for one in self._rooms.open if client in one.chat.clients), new_id()
        )
        await self._rooms.close(self._find(client, message | {"sessionId": session_id}))

    async def _delete(self, client: HubClient, message: Message) -> None:
        if one := self._rooms.by_chat(message["chatId"]):
            self._check(one, client, message["$type"])
            await self._rooms.close(one)
        self._rooms.closed.pop(message["chatId"], None)

    def _find(self, client: HubClient, message: Message) -> OpenChat:
        one = self._rooms.by_session(message["sessionId"])
        if one is None:
            raise Refused("The chat session was not found.")
        self._check(one, client, message["$type"])
        return one

    def _check(self, one: OpenChat, client: HubClient, type: str) -> None:
        owner = one.chat.owner == client.identity
        scope = missing_scope(type, client.scopes, owner=owner)
        if self._switches.rights is not Rights.OPEN and scope is not None:
            raise Refused(f"Forbidden: '{type}' needs the scope {scope}.", one.chat.session_id)

    # lists

    async def _list_characters(self, client: HubClient, message: Message) -> None:
        shown = [
            character.shown() | {"culture": "en-US", "explicitContent": False, "favorite": False, "hidden": False}
            for character in self._rooms.characters
        ]
        await client.send({"$type": "charactersListLoaded", "characters": shown})

    async def _list_scenarios(self, client: HubClient, message: Message) -> None:
        await client.send({"$type": "scenariosListLoaded", "scenarios": []})

    async def _list_chats(self, client: HubClient, message: Message) -> None:
        chats = [*(one.chat for one in self._rooms.open), *self._rooms.closed.values()]
        shown = [{"id": chat.chat_id, "created": "2026-01-01T00:00:00Z"} for chat in chats]
        await client.send({"$type": "chatsListLoaded", "chats": shown})
