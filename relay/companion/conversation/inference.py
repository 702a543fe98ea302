"""Which of the scenario's actions characters take: a brain chooses them by what is said."""

import asyncio
from collections.abc import Callable, Mapping

from relay.companion.brains.base import Brain, BrainError, ChatView
from relay.companion.conversation.director import Director
from relay.companion.conversation.listeners import Listeners
from relay.companion.scenario.model import Action, Scalar, Timing
from relay.companion.speaking.setup import Spawn
from relay.companion.state.chat import Chat, Message, MessageRole, Participant
from relay.wire import server
from relay.wire.messages import NamedValue


class ActionInference:
    """Has actions chosen in one session, before a reply and after what was said, and carried out."""

    def __init__(
        self,
        chat: Chat,
        session_id: str,
        audience: Listeners,
        director: Callable[[], Director],
        brain: Brain,
        view: Callable[[Participant], ChatView],
        advance: Callable[[], None],
        spawn: Spawn,
    ) -> None:
        """`view` is what a character knows now; `advance` is called when something was chosen beside what goes on."""
        self._chat = chat
        self._session = session_id
        self._audience = audience
        self._director = director
        self._brain = brain
        self._view = view
        self._advance = advance
        self._spawn = spawn
        self._choosing: asyncio.Task[None] | None = None
        self.after_user = True
        """Whether actions may be chosen after what the user says."""
        self.around_characters = True
        """Whether actions may be chosen around what characters say."""

    async def before_reply(self, last: Message | None, speaker: Participant) -> bool:
        """Let actions be chosen before a character answers the last message. Whether it still is to."""
        timings = [Timing.AFTER_USER_MESSAGE] if self.after_user and last and last.role is MessageRole.USER else []
        timings += [Timing.BEFORE_ASSISTANT_MESSAGE] if self.around_characters else []
        for timing in timings:
            if not await self._infer(timing, last, speaker):
                return False
        return True

    def after(self, message: Message) -> None:
        """Let actions be chosen by what the user or a character has said, beside what else goes on."""
        if message.role is MessageRole.USER and self.after_user:
            self._infer_beside(Timing.AFTER_USER_MESSAGE, message, self._chat.character)
        elif message.role is MessageRole.ASSISTANT and self.around_characters:
            self._infer_beside(Timing.AFTER_ASSISTANT_MESSAGE, message, message.sender)

    def stop(self) -> None:
        """What is being chosen beside what goes on is not wanted any more."""
        if self._choosing is not None:
            self._choosing.cancel()

    def act(
        self, action: Action, arguments: Mapping[str, Scalar], speaker: Participant, message: Message | None
    ) -> None:
        """Let a character take an action on a message: tell the clients, then let it have its effect."""
        director = self._director()
        self._audience.tell(
            server.ActionMessage(
                value=action.name,
                context_key=director.key_of(action),
                layer=action.layer or None,
                role=MessageRole.ASSISTANT,
                sender_id=speaker.id,
                scenario_role=speaker.role or None,
                arguments=[NamedValue(name=name, value=value) for name, value in arguments.items()],
                session_id=self._session,
            )
        )
        director.act(action, arguments, speaker, message)

    def _infer_beside(self, timing: Timing, message: Message, speaker: Participant) -> None:
        if self._director().open_actions(timing, message):
            self._choosing = self._spawn(self._infer_then_advance(timing, message, speaker))

    async def _infer_then_advance(self, timing: Timing, message: Message, speaker: Participant) -> None:
        await self._infer(timing, message, speaker)
        self._advance()

    async def _infer(self, timing: Timing, message: Message | None, speaker: Participant) -> bool:
        """Let an action of each layer be chosen. Whether a reply may follow."""
        wants_reply = True
        for layer in self._director().open_actions(timing, message):
            action = await self._chosen(layer, speaker, message)
            if action is not None:
                wants_reply = wants_reply and not action.cancel_reply
        return wants_reply

    async def _chosen(self, layer: list[Action], speaker: Participant, message: Message | None) -> Action | None:
        try:
            choice = await self._brain.choose(self._view(speaker), layer)
        except BrainError as error:
            self._audience.inspected(f"no action was chosen: {error}")
            return None
        action = next((a for a in layer if choice is not None and a.name == choice.action), None)
        if action is not None and choice is not None:
            self.act(action, choice.arguments, speaker, message)
        return action
