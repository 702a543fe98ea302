"""An open chat: who is in it, what was said, what clients declared, and what all its clients are told."""

from dataclasses import dataclass, field
from typing import Final

from tests.doubles.voxta.cast import Entry, Participant
from tests.doubles.voxta.checks import Message
from tests.doubles.voxta.client import HubClient, Identity
from tests.doubles.voxta.switches import Switches
from tests.doubles.voxta.wire import Wire, new_id

FREE: Final = "WaitingForUserInput"
"""The state in which people have the floor."""


@dataclass(eq=False)
class Chat:
    user: Participant
    characters: list[Participant]
    owner: Identity
    switches: Switches
    wire: Wire
    chat_id: str = field(default_factory=new_id)
    session_id: str = field(default_factory=new_id)
    history: list[Entry] = field(default_factory=list)
    clients: list[HubClient] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)
    """Each with the index of the message it was set at."""
    contexts: dict[str, list[Message]] = field(default_factory=dict)
    """By contextKey, as are the actions."""
    actions: dict[str, list[Message]] = field(default_factory=dict)
    title: str | None = None
    paused: bool = False
    state: str = FREE
    """What `chatFlow` says, or would say."""

    @property
    def participants(self) -> list[Participant]:
        return [self.user, *self.characters]

    @property
    def texts(self) -> list[str | None]:
        """What was said, in order."""
        return [entry.text for entry in self.history]

    @property
    def player(self) -> HubClient | None:
        """Whose playback counts: the owner's client if it plays, else the first that does."""
        players = [client for client in self.clients if client.plays]
        return next((client for client in players if client.identity == self.owner), next(iter(players), None))

    # telling

    async def tell(self, type: str, **fields: object) -> None:
        """Send a message about this chat to each client that is in it."""
        await self._tell_plainly({"$type": type, "sessionId": self.session_id, **fields})

    async def flow(self, state: str) -> None:
        self.state = state
        if self.switches.chat_flow:
            await self.tell("chatFlow", state=state)

    async def add(self, role: str, sender: Participant, text: str | None, id: str | None = None) -> Entry:
        entry = Entry(role, sender, text, index=len(self.history), id=id or new_id())
        self.history.append(entry)
        await self.show(entry)
        return entry

    async def show(self, entry: Entry) -> None:
        """Tell a message as it is now."""
        await self.tell("update", **entry.shown(self.wire))

    async def fail(self, message: str, **fields: object) -> None:
        """Tell an error of this chat that is nobody's fault."""
        await self.tell("chatSessionError", **({"message": message, "retry": True} | fields))

    async def act(self, value: str, arguments: list[Message] | None = None, key: str = "Main") -> None:
        """The character does something that was declared under this key. Its role goes by name, always."""
        about = {"contextKey": key, "layer": None, "senderId": self.characters[0].id, "scenarioRole": None}
        await self.tell("action", value=value, role="Assistant", arguments=arguments, **about)

    # what people say

    async def hears(self, text: str | None = None) -> None:
        """Somebody began to speak, and may be understood in part. Neither message names the chat."""
        await self._tell_plainly({"$type": "speechRecognitionStart"})
        if text is not None:
            await self._tell_plainly({"$type": "speechRecognitionPartial", "text": text})

    async def heard(self, text: str | None, reason: str | None = None) -> None:
        """Somebody stopped speaking; None when nothing was understood."""
        await self._tell_plainly({"$type": "speechRecognitionEnd", "text": text, "reason": reason})

    async def _tell_plainly(self, message: Message) -> None:
        for client in tuple(self.clients):
            await client.send(message)

    # who is in it

    async def welcome(self, client: HubClient) -> None:
        """Let a client in, and show it everything."""
        about = {"sessionId": self.session_id, "chatId": self.chat_id, "title": self.title, "chatStyle": "Companion"}
        await client.send({"$type": "chatStarting", **about})
        for progress, text in enumerate(("Loading services", "Loading characters")):
            loading = {"sessionId": self.session_id, "text": text, "progress": progress / 2}
            await client.send({"$type": "chatLoadingMessage", **loading})
        if client not in self.clients:
            self.clients.append(client)
        await client.send({"$type": "chatStarted", **about, **self._everything(client)})
        if client.streams:
            await client.send({"$type": "recordingRequest", "sessionId": self.session_id, "enabled": True})

    def _everything(self, client: HubClient) -> Message:
        return {
            "user": self.user.shown(),
            "characters": [character.shown() for character in self.characters],
            "narrator": None,
            "scenario": None,
            "messages": [self._in_history(entry) for entry in self.history],
            "context": {"$type": "contextUpdated", **self._context(client)},
            "services": {"TextGen": {"serviceId": new_id(), "serviceName": "Some model"}},
            "augmentations": [],
            "servicesConfigurationsSetId": new_id(),
        }

    def _in_history(self, entry: Entry) -> Message:
        return entry.shown(self.wire) | {"name": entry.sender.name}

    async def join(self, character: Participant) -> None:
        self.characters.append(character)
        await self._tell_participants()

    async def leave(self, character: Participant) -> None:
        self.characters.remove(character)
        await self._tell_participants()

    async def _tell_participants(self) -> None:
        await self.tell("chatParticipantsUpdated", characters=[character.shown() for character in self.characters])

    # what clients and the scenario declare

    async def declare(self, message: Message) -> None:
        """Take an `updateContext`, or the context of a chat that is started: each list replaces that of its key."""
        key = message.get("contextKey") or "Main"
        if message.get("contexts") is not None:
            self.contexts[key] = message["contexts"]
        if message.get("actions") is not None:
            self.actions[key] = message["actions"]
        for flag in message.get("setFlags") or ():
            if flag.startswith("!"):
                self.flags.pop(flag.removeprefix("!"), None)
            else:
                self.flags[flag] = len(self.history)
        await self.tell_context()

    async def tell_context(self) -> None:
        for client in tuple(self.clients):
            await client.send({"$type": "contextUpdated", **self._context(client)})

    def _context(self, client: HubClient) -> Message:
        shown = client.inspects
        return {
            "sessionId": self.session_id,
            "flags": [self.wire.flag(name, index) for name, index in self.flags.items()],
            "contexts": _keyed(self.contexts) if shown else None,
            "actions": _keyed(self.actions) if shown else None,
            "buttons": None,
            "characters": [character.shown() for character in self.characters],
            "roles": {"main": {"characterId": self.characters[0].id, "enabled": True}} if self.characters else {},
            "variables": None,
        }


def _keyed(lists: dict[str, list[Message]]) -> list[Message]:
    return [{"contextKey": key, **item} for key, items in lists.items() for item in items]
