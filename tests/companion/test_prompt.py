"""What a model is shown: who it is, what it may know, and as much of the chat as fits."""

from hypothesis import given
from hypothesis import strategies as st

from relay.companion.brain import Line, View
from relay.companion.chat import Role
from relay.companion.prompt import OVERHEAD, prompt, tokens


def view(*lines: Line, others: tuple[str, ...] = (), contexts: tuple[str, ...] = (), persona: str = "") -> View:
    return View("Vox", "Streamer", lines, contexts, persona=persona, scene="A garden.", others=others)


def test_who_it_is_stands_first_with_the_scene_and_what_it_knows() -> None:
    [system] = prompt(view(contexts=("It rains.",)), "You are {{ char }}, with {{ user }}.", 1_000)
    assert system == {"role": "system", "content": "You are Vox, with Streamer.\nA garden.\nIt rains."}


def test_a_character_of_its_own_takes_the_place_of_the_usual_one() -> None:
    [system] = prompt(view(persona="Vox is a robot.", others=("Catherine",)), "unused", 1_000)
    said = "Vox is a robot.\nAlso here: Catherine. You speak for Vox alone.\nA garden."
    assert system["content"] == said


def test_messages_are_told_apart_by_who_said_them() -> None:
    lines = (
        Line(Role.USER, "Hi", "Streamer"),
        Line(Role.ASSISTANT, "Hello", "Vox"),
        Line(Role.ASSISTANT, "Hey", "Catherine"),
        Line(Role.EVENT, "A door slams"),
        Line(Role.STORY, "A storm"),
        Line(Role.NOTE, "Late"),
        Line(Role.SECRET, "He lies"),
    )
    _, *messages = prompt(view(*lines, others=("Catherine",)), "P", 1_000)
    assert [(m["role"], m["content"]) for m in messages] == [
        ("user", "Streamer: Hi"),
        ("assistant", "Hello"),
        ("user", "Catherine: Hey"),
        ("user", "[Event: A door slams]"),
        ("user", "[Event: A storm]"),
        ("user", "[Note: Late]"),
        ("user", "[Secret, known only to you: He lies]"),
    ]


def test_alone_with_a_character_the_user_needs_no_name() -> None:
    _, message = prompt(view(Line(Role.USER, 'Anna (Twitch): "Hi"', "Streamer")), "P", 1_000)
    assert message["content"] == 'Anna (Twitch): "Hi"'


def test_other_scripts_cost_a_token_a_character() -> None:
    assert (tokens("a" * 35), tokens("\u4f60\u597d"), tokens("")) == (10, 2, 0)


texts = st.text(st.characters(codec="utf-8"), max_size=300)


@given(st.lists(texts, max_size=30), st.integers(100, 600))
def test_the_newest_that_fits_is_shown_in_order_and_the_newest_of_all_in_any_case(said: list[str], budget: int) -> None:
    lines = tuple(Line(Role.USER, text) for text in said)
    system, *shown = prompt(view(*lines), "P", budget)
    cost = sum(tokens(m["content"]) + OVERHEAD for m in (system, *shown))
    assert cost <= budget
    contents = [m["content"] for m in shown]
    assert contents[1:] == said[len(said) - len(contents) :][1:]
    if said:
        assert said[-1].endswith(contents[-1])
