"""What somebody wrote, from the pieces Twitch takes it apart into."""

import re
from collections.abc import Sequence
from typing import Any, Final

from twitchio.models.eventsub_ import ChatMessageFragment

ACTION: Final = "\x01ACTION "
"""What Twitch puts before the text of /me, and \\x01 behind it; the fragments are free of both."""
_CHEERMOTE: Final = re.compile(r"(?<!\S)([A-Za-z]\w*?)([1-9]\d*)(?!\S)")
_CHEERS: Final = re.compile(r"\w*cheer(?:whal)?", re.IGNORECASE)


def written(text: str, fragments: Sequence[ChatMessageFragment], account: str) -> dict[str, Any]:
    """The fields of a message that tell what was written: without cheermotes, which are counted elsewhere."""
    pieces = [fragment.text for fragment in fragments if not fragment.cheermote]
    emotes = [fragment.text for fragment in fragments if fragment.emote]
    is_action = text.startswith(ACTION)
    whole = "".join(pieces) if fragments else without_marks(text)
    return {
        "text": _closed_up(whole) if len(pieces) < len(fragments) else whole,
        "is_action": is_action,
        "emotes": tuple(dict.fromkeys(emotes)),
        "addressed": any(fragment.mention and fragment.mention.id == account for fragment in fragments),
    }


def without_marks(text: str) -> str:
    """What stands behind /me, without the marks around it."""
    return text.removeprefix(ACTION).removesuffix("\x01") if text.startswith(ACTION) else text


def without_cheermotes(text: str, bits: int) -> str:
    """The text of a cheer that came in one piece, without the words that add up to its bits.

    Channels have cheermotes of their own, so a word is one by what it adds: all that look like cheermotes, or all that
    are called so.
    """
    found = list(_CHEERMOTE.finditer(text))
    for candidates in (found, [each for each in found if _CHEERS.fullmatch(each[1])]):
        if sum(int(each[2]) for each in candidates) == bits:
            for each in reversed(candidates):
                text = text[: each.start()] + text[each.end() :]
            return _closed_up(text)
    return text


def _closed_up(text: str) -> str:
    return " ".join(text.split())
