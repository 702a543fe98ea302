import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.text import unicode
from relay.text.unicode import MAX_INPUT, count_hidden, folded, one_line, skeleton

ODD = st.text(
    st.sampled_from(
        "a é\u0301\u0336\u0323\ufe0f\u200d\u200b\u034f\u202e\u2800\n\x00\ud800😀👩🏽🇩ß﷽ｱ한ش٣\U000e0041\u1160"
    )
    | st.characters(),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hello   there", "hello there"),
        ("a\nb\u2028c\td", "a b c d"),
        ("b\u200ba\u202ed\U000e0041\u034f\u2800\x00\x07", "bad"),
        ("ｂａｄ ﬁ", "bad fi"),
        ("a" + "\u0336" * 50, "a\u0336\u0336"),
        ("👩\u200d🚀 a\u200db ❤\ufe0f a\ufe0f", "👩\u200d🚀 ab ❤\ufe0f a"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("\ud800x", "\ufffdx"),
    ],
)
def test_one_line_shows_what_a_reader_sees(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(ODD)
def test_one_line_is_settled_after_once(text: str) -> None:
    line = one_line(text)

    assert one_line(line) == line
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)


def test_one_line_reads_only_so_much() -> None:
    assert len(one_line("a" * 100_000)) == MAX_INPUT
    assert len(one_line("\ufdfa" * 100_000)) <= 2 * MAX_INPUT


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("pаypаl", "paypal"),
        ("ᗷᴀᴅ", "bad"),
        ("🅱ad", "bad"),
        ("ƃad", "bad"),
        ("日本", "日本"),
    ],
)
def test_a_skeleton_is_what_a_reader_takes_the_text_for(text: str, seen: str) -> None:
    assert skeleton(text) == seen


@given(ODD)
def test_upper_and_lower_case_have_one_skeleton_letter_by_letter(text: str) -> None:
    for character in one_line(text):
        if len(character.upper()) == len(character.lower()) == 1 and character.upper().lower() == character.lower():
            assert skeleton(character.upper()) == skeleton(character.lower())


def test_a_character_is_looked_up_once_however_often_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def shape(character: str) -> str:
        looked_up.append(character)
        return "x"

    monkeypatch.setattr(unicode, "_SHAPES", unicode._Shapes())
    monkeypatch.setattr(unicode, "_shape", shape)

    assert [skeleton("éß" * 3), skeleton("ßé")] == ["x" * 6, "xx"]
    assert looked_up == ["é", "ß"]


def test_names_that_look_alike_fold_alike() -> None:
    assert folded("V.o.x") == folded("ＶＯＸ") == folded("Vоx\u200b") == "vox"


def test_hidden_characters_are_counted() -> None:
    assert count_hidden("plain text") == 0
    assert count_hidden("a\u200b\u200b" + "\u0336" * 10) == 10
