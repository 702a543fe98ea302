"""What is said next in a session, and by whom: one thing after the other, each when the one before was heard."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from relay.companion.brains.base import NO_LIMITS, AnswerLimits, ChatView, Pieces, SeenMessage
from relay.companion.conversation.director import Director
from relay.companion.conversation.flow import READING, REPLYING, SELECTING, Flow
from relay.companion.conversation.inference import ActionInference
from relay.companion.conversation.listeners import ChatListener, Listeners
from relay.companion.conversation.triggers import QueuedTrigger
from relay.companion.scenario.templates import render
from relay.companion.speaking.replies import CompanionReplies
from relay.companion.speaking.setup import Setup, Spawn
from relay.companion.state.chat import Chat, Message, MessageRole, Participant
from relay.text.naming import calls
from relay.wire import server
from relay.wire.server import WAITING

VIEWED: Final = 200
"""How many of the newest messages a character looks back on."""
AUTONOMY: Final = 8
"""Replies that may follow each other by the scenario's doing alone, so that no scenario talks to itself for ever; and
as many lines it orders itself are looked at for actions, which may order the next."""


class Turns:
    """The order of speech in one session. Scenario, scripts and people add to it; a person who speaks clears it."""

    def __init__(
        self,
        chat: Chat,
        session_id: str,
        audience: Listeners,
        director: Callable[[], Director],
        advance: Callable[[], None],
        setup: Setup,
        spawn: Spawn,
    ) -> None:
        """`advance` is called when something has happened by itself; it calls `go_on` in turn."""
        self._chat = chat
        self._session = session_id
        self._audience = audience
        self._director = director
        self.advance = advance
        self._setup = setup
        self._spawn = spawn
        self.flow = Flow(session_id, audience.tell)
        self.replies = CompanionReplies(chat, session_id, audience, self, setup, spawn)
        self.inference = ActionInference(chat, session_id, audience, director, setup.brain, self.view, advance, spawn)
        self._trigger = QueuedTrigger(advance, setup.grace)
        self._waiting: deque[Callable[[], object]] = deque()
        self._wanted: AnswerLimits | None = None
        """Whether a reply is to follow all that waits, and how long it may be."""
        self._next: tuple[str | None] | None = None
        """Who was chosen to speak next: a character's id, or None for the user."""
        self._since_people = self._ordered = 0
        self._after_speech: list[int] = []
        self._after_next: list[int] = []
        """What those ask for when they are called: it waits until something else was said."""
        self._is_calling_back = False
        self._begun: str | None = None
        self.paused = False

    # What waits

    def add(self, item: Callable[[], object]) -> None:
        """Let something happen when all before it was heard."""
        self._waiting.append(item)

    def add_silent(self, item: Callable[[], object]) -> None:
        """Let something that nobody hears happen after what waits; beside what is being said, when nothing does."""
        if self._waiting:
            self._waiting.append(item)
        else:
            item()

    def say(self, speaker: Participant, text: str, *, is_news: bool = True) -> None:
        """Let a character say exactly this, in turn. What the scenario orders is no news to it."""
        self.add(partial(self.replies.say, speaker, text, is_news=is_news))

    def narrate(self, message: Message) -> None:
        """Let the narrator read a message aloud, where there is one and somebody hears it."""
        narrator = self._chat.narrator
        if narrator is not None and self._audience.is_played:
            self.add(partial(self.replies.narrate, narrator, message))

    def queue_trigger(self, trigger: server.AppTrigger) -> None:
        """Let apps do something in turn; what comes after waits until one of them is done."""
        self.add(partial(self._send_trigger, trigger))

    def _send_trigger(self, trigger: server.AppTrigger) -> None:
        if self._audience.listeners:
            trigger = trigger.model_copy(update={"trigger_id": self._trigger.begin()})
        self._audience.tell_or_keep(trigger)

    def trigger_completed(self, trigger_id: str) -> None:
        """An app is done with a queued trigger."""
        self._trigger.completed(trigger_id)

    def left(self, listener: ChatListener) -> None:
        """Somebody listens no more; what they did for the chat ends with them."""
        if not self._audience.listeners and self._trigger.is_pending:
            self._trigger.drop()
            self.advance()
        self.replies.left(listener)

    def want_reply(self, limits: AnswerLimits = NO_LIMITS) -> None:
        """Let a reply follow all that waits."""
        self._wanted = limits

    def choose_next(self, character_id: str | None) -> None:
        """Who speaks next, whoever's turn it would be: a character, or the user for None."""
        self._next = (character_id,)

    def after_speech(self, callback: int) -> None:
        """Call a script back when what is being said was heard; asked for within such a call, what is said next."""
        (self._after_next if self._is_calling_back else self._after_speech).append(callback)

    def people_spoke(self) -> None:
        """Somebody outside wants something of the chat."""
        self._since_people = self._ordered = 0

    def people_wrote(self) -> None:
        """A message of a person is in the chat, and now has its effects."""
        if self.is_free:
            self.flow.enter(READING)

    def cut_off(self, *, is_told: bool = False) -> None:
        """Stop what is said and drop what waits; told to the listeners when speech was out, or in any case."""
        self._drop()
        if is_told:
            self.replies.interrupt()
        else:
            self.replies.cut_off()

    def pause(self, paused: bool) -> bool:
        """While paused nothing is said but on demand; speech that is out may still be heard. Whether a pause ended."""
        was_paused, self.paused = self.paused, paused
        if paused:
            self._drop()
            self.replies.stop()
        return was_paused and not paused

    def _drop(self) -> None:
        self._waiting.clear()
        self._trigger.drop()
        self._wanted = None
        self.inference.stop()

    def request_recording(self, *listeners: ChatListener) -> None:
        """Say whether speech is wanted, to those who could send it: always, except while the chat is paused."""
        if self._setup.hears:
            self._audience.request_recording(not self.paused, *listeners)

    @property
    def is_free(self) -> bool:
        """Whether nothing is being said, heard or carried out."""
        return self.replies.is_free and not self._trigger.is_pending

    def go_on(self) -> None:
        """Let happen what may happen now."""
        while self._waiting and self.is_free:
            self._waiting.popleft()()
        if self._wanted is not None and self.is_free:
            limits, self._wanted = self._wanted, None
            self._reply(limits)
        if self.is_free and self._after_speech:
            self._call_back()
            self.go_on()
        elif self.is_free and not self._waiting:
            self.flow.enter(WAITING)

    def _call_back(self) -> None:
        callbacks, self._after_speech = self._after_speech, []
        self._is_calling_back = True
        for callback in callbacks:
            self._director().call_back(callback)
        self._is_calling_back = False

    # Replies

    def _reply(self, limits: AnswerLimits) -> None:
        self._since_people += 1
        self.flow.enter(SELECTING)
        speaker = self._next_speaker()
        if speaker is None:
            return
        if self._since_people > AUTONOMY:
            self._audience.inspected(f"no more replies until somebody speaks: {AUTONOMY} followed each other")
            return
        self._director().emit("generating", character=speaker, message=self._chat.latest())
        self.replies.start(speaker, partial(self._prepare, speaker, limits), limits)

    def _next_speaker(self) -> Participant | None:
        """Who was chosen; or who was addressed by name; or who has not spoken for longest. None: the user."""
        chosen, self._next = self._next, None
        if chosen is not None:
            return None if chosen[0] is None else self._chat.with_id(chosen[0])
        last = self._chat.latest(MessageRole.USER, MessageRole.ASSISTANT, MessageRole.EVENT, MessageRole.STORY)
        return self._answering(last)

    def _answering(self, last: Message | None) -> Participant:
        talkers = self._chat.talkers or [self._chat.character]
        addressed = [c for c in talkers if last is not None and c != last.sender and calls(last.text, [c.name])]
        spoke = {m.sender.id: m.index for m in self._chat.messages if m.role is MessageRole.ASSISTANT}
        return min(addressed or talkers, key=lambda c: spoke.get(c.id, -1))

    async def _prepare(self, speaker: Participant, limits: AnswerLimits) -> Pieces | None:
        last = self._chat.latest(MessageRole.USER, MessageRole.ASSISTANT, MessageRole.EVENT, MessageRole.STORY)
        if not await self.inference.before_reply(last, speaker):
            return None
        return self.replies.early.reply(self.view(speaker, limits))

    def anticipate(self, text: str) -> None:
        """The user is about to have said this, as it seems; "" when they go on, or never meant it for us."""
        if text and self._setup.begins_early and self._next is None and not self.paused:
            message = self._chat.draft(MessageRole.USER, text)
            view = self.view(self._answering(message), coming=message)
            self.replies.early.begin(view, aloud=self._audience.is_played)
        else:
            self.replies.early.abandon()

    def view(
        self, speaker: Participant, limits: AnswerLimits = NO_LIMITS, *, coming: Message | None = None
    ) -> ChatView:
        """All that a character may know now, or once that message has come."""
        chat, scenario = self._chat, self._director().scenario
        names = chat.names(speaker)
        latest = (*chat.messages[-VIEWED:], *([coming] if coming is not None else []))[-VIEWED:]
        seen = [m for m in latest if m.role.seen_by_character]
        return ChatView(
            character=speaker.name,
            user=chat.user.name,
            lines=tuple(SeenMessage(m.role, m.text, m.sender.name) for m in seen),
            contexts=tuple(render(text, names) for text in chat.knows(speaker, scenario.contexts)),
            limits=limits,
            persona=render(speaker.persona, names),
            scene=render(scenario.description, names),
            others=tuple(c.name for c in chat.talkers if c != speaker),
        )

    # How a reply goes

    def begins(self) -> None:
        """See Course."""
        self._after_speech += self._after_next
        self._after_next = []
        self.flow.enter(REPLYING)

    def speech_began(self, message_id: str) -> None:
        """See Course."""
        if self._begun != message_id:
            self._begun = message_id
            self._director().emit("speechStart", message=self._said(message_id))

    def said(self, message: Message, *, is_news: bool) -> None:
        """See Course."""
        if is_news:
            self._director().emit("generatingComplete", message=message)
            self._director().evaluate(message)
        if self._next is not None and self._next[0] is not None:
            self.want_reply()
        self._ordered += not is_news
        if is_news or self._ordered <= AUTONOMY:
            self.inference.after(message)

    def turn_is_over(self) -> None:
        """See Course."""
        self._director().emit("speechComplete", message=self._said(self._begun))
        self.request_recording()
        self.advance()

    def _said(self, message_id: str | None) -> Message | None:
        """What was said, as far as it has come."""
        reply = self.replies.current
        if reply is not None and reply.id == message_id and not reply.narrates:
            return self._chat.draft(MessageRole.ASSISTANT, reply.text.rstrip(), reply.speaker, reply.id)
        found = next((m for m in reversed(self._chat.messages) if m.id == message_id), None)
        return found or self._chat.latest(MessageRole.ASSISTANT)
