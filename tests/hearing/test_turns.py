"""What words tell about a turn, in the languages that have lists and without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import HearingSection
from relay.hearing.turns import addresses_somebody_else, is_backchannel, patience
from relay.hearing.word_lists import LANGUAGES

SETTINGS = HearingSection()
SOON, USUAL, LATE = SETTINGS.turn_min, SETTINGS.turn, SETTINGS.turn_max


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "and then I…"),
        ("en", "and then I"),
        ("en", "So I went to the"),
        ("en", "I really want to"),
        ("en", "let me think um"),
        ("en", "I don't know, maybe"),
        ("en", "can you tell me what the"),
        ("en", "well, you know,"),
        ("en", "I was there because."),
        ("de", "und dann habe ich"),
        ("de", "kannst du mir sagen, ob"),
        ("de-AT", "das ist der"),
        ("es", "y entonces yo"),
        ("es", "quiero que me digas si"),
        ("es", "fui a la tienda con"),
        ("fr", "et puis je"),
        ("fr", "je voulais te dire que"),
        ("fr", "j’ai acheté une"),
        ("", "and then we went to the"),
        ("ja", "それで…"),
    ],
)
def test_who_plainly_has_not_finished_is_waited_for(language: str, text: str) -> None:
    assert patience(text, language, SETTINGS) == LATE


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "What is your favourite game?"),
        ("en", "what do you think about this game"),
        ("en", "where are you going tonight"),
        ("en", "I like this song."),
        ("en", "thank you"),
        ("en", "No."),
        ("en", "tell me a story please, thank you"),
        ("en", "What are you looking for?"),
        ("de", "was ist dein Lieblingsspiel heute"),
        ("de", "wie geht's"),
        ("de", "ja"),
        ("de", "Das gefällt mir."),
        ("es", "qué piensas de este juego"),
        ("es", "gracias"),
        ("es", "¿Cómo estás?"),
        ("fr", "qu'est-ce que tu penses de ça"),
        ("fr", "merci beaucoup"),
        ("", "how are you doing today my friend"),
        ("ja", "元気ですか？"),
    ],
)
def test_who_is_plainly_done_is_answered_at_once(language: str, text: str) -> None:
    assert patience(text, language, SETTINGS) == SOON


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", ""),
        ("en", "[laughter]"),
        ("en", "my dog ate the cake"),
        ("en", "I am."),
        ("en", "I do not want to."),
        ("de", "Das gefällt mir sehr."),
        ("en", "where are you from"),
        ("en", "what is the best"),
        ("", "blorp zing"),
        ("ja", "今日はゲームをします"),
        ("", "no"),
    ],
)
def test_where_words_tell_nothing_the_usual_silence_ends_a_turn(language: str, text: str) -> None:
    assert patience(text, language, SETTINGS) == USUAL


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "mhm"),
        ("en", "Mm-hmm."),
        ("en", "Yeah, right."),
        ("en", "uh-huh, I see"),
        ("en", "oh my god"),
        ("en", "yeah yeah yeah yeah yeah yeah yeah"),
        ("en", "yeahhhh"),
        ("en", "hahahaha"),
        ("en", "ha ha ha ha ha ha ha"),
        ("en", "haha yeah"),
        ("en", "[laughter]"),
        ("de", "Ach so, ja genau."),
        ("de", "hihihi"),
        ("es", "ja ja ja"),
        ("es", "ajá, claro"),
        ("fr", "ah ouais, d'accord"),
        ("", "hm ja"),
        ("", "ouais"),
        ("ja", "hmm"),
    ],
)
def test_who_only_shows_that_they_listen_wants_no_answer(language: str, text: str) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", ""),
        ("en", "no"),
        ("en", "stop"),
        ("en", "yeah but wait"),
        ("en", "right, what about the other one"),
        ("en", "what"),
        ("en", "okay okay stop"),
        ("en", "he"),
        ("de", "nein"),
        ("de", "ja aber"),
        ("es", "no"),
        ("fr", "oui mais non"),
        ("ja", "ouais"),
        ("", "wait"),
    ],
)
def test_who_says_more_has_something_to_say(language: str, text: str) -> None:
    assert not is_backchannel(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Bob, can I have the salt?"),
        ("en", "bob can you turn that down"),
        ("en", "hey Bob"),
        ("en", "hey bob look at this"),
        ("en", "Bob!"),
        ("en", "not now, Bob."),
        ("en", "bob what do you want for dinner"),
        ("de", "Bob, kommst du?"),
        ("de", "bob kannst du das leiser machen"),
        ("fr", "dis Bob"),
        ("es", "oye bob"),
        ("", "hey bob can you hear me"),
    ],
)
def test_a_person_called_by_name_is_who_is_spoken_to(language: str, text: str) -> None:
    assert addresses_somebody_else(text, companion=["Vox"], others=["Ann", "Bob"], language=language)


@pytest.mark.parametrize(
    "text",
    [
        "Vox, what do you think of Bob?",
        "hey Bob, ask Vox about it",
        "bob is late again",
        "do you know bob",
        "tell me about Bob",
        "bobby, can you hear me",
        "Charlie, can you hear me?",
        "what do you think",
        "",
    ],
)
def test_whoever_is_only_spoken_of_is_not_who_is_spoken_to(text: str) -> None:
    assert not addresses_somebody_else(text, companion=["Vox"], others=["Ann", "Bob"], language="en")


def test_a_name_of_several_words_is_called_as_a_whole() -> None:
    assert addresses_somebody_else("Mary Ann, are you there?", companion=["Vox"], others=["Mary Ann"], language="en")
    assert not addresses_somebody_else("Mary, are you there?", companion=["Vox"], others=["Mary Ann"], language="en")


@given(text=st.text(max_size=300), language=st.sampled_from([*LANGUAGES, "", "ja", "xx-YY"]))
def test_whatever_is_said_one_of_three_silences_ends_it(text: str, language: str) -> None:
    assert patience(text, language, SETTINGS) in (SOON, USUAL, LATE)
    is_backchannel(text, language)
    addresses_somebody_else(text, companion=["Vox"], others=[text[:5]], language=language)


@given(words=st.lists(st.sampled_from(["yeah", "mhm", "haha", "right", "oh"]), min_size=1, max_size=40))
def test_no_chain_of_listening_is_too_long_to_judge(words: list[str]) -> None:
    is_backchannel(" ".join(words), "en")
    assert not is_backchannel(" ".join([*words, "stop"]), "en")
