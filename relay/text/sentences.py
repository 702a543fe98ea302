"""Where sentences end: one opinion for what is spoken, judged and posted. Pure.

A sentence ends at a full stop or another mark, and at a line's end. A fenced block of code is one sentence, whatever is
in it. Text is cut and never changed: the pieces joined are the text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_CLOSING: Final = "\"'\u201d\u2019)\\]\u300d\u300f\uff09"
_BLANK: Final = r"[^\S\n]"
FENCE: Final = "```"
"""Begins a block of code, and ends it."""
_WIDE: Final = "\u3002\uff01\uff1f"
_LINES: Final = rf"(?:{_BLANK}*+\n)*"
_MARK: Final = re.compile(
    rf"[`\n.!?\u2026{_WIDE}](?:(?<=`)(?P<fence>``)|(?<=\n)(?P<line>{_LINES})"
    rf"|(?:(?<=[.!?\u2026])[{_CLOSING}]*(?=\s)|(?<=[{_WIDE}])(?P<wide>[{_WIDE}]*+)[{_CLOSING}]*)"
    rf"(?P<space>{_BLANK}*+(?:\n{_LINES})?))"
)
"""White space after a sentence is its own up to the last line break; what indents the next line is not."""

_LANGUAGE: Final = re.compile(r"[\w+#.-]{1,20}(?=\n)")
_LOOK_BACK: Final = 16
"""Characters before a stop that tell whether it ends a sentence."""
_NEVER_ENDS: Final = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Mx|Dr|Prof|Rev|Gen|Capt|Lt|Sgt|Hon|St|vs|cf|e\.g|i\.e|approx|resp|viz)|\b[A-Z])\.$"
)
"""A title, an initial, or what explains something goes on."""
_BEFORE_NUMBER: Final = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|No|Nos|Nr|Fig|Vol|Ch|Sec|Art|p|pp|ca?)\.$", re.IGNORECASE
)
_BEFORE_SMALL: Final = re.compile(
    rf"(?:(?:\.\.|\u2026)[.\u2026]*|\b(?:etc|a\.m|p\.m|Jr|Sr|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.)"
    rf"[{_CLOSING}]*$"
)
"""These may end a sentence, unless it goes on with a small letter."""
_ITEM: Final = re.compile(r"\s*\d{1,3}\.")
"""The number of a list's item."""


def sentences(text: str) -> list[str]:
    """The text sentence by sentence, each with the white space around it; none is only white space."""
    places = [0, *ends(text)]
    found = [text[begin:end] for begin, end in zip(places, [*places[1:], len(text)], strict=True)]
    if len(found) > 1 and not found[-1].strip():
        found[-2:] = ["".join(found[-2:])]
    return [sentence for sentence in found if sentence and not sentence.isspace()]


def ends(text: str) -> Iterator[int]:
    """Where sentences end, with the white space after them, as far as whatever follows cannot change it."""
    begin, is_code = 0, False
    for match in _MARK.finditer(text):
        fence, line, _, space = match.groups()
        if fence is not None:
            is_code = not is_code
        elif is_code:
            continue
        elif (line is not None or "\n" in space or _ends(text, begin, match)) and not text[
            begin : match.end()
        ].isspace():
            begin = match.end()
            yield begin


def _ends(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether a sentence ends at a mark within a line."""
    after = text[match.end() : match.end() + 1]
    if match["wide"] is not None:
        return bool(after)
    stop = match.start("space")
    before = text[max(begin, stop - _LOOK_BACK) : stop]
    if stop - begin <= _LOOK_BACK and _ITEM.fullmatch(before):
        return False
    return not _goes_on(before.split()[-1], after)


@lru_cache(1024)
def _goes_on(word: str, after: str) -> bool:
    """Whether a sentence goes on behind a word with a stop, by the character that follows; there may be none yet."""
    if _NEVER_ENDS.search(word):
        return True
    if (after.isdigit() or not after) and _BEFORE_NUMBER.search(word):
        return True
    return (after.islower() or not after) and _BEFORE_SMALL.search(word) is not None


def open_fence(text: str) -> str:
    """What opened the block of code in which the text ends, such as ```python; "" when it ends in none."""
    *closed, last = text.split(FENCE)
    language = _LANGUAGE.match(last)
    return FENCE + (language[0] if language else "") if len(closed) % 2 else ""
