"""Cuts a reply into posts a platform takes: at sentence ends where possible, then at lines or words, then anywhere.

A block of code that does not fit is closed in one post and opened again in the next.
"""

import re
from typing import Final

from relay.sentences import FENCE, ends, open_fence

_WORD_END: Final = re.compile(r"(?<!\s)\s")
_LINE_END: Final = re.compile(r"(?<!\n)\n")
_MARKS: Final = re.compile("`{3,}")
_CLOSE: Final = f"\n{FENCE}"
_MARK: Final = re.compile(r"`{3,}[A-Za-z0-9+#-]{1,15}")
"""What opens a block of code in some language; other words behind a mark are text."""
_LEAST: Final = 64
"""A post has to have room for so many characters before blocks of code are closed and opened again."""


def split(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit` characters, none of them empty. Only white space is lost.

    Marks of code that cannot be cut so that each piece closes what it opens are lost as well.
    """
    pieces = _split(text, limit)
    if limit >= _LEAST and any(piece.count(FENCE) % 2 for piece in pieces):
        return _split(_MARKS.sub("", text), limit)
    return pieces


def _split(text: str, limit: int) -> list[str]:
    pieces: list[str] = []
    rest = text.strip()
    if limit >= _LEAST and open_fence(rest):
        rest += _CLOSE
    while len(rest) > limit:
        is_code = limit >= _LEAST and FENCE in rest[:limit]
        end = _end(rest, limit - len(_CLOSE) if is_code else limit)
        opened = open_fence(rest[:end]) if is_code else ""
        pieces.append(rest[:end].rstrip() + (_CLOSE if opened else ""))
        left = _opened_again(opened, rest[end:]) if opened else rest[end:].lstrip()
        rest = left if len(left) < len(rest) else rest[end:].lstrip()  # what is opened again must not grow for ever
    return [*pieces, rest] if rest else pieces


def _end(text: str, limit: int) -> int:
    opened = open_fence(text[:limit])
    least = len(opened) + 1 if opened and text.startswith(opened) else 0
    window = text[: limit + 1]
    sentence_ends = (len(text[:end].rstrip()) for end in ends(window))
    line_ends = (match.start() for match in _LINE_END.finditer(window)) if opened else ()
    word_ends = (match.start() for match in _WORD_END.finditer(window))
    places = (
        max((p for p in found if least < p <= limit), default=0) for found in (sentence_ends, line_ends, word_ends)
    )
    return next(filter(None, places), 0) or _hard_end(text, limit)


def _opened_again(opened: str, rest: str) -> str:
    """The rest of a block of code as a block of its own; of a block that was at its end nothing is left."""
    if rest.lstrip().startswith(FENCE):
        return rest.lstrip().removeprefix(FENCE).lstrip()
    mark = opened if _MARK.fullmatch(opened) else FENCE
    return f"{mark}\n{rest.removeprefix(chr(10))}"


def _hard_end(text: str, limit: int) -> int:
    """A cut that leaves combined characters whole where it can."""
    end = limit
    while end > limit // 2 and (_extends(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return end


def _extends(character: str) -> bool:
    return character in "\u200d\ufe0f" or "\u0300" <= character <= "\u036f" or "\U0001f3fb" <= character <= "\U0001f3ff"
