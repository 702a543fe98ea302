"""The relay's place in a Voxta chat: connected, joined to the configured chat, and back again after every loss."""

import asyncio
import logging
import random
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from aiohttp.abc import AbstractCookieJar
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from relay import __version__
from relay.errors import VoxtaError, VoxtaUnavailable
from relay.model import Forward, SendAs
from relay.settings import VoxtaSection
from relay.voxta.chat import Chat
from relay.voxta.transport import Hub
from relay.wire import client, server
from relay.wire.messages import Capabilities, ChatSession, ContextText, NamedValue, WireMessage

log = logging.getLogger(__name__)

_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#5b3fd6"/>'
    '<path d="M7 9h18v11H15l-5 5v-5H7z" fill="#fff"/><circle cx="12" cy="14.5" r="1.7" fill="#5b3fd6"/>'
    '<circle cx="20" cy="14.5" r="1.7" fill="#5b3fd6"/></svg>'
)
ICON: Final = f"data:image/svg+xml;base64,{b64encode(_SVG.encode()).decode()}"
"""What Voxta shows beside the relay's name."""

SESSIONS_WAIT = 3.0
"""Seconds to wait for the list of open chats after the welcome; some servers send none while no chat is open."""

RECONNECT_JITTER = 0.5
"""Seconds, at most, before a lost connection is made anew; failures after that back off."""

UNREAD: Final = 200
"""Kinds of unreadable things that are told of."""

NO_MESSAGE: Final = "*"
"""Sent as the text, this asks for a reply and adds no message."""

Listen = Callable[[WireMessage], None]
Invoke = Callable[[Hub, WireMessage], Awaitable[None]]


async def _invoke(hub: Hub, call: WireMessage) -> None:
    await hub.invoke(call)


