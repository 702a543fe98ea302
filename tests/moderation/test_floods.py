"""What looks at hostile text takes time in proportion to its length, whatever the text repeats."""

from collections.abc import Callable
from functools import partial

import pytest

from relay.disguise import without_leet
from relay.forwarding.neutralise import neutralise
from relay.moderation.links import links
from relay.moderation.outbound import Outbound, fit_to_post
from relay.moderation.personal import personal_data
from relay.moderation.reading import read
from relay.replies.splitting import split
from relay.sentences import sentences
from relay.settings import OutboundSection
from relay.terms import Terms
from relay.text import count_hidden, one_line
from tests.support import cpu_time

TERMS = ("badword", "kill yourself", "ass", "kkk", "aaab", "a b a b a b c", "bad*", "c++", "1488", "\u6b7b\u306d")
PARTS = [
    "@", "|", "|>", "< ", "<@1", "a@a.", "a.", "a/", "a ", "k/", "a/b/", "b.a.d.", "ki ll ", "4!", "a$", "1-", "1.",
    "a dot ", "(dot)", "::", "://", "`", "!", "/", "A. ", "call 1 ", "\u3002", "\ufdfa", "\ufe0f", "a\ufe0f",
    "\u200d\ufe0f", "\ud800", "\u0301a", "\u2026",
]  # fmt: skip
LOOKS: dict[str, tuple[int, Callable[[str], object]]] = {
    "links": (40_000, lambda text: list(links(text))),
    "personal data": (40_000, lambda text: list(personal_data(text))),
    "terms": (20_000, Terms(TERMS).spans),
    "leet": (40_000, without_leet),
    "fit": (40_000, fit_to_post),
    "outbound": (9_992, Outbound(OutboundSection(blocked_terms=TERMS, mentions="hold")).judge),
    "one line": (40_000, lambda text: one_line(text, len(text))),
    "sentences": (40_000, sentences),
    "split": (40_000, lambda text: split(text, 500)),
    "reading": (2_000, read.__wrapped__),
    "hidden": (2_000, count_hidden),
    "neutralise": (2_000, lambda text: neutralise(text, 500)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_eight_times_the_text_takes_about_eight_times_as_long(look: str) -> None:
    """Of what grows with the square it would be 64 times."""
    length, work = LOOKS[look]
    slow = {}
    for part in PARTS:
        flood = part * (length // len(part))
        short, long = (cpu_time(partial(work, f"{flood[:size]}!")) for size in (length // 8, length))
        if long > 24 * short + 0.001:
            slow[part] = (short, long)

    assert not slow
