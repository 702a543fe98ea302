"""A stream of text in pieces of any size becomes a stream of sentences that joined are the same text."""

from contextlib import aclosing
from typing import Final

from relay.companion.brains.base import AnswerLimits, Pieces
from relay.text.sentences import ends, open_fence

LONGEST: Final = 300
"""Characters after which a sentence that does not end is cut at a space; a block of code is not."""
REPLY_LIMIT: Final = 8_000
"""Characters after which a reply is over, whatever its brain says."""


async def sentences(pieces: Pieces, limits: AnswerLimits) -> Pieces:
    """Yield sentence by sentence, each with the white space after it, except the last; none is empty."""
    said, count = 0, 0
    async with aclosing(_split(pieces)) as split:
        async for sentence in split:
            text = sentence if limits.multiple_lines else sentence.partition("\n")[0]
            count += 1
            said += len(text)
            is_over = text != sentence or count == limits.max_sentences or said >= REPLY_LIMIT
            yield text.rstrip() if is_over else text
            if is_over:
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
    end = next(ends(text), 0)
    longest = REPLY_LIMIT if open_fence(text[:LONGEST]) else LONGEST
    if end and len(text[:end].rstrip()) <= longest:
        return end
    return 0 if len(text) <= longest else text.rfind(" ", 0, longest) + 1 or longest
