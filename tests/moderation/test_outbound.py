from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import OutboundSection
from relay.moderation.outbound import Outbound, OutboundAction, Screened, fit_to_post
from relay.text.unicode import one_line


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ("Hello Ann.", "Hello Ann."),
        ("/ban ann", "ban ann"),
        (". /timeout ann", "timeout ann"),
        ("!followage", "followage"),
        ("...well, maybe", "…well, maybe"),
        ("hi @everyone", "hi @\u200beveryone"),
        ("a\x00b\nc", "ab\nc"),
        ("```go\nif ok {\n\treturn\n}\n```", "```go\nif ok {\n\treturn\n}\n```"),
        ("\t!\tban ann", "ban ann"),
        ("///", ""),
        ("\u200b!ban ann", "ban ann"),
        ("\u2060/ban ann", "ban ann"),
        ("\u202e.ban ann", "ban ann"),
        ("\ufeff! \u00ad/\u034f.ban ann", "ban ann"),
        ("\u0336/ban ann", "ban ann"),
        ("?play loud", "play loud"),
        ("\u01c3settitle x", "settitle x"),
        ("\ufe57settitle x", "settitle x"),
        ("\ufe52me waves", "me waves"),
        ("-\u200bplay loud", "play loud"),
        ("- first\n- second", "- first\n- second"),
        ("-5 degrees, $3", "-5 degrees, $3"),
        ("*waves* ?", "*waves* ?"),
        ("¡Hola!", "¡Hola!"),
        ("see \u202emoc.live\u202c", "see moc.live"),
        ("می\u200cخواهم 🏴\U000e0067\U000e0062\U000e007f", "می\u200cخواهم 🏴\U000e0067\U000e0062\U000e007f"),
    ],
)
def test_what_is_posted_is_no_command_and_pings_nobody(said: str, posted: str) -> None:
    assert fit_to_post(said) == posted


@given(
    st.text(
        alphabet=st.sampled_from("/.!? \n\t\\ab@everyone\u2215\u200b\u2060\u202e\ufeff\u3164\U000e0061\x07"),
        max_size=20,
    )
)
def test_no_post_begins_like_a_command_even_for_those_who_skip_what_shows_nothing(said: str) -> None:
    posted = fit_to_post(said)

    assert not one_line(posted.replace("…", "_")).startswith(("/", ".", "!", "?a", "?b"))
    assert not posted.startswith(("/", ".", "!"))
    assert fit_to_post(posted) == posted


def judged(sentence: str, before: str = "", **settings: Any) -> tuple[str, str, str]:
    found = Outbound(OutboundSection.model_validate(settings)).judge(sentence, before)
    return found.action.value, found.text, found.reason


def test_what_nothing_is_found_in_passes_unchanged() -> None:
    said = "Well — “hello”,  Ann 👩\u200d🚀!"

    assert judged(said, blocked_terms=["badword"]) == ("pass", said, "")


@pytest.mark.parametrize(
    ("settings", "said", "expected"),
    [
        ({"blocked_terms": ["badword"]}, "A b a d w o r d!", ("hold", "A b a d w o r d!", "blocked term")),
        (
            {"blocked_terms": ["badword", "slur"], "blocked_terms_are": "mask"},
            "badword, b4dwоrd and slur",
            ("mask", "***, *** and ***", "blocked term"),
        ),
        ({"blocked_terms": ["/k.ll/"], "blocked_terms_are": "drop"}, "Kill it.", ("drop", "Kill it.", "blocked term")),
        ({}, "See evil.com or youtube.com.", ("mask", "See (link) or youtube.com.", "link")),
        ({"links": "drop"}, "See ｅvil．com.", ("drop", "See ｅvil．com.", "link")),
        ({"links": "pass"}, "See evil.com.", ("pass", "See evil.com.", "")),
        ({}, "Mail a@b.co or 93.184.216.34.", ("mask", "Mail *** or ***.", "personal data")),
        ({"personal_data": "hold"}, "Call 555-123-4567", ("hold", "Call 555-123-4567", "personal data")),
        ({"mentions": "mask"}, "Hi @ann and <@123>", ("mask", "Hi ann and 123>", "mention")),
        (
            {"blocked_terms": ["badword"]},
            "badword at evil.com",
            ("hold", "badword at (link)", "blocked term, link"),
        ),
    ],
)  # fmt: skip
def test_each_rule_does_what_is_configured_and_the_strictest_wins(
    settings: dict[str, Any], said: str, expected: tuple[str, str, str]
) -> None:
    assert judged(said, **settings) == expected


@pytest.mark.parametrize(
    ("before", "said", "expected"),
    [
        ("Go and kill", "yourself now.", ("mask", "*** now.", "blocked term")),
        ("Look at evil.", "com today.", ("mask", "(link) today.", "link")),
        ("Her number is 555-123-", "4567, I hear.", ("mask", "***, I hear.", "personal data")),
        ("The pen.", "Is it mighty?", ("pass", "Is it mighty?", "")),
        ("Kill yourself is not said.", "Hello.", ("pass", "Hello.", "")),
    ],
)
def test_what_is_split_between_two_sentences_counts_against_the_second(
    before: str, said: str, expected: tuple[str, str, str]
) -> None:
    terms = ["kill yourself", "penis"]

    assert judged(said, before, blocked_terms=terms, blocked_terms_are="mask") == expected


def test_what_cannot_be_judged_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise ValueError("a bug in a filter")

    assert judged("x" * 4_000)[::2] == ("pass", "")
    assert judged("x" * 4_001)[::2] == ("hold", "too long")
    assert judged("\ufdfa" * 1_000)[::2] == ("hold", "too long"), "it is written out as 18 letters"
    assert judged("a" * 60 + "b", blocked_terms=["/(a|aa)+$/"])[::2] == ("hold", "blocked term")

    monkeypatch.setattr("relay.moderation.outbound.one_line", fail)
    assert judged("hello") == ("hold", "hello", "a filter failed")


def test_a_moderator_is_shown_what_it_is_held_for_and_not_what_is_masked() -> None:
    outbound = Outbound(OutboundSection(blocked_terms=("badword",), blocked_terms_are="hold", links="mask"))
    text = "evil.com, badword\nand badword"

    assert [text[start:end] for start, end in outbound.offending(text)] == ["badword", "badword"]


def test_switched_off_everything_passes() -> None:
    assert judged("badword evil.com", enabled=False, blocked_terms=["badword"])[0] == "pass"


PARTS = [
    "badword", "b a d", "word", "evil.com", ".com", "a@b.co", "+4917012345678", "@everyone", "<@1>", "://", "dot",
    "com", "\u202e", "\u200b", "\u0301", "\ud800", "{{", "[[", "\n", " ", "***", "(link)", "4111 1111 1111 1111", "а",
    "::1", "/x",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join) | st.text(max_size=300), st.text(max_size=60))
def test_what_is_masked_passes_the_second_time_or_is_held(said: str, before: str) -> None:
    outbound = Outbound(OutboundSection(blocked_terms=("badword",), blocked_terms_are="mask", mentions="mask"))

    once = outbound.judge(said, before)

    if once.action is OutboundAction.HOLD:
        assert once == Screened(OutboundAction.HOLD, said, "does not settle")
    else:
        assert outbound.judge(once.text) == Screened(OutboundAction.PASS, once.text)
