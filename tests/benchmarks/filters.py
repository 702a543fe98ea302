"""How long the event loop stands still when somebody makes text that is slow to look at.

Everything that looks at text is given 10,000 characters of each hostile shape, or as many as ever reach it.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from relay.config import FiltersSection, OutboundSection
from relay.model import AudienceMessage, Author, Kind, Role
from relay.moderation.features import features_of
from relay.moderation.inbound import Inbound
from relay.moderation.outbound import MAX_SENTENCE, Outbound, fit_to_post
from relay.replies.splitting import split
from relay.text.blocked_terms import Terms
from relay.text.links import links
from relay.text.obfuscation import without_leet
from relay.text.personal_data import personal_data
from relay.text.printable import printable
from relay.text.sanitise import sanitise, sanitise_name
from relay.text.sentences import sentences
from relay.text.unicode import MAX_INPUT, count_hidden, one_line

LENGTH: Final = 10_000
"""Characters everything is given."""
TERMS: Final = (
    "badword",
    "kill yourself",
    "ass",
    "kkk",
    "aaab",
    "a b a b a b c",
    "bad*",
    "c++",
    "1488",
    "\u6b7b\u306d",
)
SHAPES: Final = (
    "@", "@a ", "|", "|>", "< ", "<@1", "a@a.", ".", "a.", "a/", "a ", "k/", "a/b/", "b.a.d.", "ki ll ", "ass ", "4!",
    "B4d ", "a$", "1", "1 ", "1-", "1.", "12 ", "a dot ", "(dot)", "[", "(", "::", "::1 ", "://", "`", "```", "```\n",
    "!", "/", "A. ", "a\n", "call 1 ", "https://a.b/ ", "http://youtube.com@evil.com ", "evil.me ", "a.it ", "A.It ",
    "foo.it, ", "a/b.it ", "a\u3002", "..a.b", "[a](b) ",
    "**a** _b_ ", "> - * ", "\x1b[2J", "\u3002", "\u6b7b", "\u0430\u0431 cd ", "\ufdfa", "\ufe0f", "a\ufe0f",
    "\u200d\ufe0f", "\ud800", "\u0301", "\u0301a", "a\u0301\u0301\u0301", "\u200b", "\u200ba", "\u2026",
    "\u2460", "\u3164", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467 ",
)  # fmt: skip
"""What is repeated."""
MIXTURES: Final = 12
"""Texts of a few shapes in random order; with all of them in one, each is too long to be judged at all."""
FEW: Final = 6

Look = Callable[[str], object]


@dataclass(frozen=True)
class Worst:
    ms: float
    """Milliseconds of the processor for the slowest text, the best of several times."""
    shape: str
    """What the text repeats, as Python writes it."""


def run(rounds: int = 5, shapes: Sequence[str] = SHAPES) -> Mapping[str, Worst]:
    """The slowest text for each way to look at it."""
    texts = dict(_texts(shapes))
    return {f"{name} ({length:,})": _worst(look, texts, length, rounds) for name, (length, look) in looks_at().items()}


def looks_at() -> dict[str, tuple[int, Look]]:
    """All that looks at text which people or models write, with the most characters that it is given at once."""
    terms, held = Terms(TERMS), Outbound(OutboundSection(blocked_terms=TERMS, mentions="hold"))
    return {
        "terms": (LENGTH, lambda text: terms.spans(_line(text))),
        "links": (LENGTH, lambda text: list(links(_line(text)))),
        "personal data": (LENGTH, lambda text: list(personal_data(_line(text)))),
        "leet": (LENGTH, lambda text: without_leet(_line(text))),
        "one line": (LENGTH, lambda text: one_line(text, LENGTH)),
        "neutralise": (LENGTH, lambda text: sanitise(text, 500)),
        "name": (LENGTH, lambda text: sanitise_name(text, frozenset({"vox"}))),
        "sentences": (LENGTH, sentences),
        "posts": (LENGTH, lambda text: split(text, 500)),
        "fit": (LENGTH, fit_to_post),
        "terminal": (LENGTH, printable),
        "inbound": (MAX_INPUT, _inbound()),
        "outbound": (MAX_SENTENCE, held.judge),
        "reading": (MAX_INPUT, features_of.__wrapped__),
        "hidden": (MAX_INPUT, count_hidden),
    }


@cache
def _line(text: str) -> str:
    """What filters are given of a text; made once, since it has a figure of its own."""
    return one_line(text, LENGTH)[:LENGTH]


def _inbound() -> Look:
    """All rules on the way in, so that none objects before the others have looked."""
    lax = FiltersSection(
        blocked_terms=TERMS, bot_commands=False, links="mask", max_length=MAX_INPUT, max_hidden=MAX_INPUT,
        max_repeats=MAX_INPUT, caps_from=MAX_INPUT,
    )  # fmt: skip
    inbound = Inbound(lax)

    def judge(text: str) -> object:
        features_of.cache_clear()
        return inbound.judge(_message(text), _Live(), 0.0)

    return judge


def _texts(shapes: Sequence[str]) -> Iterable[tuple[str, str]]:
    for shape in shapes:
        yield repr(shape), shape * (LENGTH // len(shape) + 1)
    for seed in range(MIXTURES):
        chance = random.Random(seed)
        some = chance.sample(shapes, min(FEW, len(shapes)))
        yield f"mixture of {some!r}", "".join(chance.choices(some, k=LENGTH))


def _worst(look: Look, texts: Mapping[str, str], length: int, rounds: int) -> Worst:
    times = {shape: min(_time(look, text[:length]) for _ in range(rounds)) for shape, text in texts.items()}
    slowest = max(times, key=times.__getitem__)
    return Worst(round(1_000 * times[slowest], 2), slowest)


def _time(look: Look, text: str) -> float:
    began = time.thread_time()
    look(text)
    return time.thread_time() - began


class _Live:
    muted: frozenset[str] = frozenset()
    blocked_terms: tuple[str, ...] = ()


def _message(text: str) -> AudienceMessage:
    author = Author(id="1", name="Ann", roles=frozenset({Role.VIEWER}))
    return AudienceMessage(platform="twitch", id="m", channel="c", kind=Kind.CHAT, author=author, text=text, at=0.0)
