"""The relay's place in a Voxta chat: connected, joined to the configured chat, and back again after every loss."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp.abc import AbstractCookieJar
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.config import VoxtaSection
from relay.errors import VoxtaError, VoxtaForbidden, VoxtaUnavailable, ungrouped
from relay.system.backoff import LossPauses, backoff
from relay.text.for_pages import for_pages
from relay.text.unicode import one_line
from relay.voxta.authentication import Authentication
from relay.voxta.chat import JoinedChat
from relay.voxta.joining import choose
from relay.voxta.messaging import ChatMessaging
from relay.voxta.refusals import refusal_in
from relay.voxta.transport import HubConnection, MayGo, always
from relay.wire import client, server
from relay.wire.messages import Capabilities, ChatSession, WireMessage

log = logging.getLogger(__name__)

SESSIONS_WAIT = 3.0
"""Seconds to wait for the list of open chats after the welcome; some servers send none while no chat is open."""

RECONNECT = 0.25
RECONNECT_AT_MOST: Final = 5.0
"""Seconds, at most, before a lost connection is made anew or a closed chat left for another: at first, and when it is
lost soon again and again. Failures after that back off."""

LOADING: Final = 600.0
"""Seconds a chat may load, once Voxta has said that it does: the model may come from a slow disk, or from the net."""

UNREAD: Final = 200
"""Kinds of unreadable things that are told of."""

REMEDY: Final = for_pages(
    'let the relay open the chat itself (join = "character" and a character_id in [voxta]), '
    "or set voxta.api_key to a key with more rights"
)
"""What a person does when the relay may not talk in the chat it has joined."""

Listen = Callable[[WireMessage], None]


class VoxtaSession(ChatMessaging):
    """Owns the connection. `run` keeps it; the other methods use it while a chat is joined.

    `listen` is called with every message of the joined chat, in order, without waiting; `changed` whenever
    `chat` has become something else; `sent` with every message that goes out.
    """

    def __init__(
        self,
        settings: VoxtaSection,
        *,
        listen: Listen,
        changed: Callable[[], None],
        sent: Callable[[WireMessage], None] = lambda message: None,
        url: str,
        speaks: bool = False,
        hears: bool = False,
        may_tell: MayGo = always,
    ) -> None:
        """`speaks`: the relay plays what the character says. `hears`: it sends what people say."""
        super().__init__(may_tell)
        self._settings = settings
        self._url = url
        self._listen = listen
        capabilities = Capabilities(
            audio_output="Url" if speaks else "None", audio_input="WebSocketStream" if hears else "None"
        )
        self._entrance = Authentication(settings.scope, capabilities, settings.timeout)
        self._changed = changed
        self._sent = sent
        self._hub: HubConnection | None = None
        self._wanted = settings.chat_id if settings.join == "chat" else None
        self._reported: str | None = None
        self._pauses = LossPauses(RECONNECT, RECONNECT_AT_MOST)
        self._news = asyncio.Event()
        self._sessions: list[ChatSession] | None = None
        self._no_entry: VoxtaError | None = None
        """Why the chat that is being joined cannot be."""
        self._loading: str | None = None
        """The id of the chat that is being joined, once Voxta loads it; empty where it does not say."""
        self._is_opening = False
        """Whether the chat that is being joined is opened by us."""
        self._ours: str | None = None
        """The id of the chat that was joined last, when we had opened it."""
        self._closed_to_us: set[str] = set()
        """Sessions of chats of others in which we may not talk."""
        self._given_up: str | None = None
        """The one of them that was left last and that we still hear of."""
        self._unread: set[str] = set()
        """The kinds of what could not be read."""
        self.problem: str | None = "not connected yet"
        """Why no chat is joined, in one line; None when one is."""
        self.chat = None
        self.refusal: str | None = None
        """Why Voxta takes nothing that is sent into the joined chat, in one line that holds the fix."""

    @property
    def is_connected(self) -> bool:
        """Whether Voxta is there, with or without a chat."""
        return self._hub is not None

    def cookies(self) -> AbstractCookieJar | None:
        """Those of the connection, for other requests to Voxta; None while there is none."""
        return self._hub.cookies if self._hub is not None else None

    def prefer(self, chat_id: str) -> None:
        """Join this chat again when it is still there, as after a restart."""
        self._wanted = self._wanted or chat_id

    async def run(self) -> None:
        """Connect, join and reconnect until cancelled. Raises AuthError when the API key is refused."""
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(VoxtaError),
                wait=backoff(0.25, 8.0),
                after=self._report,
            ):
                with attempt:
                    await self._serve()
            await asyncio.sleep(self._pauses.next())

    async def _serve(self) -> None:
        """One connection, from negotiation to loss. Raises VoxtaError when no chat was joined in between."""
        try:
            with ungrouped(VoxtaError):
                await self._talk()
        except VoxtaError as error:
            joined = self.chat is not None
            self._leave(str(error))
            if not joined:
                raise
            log.warning("%s; joining the chat again", error)
        finally:
            self._hub = None
            self._leave(self.problem or "disconnected")

    async def _talk(self) -> None:
        key = self._settings.api_key.get_secret_value() if self._settings.api_key else None
        async with HubConnection.connect(
            self._url, api_key=key, timeout=self._settings.timeout, on_bad=self._bad
        ) as hub:
            self._hub, self._sessions = hub, None
            hub.on_sent = self._sent
            async with asyncio.TaskGroup() as tasks:
                keeper = tasks.create_task(self._keep_joined(hub))
                try:
                    await hub.run(self._handle)
                finally:
                    keeper.cancel()

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None and str(error) != self._reported:
            self._reported = str(error)
            log.warning("%s; trying again", error)

    # Joining

    async def _keep_joined(self, hub: HubConnection) -> None:
        await self._entrance.enter(hub)
        try:
            await self._until(lambda: self._sessions is not None, SESSIONS_WAIT, "no list of chats")
        except VoxtaUnavailable:
            self._sessions = []
        may_open = True
        while True:
            call = self._choose(may_open)
            if call is not None:
                await self._join(hub, call)
                while self.chat is not None:
                    await self._until(lambda: self.chat is None)
                    may_open = await self._give_back(hub)
                    await asyncio.sleep(self._pauses.next())
            else:
                self._leave("no chat is open in Voxta: start one there, and the relay joins it")
                await self._new_sessions()

    async def _new_sessions(self) -> None:
        before = self._sessions
        await self._until(lambda: self._sessions is not before)

    def _choose(self, may_open: bool) -> WireMessage | None:
        """A chat is opened once per connection: when a person closes it, it stays closed."""
        sessions = self._sessions or []
        return choose(
            self._settings,
            sessions,
            self._wanted,
            ours=self._ours,
            may_open=may_open,
            closed_to_us=self._closed_to_us,
        )

    async def _join(self, hub: HubConnection, call: WireMessage) -> None:
        self._no_entry = self._loading = None
        self._is_opening = not isinstance(call, client.SubscribeToChat)
        try:
            await hub.invoke(call)
            await self._let_in()
        except VoxtaError as error:
            is_there = self._loading is not None or isinstance(call, client.SubscribeToChat)
            is_silent = isinstance(error, VoxtaUnavailable) and is_there
            if is_silent or isinstance(call, client.StartChat) or self._settings.join != "character":
                raise
            self._wanted = self._ours = None
            await self._join(hub, client.StartChat(character_id=self._settings.character_id))

    async def _let_in(self) -> None:
        """Wait for the chat that was asked for: for a moment, unless Voxta loads it."""
        shows = lambda: self._is_decided() or self._loading is not None  # noqa: E731
        await self._until(shows, self._settings.timeout, "Voxta opened no chat")
        await self._until(self._is_decided, LOADING, "Voxta did not get the chat loaded")
        if self._no_entry is not None and self.chat is None:
            raise self._no_entry

    def _is_decided(self) -> bool:
        return self.chat is not None or self._no_entry is not None

    async def _give_back(self, hub: HubConnection) -> bool:
        """Let go of a chat that was left because we may not talk there. Whether there is one."""
        session_id, self._given_up = self._given_up, None
        if session_id is None:
            return False
        with suppress(VoxtaError):
            await hub.invoke(client.UnsubscribeFromChat(session_id=session_id))
        return True

    async def _until(self, condition: Callable[[], bool], seconds: float | None = None, problem: str = "") -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise VoxtaUnavailable(f"{problem} within {seconds:g} s") from None

    # Listening

    def _handle(self, message: WireMessage) -> None:
        self._entrance.on_message(message)
        match message:
            case server.ChatsSessionsUpdated():
                self._sessions = list(message.sessions)
            case server.ChatStarting() if self.chat is None:
                self._loads(message.chat_id)
            case server.ChatLoadingMessage() if self.chat is None:
                self._loads(self._loading, one_line(message.text))
            case server.ChatStarted() if self.chat is None:
                self._enter(message)
            case server.ChatStarted() if self.chat is not None and message.session_id == self.chat.session_id:
                self.chat = JoinedChat.of(message)
            case server.ChatClosed():
                self._closed(message)
            case server.ErrorMessage():
                self._no_entry = refusal_in(message) or self._no_entry
                log.warning("Voxta reports: %s", message.message)
        if self.chat is not None and getattr(message, "session_id", None) in (None, self.chat.session_id):
            self._calls.on_message(message)
            self.chat.saw(message)
            self._tell(message)
        if not isinstance(message, server.MessageUpdate):  # a line in the chat says nothing of what may be joined
            self._news.set()

    def _closed(self, message: server.ChatClosed) -> None:
        if self.chat is None:
            if not message.chat_id or self._loading in ("", message.chat_id):
                self._no_entry = VoxtaError("Voxta refused: the chat cannot be joined")
        elif message.chat_id == self.chat.chat_id:
            self._sessions = [s for s in self._sessions or [] if s.chat_id != message.chat_id]
            self._tell(message)
            self._leave("the chat was closed in Voxta")

    def _tell(self, message: WireMessage) -> None:
        """Hand a message on. What a message can break at those who hear it must not break the connection."""
        try:
            self._listen(message)
        except Exception:
            log.exception("%s from Voxta could not be dealt with", message.type_name)

    def _loads(self, chat_id: str | None, what: str = "") -> None:
        self._loading = chat_id or ""
        self.problem = f"Voxta is loading the chat: {what}" if what else "Voxta is loading the chat"

    def _enter(self, started: server.ChatStarted) -> None:
        self.chat = JoinedChat.of(started)
        self._pauses.is_well()
        self._ours = started.chat_id if self._is_opening or started.chat_id == self._ours else None
        self._wanted = started.chat_id
        self.problem = self.refusal = None
        self._changed()

    def _leave(self, problem: str) -> None:
        self.problem, self.refusal = problem, None
        if self.chat is not None:
            self.chat = None
            self._calls.cut_off()
            self._changed()

    def _bad(self, problem: str) -> None:
        if problem not in self._unread and len(self._unread) < UNREAD:
            self._unread.add(problem)
            log.warning("Voxta sends what cannot be read, which is left out (and not told again): %s", problem)

    # For ChatMessaging

    def _joined(self) -> tuple[HubConnection, JoinedChat]:
        if self._hub is None or self.chat is None:
            raise VoxtaUnavailable(self.problem or "no chat is joined")
        return self._hub, self.chat

    def _turned_away(self, chat: JoinedChat, error: VoxtaForbidden) -> None:
        if self.chat is None or self.chat.session_id != chat.session_id:
            return
        if self._settings.join == "character" and chat.chat_id != self._ours:
            log.warning("%s. The relay opens a chat of its own", error)
            self._closed_to_us.add(chat.session_id)
            self._given_up, self._wanted = chat.session_id, None
            self._leave("opening a chat of our own")
            self._news.set()
        elif self.refusal is None:
            self.refusal = f"Voxta lets the relay not talk in this chat ({error}): {REMEDY}"
            log.warning("%s. Messages wait until then", self.refusal)
