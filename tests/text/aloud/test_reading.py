import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.text.aloud.emotes import KNOWN, Emotes
from relay.text.aloud.languages import language_of
from relay.text.aloud.reading import SHOWN, SPOKEN, ReadAloud
from tests.support import examples

ENGLISH, GERMAN = ReadAloud("en-us"), ReadAloud("de")


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("Hi there! ", "Hi there!"),
        ("*waves* **Hello**, _you_", "waves Hello, you"),
        ("Nice \U0001f389 game\n\tof\u200b yours", "Nice game of yours"),
        ("<speak>x</speak>", "speak x speak"),
        ("Gr\u00fc\u00dfe, \u4f60\u597d!", "Gr\u00fc\u00dfe, \u4f60\u597d!"),
        ("\x01c", "c"),
        ("So: ```py\nx = 1\n``` Good?", "So: Good?"),
        ("```py\nx = 1", ""),
        ("Type `!ask` or `for (i = 0)`.", "Type !ask or."),
        ("See https://example.com/a?b=c or example.com!", "See or!"),
        ("[the rules](https://example.com)", "the rules"),
        ("# Rules\n- be nice", "Rules be nice"),
        ("PogChamp hi :) <3 :catJAM: <:wave:123456> xD", "hi"),
        ("<@123456> and <#42>", "and"),
        ("\U0001d4dd\U0001d4f2\U0001d4f0\U0001d4f1\U0001d4fd", "Night"),
        ("R&B, C++ and either/or", "R and B, C plus plus and either or"),
    ],
)
def test_only_words_are_read_aloud(shown: str, read: str) -> None:
    assert ENGLISH(shown) == read


@pytest.mark.parametrize("text", ["", "...", "\U0001f389\U0001f389", "* * *", "\x00", "Kappa", ":)", "https://a.com"])
def test_what_holds_no_word_is_not_read(text: str) -> None:
    assert ENGLISH(text) == ""


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("1,234.5", "one thousand two hundred and thirty-four point five"),
        ("v1.2.3", "v one point two point three"),
        ("007", "zero zero seven"),
        ("-5 °C", "minus five degrees Celsius"),
        ("1 km at 60 fps", "one kilometer at sixty frames a second"),
        ("50%", "fifty percent"),
        ("$5.50, $1, €20 and $5k", "five dollars and fifty cents, one dollar, twenty euros and five thousand dollars"),
        ("5k of 2M", "five thousand of two million"),
        ("the 1st and 22nd", "the first and twenty-second"),
        ("5-10 to 3:1, 24/7", "five to ten to three to one, twenty-four seven"),
        ("in 1984", "in nineteen eighty-four"),
        ("20:15 or 8:05 or 8:00", "eight fifteen PM or eight oh five or eight o'clock"),
        ("0:30, 12:15 and 9:09", "twelve thirty AM, twelve fifteen and nine oh nine"),
        ("24:00", "twelve AM"),
        ("8pm and 8:30 p.m.", "eight PM and eight thirty PM"),
        ("2026-11-22", "November twenty-second, twenty twenty-six"),
        ("11/22/2026", "November twenty-second, twenty twenty-six"),
        ("Nov. 5th", "November fifth"),
        ("January 1, 2026", "January first, twenty twenty-six"),
        ("January 0 or 32", "January zero or thirty-two"),
        ("e.g. Dr. Ann vs. Bob", "for example Doctor Ann versus Bob"),
        ("COVID-19", "COVID nineteen"),
    ],
)
def test_english_numbers_dates_and_abbreviations_are_words(shown: str, read: str) -> None:
    assert ENGLISH(shown) == read


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("1.234,5", "eintausendzweihundertvierunddreißig Komma fünf"),
        ("3.14", "drei Komma eins vier"),
        ("5,50 € und 1 €", "fünf Euro und fünfzig Cent und ein Euro"),
        ("1 Min.", "eins Minuten"),
        ("um 20:15 Uhr oder 1:00", "um zwanzig Uhr fünfzehn oder ein Uhr"),
        ("am 22.11.2026", "am zweiundzwanzigsten November zweitausendsechsundzwanzig"),
        ("der 3. Oktober", "der dritte Oktober"),
        ("3.10.", "dritter Oktober"),
        ("am 1.5. und 31.12.", "am ersten Mai und einunddreißigster Dezember"),
        ("32.1. oder 12.13.", "zweiunddreißig Komma eins. oder zwölf Komma eins drei."),
        ("1st", "eins st"),
        ("z. B. ca. 5 Mio.", "zum Beispiel circa fünf Millionen"),
        ("3:1 gewonnen", "drei zu eins gewonnen"),
    ],
)
def test_german_numbers_dates_and_abbreviations_are_words(shown: str, read: str) -> None:
    assert GERMAN(shown) == read


@pytest.mark.parametrize(
    ("language", "shown", "read"),
    [
        ("en-gb", "11/12/2026", "eleventh of December twenty twenty-six"),
        ("fr", "1,5 et 1.234", "un virgule cinq et mille deux cent trente-quatre"),
        ("ru", "21", "двадцать один"),
        ("pt-br", "16", "dezesseis"),
        ("fr", "10-5 ou 10 - 5", "dix cinq ou dix - cinq"),
        ("fr", "20:15", "vingt quinze"),
        ("zh", "5", "5"),
    ],
)
def test_other_languages_say_their_numbers_as_far_as_they_are_known(language: str, shown: str, read: str) -> None:
    assert ReadAloud(language)(shown) == read


