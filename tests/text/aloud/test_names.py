import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.text.aloud.names import sayable, with_sayable_names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xX_N1ght_Xx", "Night"),
        ("xXNightXx", "Night"),
        ("TTV_bob_2009", "bob"),
        ("TTVBob", "Bob"),
        ("bobTTV", "bob"),
        ("Gamer2009", "Gamer"),
        ("MyOwl2009", "My Owl"),
        ("NightOwl99", "Night Owl 99"),
        ("G4m3r_x", "Gamer"),
        ("n00b", "noob"),
        ("he11o", "hello"),
        ("M4ST3R", "MASTER"),
        ("@anna_maria", "anna maria"),
        ("@bob42", "bob"),
        ("#GoodVibes", "Good Vibes"),
        ("кот_123", "кот"),
        ("夜猫_99", "夜猫"),
        ("ÄrgerÖl", "Ärger Öl"),
    ],
)
def test_a_name_is_said_as_its_words(name: str, said: str) -> None:
    assert sayable(name) == said


@pytest.mark.parametrize("word", ["hello", "McDonald", "MacArthur", "NASA", "xxl", "2026", "2nd", "кот", "夜猫"])
def test_what_is_a_word_already_stays(word: str) -> None:
    assert sayable(word) == word


@pytest.mark.parametrize(
    ("text", "said"),
    [("PS5", "PS 5"), ("MP3s", "MP 3 s"), ("C3PO", "C 3 PO"), ("M4A", "M 4 A"), ("Windows11", "Windows 11")],
)
def test_numbers_that_mean_something_are_kept(text: str, said: str) -> None:
    assert sayable(text) == said


@pytest.mark.parametrize("name", ["TTV_123", "xX_123_Xx", "@2009", "x_x"])
def test_a_name_of_tags_and_numbers_alone_keeps_them(name: str) -> None:
    assert sayable(name)


@given(st.text(st.sampled_from("aZxX_019éкTV@# .-"), max_size=30))
def test_every_letter_said_was_in_the_name_or_stands_for_its_digit(line: str) -> None:
    said = with_sayable_names(line)

    letters = {
        *line.casefold(),
        *(spelled for digit, spelled in zip("01", "oi", strict=True) if digit in line),
        " ",
        "l",
    }
    assert {*said.casefold()} <= letters
    assert len(said) <= 2 * len(line)
