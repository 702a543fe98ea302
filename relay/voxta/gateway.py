"""Voxta by way of a Voxta Gateway: the same as a session, over the gateway's HTTP calls and its stream of events.

A gateway shows less than Voxta does. What it cannot do is said once in the log, and the nearest thing is done instead.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractCookieJar

from relay.config import VoxtaSection
from relay.errors import VoxtaError, VoxtaNotTold, VoxtaUnavailable
from relay.model import Forward, ScriptCall, SendAs
from relay.system.backoff import LossPauses
from relay.voxta.chat import HISTORY, JoinedChat
from relay.voxta.gateway_events import GatewayEvents
from relay.voxta.transport import always
from relay.wire.messages import ChatMessage, ContextText, Person, WireMessage

log = logging.getLogger(__name__)

CHAT_ID: Final = "gateway"
"""Gateways keep the ids of chats to themselves."""
EVENTS: Final = (
    "chat_started",
    "chat_closed",
    "characters_updated",
    "ai_state_changed",
    "dialogue_received",
    "sentence_ready",
    "app_trigger",
    "voxta_connected",
    "voxta_disconnected",
)
"""All that is subscribed to."""
HEARTBEAT: Final = 15.0
"""Seconds between the pings that find a dead connection."""
RECONNECT: Final = (0.25, 8.0)
"""Seconds, at most, before a connection is made anew: at first, and when it is lost soon, or fails, again and again."""


class GatewaySession:
    """See Link. `listen` is called with Voxta's messages as far as the gateway lets them be told."""

    def __init__(
        self,
        settings: VoxtaSection,
        *,
        listen: Callable[[WireMessage], None],
        changed: Callable[[], None],
        audio_url: str | None = None,
        may_tell: Callable[[], bool] = always,
    ) -> None:
        """`audio_url` is the address of each sentence's sound; None leaves speaking to others."""
        self._url = settings.gateway_url.rstrip("/")
        self._timeout = settings.timeout
        self._changed = changed
        self._may_tell = may_tell
        self._mirrored = GatewayEvents(listen, audio_url)
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._told: set[str] = set()
        """What was said to be impossible."""
        self._reported: str | None = None
        self._pauses = LossPauses(*RECONNECT)
        self._history: deque[ChatMessage] | None = None
        """What is known to have been taken; None until the first chat was joined, as what came before is not known."""
        self._posted: deque[tuple[str, str, str]] = deque(maxlen=HISTORY)
        """Texts on their way: as the gateway tells them back, as they stand in the chat, and their role."""
        self._next_index = 0
        self._is_connected = False
        self._sending = asyncio.Lock()
        self.problem: str | None = "not connected yet"
        self.chat: JoinedChat | None = None
        self.refusal: str | None = None

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    def prefer(self, chat_id: str) -> None:
        """Which chat it is, is the gateway's choice."""

    def cookies(self) -> AbstractCookieJar | None:
        return None

    # Connecting

    async def run(self) -> None:
        while True:
            try:
                await self._serve()
            except VoxtaError as error:
                self._report(error)
            await asyncio.sleep(self._pauses.next())

    def _report(self, error: VoxtaError) -> None:
        if str(error) != self._reported:
            self._reported = str(error)
            log.warning("%s; trying again", error)

    async def _serve(self) -> None:
        """One connection, from the subscription to its loss."""
        limits = aiohttp.ClientTimeout(total=self._timeout)
        try:
            async with aiohttp.ClientSession(timeout=limits) as http:
                try:
                    await self._listen(http)
                finally:  # before the session closes, which takes a moment: nobody may post through it any more
                    self._http = self._socket = None
                    self._is_connected = False
                    self._leave(f"the gateway at {self._url} is not connected")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise VoxtaUnavailable(f"the gateway at {self._url} is not there ({type(error).__name__})") from None
        raise VoxtaUnavailable(f"the gateway at {self._url} closed the connection")

    async def _listen(self, http: aiohttp.ClientSession) -> None:
        async with asyncio.timeout(self._timeout):
            socket = await http.ws_connect(f"{self._url}/ws", heartbeat=HEARTBEAT)
        async with socket:
            self._http, self._socket = http, socket
            await socket.send_json({"type": "subscribe", "client_id": "voxta-relay", "events": list(EVENTS)})
            await self._read(socket)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            try:
                frame = message.json()
                self._take(frame)
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                log.warning("The gateway sent what could not be read: %s", error)

    def _take(self, frame: dict[str, Any]) -> None:
        kind, data = frame["type"], frame.get("data", {})
        match kind:
            case "snapshot":
                self._start(frame["state"])
            case "voxta_connected":
                self._is_connected = True
            case "chat_started":
                self._enter(data["characters"])
            case "characters_updated" if self.chat is not None:
                self.chat.meet(_people(data["characters"]))
            case "chat_closed":
                self._leave("no chat is open in Voxta: start one there, and the relay joins it")
            case "voxta_disconnected":
                self._is_connected = False
                self._leave("the gateway has lost Voxta")
            case "dialogue_received" if data.get("source") != "ai":
                self._confirm(data["text"])
            case _:
                self._mirrored.translate(kind, data)

    def _start(self, state: dict[str, Any]) -> None:
        self._is_connected = bool(state.get("connected"))
        self._pauses.is_well()
        self._reported = None
        if state.get("chat_active"):
            self._enter(state.get("characters", []))
        else:
            self._leave("no chat is open in Voxta: start one there, and the relay joins it")

    def _enter(self, characters: list[dict[str, Any]]) -> None:
        self.chat = JoinedChat(
            session_id=CHAT_ID,
            chat_id=CHAT_ID,
            user_name="",
            participants=_people(characters),
            history=self._history,
            newest_index=self._next_index - 1,
        )
        if self._history is None:
            self._history = deque(maxlen=HISTORY)
        self.problem = None
        self._mirrored.forget()
        self._changed()

    def _leave(self, problem: str) -> None:
        self.problem = problem
        if self.chat is not None:
            self.chat = None
            self._changed()

    # What is known to have arrived

    def _confirm(self, text: str) -> None:
        """The gateway tells that somebody said something; what is ours stands in the chat now."""
        for posted in self._posted:
            if posted[0] == text:
                self._posted.remove(posted)
                self._keep(*posted[1:])
                return

    def _keep(self, text: str, role: str) -> None:
        if self._history is not None:
            message_id = f"{CHAT_ID}-{self._next_index}"
            self._history.append(ChatMessage(message_id=message_id, text=text, role=role, index=self._next_index))
            self._next_index += 1
            if self.chat is not None:
                self.chat.newest_index = self._next_index - 1

    # Sending

    async def send(self, forward: Forward) -> None:
        async with self._sending:  # calls that are under way together may come in any order
            await self._send(forward)

    def begin_send(self, forward: Forward) -> asyncio.Future[None] | None:
        return None

    async def _send(self, forward: Forward) -> None:
        if self.chat is None or self._socket is None:
            raise VoxtaNotTold(self.problem or "no chat is joined")
        if not self._may_tell():
            raise VoxtaNotTold("the dialogue may be another process's to send by now")
        text, source = self._dialogue(forward)
        posted = (text, forward.body, forward.send_as.role or "User")
        self._posted.append(posted)
        try:
            await self._post("/dialogue", text=text, source=source, immediate_reply=forward.expects_reply)
        except VoxtaUnavailable:
            # Joining again shows what the gateway took, by the dialogue it told of.
            if self._socket is not None:
                await self._socket.close()
            raise
        except VoxtaError:
            if posted in self._posted:
                self._posted.remove(posted)
            raise

    def _dialogue(self, forward: Forward) -> tuple[str, str]:
        """The text and the source. Commands go as the user's words, which gateways hand on as they are."""
        if forward.send_as in (SendAs.USER, SendAs.NOREPLY):
            return forward.body, forward.origins[0].platform if forward.origins else "user"
        if forward.send_as is SendAs.SCRIPT:
            self._cannot("call scripts", "told without a reply instead")
            return forward.body, "game"
        return forward.text, "user"

    async def interrupt(self) -> None:
        await self._post("/external_speaker_start", source="relay", reason="interrupted")
        await self._post("/external_speaker_stop", trigger_response=False)

    async def ask_for_reply(self) -> None:
        await self._post("/external_speaker_start", source="relay", reason="asks for a reply")
        await self._post("/external_speaker_stop", trigger_response=True)

    async def have_said(self, text: str) -> None:
        what = "have the character say something exactly"
        self._cannot(what, "left out")
        raise VoxtaError(f"a Voxta Gateway cannot {what}")

    async def speech_started(self, message_id: str, start: int, end: int, duration: float) -> None:
        await self._post("/tts_playback_start", character_id=self._character(), message_id=message_id)

    async def speech_completed(self, message_id: str) -> None:
        await self._post("/tts_playback_complete", character_id=self._character(), message_id=message_id)

    async def rewrite(self, message_id: str, text: str) -> None:
        self._cannot("change what stands in the chat", "what was cut off stays there as it was written")

    async def update_context(
        self, key: str, contexts: Sequence[ContextText] = (), set_flags: Sequence[str] = ()
    ) -> None:
        if set_flags:
            self._cannot("set flags", "left out")
        await self._post("/context", key=key, content="\n".join(context.text for context in contexts))

    async def trigger_script_event(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        self._cannot("call scripts", "left out")

    def begin_script_event(self, call: ScriptCall) -> asyncio.Future[None] | None:
        return None

    async def complete_trigger(self, trigger_id: str) -> None:
        """Gateways tell no ids of triggers."""

    def _character(self) -> str:
        return self.chat.characters[0].id if self.chat is not None and self.chat.characters else ""

    def _cannot(self, what: str, instead: str) -> None:
        if what not in self._told:
            self._told.add(what)
            log.warning("A Voxta Gateway cannot %s: %s", what, instead)

    async def _post(self, path: str, **body: Any) -> None:
        """Raises VoxtaUnavailable when it is unknown whether it was taken, VoxtaError when it was refused."""
        if self._http is None:
            raise VoxtaUnavailable(self.problem or "the gateway is not connected")
        try:
            async with self._http.post(f"{self._url}{path}", json=body) as response:
                if response.status >= 500:
                    raise VoxtaUnavailable(f"the gateway failed at {path} ({response.status})")
                if response.status >= 400:
                    detail = (await response.text())[:200]
                    raise VoxtaError(f"the gateway refused {path} ({response.status}): {detail}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise VoxtaUnavailable(f"the gateway did not answer {path} ({type(error).__name__})") from None


def _people(characters: list[dict[str, Any]]) -> list[Person]:
    return [Person.model_validate(character) for character in characters]


async def health_of(settings: VoxtaSection) -> str:
    """What a gateway says of itself. Raises VoxtaUnavailable when it is not there, or has no Voxta."""
    url = settings.gateway_url.rstrip("/")
    try:
        limits = aiohttp.ClientTimeout(total=settings.timeout)
        async with aiohttp.ClientSession(timeout=limits) as http, http.get(f"{url}/health") as response:
            health = await response.json()
        is_connected = bool(health["voxta_connected"])
    except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError) as error:
        raise VoxtaUnavailable(f"there is no Voxta Gateway at {url} ({type(error).__name__})") from None
    if not is_connected:
        raise VoxtaUnavailable(f"the gateway at {url} does not reach Voxta")
    return f"the gateway at {url} reaches Voxta"
