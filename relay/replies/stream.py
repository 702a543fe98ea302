"""A reply's sentences while its text is still coming, however the server cuts it into chunks."""

from itertools import pairwise

from relay.replies.assembler import joined
from relay.sentences import ends


class SentenceStream:
    """The text of one reply. Pure."""

    def __init__(self) -> None:
        self._text = ""
        self._given = 0

    def feed(self, start: int, chunk: str) -> list[str]:
        """The sentences that a chunk completes; one that starts at 0 may carry the whole text so far."""
        self._text = joined(self._text, start, chunk)
        rest = self._text[self._given :]
        places = [0, *ends(rest)]
        self._given += places[-1]
        return [rest[begin:end].strip() for begin, end in pairwise(places)]

    def flush(self) -> list[str]:
        """What is left at the end of the reply."""
        rest = self._text[self._given :].strip()
        self._given = len(self._text)
        return [rest] if rest else []
