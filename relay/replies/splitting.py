"""Cuts a reply into posts a platform takes: at sentence ends where possible, then at words, then anywhere."""

import re
from typing import Final

_SENTENCE_END: Final = re.compile(
    r"(?<=[.!?…。！？])[\"'”’)\]」』）]*\s+|(?<=[。！？])[”’」』）]*|\n+"  # noqa: RUF001
)
_WORD_END: Final = re.compile(r"\s+")
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|No|vs|etc|approx|e\.g|i\.e|a\.m|p\.m)|\b[A-Z])\.\s*$|^\s*\d{1,3}\.$"
)
"""What ends with a point and does not end a sentence, such as the number of a list's item."""
_ELLIPSIS: Final = re.compile(r"(?:\.\.|…)[.…]*[\"'”’)\]]*$")  # noqa: RUF001


def sentences(text: str) -> list[str]:
    """The text sentence by sentence."""
    found, end = finished(text)
    return [sentence for sentence in (*found, text[end:].strip()) if sentence]


def finished(text: str) -> tuple[list[str], int]:
    """The sentences that whatever follows cannot change, and where the rest begins."""
    found: list[str] = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.start() + len(match.group().rstrip())
        sentence, after = text[begin:end], text[match.end() : match.end() + 1]
        is_whole = after or match.group().endswith("\n") or (match.group() and not _ELLIPSIS.search(sentence))
        if is_whole and not _ABBREVIATION.search(sentence) and not (_ELLIPSIS.search(sentence) and after.islower()):
            found.append(sentence.strip())
            begin = match.end()
    return [sentence for sentence in found if sentence], begin


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
