"""A reply's sentences while its text is still coming, however the server cuts it into chunks."""

from relay.replies.assembler import joined
from relay.replies.splitting import finished


class SentenceStream:
    """The text of one reply. Pure."""

    def __init__(self) -> None:
        self._text = ""
        self._given = 0

    def feed(self, start: int, chunk: str) -> list[str]:
        """The sentences that a chunk completes; one that starts at 0 may carry the whole text so far."""
        self._text = joined(self._text, start, chunk)
        found, end = finished(self._text[self._given :])
        self._given += end
        return found

    def flush(self) -> list[str]:
        """What is left at the end of the reply."""
        rest = self._text[self._given :].strip()
        self._given = len(self._text)
        return [rest] if rest else []
