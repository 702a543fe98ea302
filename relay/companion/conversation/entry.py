"""How messages get into a chat: people's at once, the scenario's in turn."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from relay.companion.brains.base import NO_LIMITS, AnswerLimits
from relay.companion.conversation.director import Director
from relay.companion.conversation.listeners import Listeners
from relay.companion.conversation.turns import Turns
from relay.companion.conversation.writing import StoryWriter
from relay.companion.scenario.templates import render
from relay.companion.state.chat import Chat, Message, MessageRole, Participant, Refused
from relay.companion.state.orders import AddMessage


@dataclass(frozen=True)
class _Coming:
    """A message on its way into a chat."""

    post: AddMessage
    speaker: Participant
    replies: bool
    """Whether a reply is to follow it."""
    limits: AnswerLimits = NO_LIMITS
    """Of that reply."""
    is_news: bool = True
    """Whether the scenario is to hear of it, as it does not of what it has ordered itself."""


class MessageEntry:
    """Reads what is to be added, has the story writer word it where that is wanted, and lets it have its effects."""

    def __init__(
        self,
        chat: Chat,
        audience: Listeners,
        turns: Turns,
        writer: StoryWriter,
        director: Callable[[], Director],
        advance: Callable[[], None],
    ) -> None:
        """`advance` is called when the story writer is done."""
        self._chat = chat
        self._audience = audience
        self._turns = turns
        self._writer = writer
        self._director = director
        self._advance = advance

    def receive(self, post: AddMessage, limits: AnswerLimits, *, do_reply: bool) -> None:
        """Take in what a person says. One who asks for a reply in so many words gets it in a pause too. Raises Refused.

        With `do_reply` false none follows, whatever is asked for.
        """
        speaker, text = self._read(post, self._chat.character)
        replies = _asks(post) and do_reply and (post.reply is True or not self._turns.paused)
        if replies:
            self._turns.cut_off()  # not what a script orders on hearing of the message
        if post.role is MessageRole.USER:
            draft = self._chat.draft(post.role, text)
            text = (self._director().emit("userMessageReceived", message=draft) or text).strip() or text
        self._let_in(_Coming(post, speaker, replies, limits), text)

    def order(self, post: AddMessage, about: Participant) -> None:
        """Add a message in turn, which makes no event happen; `about` is the character it is about. Raises Refused."""
        speaker, text = self._read(post, about)
        self._let_in(_Coming(post, speaker, replies=_asks(post) and not self._turns.paused, is_news=False), text)

    def insert(
        self, role: MessageRole, text: str, sender: Participant | None, *, narrate: bool | None = None
    ) -> Message:
        """Add a message now, read aloud if it is to be; it has no other effect."""
        message = self._chat.add(role, text, sender)
        self._audience.announce(message)
        if role.is_narrated if narrate is None else narrate:
            self._turns.narrate(message)
        return message

    def _read(self, post: AddMessage, about: Participant) -> tuple[Participant, str]:
        """Who says it, and what. Raises Refused."""
        speaker: Participant | None = about
        if post.character is not None:
            speaker = self._chat.named(post.character)
            if speaker is None:
                raise Refused(f"/message: there is no character {post.character[:40]!r} in this chat")
        elif post.scenario_role is not None:
            speaker = self._chat.with_role(post.scenario_role)
            if speaker is None:
                raise Refused(f"/message: nobody has the scenario role {post.scenario_role[:40]!r}")
        assert speaker is not None
        text = render(post.text, self._chat.names(speaker)).strip()
        if not text:
            raise Refused("nothing is left of the text without its {{ tags }}")
        return speaker, text

    def _let_in(self, coming: _Coming, text: str) -> None:
        post = coming.post
        if post.use_story_writer:
            self._write(coming, text)
        elif post.role is MessageRole.ASSISTANT or coming.is_news:
            self._add(coming, text)
        else:
            self._turns.add_silent(partial(self.insert, post.role, text, None, narrate=post.narrate))
            if coming.replies:
                self._turns.want_reply()

    def _write(self, coming: _Coming, prompt: str) -> None:
        """Let the story writer make the text, beside what else goes on."""
        post, limits = coming.post, coming.limits
        own = AnswerLimits(post.max_new_tokens or limits.max_new_tokens, post.max_sentences or limits.max_sentences)

        def written(text: str) -> None:
            self._add(coming, text)
            self._advance()

        self._writer.write(post.role, self._turns.view(coming.speaker, own), prompt, written)

    def _add(self, coming: _Coming, text: str) -> None:
        post = coming.post
        if post.role is MessageRole.ASSISTANT:
            self._speak(coming, text)
        else:
            self._react(self.insert(post.role, text, None, narrate=post.narrate), coming)

    def _speak(self, coming: _Coming, text: str) -> None:
        self._turns.say(coming.speaker, text, is_news=coming.is_news)
        if coming.replies and any(other != coming.speaker for other in self._chat.talkers):  # nobody answers themselves
            self._turns.want_reply()

    def _react(self, message: Message, coming: _Coming) -> None:
        self._turns.people_wrote()
        if coming.is_news and message.role.asks_for_reply:
            self._director().evaluate(message)
        if coming.replies:
            self._turns.want_reply(coming.limits)
        else:
            self._turns.inference.after(message)


def _asks(post: AddMessage) -> bool:
    return post.role.asks_for_reply if post.reply is None else post.reply