class Session:
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
    ) -> None:
        """`speaks`: the relay plays what the character says. `hears`: it sends what people say."""
        self._settings = settings
        self._url = url
        self._listen = listen
        self._capabilities = Capabilities(
            audio_output="Url" if speaks else "None", audio_input="WebSocketStream" if hears else "None"
        )
        self._changed = changed
        self._sent = sent
        self._hub: Hub | None = None
        self._wanted = settings.chat_id if settings.join == "chat" else None
        self._reported: str | None = None
        self._last_error: str | None = None
        self._news = asyncio.Event()
        self._one_by_one = asyncio.Lock()
        self._sessions: list[ChatSession] | None = None
        self._welcomed = False
        self._unread: set[str] = set()
        """The kinds of what could not be read."""
        self.problem: str | None = "not connected yet"
        """Why no chat is joined, in one line; None when one is."""
        self.chat: Chat | None = None
        """The joined chat; None while there is none."""

    @property
    def is_connected(self) -> bool:
        """Whether Voxta is there, with or without a chat."""
        return self._hub is not None

    def prefer(self, chat_id: str) -> None:
        """Join this chat again when it is still there, as after a restart."""
        self._wanted = self._wanted or chat_id

    async def run(self) -> None:
        """Connect, join and reconnect until cancelled. Raises AuthError when the API key is refused."""
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(VoxtaError),
                wait=wait_exponential_jitter(multiplier=0.25, max=15, jitter=0.5),
                after=self._report,
            ):
                with attempt:
                    await self._serve()
            await asyncio.sleep(random.uniform(0.0, RECONNECT_JITTER))

    async def _serve(self) -> None:
        """One connection, from negotiation to loss. Raises VoxtaError when no chat was joined in between."""
        key = self._settings.api_key.get_secret_value() if self._settings.api_key else None
        try:
            async with Hub.connect(self._url, api_key=key, timeout=self._settings.timeout, on_bad=self._bad) as hub:
                self._hub, self._sessions, self._welcomed = hub, None, False
                hub.on_sent = self._sent
                async with asyncio.TaskGroup() as tasks:
                    keeper = tasks.create_task(self._keep_joined(hub))
                    try:
                        await hub.run(self._handle)
                    finally:
                        keeper.cancel()
        except* VoxtaError as group:
            error, joined = _first(group), self.chat is not None
            self._leave(str(error))
            if not joined:
                raise error from None
            log.warning("%s; joining the chat again", error)
        finally:
            self._hub = None
            self._leave(self.problem or "disconnected")

    def _report(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None and str(error) != self._reported:
            self._reported = str(error)
            log.warning("%s; trying again", error)

    # Joining

    async def _keep_joined(self, hub: Hub) -> None:
        await hub.invoke(self._introduction())
        await self._until(lambda: self._welcomed, self._settings.timeout, "Voxta sent no welcome")
        await hub.invoke(client.RegisterApp(client_version=__version__, label="Voxta Relay", icon_base64_url=ICON))
        try:
            await self._until(lambda: self._sessions is not None, SESSIONS_WAIT, "no list of chats")
        except VoxtaUnavailable:
            self._sessions = []
        may_open = True
        while True:
            call = self._choose(may_open)
            if call is not None:
                may_open = False
                await self._join(hub, call)
                await self._until(lambda: self.chat is None)
            else:
                self._leave("no chat is open in Voxta: start one there, and the relay joins it")
                await self._new_sessions()

    def _introduction(self) -> WireMessage:
        return client.Authenticate(
            client="Voxta.Relay", client_version=__version__, scope=["role:app"], capabilities=self._capabilities
        )

    async def _new_sessions(self) -> None:
        before = self._sessions
        await self._until(lambda: self._sessions is not before)

    def _choose(self, may_open: bool) -> WireMessage | None:
        """The call that joins the configured chat; None when there is nothing to join yet.

        A chat is opened (resumed or started) once per connection: when a person closes it, it stays closed.
        """
        sessions = self._sessions or []
        join, wanted = self._settings.join, self._wanted
        found = next((s for s in sessions if s.chat_id == wanted), None)
        if found is None and join == "character":
            found = next((s for s in sessions if self._settings.character_id in [c.id for c in s.characters]), None)
        if found is None and join == "open" and sessions:
            found = sessions[0]
        if found is not None:
            return client.SubscribeToChat(session_id=found.session_id, chat_id=found.chat_id)
        if not may_open or join == "open":
            return None
        if wanted is not None:
            return client.ResumeChat(chat_id=wanted)
        return client.StartChat(character_id=self._settings.character_id)

    async def _join(self, hub: Hub, call: WireMessage) -> None:
        try:
            await hub.invoke(call)
            await self._until(lambda: self.chat is not None, self._settings.timeout, "Voxta opened no chat")
        except VoxtaError:
            if isinstance(call, client.ResumeChat) and self._settings.join == "character":
                self._wanted = None
                await self._join(hub, client.StartChat(character_id=self._settings.character_id))
            else:
                raise

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
        match message:
            case server.Welcome():
                self._welcomed = True
            case server.AuthenticationRequired() if not self._welcomed:
                raise VoxtaUnavailable("Voxta asks for a login: set voxta.api_key to the key shown in Voxta")
            case server.ChatsSessionsUpdated():
                self._sessions = list(message.sessions)
            case server.ChatStarted() if self.chat is None:
                self._enter(message)
            case server.ChatStarted() if self.chat is not None and message.session_id == self.chat.session_id:
                self.chat = Chat.of(message)
            case server.ChatClosed() if self.chat is not None and message.chat_id == self.chat.chat_id:
                self._sessions = [s for s in self._sessions or [] if s.chat_id != message.chat_id]
                self._tell(message)
                self._leave("the chat was closed in Voxta")
            case server.ErrorMessage() | server.ChatSessionError():
                if getattr(message, "service_name", None) is None:  # a failing voice does not refuse a message
                    self._last_error = message.message
                log.warning("Voxta reports: %s", message.message)
        if self.chat is not None and getattr(message, "session_id", None) in (None, self.chat.session_id):
            self.chat.saw(message)
            self._tell(message)
        self._news.set()

    def _tell(self, message: WireMessage) -> None:
        """Hand a message on. What a message can break at those who hear it must not break the connection."""
        try:
            self._listen(message)
        except Exception:
            log.exception("%s from Voxta could not be dealt with", message.type_name)

    def _enter(self, started: server.ChatStarted) -> None:
        self.chat = Chat.of(started)
        self._wanted = started.chat_id
        self.problem = None
        self._changed()

    def _leave(self, problem: str) -> None:
        self.problem = problem
        if self.chat is not None:
            self.chat = None
            self._changed()

    def _bad(self, problem: str) -> None:
        if problem not in self._unread and len(self._unread) < UNREAD:
            self._unread.add(problem)
            log.warning("Voxta sends what cannot be read, which is left out (and not told again): %s", problem)

    # Speaking

    async def send(self, forward: Forward) -> None:
        """Send a forward to the joined chat.

        The only way text reaches Voxta's `send`: a Forward cannot hold a command but its own. Raises
        VoxtaUnavailable when it is unknown whether Voxta took it, VoxtaError when Voxta refused it.
        """
        hub, chat = self._joined()
        if chat.chat_id != forward.chat_id:
            raise VoxtaUnavailable("the chat has changed")
        await self._checked(hub, self._call(forward, chat), self._surely)

    def _call(self, forward: Forward, chat: Chat) -> WireMessage:
        if forward.script is not None:
            return _script_event(chat, forward.script.name, forward.script.arguments)
        return client.Send(
            session_id=chat.session_id,
            text=forward.text,
            do_reply=forward.expects_reply,
            do_user_action_inference=forward.is_streamers,
            do_character_action_inference=forward.send_as is SendAs.USER,
        )

    async def _surely(self, hub: Hub, call: WireMessage) -> None:
        """Invoke; when the answer stays out, drop the connection, so that rejoining shows what was taken."""
        try:
            await hub.invoke(call)
        except VoxtaUnavailable:
            await hub.drop()
            raise

    async def interrupt(self) -> None:
        """Stop the reply in progress and its speech."""
        hub, chat = self._joined()
        await hub.invoke(client.Interrupt(session_id=chat.session_id))

    async def speech_started(self, message_id: str, start: int, end: int, duration: float) -> None:
        """A part of a reply's text is heard now, for `duration` seconds."""
        hub, chat = self._joined()
        await hub.invoke(
            client.SpeechPlaybackStart(
                session_id=chat.session_id, message_id=message_id, start_index=start, end_index=end, duration=duration
            )
        )

    async def speech_completed(self, message_id: str) -> None:
        """Nothing more of a reply will be heard."""
        hub, chat = self._joined()
        await hub.invoke(client.SpeechPlaybackComplete(session_id=chat.session_id, message_id=message_id))

    async def rewrite(self, message_id: str, text: str) -> None:
        """Replace a message's text; one of which nothing is left is deleted."""
        hub, chat = self._joined()
        session = chat.session_id
        if text:
            await hub.invoke(client.UpdateMessage(session_id=session, message_id=message_id, text=text))
        else:
            await hub.invoke(client.DeleteMessage(session_id=session, message_id=message_id))

    async def ask_for_reply(self) -> None:
        """Have the character speak, though nobody wrote anything."""
        hub, chat = self._joined()
        await self._checked(hub, _nothing_said(chat))

    async def have_said(self, text: str) -> None:
        """Have the character say exactly this."""
        hub, chat = self._joined()
        if chat.characters:
            character = chat.characters[0].id
            call = client.CharacterSpeechRequest(session_id=chat.session_id, character_id=character, text=text)
            await hub.invoke(call)

    async def _checked(self, hub: Hub, call: WireMessage, invoke: Invoke = _invoke) -> None:
        """Invoke, and take an error message that comes with the answer for a refusal.

        Error messages do not say what they refuse, so calls that may be refused go one by one.
        """
        async with self._one_by_one:
            self._last_error = None
            await invoke(hub, call)
            if self._last_error is not None:
                raise VoxtaError(f"Voxta refused: {self._last_error}")

    async def update_context(
        self, key: str, contexts: Sequence[ContextText] = (), set_flags: Sequence[str] = ()
    ) -> None:
        """Replace what the character knows under `key`, and set or (`!name`) unset flags."""
        hub, chat = self._joined()
        call = client.UpdateContext(
            session_id=chat.session_id,
            context_key=key,
            contexts=list(contexts),
            set_flags=list(set_flags) or None,
        )
        await self._checked(hub, call)

    async def trigger_script_event(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Run the scenario's script listener `app:<name>`."""
        hub, chat = self._joined()
        await self._checked(hub, _script_event(chat, name, arguments or {}))

    async def complete_trigger(self, trigger_id: str) -> None:
        """Voxta need not wait any longer for an app trigger that came with this id."""
        hub, chat = self._joined()
        await hub.invoke(client.AppTriggerComplete(session_id=chat.session_id, trigger_id=trigger_id))

    def cookies(self) -> AbstractCookieJar | None:
        """Those of the connection, for other requests to Voxta; None while there is none."""
        return self._hub.cookies if self._hub is not None else None

    def _joined(self) -> tuple[Hub, Chat]:
        if self._hub is None or self.chat is None:
            raise VoxtaUnavailable(self.problem or "no chat is joined")
        return self._hub, self.chat


def _nothing_said(chat: Chat) -> WireMessage:
    return client.Send(session_id=chat.session_id, text=NO_MESSAGE, do_user_action_inference=False)


def _script_event(chat: Chat, name: str, arguments: Mapping[str, Any]) -> WireMessage:
    values = [NamedValue(name=key, value=value) for key, value in arguments.items()]
    return client.TriggerScriptEvent(session_id=chat.session_id, name=name, arguments=values)


def _first(group: BaseExceptionGroup[VoxtaError]) -> VoxtaError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
