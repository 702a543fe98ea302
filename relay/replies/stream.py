"""A text while it is still coming, however the server cuts it into chunks, and its sentences. Pure."""

from itertools import pairwise

from relay.text.sentences import ends


class SentenceStream:
    """Collects chunks, incremental or cumulative."""

    def __init__(self) -> None:
        self.text = ""
        self._given = 0

    def feed(self, start: int, chunk: str) -> list[str]:
        """The sentences that a chunk completes; one that starts at 0 may carry the whole text so far."""
        self.text = joined(self.text, start, chunk)
        rest = self.text[self._given :]
        places = [0, *ends(rest)]
        self._given += places[-1]
        return [rest[begin:end].strip() for begin, end in pairwise(places)]

    def flush(self) -> list[str]:
        """What is left at the end of the reply."""
        rest = self.text[self._given :].strip()
        self._given = len(self.text)
        return [rest] if rest else []


def joined(text: str, start: int, chunk: str) -> str:
    """The text with a chunk placed at `start`; a cumulative chunk starts at 0 and brings the whole text."""
    if start == 0:
        return max(chunk, text, key=len)
    gap = "" if start <= len(text) or text.endswith((" ", "\n")) else " "
    return text[:start] + gap + chunk
