"""How controls word their answers, so that any chat can show them: no mention, no command, no flood. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from relay.moderation.outbound import fit_to_post
from relay.text.unicode import one_line

ANSWER_LIMIT: Final = 400
"""Characters of an answer; it has to fit into one chat message with a mention of who asked."""
QUOTE_LIMIT: Final = 80
"""Characters shown of what somebody wrote."""
_AT: Final = re.compile("@(?!\u200b)")
_QUOTED: Final = re.compile("[\"'\u201c\u201e\u00ab](.+)[\"'\u201c\u201d\u00bb]")


def quoted(text: str) -> str:
    """A part of an answer that somebody else wrote."""
    line = one_line(text)
    return f"'{line if len(line) <= QUOTE_LIMIT else line[: QUOTE_LIMIT - 1] + '…'}'"


def unquoted(text: str) -> str:
    """What stands between quotation marks, as people write around a phrase; any other text as it is."""
    match = _QUOTED.fullmatch(text.strip())
    return (match[1] if match else text).strip()


def listed(items: Sequence[str]) -> str:
    """As many items as one answer has room for, and how many more there are."""
    room = ANSWER_LIMIT - len(" | … and 9999 more")
    shown: list[str] = []
    for item in items:
        room -= len(for_chat(item)) + len(" | ")
        if room < 0 and shown:
            return f"{' | '.join(shown)} | … and {len(items) - len(shown)} more"
        shown.append(item)
    return " | ".join(shown)


def for_chat(answer: str) -> str:
    """The answer as it may be shown anywhere: it mentions nobody and does not begin like a command."""
    shown = _AT.sub("@\u200b", fit_to_post(answer))
    return shown if len(shown) <= ANSWER_LIMIT else f"{shown[: ANSWER_LIMIT - 1]}…"
