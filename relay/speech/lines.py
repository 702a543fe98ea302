"""What of a reply may be said aloud: its chunks as sentences, each judged before it is heard."""

from collections import OrderedDict
from typing import Final

from relay.moderation.outbound import Action, Outbound
from relay.replies.assembler import joined
from relay.speech.base import Sentence
from relay.wire import server

SILENCE: Final = "silence:"
"""Begins the address of a pause, such as `silence:680` (milliseconds); there is nothing to fetch."""
MAX_OPEN: Final = 16
"""Replies followed at once."""


class Lines:
    """Places each chunk in its reply's text. Pure."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._texts: OrderedDict[str, str] = OrderedDict()

    def read(self, chunk: server.ReplyChunk) -> Sentence:
        """The sentence a chunk adds. Without an address for its sound when it must not be heard as it is.

        Sound cannot be masked or wait for a moderator, so only a sentence that passes as it stands is spoken.
        """
        before = self._texts.get(chunk.message_id, "")
        text = joined(before, chunk.start_index, chunk.text)
        self._texts[chunk.message_id] = text
        if len(self._texts) > MAX_OPEN:
            self._texts.popitem(last=False)
        added = text[len(before) :] if text.startswith(before) else chunk.text
        may_be_heard = self._outbound.judge(added, before).action is Action.PASS
        url = chunk.audio_url or ""
        return Sentence(
            message_id=chunk.message_id,
            text=added,
            start_index=chunk.start_index,
            end_index=chunk.end_index,
            url=url if may_be_heard and not url.startswith(SILENCE) else "",
            gap=(chunk.audio_gap_ms or 0.0) / 1000,
        )

    def forget(self, message_id: str) -> None:
        """The reply is over."""
        self._texts.pop(message_id, None)
