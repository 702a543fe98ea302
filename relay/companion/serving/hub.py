"""The companion as its clients meet it: who is connected, and which chats are open or may be resumed."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, Final

from relay.companion.conversation.conversation import Conversation
from relay.companion.scenario.files import Loaded
from relay.companion.scenario.model import Character
from relay.companion.speaking.setup import Setup
from relay.companion.speaking.streaming import StreamPlayer
from relay.companion.state import wire_view
from relay.companion.state.chat import Chat, Clock, Participant, Refused
from relay.companion.state.storage import Storage
from relay.config import CompanionSection
from relay.wire import server
from relay.wire.messages import WireMessage

OPEN_LIMIT: Final = 100
"""How many chats may be open at once."""
DAY: Final = 86_400.0
"""Seconds."""


class ConnectedClient:
    """One connected client."""

    def __init__(self, send: Callable[[WireMessage], None], send_sound: Callable[[bytes], None]) -> None:
        self.send = send
        """Queues a message; never waits."""
        self.send_sound = send_sound
        """Queues samples; never waits."""
        self.authenticated = False
        self.plays = False
        """Whether it fetches the speech of replies and plays it."""
        self.records = False
        """Whether it streams what people say."""
        self.takes_stream = False
        """Whether it is played the speech as a stream of samples."""
        self.player: StreamPlayer | None = None
        """What plays to it."""


class Hub:
    """One scenario, one user, any number of clients and chats. Opens a first chat by itself.

    A client that never starts a chat, as a gateway, finds it in the list of open sessions.
    """

    def __init__(self, settings: CompanionSection, loaded: Loaded, setup: Setup, clock: Clock) -> None:
        self.user = Participant(_id("user", settings.user_name), settings.user_name)
        self.loaded = loaded
        self.characters = [_participant(character) for character in loaded.scenario.characters]
        self.clients: set[ConnectedClient] = set()
        self.open: dict[str, Conversation] = {}
        """By session id."""
        self._settings = settings
        self._storage = Storage(settings.database)
        self._setup = setup
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def scenario_id(self) -> str:
        return _id("scenario", self.loaded.scenario.name)

    def connect(self, send: Callable[[WireMessage], None], send_sound: Callable[[bytes], None]) -> ConnectedClient:
        client = ConnectedClient(send, send_sound)
        self.clients.add(client)
        return client

    def disconnect(self, client: ConnectedClient) -> None:
        self.clients.discard(client)
        self._stop_playing_to(client)
        for conversation in self.open.values():
            conversation.leave(client)

    # Clients that stream

    def nearest(self, client: ConnectedClient) -> Conversation | None:
        """The chat of a client that names none: the one it has joined, or else the first there is."""
        joined = [c for c in self.open.values() if client in c.audience.listeners]
        return next(iter(joined or self.open.values()), None)

    def heard_in(self, client: ConnectedClient) -> Conversation:
        """The chat in which the sound of a client is understood. Raises Refused."""
        if not client.records:
            raise Refused('authenticate with audioInput "WebSocketStream", or use /ws/audio/input/stream?sessionId=…')
        conversation = self.nearest(client)
        if conversation is None:
            raise Refused("no chat is open")
        return conversation

    def play_to(self, client: ConnectedClient) -> None:
        """Play the speech of its chat to a client that takes it as a stream; of the one it is in by now."""
        self._stop_playing_to(client)
        conversation = self.nearest(client)
        if client.takes_stream and conversation is not None:
            client.player = StreamPlayer(
                client.send_sound, conversation.session_id, conversation.replies, self._setup.speech, self.spawn
            )
            conversation.audience.listeners.add(client.player)

    def _stop_playing_to(self, client: ConnectedClient) -> None:
        if client.player is not None:
            client.player.stop()
            for conversation in self.open.values():
                conversation.leave(client.player)
            client.player = None

    # Chats

    def conversation(self, session_id: str) -> Conversation:
        """The open chat of a session. Raises Refused when there is none."""
        if session_id not in self.open:
            raise Refused(f"there is no session {session_id[:80]!r}; take one of chatsSessionsUpdated")
        return self.open[session_id]

    def conversation_of(self, chat_id: str) -> Conversation | None:
        """The session a chat is open in."""
        return next((c for c in self.open.values() if c.chat.id == chat_id), None)

    def start_chat(self) -> Conversation:
        """Open a new chat. Raises Refused when too many are open."""
        scenario = self.loaded.scenario
        chat = Chat(self.user, self.characters, self._clock, kept=self._settings.chat_messages)
        chat.set_flags(scenario.flags)
        chat.story.variables.update(scenario.variables)
        chat.story.disabled_roles.update(c.role for c in scenario.characters if not c.enabled)
        return self._open(chat, is_new=True)

    def resume_chat(self, chat_id: str) -> Conversation:
        """Open a known chat, or find it open. Raises Refused when it is unknown."""
        if found := self.conversation_of(chat_id):
            return found
        chat = self._load(chat_id)
        if chat is None:
            raise Refused(f"there is no chat {chat_id[:80]!r}")
        current = {character.id: character for character in self.characters}
        chat.characters = [current.get(c.id, c) for c in chat.characters]
        return self._open(chat, is_new=False)

    def chats(self, scenario_id: str | None) -> list[Chat]:
        """All chats that are known, open or not; those of one scenario, or all."""
        opened = {c.chat.id: c.chat for c in self.open.values()}
        known = [opened.get(i) or self._load(i) for i in self._storage.ids(scenario_id)]
        return [chat for chat in known if chat is not None]

    def _load(self, chat_id: str) -> Chat | None:
        return self._storage.load(chat_id, self._clock, kept=self._settings.chat_messages)

    def _keep(self, chat: Chat) -> None:
        self._storage.save(chat, self.scenario_id)

    def stop_chat(self, conversation: Conversation) -> None:
        del self.open[conversation.session_id]
        conversation.close()
        for client in self.clients:
            if client.player is not None and client.player.session_id == conversation.session_id:
                self.play_to(client)
        self.tell_sessions()

    def _open(self, chat: Chat, *, is_new: bool) -> Conversation:
        if len(self.open) >= OPEN_LIMIT:
            raise Refused(f"{OPEN_LIMIT} chats are open; stop one first")
        open_ids = {chat.id, *(other.chat.id for other in self.open.values())}
        self._storage.forget(self._clock() - self._settings.chat_days * DAY, open_ids)
        chat.reopen()
        conversation = Conversation(chat, self.loaded, self._setup, self.spawn, self._keep)
        self.open[conversation.session_id] = conversation
        conversation.open(is_new=is_new)
        for client in self.clients:
            if client.player is None:
                self.play_to(client)
        return conversation

    def replace_scenario(self, loaded: Loaded) -> None:
        """Go on with an edited scenario, in open chats too."""
        self.loaded = loaded
        self.characters = [_participant(character) for character in loaded.scenario.characters]
        for conversation in self.open.values():
            conversation.replace_scenario(loaded, self.characters)

    def sessions(self) -> server.ChatsSessionsUpdated:
        return server.ChatsSessionsUpdated(
            sessions=[wire_view.session(c.session_id, c.chat) for c in self.open.values()]
        )

    def tell_sessions(self) -> None:
        """Tell everybody which chats are open."""
        for client in self.clients:
            if client.authenticated:
                client.send(self.sessions())

    def close_chats(self) -> None:
        """Stop all replies and close all chats."""
        for conversation in self.open.values():
            conversation.close()
        self.open.clear()

    async def close(self) -> None:
        """Close all chats and wait for the end of what goes on in them."""
        self.close_chats()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._storage.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start what is awaited in the end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _participant(character: Character) -> Participant:
    return Participant(
        _id("character", character.name),
        character.name,
        character.role,
        character.persona,
        character.narrator,
        character.assets,
        character.creator_notes,
    )


def _id(kind: str, name: str) -> str:
    """The same name has the same id after a restart, so that a configured id stays good."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"relay:companion:{kind}:{name}"))
