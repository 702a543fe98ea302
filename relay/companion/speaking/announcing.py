"""A character's reply, and what those who listen are told of it."""

from asyncio import Task
from collections.abc import Callable
from dataclasses import dataclass

from relay.companion.speaking.clips import ServedClip
from relay.companion.state import wire_view
from relay.companion.state.chat import Message, MessageRole, Participant
from relay.companion.voice.manner import affect_of
from relay.wire import server
from relay.wire.messages import WireMessage


@dataclass
class CompanionReply:
    """What a character is saying."""

    id: str
    speaker: Participant
    narrates: bool = False
    """Whether it reads a message aloud that is in the chat already."""
    is_news: bool = True
    """Whether the scenario is to hear of it, as it does not of what it has ordered itself."""
    text: str = ""
    """Said so far."""
    task: Task[None] | None = None
    silent: bool = False
    """Whether its speech failed; the rest then goes out as text, without trying again."""


class ReplyNews:
    """Words how the replies of one session go, in the messages of the wire."""

    def __init__(self, session_id: str, tell: Callable[[WireMessage], None]) -> None:
        self._session = session_id
        self._tell = tell

    def is_made(self, reply: CompanionReply) -> None:
        """It is on its way; nothing of it is out yet."""
        self._tell(
            server.ReplyGenerating(
                message_id=reply.id,
                sender_id=reply.speaker.id,
                session_id=self._session,
                role=MessageRole.ASSISTANT,
                is_narration=reply.narrates,
            )
        )

    def is_thought_about(self, reply: CompanionReply) -> None:
        """It is still on its way."""
        self._tell(server.ReplyThink(message_id=reply.id, sender_id=reply.speaker.id, session_id=self._session))

    def starts(self, reply: CompanionReply, chat_time: float) -> None:
        """Its first sentence is there."""
        self._tell(
            server.ReplyStart(
                message_id=reply.id,
                sender_id=reply.speaker.id,
                session_id=self._session,
                chat_time=round(chat_time, 3),
            )
        )

    def goes_on(self, reply: CompanionReply, sentence: str, clip: ServedClip | None) -> None:
        """This sentence is the last of its text now."""
        self._tell(
            server.ReplyChunk(
                message_id=reply.id,
                sender_id=reply.speaker.id,
                session_id=self._session,
                start_index=len(reply.text) - len(sentence),
                end_index=len(reply.text),
                text=sentence,
                audio_url=clip.url if clip else "",
                is_narration=reply.narrates,
                affect=affect_of(sentence) or None,
            )
        )

    def ends(self, reply: CompanionReply, message: Message | None) -> None:
        """All of its text is out; it is in the chat as `message`, unless it was read from there."""
        self._tell(
            server.ReplyEnd(
                message_id=reply.id,
                sender_id=reply.speaker.id,
                session_id=self._session,
                tokens=max(1, len(reply.text) // 4),
                message_index=message.index if message else None,
                conversation_index=message.conversation_index if message else None,
            )
        )

    def is_cancelled(self, reply: CompanionReply) -> None:
        """No more of it comes."""
        self._tell(server.ReplyCancelled(message_id=reply.id, sender_id=reply.speaker.id, session_id=self._session))

    def is_kept(self, message: Message) -> None:
        """What was said of it is in the chat as this message."""
        self._tell(wire_view.update(self._session, message))

    def is_silenced(self, message_id: str | None) -> None:
        """Whoever plays the speech of this message is to stop."""
        self._tell(server.InterruptSpeech(session_id=self._session, message_id=message_id))

    def was_heard(self, message_id: str) -> None:
        """The speech of this message is over."""
        self._tell(server.SpeechPlaybackCompleted(session_id=self._session, message_id=message_id))
