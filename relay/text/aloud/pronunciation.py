"""How the streamer wants words to be said. Pure."""

import re
from collections.abc import Mapping


class Pronunciation:
    """Replaces whole words, the longest first, each place once.

    A word in small letters is found however it is written; one with a capital only as it stands in the list, so that
    US and us are two.
    """

    def __init__(self, said: Mapping[str, str]) -> None:
        self._any = {word.casefold(): spoken for word, spoken in said.items() if word.islower() or not _has_case(word)}
        self._exact = {word: spoken for word, spoken in said.items() if word.casefold() not in self._any}
        words = sorted({*self._any, *self._exact}, key=len, reverse=True)
        parts = [f"(?i:{re.escape(word)})" if word in self._any else re.escape(word) for word in words if word.strip()]
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if parts else None

    def applied(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(self._spoken, text)

    def _spoken(self, found: re.Match[str]) -> str:
        word = found.group()
        return self._exact.get(word) or self._any.get(word.casefold(), word)


def _has_case(word: str) -> bool:
    return word.lower() != word.upper()