@pytest.mark.parametrize(
    ("language", "shown", "read"),
    [
        ("fr", "10\u202f000 abonnés", "dix mille abonnés"),
        ("fr", "-1\u00a0500,5 point", "mille cinq cents virgule cinq point"),
        ("de", "10 000 Zuschauer", "zehntausend Zuschauer"),
        ("de", "1 500,50 € und 12 000 km", "eintausendfünfhundert Euro und fünfzig Cent und zwölftausend Kilometer"),
        ("ru", "1 000 000", "один миллион"),
        ("pl", "12 500 widzów", "dwanaście tysięcy pięćset widzów"),
        ("sv", "10 000-20 000", "tiotusen tjugotusen"),
    ],
)
def test_thousands_that_are_parted_by_spaces_are_one_number_in_languages_that_do_so(
    language: str, shown: str, read: str
) -> None:
    assert ReadAloud(language)(shown) == read


@pytest.mark.parametrize(
    ("language", "shown", "read"),
    [
        ("fr", "06 12 345 678", "zéro six douze trois cent quarante-cinq six cent soixante-dix-huit"),
        ("fr", "0 800 123", "zéro huit cents cent vingt-trois"),
        ("de", "+420 100 200", "plus vierhundertzwanzig einhundert zweihundert"),
        ("de", "2 100 20", "zwei einhundert zwanzig"),
        ("en", "player 1 500 points", "player one five hundred points"),
    ],
)
def test_numbers_that_follow_one_another_stay_several(language: str, shown: str, read: str) -> None:
    assert ReadAloud(language)(shown) == read


def test_a_listed_word_is_said_as_the_streamer_wants() -> None:
    read = ReadAloud("", {"gg": "good game", "US": "United States", "o7": "salute", "<3": "love"})

    assert read("GG, gg, eggs, US and us o7 <3") == "good game, good game, eggs, United States and us salute love"


def test_a_channel_s_own_emotes_are_left_out_from_when_somebody_has_written_them() -> None:
    emotes = Emotes()
    read = ReadAloud("en", emotes=emotes)
    assert read("annHype annHyped, welcome!") == "ann Hype ann Hyped, welcome!"

    emotes.learn(["annHype"])

    assert read("annHype annHyped, welcome!") == "ann Hyped, welcome!"


def test_of_emotes_those_that_were_seen_last_are_remembered() -> None:
    emotes = Emotes()
    emotes.learn(["first", "second"])
    emotes.learn(["first", *(f"emote{number}" for number in range(KNOWN - 1))])

    assert "first" in emotes and "second" not in emotes


def test_of_listed_words_that_begin_alike_the_longest_is_said() -> None:
    read = ReadAloud("", {"gg": "good game", "gg wp": "well played", "gg wp all": "thanks"})

    assert read("gg, gg wp, gg wp all") == "good game, well played, thanks"


def test_a_pattern_in_the_list_is_only_text() -> None:
    assert ReadAloud("", {".*": "all", "a|b": "x"})("some words") == "some words"


_FRAGMENTS = st.sampled_from([
    *"15 -.,:/@#$\u20ac%&+=`\n()^_\u200d\ufe0f\u0301\u00bd\u0663\u00b2\U0001f389", "TTV_", "N1ght", "xX_", "_Xx",
    "20:15", "2026-11-22", "```", "[a](b)", "https://a.com", "5k", "\u00b0C", "am", "pm", "Uhr", "Nov", "st", "22.11.",
    "<:a:1>", ":a:", "**",
])  # fmt: skip
_HOSTILE = st.one_of(st.text(max_size=60), st.lists(_FRAGMENTS, max_size=12).map("".join))
_READERS = st.sampled_from([ReadAloud(code) for code in ("en", "en-gb", "de", "fr", "ja", "zh", "pt_BR", "xx")])


@settings(max_examples=examples(60), deadline=None)
@given(_READERS, _HOSTILE, st.integers(1, 40))
def test_hostile_text_is_read_in_one_bounded_line(read: ReadAloud, text: str, times: int) -> None:
    line = read(text * times)

    assert len(line) <= SPOKEN
    assert line.isprintable() and line == " ".join(line.split())


_PIECES = st.sampled_from([
    "Hello,", "xX_N1ght_Xx", "TTV_bob_2009", "20:15", "2026-11-22", "1,234.5", "$5.50", "-5", "\xb0C", "5k", "50%",
    "e.g.", "z. B.", "usw.", "C++", "a/b", "R&B", "**bold**", "Kappa", ":)", "\U0001f389", "https://a.com", "-",
    "...", "?!", "3.10.", "1st", "007", "\u043a\u043e\u0442_123", "`x = 1`", "\u0663", "\xbd", "#1", "@anna",
])  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(_READERS, st.lists(_PIECES, max_size=8).map(" ".join))
@example(ReadAloud("zh"), "20:15 - $5.50")
def test_what_was_read_is_read_the_same(read: ReadAloud, text: str) -> None:
    assert read(read(text)) == read(text)


@settings(max_examples=examples(60), deadline=None)
@given(st.text("abcdfgh .,!?'-*_~\n", max_size=60))
def test_no_word_is_added(text: str) -> None:
    assert {*re.findall(r"\w+", ENGLISH(text))} <= {*re.findall(r"[a-h]+", text)}


def test_a_long_text_is_read_to_a_bound() -> None:
    assert len(ENGLISH("word " * 1_000)) <= SHOWN
    assert len(ENGLISH("9" * 10_000)) <= SPOKEN


def test_a_language_is_known_by_its_tag() -> None:
    assert [language_of(tag).code for tag in ("", "EN-us", "de_AT", "fr", "pt-br")] == ["en", "en", "de", "fr", "pt_BR"]
