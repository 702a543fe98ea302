"""The companion's answers, from Voxta's messages to what is read and heard."""

from collections import deque
from collections.abc import Callable

from relay.floor import STREAMER
from relay.model import Forward, Reply, Retraction
from relay.moderation.outbound import Outbound
from relay.replies.assembler import Assembler
from relay.speech.answering import MAX_OPEN, Answering
from relay.speech.lines import Lines
from relay.speech.voice import Voice
from relay.wire import server
from relay.wire.messages import WireMessage

CUT_OFF = " \u2014"
"""Ends the text of an answer that was cut off."""


class Answers:
    """Gives each message to those whom it concerns. The text of an answer that is spoken waits until it was heard."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        voice: Callable[["Answers"], Voice],
        name_of: Callable[[str | None], str],
        release: Callable[[Reply], None],
        record: Callable[[bool], None],
    ) -> None:
        """`name_of` a sender's id, `release` takes each answer's text, `record` is told whether Voxta listens."""
        self._name_of = name_of
        self._release = release
        self._record = record
        self._assembler = Assembler()
        self._lines = Lines(outbound)
        self._answering = Answering()
        self._unread: dict[str, Reply] = {}
        self._withheld: deque[str] = deque(maxlen=MAX_OPEN)
        self._narrated: deque[str] = deque(maxlen=MAX_OPEN)
        """What a narrator reads aloud: it answers nobody, and stands in the chat already."""
        self.voice = voice(self)

    def asked(self, forward: Forward) -> None:
        """The next answer to begin is that to a forward."""
        self._assembler.expect(forward.origins)
        self._answering.asked(forward)
        self.voice.asked()

    def hear(self, message: WireMessage) -> None:
        """Take one message from Voxta."""
        match message:
            case server.ReplyMessage():
                self._follow(message)
            case server.SpeechRecognitionStart() | server.SpeechRecognitionPartial():
                self.voice.talks(STREAMER)
            case server.SpeechRecognitionEnd():
                self.voice.stopped(STREAMER, is_done=True)
            case server.SpeechPlaybackStart() | server.SpeechPlaybackComplete():
                self._follow_others(message)
            case server.InterruptSpeech():
                self.voice.cancelled(message.message_id)
            case server.ChatFlow() if message.state in server.FLOW:
                self.voice.turn(is_over=message.state == server.WAITING)
            case server.RecordingRequest():
                self._record(message.enabled)
            case server.MessageUpdate() | server.MessageDeleted():
                self.voice.text_changed(message.message_id, getattr(message, "text", ""))
        self._assemble(message)

    def retract(self, retraction: Retraction) -> None:
        """Stop what answers a message that was taken back; of that answer nothing is posted."""
        for message_id in self._answering.retracted(retraction):
            if message_id is not None:
                self._withheld.append(message_id)
            self.voice.stop(message_id)

    def forget(self) -> None:
        """The chat is gone."""
        self.voice.stopped(STREAMER, is_done=True)
        self.voice.forget()
        self._assembler.forget()
        self._answering.forget()
        self._unread.clear()
        self._record(False)

    def spoken(self, message_id: str, heard: str | None) -> None:
        """See Audience. Text is shown as far as it was heard."""
        self._answering.over(message_id)
        reply = self._unread.pop(message_id, None) or self._assembler.give_up(message_id)
        if reply is not None and heard != "":
            whole = heard is None or heard == reply.text
            self._post(reply if whole else reply.model_copy(update={"text": f"{heard}{CUT_OFF}"}))

    def _follow_others(self, message: server.SpeechPlaybackStart | server.SpeechPlaybackComplete) -> None:
        """What some client of the chat plays, perhaps we."""
        if isinstance(message, server.SpeechPlaybackStart):
            self.voice.played_elsewhere(message.message_id, message.duration)
        else:
            self.voice.completed_elsewhere(message.message_id)

    def _follow(self, message: server.ReplyMessage) -> None:
        if isinstance(message, server.ReplyChunk) and self._assembler.is_over(message.message_id):
            return
        if isinstance(message, server.ReplyGenerating) and message.is_narration:
            self._narrated.append(message.message_id)
        match message:
            case server.ReplyEnd():
                self._lines.forget(message.message_id)
                self.voice.text_ended(message.message_id)
            case server.ReplyCancelled():
                self._lines.forget(message.message_id)
                self.voice.cancelled(message.message_id)
            case _:
                if message.message_id not in self._narrated:
                    self._answering.began(message.message_id)
                self.voice.thinking(message.message_id)
        if isinstance(message, server.ReplyChunk):
            self.voice.say(self._lines.read(message))

    def _assemble(self, message: WireMessage) -> None:
        if getattr(message, "message_id", None) in self._narrated:
            return
        reply = self._assembler.feed(message, self._name_of(getattr(message, "sender_id", None)))
        if reply is None:
            return
        if self.voice.is_voicing(reply.message_id):
            self._unread[reply.message_id] = reply
        else:
            self._answering.over(reply.message_id)
            self._post(reply)

    def _post(self, reply: Reply) -> None:
        if reply.message_id not in self._withheld:
            self._release(reply)
