"""Cuts a reply into posts a platform takes: at sentence ends where possible, then at words, then anywhere."""

import re
from typing import Final

_SENTENCE_END: Final = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")  # noqa: RUF001
_WORD_END: Final = re.compile(r"\s+")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|vs|etc|e\.g|i\.e)|\b[A-Z])\.\s*$")


def sentences(text: str) -> list[str]:
    """The text sentence by sentence."""
    found: list[str] = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.start() + len(match.group().rstrip())
        if not _ABBREVIATION.search(text[begin:end]):
            found.append(text[begin:end].strip())
            begin = match.end()
    return [sentence for sentence in (*found, text[begin:].strip()) if sentence]


def split(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit` characters, none of them empty. Only white space is lost."""
    pieces: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        end = _last_end(_SENTENCE_END, rest, limit) or _last_end(_WORD_END, rest, limit) or _hard_end(rest, limit)
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*pieces, rest] if rest else pieces


def _last_end(pattern: re.Pattern[str], text: str, limit: int) -> int:
    best = 0
    for match in pattern.finditer(text[: limit + 1]):
        end = match.start() + len(match.group().rstrip())
        if 0 < end <= limit and not _ABBREVIATION.search(text[:end]):
            best = end
    return best


def _hard_end(text: str, limit: int) -> int:
    """A cut that leaves combined characters whole where it can."""
    end = limit
    while end > limit // 2 and (_extends(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return end


def _extends(character: str) -> bool:
    return character in "\u200d\ufe0f" or "\u0300" <= character <= "\u036f" or "\U0001f3fb" <= character <= "\U0001f3ff"
