"""What each order does to a conversation."""

from functools import singledispatch
from typing import Final, Protocol

from relay.companion.conversation.listeners import Listeners
from relay.companion.conversation.turns import Turns
from relay.companion.scenario.model import ConditionalContext
from relay.companion.state.chat import Chat, Participant, Refused
from relay.companion.state.orders import (
    AddMessage,
    AfterSpeech,
    ChangeFlags,
    EnableRole,
    Log,
    NextSpeaker,
    Order,
    SetActions,
    SetContext,
    SetVariable,
    TriggerApp,
)
from relay.wire import server

SCRIPTS: Final = "scripts"
"""The context key of what scripts tell characters."""


class OrderTarget(Protocol):
    """Where it is done."""

    @property
    def session_id(self) -> str: ...

    @property
    def chat(self) -> Chat: ...

    @property
    def audience(self) -> Listeners: ...

    @property
    def turns(self) -> Turns: ...

    def post(self, post: AddMessage, about: Participant) -> None:
        """Add a message in turn. Raises Refused."""
        ...

    def enable_role(self, role: str, enabled: bool) -> None:
        """Let a character take part, or not. Raises Refused when nobody has the role."""
        ...

    def context_changed(self) -> None:
        """Flags, contexts, actions or roles are other than before."""
        ...


@singledispatch
def carry_out(order: Order, target: OrderTarget, speaker: Participant) -> None:
    """Do what was ordered inside the chat; `speaker` is the character it is about. Raises Refused."""
    raise Refused(f"{type(order).__name__} means nothing here")


@carry_out.register
def _post(order: AddMessage, target: OrderTarget, speaker: Participant) -> None:
    target.post(order, speaker)


@carry_out.register
def _change_flags(order: ChangeFlags, target: OrderTarget, speaker: Participant) -> None:
    target.chat.set_flags(order.changes, messages=order.messages, seconds=order.seconds)
    target.context_changed()


@carry_out.register
def _set_variable(order: SetVariable, target: OrderTarget, speaker: Participant) -> None:
    variables = target.chat.story.variables
    if order.value is None:
        variables.pop(order.name, None)
    else:
        variables[order.name] = order.value


@carry_out.register
def _enable_role(order: EnableRole, target: OrderTarget, speaker: Participant) -> None:
    target.enable_role(order.role, order.enabled)


@carry_out.register
def _set_context(order: SetContext, target: OrderTarget, speaker: Participant) -> None:
    added = target.chat.added(SCRIPTS)
    others = tuple(context for context in added.contexts if context.name != order.name)
    new = (ConditionalContext(text=order.text, name=order.name, flags=order.flags),) if order.text else ()
    added.contexts = others + new
    target.context_changed()


@carry_out.register
def _trigger_app(order: TriggerApp, target: OrderTarget, speaker: Participant) -> None:
    trigger = server.AppTrigger(
        name=order.name,
        arguments=list(order.arguments),
        sender_id=speaker.id,
        scenario_role=speaker.role or None,
        session_id=target.session_id,
    )
    if order.queued:
        target.turns.queue_trigger(trigger)
    else:
        target.audience.tell_or_keep(trigger)


@carry_out.register
def _set_actions(order: SetActions, target: OrderTarget, speaker: Participant) -> None:
    target.chat.added(order.key).actions = order.actions
    target.context_changed()


@carry_out.register
def _choose_next(order: NextSpeaker, target: OrderTarget, speaker: Participant) -> None:
    target.turns.choose_next(order.character_id)


@carry_out.register
def _after_speech(order: AfterSpeech, target: OrderTarget, speaker: Participant) -> None:
    target.turns.after_speech(order.callback)


@carry_out.register
def _log(order: Log, target: OrderTarget, speaker: Participant) -> None:
    target.audience.inspected(order.text)
