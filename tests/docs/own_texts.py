"""What the relay's own modules say to people who look at pages, found by where it is said. See `told.js`.

The log and the terminal have these texts, too. What stands in the places of one is named as in the code.
"""

import ast
import re
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Final

from relay.model import Role
from tests.docs.pages import ROOT

RELAY: Final = ROOT / "relay"
MARK: Final = "for_pages"
"""Marks what nothing else here finds; see `relay/text/for_pages.py`."""
_ANSWERING: Final = ("moderation/controls.py", "moderation/switching.py")
"""Each sentence in these is an answer."""
_CONDITIONS: Final = frozenset({"health", "condition", "trouble", "problem", "refusal"})
"""What functions and fields are called that hold how something is."""
_NAMED: Final = ("reason", "description")
"""Given by these names: why a message ended, and what a field of an action is for."""
_NOT_ON_PAGES: Final = (
    *(
        "cli.py",
        "commandline/",
        "scenario/",
        "acts.py",
        "memory/codes",
        "memory/memory",
        "speech/libopus",
        "speech/opus",
    ),
    *(f"application/{name}" for name in ("archive", "backup", "check", "fleet/", "memories", "offers", "processes/")),
    *(f"application/{name}" for name in ("replay", "restore", "serving", "steering", "tracing", "updates")),
    *(
        "bus/calls",
        "bus/client",
        "bus/line",
        "avatar/acts",
        "obs/acts",
        "platforms/discord/acts",
        "platforms/twitch/acts",
    ),
    *(f"companion/{name}/" for name in ("conversation", "scenario", "scripting", "serving", "speaking")),
    *("platforms/discord/commands", "companion/brains/tools", "companion/state/additions", "companion/state/chat"),
    *(
        "web/api/",
        "web/control",
        "web/gateway/bodies",
        "platforms/discord/commands",
        "web/desk/routes",
        "web/desk/socket",
    ),
)
"""What only a terminal, a chat, a scenario or another program is told."""
_PLACE: Final = re.compile(r"\{\w+\}")


def own_texts() -> Iterator[str]:
    """All that may be on a page."""
    yield from (str(role) for role in Role)
    for file in sorted(RELAY.rglob("*.py")):
        name = file.relative_to(RELAY).as_posix()
        if not name.startswith(_NOT_ON_PAGES):
            yield from texts_in(file.read_text("utf-8"), answers=name in _ANSWERING)


def texts_in(module: str, *, answers: bool = False) -> Iterator[str]:
    """What a module says."""
    tree = ast.parse(module)
    found = chain.from_iterable(map(_said, ast.walk(tree)))
    for expression in chain(found, _sentences(tree) if answers else ()):
        yield from filter(_has_words, map(_as_text, _alternatives(expression)))


def _said(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=function, args=args):
            yield from _given(ast.unparse(function).rpartition(".")[2], node)
            yield from (text for outcome, text in pairwise(args) if ast.unparse(outcome).startswith("Outcome."))
        case ast.FunctionDef(name=name) if name in _CONDITIONS:
            yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value)
        case ast.Assign(targets=[ast.Attribute(attr=name)], value=value) if name.strip("_") in _CONDITIONS:
            yield value


def _given(function: str, call: ast.Call) -> Iterator[ast.expr]:
    """What is marked, the text of an error, the name of a light, what an action does, and what has such a name."""
    place = _WORDED.get(function)
    if place is not None and len(call.args) > place:
        yield call.args[place]
    if function != "_post":  # the gateway's own word for something else
        yield from (keyword.value for keyword in call.keywords if keyword.arg in _NAMED)


def _failures() -> set[str]:
    """The kinds of errors that are fit to be shown."""
    kinds, before = {"RelayError", "Mistake"}, set[str]()
    modules = [ast.parse(file.read_text("utf-8")) for file in RELAY.rglob("*.py")]
    classes = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    while kinds != before:
        before = set(kinds)
        kinds |= {each.name for each in classes if kinds & set(map(ast.unparse, each.bases))}
    return kinds


def _worded() -> dict[str, int]:
    """What takes such a text, and as which of its arguments."""
    first = dict.fromkeys(_failures() | {MARK, "_reject", "_leave", "unheard", "Refusal", "_retraction"}, 0)
    second = dict.fromkeys(("_fail", "_against", "_withdraw", "Condition", "DeskError", "DeskAction", "action"), 1)
    return first | second | {"_once": 2}


_WORDED: Final = _worded()


def _sentences(tree: ast.AST) -> Iterator[ast.expr]:
    """All but those that tell what a function is for."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        is_whole = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and id(node) not in within)
        if is_whole and id(node) not in documented and isinstance(node, ast.expr):
            yield from (text for text in _alternatives(node) if _as_text(text).endswith("."))


def _alternatives(found: ast.expr | None) -> Iterator[ast.Constant | ast.JoinedStr]:
    match found:
        case ast.IfExp(body=one, orelse=other) | ast.BoolOp(values=[one, other]):
            yield from _alternatives(one)
            yield from _alternatives(other)
        case ast.JoinedStr() | ast.Constant(value=str()):
            yield found


def _as_text(found: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(found, ast.Constant):
        return str(found.value).strip()
    places: dict[str, str] = {}
    parts = [str(part.value) if isinstance(part, ast.Constant) else _place(part, places) for part in found.values]
    return "".join(parts).strip()


def _place(value: ast.expr, places: dict[str, str]) -> str:
    """By the name of what stands there; with a number where another of that name stands there before."""
    if (said := ast.unparse(value)) not in places:
        name = _name(value)
        places[said] = f"{name}_{len(places)}" if name in places.values() else name
    return f"{{{places[said]}}}"


def _name(value: ast.AST) -> str:
    match value:
        case ast.FormattedValue(value=inner) | ast.Call(args=[inner, *_]) | ast.Subscript(value=inner):
            return _name(inner)
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Call(func=ast.Attribute(attr=name)):
            return name.strip("_").lower()
    return "more"


def _has_words(text: str) -> bool:
    """Whether there is something to translate, besides places and the name of a setting or a platform before them."""
    return re.search(r"[a-zA-Z]{2}", re.sub(r"^[a-z_.]+:", "", _PLACE.sub("", text))) is not None
