"""Voxta's reply messages put together into replies. Pure: it is told each message and returns what is complete."""

from collections import OrderedDict
from dataclasses import dataclass

from relay.model import Origin, Reply
from relay.wire import server
from relay.wire.messages import WireMessage

MAX_OPEN = 16
"""Replies followed at once; a server that never ends them must not fill the memory."""
MAX_DONE = 256
"""Ids remembered of replies that are complete, so that none is given twice."""


@dataclass
class _Draft:
    origins: tuple[Origin, ...] = ()
    character: str = ""
    text: str = ""


class Assembler:
    """Collects chunks, incremental or cumulative, and attributes each reply to the forward that asked for it."""

    def __init__(self) -> None:
        self._asked: tuple[Origin, ...] = ()
        self._drafts: OrderedDict[str, _Draft] = OrderedDict()
        self._done: OrderedDict[str, None] = OrderedDict()

    def expect(self, origins: tuple[Origin, ...]) -> None:
        """The next reply to begin answers these."""
        self._asked = origins

    def forget(self) -> None:
        """The chat is gone: what was begun will not be completed."""
        self._asked = ()
        self._drafts.clear()

    def is_over(self, message_id: str) -> bool:
        """Whether a reply is complete or was given up; what still comes of it does not count."""
        return message_id in self._done

    def give_up(self, message_id: str) -> Reply | None:
        """The reply as far as it has come, which is then over; None when there is none."""
        draft = self._drafts.pop(message_id, None)
        self._remember(message_id)
        if draft is None or not draft.text.strip():
            return None
        return Reply(message_id=message_id, character=draft.character, text=draft.text.strip(), origins=draft.origins)

    def feed(self, message: WireMessage, character: str) -> Reply | None:
        """Take one message in. The reply, when this completes one.

        `character` is the name of the message's sender.
        """
        match message:
            case server.ReplyGenerating() | server.ReplyStart():
                self._draft(message)
            case server.ReplyChunk() if not self.is_over(message.message_id):
                draft = self._draft(message)
                draft.text = joined(draft.text, message.start_index, message.text)
                draft.character = character
            case server.ReplyEnd():
                return self._complete(message.message_id, character, None)
            case server.ReplyCancelled():
                self._drafts.pop(message.message_id, None)
                self._remember(message.message_id)
            case server.MessageUpdate():
                return None
            case server.MessageEvent() if message.role.casefold() == "assistant":
                return self._complete(message.message_id, character, message.text)
        return None

    def _draft(self, message: server.ReplyMessage) -> _Draft:
        draft = self._drafts.get(message.message_id)
        if draft is None:
            draft = self._drafts[message.message_id] = _Draft(self._asked)
            self._asked = ()
            if len(self._drafts) > MAX_OPEN:
                self._drafts.popitem(last=False)
        return draft

    def _complete(self, message_id: str, character: str, text: str | None) -> Reply | None:
        if message_id in self._done:
            return None
        draft = self._drafts.get(message_id) or _Draft()
        complete = (draft.text if text is None else text).strip()
        if not complete:
            return None
        self._drafts.pop(message_id, None)
        self._remember(message_id)
        return Reply(message_id=message_id, character=character, text=complete, origins=draft.origins)

    def _remember(self, message_id: str) -> None:
        self._done[message_id] = None
        if len(self._done) > MAX_DONE:
            self._done.popitem(last=False)


def joined(text: str, start: int, chunk: str) -> str:
    """The text with a chunk placed at `start`; a cumulative chunk starts at 0 and brings the whole text."""
    if start == 0 and not chunk.startswith(text) and text:
        return chunk if len(chunk) >= len(text) else text
    gap = "" if start <= len(text) or text.endswith((" ", "\n")) else " "
    return text[:start] + gap + chunk
