"""All replies that are open, and those that were lately: Voxta's messages in, what they change out. Pure.

This is the only place that knows replies by their ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from relay.model import Forward, ReplyText, Retraction
from relay.replies.reply import Phase, Reply
from relay.wire import server
from relay.wire.messages import WireMessage

OPEN: Final = 16
"""Replies followed at once; a server that never ends them must not fill the memory."""
OVER: Final = 256
"""Replies remembered that are over, so that nothing which still comes of them counts."""


@dataclass(frozen=True)
class Step:
    """What one message of a reply has changed."""

    reply: Reply
    before: str = ""
    """The text as it was."""
    added: str = ""
    """What it has brought."""
    sentences: tuple[str, ...] = ()
    """The sentences that are whole since, for those who read along."""
    public: ReplyText | None = None
    """What is to be posted now, as the reply is over by this and nothing of it is said."""


class Replies:
    """Attributes each reply to the forward that asked for it, and follows it to its end."""

    def __init__(self) -> None:
        self._asked: Forward | None = None
        self._known: dict[str, Reply] = {}

    def __iter__(self) -> Iterator[Reply]:
        return iter(self._known.values())

    def get(self, message_id: str | None) -> Reply | None:
        """The reply with this id; None for one that never began, or was forgotten."""
        return self._known.get(message_id) if message_id is not None else None

    def voicing(self) -> list[Reply]:
        """Those of which some is being said, or about to be; the oldest first."""
        return [reply for reply in self if reply.is_voicing]

    def asked(self, forward: Forward) -> None:
        """The next reply to begin answers this."""
        self._asked = forward

    def unasked(self, forward: Forward) -> None:
        """This gets no answer: what begins next answers nobody."""
        if self._asked is forward:
            self._asked = None

    def give_up_asked(self) -> Forward | None:
        """Nothing answers any more what was asked last; what that was, unless its answer has begun."""
        given_up, self._asked = self._asked, None
        return given_up

    def apply(self, message: WireMessage, character: str = "") -> Step | None:
        """What a message changes; None when it is not about a reply, or does not count any more.

        `character` is the name of its sender. Who plays speech has to cut a cancelled reply where it was heard.
        """
        match message:
            case server.ReplyGenerating():
                return Step(self._begun(message.message_id, is_narration=message.is_narration))
            case server.ReplyThink():
                return self._thinks(message.message_id)
            case server.ReplyStart():
                return Step(self._begun(message.message_id))
            case server.ReplyChunk():
                return self._goes_on(message, character)
            case server.ReplyEnd():
                return self._ends(message.message_id, character)
            case server.ReplyCancelled():
                return self._is_cancelled(message.message_id)
            case server.MessageUpdate() if not self._lacks_beginning(message.message_id):
                return None
            case server.MessageEvent() if message.role.casefold() == "assistant":
                return self._is_told_whole(message.message_id, character, message.text)
        return None

    def retracted(self, retraction: Retraction) -> list[Reply]:
        """The open replies to what was taken back, which are never posted."""
        found = [
            reply
            for reply in self
            if reply.is_open and reply.forward is not None and reply.forward.is_named_by(retraction)
        ]
        for reply in found:
            reply.is_withheld = True
        return found

    def retracted_asked(self, retraction: Retraction) -> Forward | None:
        """What was asked last, if it was taken back before its answer began: nothing answers it any more."""
        if self._asked is None or not self._asked.is_named_by(retraction):
            return None
        return self.give_up_asked()

    def unwritten(self) -> Forward | None:
        """What was asked last, if the story writer was to make it of a prompt, and could not."""
        return self.give_up_asked() if self._asked is not None and self._asked.is_prompt else None

    def forget(self) -> list[ReplyText]:
        """The chat is gone. What was heard is to be posted as far; what was not may come again in the next chat."""
        self._asked = None
        opened = [reply for reply in self if reply.is_open]
        for reply in opened:
            if reply.heard:
                reply.cut()
            else:
                reply.is_voiced = False  # who still waits for its end is not to wait for the voice
                del self._known[reply.id]
        return [reply.public for reply in opened if reply.phase is Phase.CUT and reply.public is not None]

    # Voxta's messages

    def _begun(self, message_id: str, *, is_narration: bool = False) -> Reply:
        reply = self._known.get(message_id)
        if reply is None:
            reply = self._add(Reply(message_id, is_narration=is_narration))
            if not is_narration:
                reply.forward, self._asked = self._asked, None
        return reply

    def _thinks(self, message_id: str) -> Step | None:
        """They begin no reply: those of one that is not known any more would answer what was asked since."""
        reply = self._known.get(message_id)
        return Step(reply) if reply is not None and reply.phase is Phase.GENERATING else None

    def _goes_on(self, chunk: server.ReplyChunk, character: str) -> Step | None:
        is_late = chunk.message_id not in self._known and chunk.start_index > 0
        reply = self._begun(chunk.message_id, is_narration=chunk.is_narration)
        reply.lacks_beginning |= is_late
        if reply.phase is not Phase.GENERATING:
            return None
        reply.sender_id = reply.sender_id or chunk.sender_id
        reply.character = character
        before = reply.sentences.text
        whole = reply.sentences.feed(chunk.start_index, chunk.text)
        after = reply.sentences.text
        added = after[len(before) :] if after.startswith(before) else chunk.text
        return Step(reply, before, added, tuple(whole))

    def _ends(self, message_id: str, character: str) -> Step | None:
        reply = self._known.get(message_id)
        if reply is None:
            return None
        rest = tuple(reply.sentences.flush()) if reply.phase is not Phase.CUT else ()
        return Step(reply, sentences=rest, public=self._complete(reply, character))

    def _is_told_whole(self, message_id: str, character: str, text: str) -> Step | None:
        if not text.strip():
            return None
        reply = self._known.get(message_id) or self._add(Reply(message_id))
        if reply.phase is not Phase.GENERATING or reply.is_narration:
            return None
        reply.revise(text)
        return Step(reply, public=self._complete(reply, character))

    def _complete(self, reply: Reply, character: str) -> ReplyText | None:
        """Its text is known, unless its beginning, or all but its end, did not come: then its message may bring it."""
        if not (reply.text or reply.is_voiced):
            return None
        reply.character = character
        return reply.public if reply.complete() else None

    def _is_cancelled(self, message_id: str) -> Step:
        reply = self._known.get(message_id) or self._add(Reply(message_id))
        if not reply.is_voiced:
            reply.cut()
        return Step(reply)

    # Inside

    def _lacks_beginning(self, message_id: str) -> bool:
        reply = self._known.get(message_id)
        return reply is not None and reply.lacks_beginning

    def _add(self, reply: Reply) -> Reply:
        self._known[reply.id] = reply
        opened = [each for each in self if each.is_open]
        if len(opened) > OPEN:
            silent = (each for each in opened if not each.is_voiced and each is not reply)
            del self._known[next(silent, opened[0]).id]
        over = [each for each in self if not each.is_open]
        if len(over) > OVER:
            del self._known[over[0].id]
        return reply
