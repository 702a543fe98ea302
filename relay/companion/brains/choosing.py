"""Which action fits what was said, by rules: its own `match`, the words of its name, or enough of its description."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from relay.companion.brains.base import ChosenAction
from relay.companion.brains.tools import fitted
from relay.companion.scenario.model import Action, Argument, Scalar

ENOUGH: Final = 3
"""Words of a description that have to be in what was said, when its name is not."""

_COMMON: Final = re.compile(
    r"a|an|and|any|are|as|at|be|between|by|can|character|do|does|for|from|has|have|her|him|his|i|if|in|into|is|it|its|"
    r"just|let|lets|me|must|my|no|not|of|on|one|only|or|our|out|over|she|so|some|something|that|the|their|them|then|"
    r"they|this|to|up|us|use|used|user|value|was|we|what|when|which|who|whom|will|with|you|your"
)
"""Words that tell nothing of what is meant."""
_NUMBERS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_NUMBER: Final = re.compile(rf"(?<![\w.])-?\d+(?:\.\d+)?|\b(?:{'|'.join(_NUMBERS)})\b", re.IGNORECASE)
_TRUE: Final = re.compile(r"\b(yes|on|true|enable|start)\b", re.IGNORECASE)
_FALSE: Final = re.compile(r"\b(no|off|false|disable|stop)\b", re.IGNORECASE)
_QUOTED: Final = re.compile(
    r"\"([^\"]{1,200})\"|\u201c([^\u201d]{1,200})\u201d|(?<!\w)['\u2018]([^\"]{1,200}?)['\u2019](?!\w)"
)
"""An apostrophe within a word is no quotation mark."""


def by_rules(text: str, actions: Sequence[Action]) -> ChosenAction | None:
    """The action that fits best, with the arguments that are in the text; None when none clearly does."""
    said = _words(text)
    scored = [(score, action) for action in actions if (score := _score(action, said))]
    for _, action in sorted(scored, key=lambda pair: -pair[0]):
        given = {a.name: value for a in action.arguments if (value := _argument(a, text, action)) is not None}
        choice = fitted(action, given)
        if choice is not None:
            return choice
    return None


def _words(text: str) -> frozenset[str]:
    """What words a text has, without common ones and endings."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", text)
    return frozenset(_stem(word) for word in re.findall(r"\w+", split.lower()) if not _COMMON.fullmatch(word))


def _stem(word: str) -> str:
    """The word without its ending: clap for claps, clapped and clapping; cri for cry, cries and cried."""
    stem = re.sub(r"(?<=[a-z]{2})(ing|ed|es|(?<!s)s|e)$", "", word) if len(word) > 3 else word
    single = re.sub(r"([bdgkmnprt])\1$", r"\1", stem) if len(stem) > 3 else stem
    return re.sub(r"(?<=[a-z])y$", "i", single)


def _score(action: Action, said: frozenset[str]) -> int:
    name, description = _words(action.name), _words(action.description)
    if name and name <= said:
        return 100 + len(name)
    if action.match:
        return 100  # it would not be among the candidates if it did not match
    found = len(description & said)
    return found if found >= min(ENOUGH, len(description) or ENOUGH) else 0


def _argument(argument: Argument, text: str, action: Action) -> Scalar | None:
    return _READERS[argument.type](text, argument, action)


def _number(text: str, argument: Argument, action: Action) -> Scalar | None:
    match = _NUMBER.search(text)
    if match is None:
        return None
    return _NUMBERS[match[0].lower()] if match[0].lower() in _NUMBERS else float(match[0])


def _boolean(text: str, argument: Argument, action: Action) -> Scalar | None:
    return False if _FALSE.search(text) else True if _TRUE.search(text) else None


def _string(text: str, argument: Argument, action: Action) -> Scalar | None:
    """What is quoted; where it is required also what comes after the words of the action's name."""
    if match := _QUOTED.search(text):
        return match[match.lastindex or 0]
    if not argument.required:
        return None
    last = re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", action.name)[-1]
    after = re.search(rf"\b{re.escape(last)}\w*\W+(?:(?:to|the|a|an|at|for|by)\s+)*(.{{1,100}})", text, re.IGNORECASE)
    return after[1].strip(" .!?\"'") or None if after else None


_READERS: Final[dict[str, Callable[[str, Argument, Action], Scalar | None]]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _number,
    "float": _number,
    "number": _number,
    "double": _number,
}
