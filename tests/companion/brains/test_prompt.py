"""What a model is shown: who it is, what it may know, and as much of the chat as fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.brains.base import AnswerLimits, ChatView, SeenMessage
from relay.companion.brains.prompt import BEFORE, LEAST, OVERHEAD, ChatMessage, prompt, story, tokens
from relay.companion.state.chat import MessageRole


def view(
    *lines: SeenMessage, others: tuple[str, ...] = (), contexts: tuple[str, ...] = (), persona: str = ""
) -> ChatView:
    return ChatView("Vox", "Streamer", lines, contexts, persona=persona, scene="A garden.", others=others)


def said(*texts: str) -> tuple[SeenMessage, ...]:
    return tuple(SeenMessage(MessageRole.USER, text, "Streamer") for text in texts)


def cost(messages: list[ChatMessage]) -> int:
    return sum(tokens(message["content"]) + OVERHEAD for message in messages)


def test_who_it_is_stands_first_with_the_scene_and_what_it_knows() -> None:
    system, *_ = prompt(view(contexts=("It rains.",)), "You are {{ char }}, with {{ user }}.", 1_000)
    assert system == {"role": "system", "content": "You are Vox, with Streamer.\nA garden.\nIt rains."}


def test_a_character_of_its_own_takes_the_place_of_the_usual_one() -> None:
    system, *_ = prompt(view(persona="Vox is a robot.", others=("Catherine",)), "unused", 1_000)
    assert system["content"] == (
        "Vox is a robot.\nAlso here: Catherine. You speak for Vox alone, without a name in front.\nA garden."
    )


def test_messages_are_told_apart_by_who_said_them() -> None:
    lines = (
        SeenMessage(MessageRole.USER, "Hi", "Streamer"),
        SeenMessage(MessageRole.ASSISTANT, "Hello", "Vox"),
        SeenMessage(MessageRole.ASSISTANT, "Hey", "Catherine"),
        SeenMessage(MessageRole.EVENT, "A door slams"),
        SeenMessage(MessageRole.STORY, "A storm"),
        SeenMessage(MessageRole.NOTE, "Late"),
        SeenMessage(MessageRole.SECRET, "He lies"),
    )
    _, *messages = prompt(view(*lines, others=("Catherine",)), "P", 1_000)
    others = ["[Event: A door slams]", "[Event: A storm]", "[Note: Late]", "[Secret, known only to you: He lies]"]
    assert [(m["role"], m["content"]) for m in messages] == [
        ("user", "Streamer: Hi"),
        ("assistant", "Hello"),
        ("user", "\n".join(["Catherine: Hey", *others])),
    ]


def test_the_user_begins_even_where_the_character_greets_or_nothing_was_said_yet() -> None:
    greeting = SeenMessage(MessageRole.ASSISTANT, "Welcome!", "Vox")
    assert prompt(view(greeting), "P", 1_000)[1:] == [BEFORE, {"role": "assistant", "content": "Welcome!"}]
    assert prompt(view(), "P", 1_000)[1:] == [BEFORE]


def test_alone_with_a_character_the_user_needs_no_name() -> None:
    _, message = prompt(view(*said('Anna (Twitch): "Hi"')), "P", 1_000)
    assert message["content"] == 'Anna (Twitch): "Hi"'


def test_what_is_asked_of_it_stands_last() -> None:
    *_, last = prompt(view(*said("Hi")), "P", 1_000, "Say yes or no.")
    assert last == {"role": "user", "content": "Hi\n[Say yes or no.]"}


def test_other_scripts_cost_a_token_a_character() -> None:
    assert (tokens("a" * 35), tokens("\u4f60\u597d"), tokens("")) == (10, 2, 0)


def test_the_oldest_lines_are_left_out_first() -> None:
    _, shown = prompt(view(*said(*(f"{number:035}" for number in range(100)))), "P", 200)
    numbers = [int(line) for line in shown["content"].splitlines()]
    assert numbers == list(range(100 - len(numbers), 100))
    assert 10 <= len(numbers) <= 14


@pytest.mark.parametrize(
    ("line", "begins", "ends"),
    [
        (SeenMessage(MessageRole.USER, "x" * 10_000 + " the end", "Streamer"), "Streamer: x", "x the end"),
        (SeenMessage(MessageRole.EVENT, "x" * 10_000 + " the end"), "[Event: x", "x the end]"),
        (SeenMessage(MessageRole.ASSISTANT, "\u4f60" * 10_000 + " the end", "Vox"), "\u4f60", "\u4f60 the end"),
    ],
)
def test_a_huge_line_loses_its_beginning_and_never_who_said_it(line: SeenMessage, begins: str, ends: str) -> None:
    shown = prompt(view(line, others=("Catherine",)), "P", 500)
    assert 480 <= cost(shown) <= 500
    assert shown[-1]["content"].startswith(begins)
    assert shown[-1]["content"].endswith(ends)


def test_huge_contexts_leave_half_of_the_room_to_the_chat_and_the_newest_are_known() -> None:
    system, *lines = prompt(view(*said("Hello?"), contexts=("old " * 9_000, "new " * 100, "It rains.")), "P", 1_000)
    assert 450 <= tokens(system["content"]) <= 550
    assert system["content"].endswith("new new \nIt rains.")
    assert "old old" in system["content"]
    assert [message["content"] for message in lines] == ["Hello?"]


def test_who_it_is_is_never_cut_and_the_newest_line_is_heard_all_the_same() -> None:
    system, line = prompt(view(*said("Anybody here?"), persona="p" * 9_000, contexts=("gone",)), "unused", 500)
    assert system["content"] == "p" * 9_000 + "\nA garden."
    assert line["content"] == "Anybody here?"


def test_the_story_writer_is_nobody_of_the_chat() -> None:
    lines = (*said("Hi"), SeenMessage(MessageRole.ASSISTANT, "Hello", "Vox"))
    system, shown = story(view(*lines), "You are {{ char }}.", 1_000, "A storm.")
    assert system["content"] == (
        "You are the narrator of this story, and none of its characters. Vox was told: You are Vox.\n"
        "Also here: Vox.\nA garden."
    )
    assert shown["content"].startswith("Streamer: Hi\nVox: Hello\n[Write what happens next")
    assert shown["content"].endswith("in one short paragraph. Begin with this and go on from it: A storm.]")


@pytest.mark.parametrize(("count", "told"), [(1, "in one sentence."), (3, "in at most 3 sentences.")])
def test_the_story_writer_knows_how_much_is_wanted(count: int, told: str) -> None:
    limited = ChatView("Vox", "Streamer", (), limits=AnswerLimits(max_sentences=count))
    assert told in story(limited, "P", 1_000, "A storm.")[-1]["content"]


texts = st.text(st.characters(codec="utf-8"), max_size=300)


@given(
    st.lists(texts, max_size=30),
    st.lists(texts, max_size=5),
    st.sampled_from([(), ("Catherine",)]),
    st.text(max_size=50),
    st.integers(0, 700),
)
def test_the_newest_that_fits_is_shown_in_order_and_the_newest_of_all_in_any_case(
    texts: list[str], contexts: list[str], others: tuple[str, ...], task: str, budget: int
) -> None:
    whole = view(*said(*texts), others=others, contexts=tuple(contexts))
    fixed = cost(prompt(view(others=others), "P", 9_999, task))

    system, shown = prompt(whole, "P", budget, task)

    assert cost([system, shown]) <= max(budget, fixed + LEAST)
    mark = "Streamer: " if others else ""
    told = [mark + text for text in texts] or ([] if task else [BEFORE["content"]])
    content = shown["content"].removesuffix(f"[{task}]").removesuffix("\n") if task else shown["content"]
    is_whole = any(content == "\n".join(told[since:]) for since in range(len(texts) + 1))
    is_shortened = content.startswith(mark) and texts and texts[-1].endswith(content.removeprefix(mark))
    assert is_whole or is_shortened
    if is_shortened:
        assert is_whole or tokens(content) >= LEAST - OVERHEAD - 2


lines = st.builds(SeenMessage, st.sampled_from(MessageRole), st.text(max_size=100), st.sampled_from(["", "Vox", "Max"]))


@given(
    st.lists(lines, max_size=30), st.sampled_from([(), ("Max",)]), st.sampled_from(["", "Yes?"]), st.integers(0, 700)
)
def test_user_and_assistant_speak_in_turn_and_the_user_begins(
    lines: list[SeenMessage], others: tuple[str, ...], task: str, budget: int
) -> None:
    fixed = cost([*prompt(view(others=others), "P", 9_999, task), BEFORE])

    messages = prompt(view(*lines, others=others), "P", budget, task)

    turns = ["assistant", "user"] * len(messages)
    assert [message["role"] for message in messages] == ["system", *turns[1 : len(messages)]]
    assert len(messages) > 1 and (not task or len(messages) % 2 == 0)
    assert cost(messages) <= max(budget, fixed + LEAST)
