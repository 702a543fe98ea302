"""Runs a scenario in a chat: which events happen, what actions are open, and which scripts are called.

What events, actions and scripts order is handed to `carry_out`, in the order it was made.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from relay.companion.conversation.conditions import Situation, draw_for, due, happens, may_happen
from relay.companion.conversation.listeners import Listeners
from relay.companion.scenario.files import Loaded
from relay.companion.scenario.flags import holds
from relay.companion.scenario.model import Action, Conditional, Effect, Event, Scalar, Timing
from relay.companion.scripting.sandbox import Result, Scripts, ScriptState
from relay.companion.state.chat import Chat, Message, MessageRole, Participant
from relay.companion.state.orders import AddMessage, ChangeFlags, EvaluateNextEvent, Order, RewriteUserMessage
from relay.companion.state.wire_view import OWN_KEY
from relay.wire import services

log = logging.getLogger(__name__)

CarryOut = Callable[[Sequence[Order], Participant], None]
"""Does what was ordered; the participant is the character it is about."""


class Director:
    """One scenario in one session of a chat."""

    def __init__(self, chat: Chat, loaded: Loaded, audience: Listeners, *, seed: int, carry_out: CarryOut) -> None:
        self.scenario = loaded.scenario
        self._chat = chat
        self._seed = seed
        self._audience = audience
        self._carry_out = carry_out
        self._scripts = Scripts(loaded.scripts, seed=seed, limits=loaded.limits)
        self._is_opening = False
        self._ticked_at = chat.time
        """The chat time by which all that fell due has happened."""
        self._ended: frozenset[str] = frozenset()
        """The flags that have ended by themselves since then."""

    def close(self) -> None:
        self._scripts.close()

    # Opening

    def open(self) -> None:
        """Run the scenario's own script, and tell it that a session begins."""
        self._is_opening = True
        if self.scenario.script is not None:
            self._take(self._scripts.open(self.scenario.script, self._state()), self._chat.character)
        self.emit("init")
        self._is_opening = False

    def begin(self, *, is_new: bool) -> None:
        """Tell the scripts that the chat starts, or is resumed."""
        if is_new:
            self.emit("start", hasBootstrapMessages=bool(self.scenario.bootstrap))
        else:
            self.emit("resume", message=self._chat.latest())

    # Listeners

    def emit(
        self, name: str, *, message: Message | None = None, character: Participant | None = None, **fields: Any
    ) -> str | None:
        """Call the listeners of `name`. What they made of the user's message, if they rewrote it."""
        if not self._scripts.hears(name):
            return None
        speaker = character or self._speaker(message)
        event = self._fields(message, speaker) | fields
        return _rewritten(self._take(self._scripts.emit(name, event, self._state()), speaker))

    def call_back(self, callback: int) -> None:
        """Call what a script left to be called after speech."""
        self._take(self._scripts.call_back(callback, self._state()), self._chat.character)

    # Events

    def evaluate(self, message: Message) -> None:
        """Let happen what a new message makes happen: the first event whose conditions hold."""
        self._evaluate(self._events(), message)

    def flags_ended(self, names: frozenset[str]) -> None:
        """Remember flags that time has ended for the next `tick`."""
        self._ended |= names

    def tick(self) -> None:
        """Let happen what has fallen due by now, then what waited for the end of a flag: each for itself, and once."""
        timed = [event for event in self._events() if event.time is not None]
        done: list[Event] = []
        for event in self._fallen():
            if event not in done and happens(event, self._situation(None)):
                done.append(event)
                if self._occur(event, None):
                    later = timed[timed.index(event) + 1 :]
                    done += self._evaluate([other for other in later if other not in done], None)

    def _fallen(self) -> list[Event]:
        """What time makes happen that it did not at the last tick."""
        before, self._ticked_at = self._ticked_at, self._chat.time
        ended, self._ended = self._chat.story.flags.names | self._ended, frozenset()
        dues = self._dues()
        fell = [event for at, event in dues if before < at <= self._ticked_at]
        return fell + [event for at, event in dues if at <= before and not holds(event.flags, ended)]

    def due(self) -> float | None:
        """The chat time in seconds at which `tick` is worth its while."""
        return next((at for at, _ in self._dues() if at > self._chat.time), None)

    def _dues(self) -> list[tuple[float, Event]]:
        """What time alone may make happen, and from when, in that order."""
        situation = self._situation(None)
        found = [(at, event) for event in self._events() if (at := due(event, situation)) is not None]
        return sorted(found, key=itemgetter(0))

    def _events(self) -> list[Event]:
        return [*self.scenario.events, *(e for group in self._chat.story.additions.values() for e in group.events)]

    def _evaluate(self, events: Sequence[Event], message: Message | None) -> list[Event]:
        """Let the first event happen whose conditions hold, and those its script passes on to. All that happened."""
        done: list[Event] = []
        for event in events:
            if happens(event, self._situation(message)):
                done.append(event)
                if not self._occur(event, message):
                    break
        return done

    def _occur(self, event: Event, message: Message | None) -> bool:
        """Whether the event after this one is to be evaluated, too."""
        self._audience.event_happened(event.name)
        return self._happen(event, self._speaker(message), message, {})

    def _situation(self, message: Message | None) -> Situation:
        chat = self._chat
        index = message.index if message is not None else round(1_000 * chat.time)
        return Situation(chat.story, chat.moment, message, draw_for(self._seed, index))

    # Actions

    def open_actions(self, timing: Timing, message: Message | None) -> list[list[Action]]:
        """The actions that may be chosen now, layer by layer in alphabetical order."""
        situation = self._situation(message)
        fit = [a for _, a in self._actions() if a.timing is timing and may_happen(a, situation)]
        fit = [a for a in fit if a.probability >= 1 or situation.draw(a.name) < a.probability]
        return [[a for a in fit if a.layer == layer] for layer in sorted({a.layer for a in fit})]

    def action(self, name: str) -> Action | None:
        """The action with a name, in any case, whatever its conditions."""
        return next((a for _, a in self._actions() if a.enabled and a.name.lower() == name.lower()), None)

    def key_of(self, action: Action) -> str:
        """The context key an action was defined under."""
        return next((key for key, known in self._actions() if known is action), OWN_KEY)

    def act(
        self, action: Action, arguments: Mapping[str, Scalar], speaker: Participant, message: Message | None
    ) -> None:
        """Let an action have its effect, and tell the scripts that listen for it."""
        facts = {"action": action.name, "layer": action.layer, "contextKey": self.key_of(action)}
        self._audience.action_happened(action.name)
        self._happen(action, speaker, message, facts | {"arguments": dict(arguments)})
        self.emit(f"action:{action.name}", message=message, character=speaker, **facts, arguments=dict(arguments))

    def _actions(self) -> Iterator[tuple[str, Action]]:
        yield from ((OWN_KEY, action) for action in self.scenario.actions)
        for key, added in self._chat.story.additions.items():
            yield from ((key, action) for action in added.actions)

    # Effects

    def _happen(
        self, part: Conditional, speaker: Participant, message: Message | None, facts: Mapping[str, Any]
    ) -> bool:
        """Whether the event after this one is to be evaluated, too."""
        if part.once:
            self._chat.story.happened.add(part.name)
        self._carry_out(effects(part.effect), speaker)
        if part.effect.script is None:
            return False
        event = self._fields(message, speaker) | {"arguments": {}} | dict(facts)
        self._audience.script_ran(part.effect.script)
        done = self._take(self._scripts.trigger(part.effect.script, event, self._state()), speaker)
        return any(isinstance(order, EvaluateNextEvent) for order in done)

    # Scripts

    def _take(self, result: Result, speaker: Participant) -> Sequence[Order]:
        """Carry out what a script ordered, and report what went wrong with it. All its orders."""
        own = (EvaluateNextEvent, RewriteUserMessage)
        self._carry_out([order for order in result.orders if not isinstance(order, own)], speaker)
        if result.error is not None:
            log.warning("A script failed: %s", result.error)
            self._audience.trouble(f"A script failed: {result.error}", service=services.SCRIPTS)
        if result.restarted and not self._is_opening:
            self.open()
        return result.orders

    def _speaker(self, message: Message | None) -> Participant:
        if message is not None and message.role is MessageRole.ASSISTANT:
            return message.sender
        return self._chat.character

    def _state(self) -> ScriptState:
        chat = self._chat
        return ScriptState(
            flags=chat.story.flags.names,
            variables=chat.story.variables,
            time=chat.time,
            now=chat.now,
            user={"id": chat.user.id, "name": chat.user.name},
            characters=tuple(
                _person(c) | {"enabled": c.role not in chat.story.disabled_roles} for c in chat.characters
            ),
        )

    def _fields(self, message: Message | None, speaker: Participant) -> dict[str, Any]:
        chat = self._chat
        fields: dict[str, Any] = {
            "character": _person(speaker),
            "user": {"id": chat.user.id, "name": chat.user.name},
        }
        return fields if message is None else fields | {"message": _said(message)}


