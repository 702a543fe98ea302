"""What is said and done in a chat of a Voxta server."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from relay.errors import VoxtaError, VoxtaForbidden, VoxtaUnavailable
from relay.model import Forward, ScriptCall, SendAs
from relay.voxta.calls import Calls, Shows
from relay.voxta.chat import JoinedChat
from relay.voxta.transport import HubConnection, MayGo
from relay.wire import client, server
from relay.wire.messages import ChatMessage, ContextText, WireMessage

NO_MESSAGE: Final = "*"
"""Sent as the text, this asks for a reply and adds no message."""
UNHURRIED: Final = 0.005
"""Seconds for which a call that nobody waits for may wait for others, to go with them."""
SHOWN: Final = frozenset({SendAs.USER, SendAs.NOREPLY, SendAs.EVENT, SendAs.NOTE})
"""What Voxta tells everybody in the chat of, as it was sent."""


class ChatMessaging(ABC):
    """The half of a VoxtaSession that talks. Everything raises VoxtaUnavailable while no chat is joined."""

    chat: JoinedChat | None
    """The joined chat; None while there is none."""

    def __init__(self, may_tell: MayGo) -> None:
        """`may_tell`: whether no other process tells by now what this one was told to send."""
        self._calls = Calls()
        self._may_tell = may_tell

    @abstractmethod
    def _joined(self) -> tuple[HubConnection, JoinedChat]:
        """The connection and the chat. Raises VoxtaUnavailable while there is none."""

    @abstractmethod
    def _turned_away(self, chat: JoinedChat, error: VoxtaForbidden) -> None:
        """We may not talk in this chat."""

    def _may_go(self, chat: JoinedChat) -> bool:
        """Whether what stood in line may still be told in this chat, and by this process."""
        return self._is_joined(chat) and self._may_tell()

    def _is_joined(self, chat: JoinedChat) -> bool:
        return self.chat is not None and self.chat.session_id == chat.session_id

    async def _invoke(self, call: WireMessage, hub: HubConnection, chat: JoinedChat) -> None:
        """Make a call that stood in line. Raises VoxtaUnavailable when the chat it is for was left meanwhile."""
        if not self._is_joined(chat):
            raise VoxtaUnavailable("the chat has changed")
        await hub.invoke(call)

    async def send(self, forward: Forward) -> None:
        """Send a forward to the joined chat. Those that expect no reply may be under way together, and go in order.

        The only way text reaches Voxta's `send`: a Forward cannot hold a command but its own. Raises
        VoxtaUnavailable when it is unknown whether Voxta took it, VoxtaError when Voxta refused it, VoxtaForbidden
        when that was for lack of rights, and VoxtaNotTold when another process may tell it by now, or the chat was left
        before it went.
        """
        hub, chat = self._joined()
        if chat.chat_id != forward.chat_id:
            raise VoxtaUnavailable("the chat has changed")
        call, may_go = self._call(forward, chat), partial(self._may_go, chat)
        try:
            await self._calls.make(
                _kind(forward),
                lambda: hub.invoke(call, may_go),
                _shows(forward),
                together=not forward.expects_reply,
            )
        except VoxtaForbidden as error:
            self._forbidden(chat, error)
            raise

    def begin_send(self, forward: Forward) -> asyncio.Future[None] | None:
        """The same without waiting, for one that expects no reply; None when it has to be waited for with `send`."""
        try:
            hub, chat = self._joined()
        except VoxtaUnavailable:
            return None
        if chat.chat_id != forward.chat_id or forward.expects_reply:
            return None
        call, may_go = self._call(forward, chat), partial(self._may_go, chat)
        over = self._calls.begin(_kind(forward), lambda: hub.call(call, may_go=may_go), _shows(forward))
        if over is not None:
            over.add_done_callback(partial(self._note_refusal, chat))
        return over

    def _note_refusal(self, chat: JoinedChat, over: asyncio.Future[None]) -> None:
        if not over.cancelled() and isinstance(error := over.exception(), VoxtaForbidden):
            self._forbidden(chat, error)

    def _forbidden(self, chat: JoinedChat, error: VoxtaForbidden) -> None:
        self._calls.cut_off(error)
        self._turned_away(chat, error)

    def _call(self, forward: Forward, chat: JoinedChat) -> WireMessage:
        if forward.script is not None:
            return _script_event(chat, forward.script.name, forward.script.arguments)
        return client.Send(
            session_id=chat.session_id,
            text=forward.text,
            do_reply=forward.expects_reply,
            do_user_action_inference=forward.is_streamers,
            do_character_action_inference=forward.send_as is SendAs.USER,
        )

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

    async def anticipate(self, text: str) -> None:
        """Tell what is likely to be sent next, "" when nothing is any more. For the embedded companion alone."""
        hub, chat = self._joined()
        await hub.invoke(client.Anticipate(session_id=chat.session_id, text=text))

    async def ask_for_reply(self) -> None:
        """Have the character speak, though nobody wrote anything."""
        hub, chat = self._joined()
        call = client.Send(session_id=chat.session_id, text=NO_MESSAGE, do_user_action_inference=False)
        await self._calls.make(
            call.type_name,
            partial(self._invoke, call, hub, chat),
            lambda message: isinstance(message, server.ReplyMessage),
        )

    async def have_said(self, text: str) -> None:
        """Have the character say exactly this."""
        hub, chat = self._joined()
        if not chat.characters:
            raise VoxtaError("no character is in the chat that could say something")
        character = chat.characters[0].id
        await hub.invoke(client.CharacterSpeechRequest(session_id=chat.session_id, character_id=character, text=text))

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
        await self._calls.make(
            call.type_name,
            partial(self._invoke, call, hub, chat),
            lambda message: isinstance(message, server.ContextUpdated),
        )

    async def trigger_script_event(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Run the scenario's script listener `app:<name>`."""
        hub, chat = self._joined()
        call = _script_event(chat, name, arguments or {})
        await self._calls.make(call.type_name, partial(self._invoke, call, hub, chat), together=True)

    def begin_script_event(self, call: ScriptCall) -> asyncio.Future[None] | None:
        """The same without waiting; None when it has to be waited for."""
        try:
            hub, chat = self._joined()
        except VoxtaUnavailable:
            return None
        return self._calls.begin(
            client.TriggerScriptEvent.type_name,
            lambda: hub.call(_script_event(chat, call.name, call.arguments), within=UNHURRIED),
        )

    async def complete_trigger(self, trigger_id: str) -> None:
        """Voxta need not wait any longer for an app trigger that came with this id."""
        hub, chat = self._joined()
        await hub.invoke(client.AppTriggerComplete(session_id=chat.session_id, trigger_id=trigger_id))


def _kind(forward: Forward) -> str:
    return f"send {forward.send_as}"


def _shows(forward: Forward) -> Shows | None:
    return partial(_says, forward=forward) if forward.send_as in SHOWN else None


def _says(message: WireMessage, forward: Forward) -> bool:
    """Whether this is the forward as it stands in the chat."""
    return isinstance(message, ChatMessage) and message.text.strip() == forward.body


def _script_event(chat: JoinedChat, name: str, arguments: Mapping[str, Any]) -> WireMessage:
    values = [{"name": key, "value": value} for key, value in arguments.items()]
    return client.TriggerScriptEvent.model_validate(
        {"session_id": chat.session_id, "name": name, "arguments": values}  # at once: a model for each takes longer
    )
