"""An open chat: what is done to it from outside, and what a message sets going inside.

A message of a person that asks for a reply cuts off the reply in progress; one that asks for none is taken in beside
it. What scenario and scripts add waits its turn.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from functools import partial

from relay.companion.brains.base import NO_LIMITS, AnswerLimits
from relay.companion.brains.tools import typed
from relay.companion.conversation.commands import Ask, Command, Regenerate, Repeat, Rollback, Trigger
from relay.companion.conversation.director import Director
from relay.companion.conversation.entry import MessageEntry
from relay.companion.conversation.execution import carry_out
from relay.companion.conversation.listeners import ChatListener, Listeners
from relay.companion.conversation.revision import Revision
from relay.companion.conversation.turns import Turns
from relay.companion.conversation.writing import StoryWriter
from relay.companion.scenario.files import Loaded
from relay.companion.scenario.templates import render
from relay.companion.speaking.setup import Setup, Spawn
from relay.companion.state import wire_view
from relay.companion.state.chat import Chat, MessageRole, Participant, Refused
from relay.companion.state.orders import AddMessage, ChangeFlags, Order, SetContext
from relay.wire import server, services


class Conversation:
    """A session of a chat. Every method that changes it tells the listeners before it returns."""

    def __init__(self, chat: Chat, loaded: Loaded, setup: Setup, spawn: Spawn, keep: Callable[[Chat], None]) -> None:
        """`keep` is called when the chat has changed."""
        self.session_id = str(uuid.uuid4())
        self.chat = chat
        self.audience = Listeners(self.session_id)
        self.closed = asyncio.Event()
        """Set at the end of the session."""
        self._setup = setup
        self._keep = keep
        self.writer = StoryWriter(self.session_id, self.audience, setup.brain, spawn)
        self._timer: asyncio.TimerHandle | None = None
        self._is_context_news = False
        self._director = self._direct(loaded)

        def director() -> Director:
            return self._director

        self.turns = Turns(chat, self.session_id, self.audience, director, self.advance, setup, spawn)
        self._entry = MessageEntry(chat, self.audience, self.turns, self.writer, director, self.advance)
        self.replies = self.turns.replies
        self.revision = Revision(chat, self.session_id, self.audience, self.turns, partial(keep, chat))

    def _direct(self, loaded: Loaded) -> Director:
        return Director(self.chat, loaded, self.audience, seed=self._setup.seed, carry_out=self._carry_out)

    # The session

    def open(self, *, is_new: bool) -> None:
        """Begin: run the scenario's script, and put its first messages into a new chat."""
        self._director.open()
        self._director.begin(is_new=is_new)
        if is_new:
            for first in self._director.scenario.bootstrap:
                speaker = self.chat.with_role(first.scenario_role) if first.scenario_role else None
                self._entry.insert(MessageRole(first.role), render(first.text, self.chat.names(speaker)), speaker)
        self.advance()

    def replace_scenario(self, loaded: Loaded, characters: Sequence[Participant]) -> None:
        """Go on with an edited scenario; messages, flags and variables stay."""
        self._director.close()
        self.chat.characters = list(characters)
        self._director = self._direct(loaded)
        self._director.open()
        self.context_changed()
        self.advance()

    def leave(self, listener: ChatListener) -> None:
        """Forget a listener; speech that it played ends with it."""
        self.audience.leave(listener)
        self.turns.left(listener)

    def close(self) -> None:
        """End the session; the chat keeps its messages."""
        self.turns.cut_off()
        self.replies.early.abandon()
        self.writer.stop()
        if self._timer is not None:
            self._timer.cancel()
        self._director.close()
        self.closed.set()
        self.chat.close()
        self._keep(self.chat)
        self.audience.tell(server.ChatClosed(session_id=self.session_id, chat_id=self.chat.id))
        self.audience.clear()

    # What people say

    def execute(
        self,
        command: Command,
        *,
        do_reply: bool = True,
        limits: AnswerLimits = NO_LIMITS,
        character_id: str | None = None,
    ) -> None:
        """Do what a `send` asks for. Raises Refused, and then nothing has changed."""
        if character_id is not None:
            self.turns.choose_next(character_id)
        self.turns.people_spoke()
        match command:
            case AddMessage():
                self._entry.receive(command, limits, do_reply=do_reply)
            case ChangeFlags() | SetContext():
                carry_out(command, self, self.chat.character)
            case Ask() if do_reply:
                self.reply(limits)
            case Trigger(action, arguments):
                self.trigger(action, dict(arguments))
            case Repeat():
                self._repeat()
            case Regenerate():
                self.revision.retry()
            case Rollback():
                self.revision.revert()
        self.advance()

    def user_types(self, event: str) -> None:
        """The user began or stopped to type or to talk; `event` is what scripts call it."""
        self._director.emit(event)
        self.advance()

    def understood(self, text: str) -> None:
        """The user stopped talking; `text` is what was understood."""
        self._director.emit("transcriptionFinished", text=text)
        self.advance()

    def app_event(self, name: str, arguments: dict[str, object]) -> None:
        """An app tells of something."""
        listed = ", ".join(f"{key}={value!r:.80}" for key, value in arguments.items())
        self.audience.inspected(f"script event app:{name}({listed})")
        self.turns.people_spoke()
        self._director.emit(f"app:{name}", message=self.chat.latest(), arguments=arguments)
        self.advance()

    # What scenario and scripts order

    def _carry_out(self, orders: Sequence[Order], speaker: Participant) -> None:
        for order in orders:
            try:
                carry_out(order, self, speaker)
            except Refused as error:
                self.audience.trouble(str(error), service=services.SCRIPTS)

    def post(self, post: AddMessage, about: Participant) -> None:
        """See OrderTarget."""
        self._entry.order(post, about)

    def context_changed(self) -> None:
        """Flags, contexts, actions or roles are other than before; told once all is done."""
        self._is_context_news = True

    def enable_role(self, role: str, enabled: bool) -> None:
        """Let a character take part, or not. Raises Refused when nobody has the role."""
        if self.chat.with_role(role) is None:
            raise Refused(f"nobody has the scenario role {role[:40]!r}")
        change = self.chat.story.disabled_roles.discard if enabled else self.chat.story.disabled_roles.add
        change(role)
        self.audience.tell(wire_view.participants(self.session_id, self.chat))
        self.context_changed()

    def add_participant(self, character: Participant) -> None:
        """Let one more character take part, if it does not yet."""
        if character not in self.chat.characters:
            self.chat.characters.append(character)
        self.audience.tell(wire_view.participants(self.session_id, self.chat))

    def remove_participant(self, character: Participant) -> None:
        """Let a character take part no more. Raises Refused at the last one."""
        if all(c == character or c.is_narrator for c in self.chat.characters):
            raise Refused(f"removeChatParticipant: {character.name} is the last character in this chat")
        self.chat.characters.remove(character)
        self.audience.tell(wire_view.participants(self.session_id, self.chat))

    def trigger(self, name: str, arguments: dict[str, bool | int | float | str]) -> None:
        """Let the main character take an action. Raises Refused when there is none, or its arguments do not fit."""
        action = self._director.action(name)
        if action is None:
            raise Refused(f"there is no action {name[:80]!r} in this chat")
        self.turns.inference.act(action, typed(action, arguments), self.chat.character, self.chat.latest())
        self.advance()

    def advance(self) -> None:
        """Tell what changed, let the turns go on, and see to what time will bring."""
        self._expire()
        self.turns.go_on()
        self._expire()
        self._set_timer()
        self._keep(self.chat)

    def _expire(self) -> frozenset[str]:
        ended = self.chat.story.flags.expire(self.chat.moment)
        if ended or self._is_context_news:
            self._is_context_news = False
            self.audience.tell(wire_view.context(self.session_id, self.chat, self._director.scenario))
        return ended

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        times = [at for at in (self._director.due(), self.chat.story.flags.next_end()) if at is not None]
        if times and not self.closed.is_set():
            wait = max(0.05, min(times) - self.chat.time)
            self._timer = asyncio.get_running_loop().call_later(wait, self.wake)

    def wake(self) -> None:
        """Let happen what time has brought. Nothing does while the chat is paused."""
        self._director.flags_ended(self._expire())
        if not self.turns.paused:
            self._director.tick()
        self.advance()

    def suggest(self, listener: ChatListener) -> None:
        """Tell a listener what the user could say next."""
        self.writer.suggest(self.turns.view(self.chat.character), listener)

    # Replies

    def reply(self, limits: AnswerLimits = NO_LIMITS, character_id: str | None = None) -> None:
        """Let a character answer, in place of the reply in progress."""
        self.turns.cut_off()
        self.turns.people_spoke()
        if character_id is not None:
            self.turns.choose_next(character_id)
        self.turns.want_reply(limits)
        self.advance()

    def say(self, text: str, speaker: Participant) -> None:
        """Let a character say exactly this."""
        text = render(text, self.chat.names(speaker)).strip()
        if not text:
            raise Refused("characterSpeechRequest: nothing is left of the text without its {{ tags }}")
        self.turns.cut_off()
        self.turns.say(speaker, text)
        self.advance()

    def _repeat(self) -> None:
        last = self.chat.latest(MessageRole.ASSISTANT)
        if last is None:
            raise Refused("/repeat: no character has said anything yet")
        self.say(last.text, last.sender)

    def interrupt(self) -> None:
        """Silence who speaks, and drop what waits to be said."""
        self.turns.cut_off(is_told=True)
        self.advance()

    def pause(self, paused: bool) -> None:
        """While paused, messages are taken in and answered only on demand; what time has brought happens at the end."""
        is_over = self.turns.pause(paused)
        self.audience.tell(server.ChatPaused(session_id=self.session_id, paused=paused))
        self.turns.request_recording()
        (self.wake if is_over else self.advance)()
