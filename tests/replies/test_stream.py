"""A reply is cut into sentences as it comes, and however it was cut before."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.replies.stream import SentenceStream, joined
from relay.text.sentences import sentences

TEXTS = [
    ("Hello there! How are you? I am fine.", ["Hello there!", "How are you?", "I am fine."]),
    ("Ask Dr. Who, e.g. at 5 p.m. today. Or not.", ["Ask Dr. Who, e.g. at 5 p.m. today.", "Or not."]),
    ("It costs 3.50 or 1.000.000. Cheap!", ["It costs 3.50 or 1.000.000.", "Cheap!"]),
    ("1. Run. 2. Hide.", ["1. Run.", "2. Hide."]),
    ("Well... maybe. Wait\u2026 What?", ["Well... maybe.", "Wait\u2026", "What?"]),
    ("Great! \U0001f389 Let's go! \U0001f389", ["Great!", "\U0001f389 Let's go!", "\U0001f389"]),
    ("\u4f60\u597d\u3002\u518d\u89c1\uff01", ["\u4f60\u597d\u3002", "\u518d\u89c1\uff01"]),
    ("\u300c\u597d\u3002\u300d\u4ed6\u8bf4\u3002", ["\u300c\u597d\u3002\u300d", "\u4ed6\u8bf4\u3002"]),
    ('She said "Stop!" And left.', ['She said "Stop!"', "And left."]),
    ("One\nTwo", ["One", "Two"]),
    ("J. R. Hartley wrote it. Yes.", ["J. R. Hartley wrote it.", "Yes."]),
    ("Dr. Smith came on Jan. 5. Sure.", ["Dr. Smith came on Jan. 5.", "Sure."]),
    ("No. 5 is alive. No. I say!", ["No. 5 is alive.", "No.", "I say!"]),
    ("Tea, milk, etc. are here, etc. Then we go.", ["Tea, milk, etc. are here, etc.", "Then we go."]),
    (
        "Try this:\n```py\nx = 1. # Yes. No\n\ny()\n```\nDone.",
        ["Try this:", "```py\nx = 1. # Yes. No\n\ny()\n```", "Done."],
    ),
    ("- one\n- two. Yes\n    - three", ["- one", "- two.", "Yes", "- three"]),
    ("no end", ["no end"]),
    ("", []),
]


def streamed(text: str, cuts: list[int], *, cumulative: bool) -> list[str]:
    stream = SentenceStream()
    found: list[str] = []
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        found += stream.feed(0, text[:end]) if cumulative else stream.feed(start, text[start:end])
    return found + stream.flush()


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_sentences_end_where_a_reader_would_say_so(text: str, expected: list[str]) -> None:
    assert [sentence.strip() for sentence in sentences(text)] == expected
    assert streamed(text, [], cumulative=False) == expected


@given(st.sampled_from(TEXTS), st.lists(st.integers(0, 200), max_size=12), st.booleans())
def test_they_are_the_same_however_the_text_comes(
    case: tuple[str, list[str]], cuts: list[int], cumulative: bool
) -> None:
    text, expected = case
    assert streamed(text, cuts, cumulative=cumulative) == expected


def test_a_sentence_is_given_as_soon_as_it_is_whole() -> None:
    stream = SentenceStream()
    assert stream.feed(0, "Hello! How ") == ["Hello!"]
    assert stream.feed(11, "are you? ") == ["How are you?"]
    assert stream.feed(20, "Well... ") == []
    assert stream.feed(28, "fine") == []
    assert stream.flush() == ["Well... fine"]


def test_a_whole_text_that_comes_late_takes_nothing_back_and_a_new_one_is_what_counts() -> None:
    assert joined("Hello there", 0, "Hello") == "Hello there"
    assert joined("Hello there", 0, "Howdy there") == "Howdy there"


@given(st.lists(st.tuples(st.integers(0, 50), st.text(max_size=20)), max_size=10))
def test_no_chunks_break_it(chunks: list[tuple[int, str]]) -> None:
    stream = SentenceStream()
    found = [sentence for start, chunk in chunks for sentence in stream.feed(start, chunk)] + stream.flush()
    assert all(sentence.strip() == sentence != "" for sentence in found)
