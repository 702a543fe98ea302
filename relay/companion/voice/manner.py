"""How a sentence is said: what the emotion in it does to a voice, as far as an engine can."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Manner:
    """Shares of what is usual; engines take what they can do."""

    speed: float = 1.0
    pitch: float = 1.0
    liveliness: float = 1.0
    """How far the pitch moves."""
    words: str = ""
    """The same for a voice that takes instructions."""


PLAIN: Final = Manner()

MANNERS: Final[Mapping[str, Manner]] = {
    "joy": Manner(1.06, 1.15, 1.4, "Speak cheerfully, with a smile."),
    "love": Manner(0.95, 1.05, 1.2, "Speak warmly and tenderly."),
    "surprise": Manner(1.05, 1.25, 1.6, "Speak with surprise."),
    "sadness": Manner(0.88, 0.85, 0.6, "Speak sadly and softly."),
    "anger": Manner(1.08, 0.92, 1.3, "Speak with anger."),
    "fear": Manner(1.1, 1.15, 0.8, "Speak anxiously."),
}
"""By affect. Small enough that a wrong guess does no harm."""

_SHOWN: Final[Mapping[str, str]] = {
    "joy": "\U0001f600\U0001f601\U0001f602\U0001f603\U0001f604\U0001f605\U0001f606\U0001f60a\U0001f638\U0001f639"
    "\U0001f389\U0001f973\U0001f923\U0001f929",
    "love": "\u2764\U0001f495\U0001f496\U0001f497\U0001f49c\U0001f60d\U0001f618\U0001f970",
    "surprise": "\U0001f62e\U0001f62f\U0001f632\U0001f633\U0001f92f",
    "sadness": "\U0001f614\U0001f61e\U0001f622\U0001f625\U0001f62d\U0001f641\U0001f97a\U0001f494",
    "anger": "\U0001f620\U0001f621\U0001f624\U0001f92c",
    "fear": "\U0001f628\U0001f630\U0001f631",
}
_BY_SIGN: Final = {sign: affect for affect, signs in _SHOWN.items() for sign in signs}
_BY_SMILEY: Final = {
    ":)": "joy", ":-)": "joy", ":D": "joy", ":-D": "joy", "xD": "joy", "XD": "joy", "^^": "joy", "<3": "love",
    ":o": "surprise", ":O": "surprise", ":(": "sadness", ":-(": "sadness", ":'(": "sadness", ">:(": "anger",
}  # fmt: skip
_SIGNS: Final = re.compile(
    rf"[{''.join(_BY_SIGN)}]|(?<!\S)(?:{'|'.join(re.escape(each) for each in _BY_SMILEY)})(?=[\s.,!?]|$)"
)


def affect_of(text: str) -> str:
    """The emotion that a text shows by its last emoji or smiley; "" where it shows none."""
    found = _SIGNS.findall(text)
    return (_BY_SIGN.get(found[-1]) or _BY_SMILEY[found[-1]]) if found else ""


def manner_of(affect: str) -> Manner:
    """Plain where the emotion is none of those that are known."""
    return MANNERS.get(affect.lower(), PLAIN)
