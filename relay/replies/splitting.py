"""Cuts a reply into posts a platform takes: at sentence ends where possible, then at lines or words, then anywhere.

A block of code that does not fit into a post is closed there and opened again in the next. A span of code within a line
stays whole where it can.
"""

import re
from typing import Final

from relay.text.sentences import FENCE, sentences

_WORD_END: Final = re.compile(r"(?<!\s)\s")
_LINE_END: Final = re.compile(r"(?<!\n)\n")
_SPAN: Final = re.compile(r"(?<!`)(`{1,2}+)[^`]++\1(?!`)")
_CLOSE: Final = f"\n{FENCE}"
_LANGUAGE: Final = re.compile(r"([A-Za-z0-9][\w+#.-]{0,19})\n")
"""What follows the mark of a block that is in some language; other words behind a mark are text."""
_LEAST: Final = 64
"""A post has to have room for so many characters before blocks of code are closed and opened again."""


def split(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit` characters, none of them empty. Only white space is lost.

    Each piece closes the blocks of code that it opens, unless the limit is very small.
    """
    posts = _Posts(limit)
    keeps_blocks = limit >= _LEAST
    whole = text.strip()
    if keeps_blocks and whole.count(FENCE) % 2:
        whole += _CLOSE
    for sentence in sentences(whole):
        if not posts.fit(sentence):
            posts.begin()
        if posts.fit(sentence):
            posts.add(sentence)
            continue
        for number, part in enumerate(sentence.split(FENCE) if keeps_blocks else [sentence]):
            add = posts.add_block if number % 2 else posts.add_words
            add(part)
    posts.begin()
    return posts.full


class _Posts:
    """Posts that are filled one after the other."""

    def __init__(self, limit: int) -> None:
        self.full: list[str] = []
        self._limit = limit
        self._last = ""

    def fit(self, text: str) -> bool:
        """Whether the last post has room for it."""
        return len(self._last) + len(text.rstrip() if self._last else text.strip()) <= self._limit

    def add(self, text: str) -> None:
        self._last += text if self._last else text.lstrip()

    def begin(self) -> None:
        """Go on with a new post."""
        if post := self._last.rstrip():
            self.full.append(post)
        self._last = ""

    def add_words(self, text: str) -> None:
        while not self.fit(text):
            end = _word_end(text, self._limit - len(self._last))
            if not end and self._last:
                self.begin()
                text = text.lstrip()
                continue
            end = end or _hard_end(text, self._limit)
            self.add(text[:end])
            self.begin()
            text = text[end:].lstrip()
        self.add(text)

    def add_block(self, code: str) -> None:
        """Add a block of code without its marks; one that is too long is made several."""
        block = f"{FENCE}{code}{FENCE}"
        if not self.fit(block):
            self.begin()
        if self.fit(block):
            self.add(block)
            return
        language = _LANGUAGE.match(code)
        opening = f"{FENCE}{language[1] if language else ''}\n"
        rest = code[language.end() if language else 0 :].rstrip()
        room = self._limit - len(opening) - len(_CLOSE)
        while rest := rest.lstrip("\n"):
            self.begin()
            end = len(rest) if len(rest) <= room else _line_end(rest, room)
            if part := rest[:end].rstrip():
                self.add(f"{opening}{part}{_CLOSE}")
            rest = rest[end:]


def _word_end(text: str, limit: int) -> int:
    """The last end of a word within the limit, if possible outside of spans of code; 0 if there is none."""
    ends = [match.start() for match in _WORD_END.finditer(text[: max(0, limit + 1)]) if match.start()]
    spans = [match.span() for match in _SPAN.finditer(text, 0, 2 * limit)] if "`" in text else []
    outside = (end for end in reversed(ends) if not any(start < end < stop for start, stop in spans))
    return next(outside, ends[-1] if ends else 0)


def _line_end(text: str, limit: int) -> int:
    """The last end of a line within the limit; where there is none, that of a word, or any place."""
    ends = [match.start() for match in _LINE_END.finditer(text[: limit + 1])]
    return max(ends, default=0) or _word_end(text, limit) or _hard_end(text, limit)


def _hard_end(text: str, limit: int) -> int:
    """A cut that leaves combined characters whole where it can."""
    end = limit
    while end > limit // 2 and (_extends(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return end


def _extends(character: str) -> bool:
    return character in "\u200d\ufe0f" or "\u0300" <= character <= "\u036f" or "\U0001f3fb" <= character <= "\U0001f3ff"
