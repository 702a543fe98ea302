"""A stream of text in pieces of any size becomes a stream of sentences that joined are the same text."""

import re
from contextlib import aclosing
from typing import Final

from relay.companion.brain import Limits, Pieces

LONGEST: Final = 300
"""Characters after which a sentence that does not end is cut at a space."""
REPLY_LIMIT: Final = 8_000
"""Characters after which a reply is over, whatever its brain says."""

_CLOSING: Final = "\"'\u201d\u2019)\\]"
_FULL_WIDTH: Final = "\u3002\uff01\uff1f"
_END: Final = re.compile(rf"(?:[.!?…][{_CLOSING}]*\s+|[{_FULL_WIDTH}]+\s*|\n\s*)(?=\S)")


async def sentences(pieces: Pieces, limits: Limits) -> Pieces:
    """Yield sentence by sentence, each with the white space after it, except the last; none is empty."""
    said, count = 0, 0
    async with aclosing(_split(pieces)) as split:
        async for sentence in split:
            text = sentence if limits.multiple_lines else sentence.partition("\n")[0]
            count += 1
            said += len(text)
            ends = text != sentence or count == limits.max_sentences or said >= REPLY_LIMIT
            yield text.rstrip() if ends else text
            if ends:
                return


async def _split(pieces: Pieces) -> Pieces:
    rest = ""
    async with aclosing(pieces):
        async for piece in pieces:
            rest = rest + piece if rest else piece.lstrip()
            while end := _cut(rest.rstrip()):
                yield rest[:end]
                rest = rest[end:]
    if rest.rstrip():
        yield rest.rstrip()


def _cut(text: str) -> int:
    """Where the first sentence ends; 0 while it does not."""
    match = _END.search(text, 0, LONGEST + 1)
    if match is not None:
        return match.end()
    if len(text) <= LONGEST:
        return 0
    return text.rfind(" ", 0, LONGEST) + 1 or LONGEST