def effects(effect: Effect) -> list[Order]:
    """What an effect orders, its script aside."""
    orders: list[Order] = [ChangeFlags(effect.set_flags)] if effect.set_flags else []
    texts = (
        (MessageRole.NOTE, effect.note),
        (MessageRole.INSTRUCTIONS, effect.instructions),
        (MessageRole.SECRET, effect.secret),
        (MessageRole.EVENT, effect.event),
    )
    orders += [AddMessage(role, text) for role, text in texts if text.strip()]
    if effect.story is not None:
        story = effect.story
        orders.append(
            AddMessage(
                MessageRole.STORY,
                story.text,
                use_story_writer=True,
                max_new_tokens=story.max_new_tokens,
                max_sentences=story.max_sentences,
            )
        )
    return orders


def _rewritten(orders: Sequence[Order]) -> str | None:
    texts = [order.text for order in orders if isinstance(order, RewriteUserMessage)]
    return texts[-1] if texts else None


def _person(character: Participant) -> dict[str, Any]:
    return {
        "id": character.id,
        "name": character.name,
        "scenarioRole": character.role,
        "assets": list(character.assets),
    }


def _said(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "senderId": message.sender.id,
        "index": message.index,
        "conversationIndex": message.conversation_index,
        "role": message.role.value,
        "text": message.text,
    }
