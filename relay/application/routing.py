"""The companion's answers, from Voxta's messages to what is read and heard."""

from collections.abc import Callable

from relay.application.events import Events
from relay.model import Forward, Retraction
from relay.replies.replies import Replies, Step
from relay.replies.screening import Screening
from relay.speech.floor import STREAMER
from relay.speech.voice import Voice
from relay.wire import server, services
from relay.wire.messages import WireMessage


class ReplyRouter:
    """Gives each message to those whom it concerns."""

    def __init__(
        self,
        replies: Replies,
        voice: Voice,
        screening: Screening,
        events: Events,
        *,
        name_of: Callable[[str | None], str],
        record: Callable[[bool], None],
        is_known: Callable[[], bool],
    ) -> None:
        """`name_of` a sender's id, `record` is told whether Voxta listens to people.

        `is_known`: who talks was told by whoever hears them, also when Voxta comes to it only later.
        """
        self._replies = replies
        self._voice = voice
        self._screening = screening
        self._events = events
        self._name_of = name_of
        self._record = record
        self._is_known = is_known

    def asked(self, forward: Forward) -> None:
        """The next answer to begin is that to a forward."""
        self._replies.asked(forward)
        self._voice.asked()

    def unasked(self, forward: Forward) -> None:
        """A forward gets no answer: the next one to begin is that to something else."""
        self._replies.unasked(forward)

    def hear(self, message: WireMessage) -> None:
        """Take one message from Voxta; returns at once."""
        step = self._replies.apply(message, self._name_of(getattr(message, "sender_id", None)))
        if step is not None and isinstance(message, server.ReplyMessage):
            self._voices(message, step)
        else:
            self._listen(message)
        if step is not None:
            if step.public is not None:
                self._screening.screen(step.public)
            self._events.replied(step)
        if not isinstance(message, server.MessageUpdate):  # a line in the chat, as after each that the relay sends
            self._events.changed()

    def retract(self, retraction: Retraction) -> None:
        """Stop what answers a message that was taken back; of that answer nothing is posted."""
        self._screening.retract(retraction)
        for reply in self._replies.retracted(retraction):
            self._voice.stop(reply)
        if (asked := self._replies.retracted_asked(retraction)) is not None:
            self._voice.stop()
            self._events.given_up(asked)

    def forget(self) -> None:
        """The chat is gone."""
        self._voice.stopped(STREAMER, is_done=True)
        self._voice.forget()
        for public in self._replies.forget():
            self._screening.screen(public)
        self._record(False)
        self._events.changed()

    def _voices(self, message: server.ReplyMessage, step: Step) -> None:
        """The text of a reply that is spoken waits until it was heard."""
        match message:
            case server.ReplyEnd():
                self._voice.text_ended(step.reply)
            case server.ReplyCancelled():
                self._voice.cancelled(step.reply)
            case server.ReplyStart():
                self._voice.started(step.reply)
            case server.ReplyChunk():
                self._voice.thinking(step.reply)
                self._voice.say(step.reply, self._screening.sentence(message, step))
            case _:
                self._voice.thinking(step.reply, is_thought=isinstance(message, server.ReplyThink))

    def _listen(self, message: WireMessage) -> None:
        match message:
            case server.SpeechRecognitionStart() | server.SpeechRecognitionPartial():
                self._recognises()
            case server.SpeechRecognitionEnd():
                self._voice.recognising(is_under_way=False)
                self._voice.stopped(STREAMER, is_done=True)
            case server.SpeechPlaybackStarted():
                self._voice.played_elsewhere(message.message_id, message.duration)
            case server.SpeechPlaybackCompleted():
                self._voice.completed_elsewhere(message.message_id)
            case server.ChatSessionError(service_name=services.MODEL, retry=True):
                self._not_written()
            case server.InterruptSpeech():
                self._interrupt(message.message_id)
            case server.ChatFlow() if message.state in server.FLOW:
                self._voice.turn(is_over=message.state == server.WAITING)
            case server.RecordingRequest():
                self._record(message.enabled)
            case server.MessageUpdate() | server.MessageDeleted():
                self._voice.text_changed(message.message_id, getattr(message, "text", ""))

    def _recognises(self) -> None:
        self._voice.recognising(is_under_way=True)
        if not self._is_known():
            self._voice.speaks(STREAMER)

    def _not_written(self) -> None:
        """The model has failed: a story that it was to write does not come, and nothing answers it."""
        if (asked := self._replies.unwritten()) is not None:
            self._voice.unanswered()
            self._events.given_up(asked)

    def _interrupt(self, message_id: str | None) -> None:
        """Somebody has given up the speech of one reply, or of all."""
        if message_id is None:
            self._voice.all_cancelled()
        elif (reply := self._replies.get(message_id)) is not None:
            self._voice.cancelled(reply)
