import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.text.blocked_terms import Terms, check_term
from relay.text.obfuscation import MAX_LIKELY, Span

DISGUISES = [
    "badword", "BADWORD", "#badword", "badword's", "badword1", "badword_x", "bad\u200bword",
    "b\u00ada\u00add\u00adword",
    "b a d w o r d", "b.a.d.w.o.r.d", "b-a-d-w-o-r-d!", "ba.dword", "b a d word", "b adword", "b_a_d_w_o_r_d",
    "baaadwooord", "b4dw0rd!", "b@dword", "bádwörd", "bådwørd", "b̶a̶d̶w̶o̶r̶d̶",
    "bаdwоrd", "вadword", "ʙᴀᴅᴡᴏʀᴅ", "ｂａｄｗｏｒｄ", "𝐛𝐚𝐝𝐰𝐨𝐫𝐝", "ⓑⓐⓓⓦⓞⓡⓓ", "🅱🅰🅳🅦🅞🅡🅓", "🇧 🇦 🇩 🇼 🇴 🇷 🇩",
]  # fmt: skip


@pytest.mark.parametrize("disguised", DISGUISES)
def test_a_word_is_found_in_disguise(disguised: str) -> None:
    assert Terms(["badword"]).find(f"you {disguised} there") == "badword"


@pytest.mark.parametrize("said", ["bitchy", "BlTCHES", "b1tching", "biiitch"])
def test_a_beginning_is_found_with_any_end(said: str) -> None:
    assert Terms(["bitch*"]).find(f"you {said} there")
    assert not Terms(["bitch*"]).find(f"a{said}")


def test_a_text_that_nearly_says_it_too_often_says_it() -> None:
    terms = Terms(["badword"])

    assert terms.find("bad word " * MAX_LIKELY) is None
    assert terms.find("bad word " * (MAX_LIKELY + 1)) is not None


@pytest.mark.parametrize(
    ("term", "innocent"),
    [
        ("ass", "class assassin bass"),
        ("ass", "455 viewers"),
        ("ass", "as sure as can be"),
        ("tit", "717 titles"),
        ("hell", "he'll tell"),
        ("penis", "the pen is mightier"),
        ("anal", "an al dente analogue"),
        ("nigger", "Niger is a country"),
        ("cunt", "Scunthorpe"),
        ("badword", "bad word games"),
        ("badword", "b a d"),
        ("kill yourself", "kill your boss yourself"),
        ("1488", "21488 points"),
        ("a.b*", "axbs"),
    ],
)
def test_innocent_words_are_left_alone(term: str, innocent: str) -> None:
    assert Terms([term]).find(innocent) is None


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("fuck", "fu ck"),
        ("fuck", "f uck"),
        ("fuck", "fu fu ck"),
        ("radar", "r a d a r"),
        ("ass", "a$$"),
        ("kill yourself", "KILL   yourself"),
        ("kill yourself", "killyourself"),
        ("kill yourself", "ki11 y.o.u.r.s.e.l.f"),
        ("bad*", "badness"),
        ("bad*", "baaad1y"),
        ("1488", "it is 1488!"),
        ("c++", "I like c++"),
        ("死ね", "お前死ねよ"),
        ("死ね", "死 ね"),
        ("🖕", "to you🖕🏽"),
        ("сука", "СУКА"),
        (r"/\bcrypto\s?coins?\b/", "buy CryptoCoins"),
        ("/ä/", "ä"),
    ],
)
def test_phrases_beginnings_signs_and_other_scripts_are_found(term: str, text: str) -> None:
    assert Terms([term]).find(text) is not None


def test_a_pattern_that_fits_with_accents_and_without_is_one_place() -> None:
    assert Terms([r"/b\w+d/"]).spans("a bäd word") == [(2, 5)]


@pytest.mark.parametrize(
    ("term", "text", "places"),
    [
        ("badword", "ßß badword ß", [(3, 10)]),
        ("bad*", "ﷺ ßbad ß badly", [(9, 14)]),
        ("死ね", "お前は 死 ね よ", [(4, 7)]),
        ("死ね", "死ねよ、お前", [(0, 2)]),
    ],
)
def test_a_term_is_placed_where_the_reader_sees_it(term: str, text: str, places: list[Span]) -> None:
    assert Terms([term]).spans(text) == places


def test_a_pattern_that_takes_too_long_counts_as_found_and_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    terms = Terms(["/(a|aa)+$/"])
    text = "a" * 60 + "b"

    with caplog.at_level(logging.WARNING):
        found = [terms.find(text) for _ in range(3)]

    assert found == ["/(a|aa)+$/"] * 3
    assert len(caplog.records) == 1


@pytest.mark.parametrize("term", ["", " ", "...", "\u200b", "/(/", "/" + "a" * 300 + "/", "x" * 101])
def test_what_cannot_be_looked_for_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match=r"no letter|no regular expression|may have"):
        check_term(term)


@given(st.text(max_size=200), st.text(min_size=1, max_size=20))
def test_no_text_and_no_term_breaks_the_search(text: str, term: str) -> None:
    try:
        terms = Terms([term])
    except ValueError:
        return

    for start, end in terms.spans(text):
        assert 0 <= start < end <= len(text) or not text


@given(st.text(max_size=40), st.sampled_from(DISGUISES), st.text(max_size=40))
def test_a_word_that_stands_apart_is_found_in_any_surroundings(before: str, disguised: str, after: str) -> None:
    assert Terms(["badword"]).find(f"{before} : {disguised} : {after}") == "badword"
