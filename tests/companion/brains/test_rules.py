"""The character out of rules answers what was said, to whom it was said by."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.brains import phrases
from relay.companion.brains.base import AnswerLimits, ChatView, ChosenAction, SeenMessage
from relay.companion.brains.phrases import Phrases
from relay.companion.brains.rules import RulesBrain, Said, heard
from relay.companion.scenario.model import Action
from relay.companion.state.chat import MessageRole


async def answer(*lines: str | SeenMessage, seed: int = 0, contexts: tuple[str, ...] = ()) -> str:
    shown = tuple(line if isinstance(line, SeenMessage) else SeenMessage(MessageRole.USER, line) for line in lines)
    return await reply(ChatView("Vox", "Max", shown, contexts), seed)


async def reply(view: ChatView, seed: int = 0) -> str:
    return "".join([piece async for piece in RulesBrain(seed).reply(view)])


async def write(prompt: str, most: int | None, seed: int = 0) -> str:
    view = ChatView("Vox", "Max", (), limits=AnswerLimits(max_sentences=most))
    return "".join([piece async for piece in RulesBrain(seed).write(view, prompt)])


def event(text: str) -> SeenMessage:
    return SeenMessage(MessageRole.EVENT, text)


def fits(text: str, options: Phrases) -> bool:
    patterns = (re.sub(r"\\\{\w+\\\}", ".+", re.escape(option)) for option in options)
    return any(re.match(pattern, text) for pattern in patterns)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('Anna (Twitch): "Hello!"', [Said("Anna", "Hello!")]),
        ('Bob (Discord) asks: "Why?"', [Said("Bob", "Why?")]),
        ('Anna (Twitch): "Hi" Bob (Twitch): "Yo"', [Said("Anna", "Hi"), Said("Bob", "Yo")]),
        ('Ann (Twitch), answering Bob\'s "Hi": "Yo"', [Said("Ann", "Yo")]),
        ('Ann (Twitch), answering your "Hi": "Yo" | Bob (Twitch): "No"', [Said("Ann", "Yo"), Said("Bob", "No")]),
        ('Ann (Twitch), answering you: "Yo"', [Said("Ann", "Yo")]),
        ('Ann (Twitch, from the channel Bob): "Hi"', [Said("Ann", "Hi")]),
        ("Ann (Twitch) *waves at Vox*", [Said("Ann", "waves at Vox")]),
        ('Ann (Twitch), answering Bob\'s "Hi" *waves*', [Said("Ann", "waves")]),
        ('Mod (Twitch) announces: "we begin"', [Said("Mod", "we begin")]),
        ("[TWITCH] Zoe: hi there", [Said("Zoe", "hi there")]),
        ("Hello!", [Said("Max", "Hello!")]),
    ],
)
def test_it_hears_who_says_what(text: str, said: list[Said]) -> None:
    assert heard(text, "Max") == said


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Hello Vox!", phrases.GREETING),
        ("What is your name?", phrases.IDENTITY),
        ("are you a robot?", phrases.IDENTITY),
        ("How are you?", phrases.MOOD),
        ("who is the streamer?", phrases.STREAMER),
        ("who am I?", phrases.NAME_KNOWN),
        ("tell me a joke", phrases.JOKE),
        ("Why is the sky blue?", phrases.WHY),
        ("When do we play?", phrases.WHEN),
        ("Is it raining?", phrases.YES_NO),
        ("do you like pizza?", phrases.LIKES),
        ("I like trains", phrases.LEARNED),
        ("thanks!", phrases.THANKS),
        ("good night everybody", phrases.FAREWELL),
        ("you are so funny", phrases.COMPLIMENT),
        ("my dog is here", phrases.TOPICS["cat|cats|kitten|dog|dogs|puppy|pet|pets"]),
        ("It is what it is.", phrases.STATEMENT),
        ("what is my favourite game?", phrases.NOT_RECALLED),
    ],
)
async def test_it_answers_what_was_said_by_name(text: str, options: Phrases) -> None:
    said = await answer(f'Anna (Twitch): "{text}"')

    assert fits(said, options)
    assert "Anna" in said or options is phrases.JOKE


@pytest.mark.parametrize(
    ("text", "options", "shown"),
    [
        ("Cleo is raiding the stream with 42 viewers!", phrases.RAID, "42"),
        ("Cleo just subscribed on Twitch.", phrases.SUBSCRIBED, "Cleo"),
        ('Cleo has been subscribed for 7 months: "Hi"', phrases.RESUBSCRIBED, "7"),
        ("Cleo gifted 5 subscriptions to the community.", phrases.GIFT, "5"),
        ("Cleo cheered 100 bits.", phrases.CHEERED, "100"),
        ("Cleo redeemed 'Hydrate'.", phrases.REDEEMED, "Cleo"),
        ("Cleo gifted 1 subscription to Bob.", phrases.ONE_GIFT, "Cleo"),
        ("Cleo goes on paying for the subscription that Bob gifted.", phrases.SUBSCRIBED, "Cleo"),
        ("Cleo goes on with a paid subscription instead of Prime.", phrases.SUBSCRIBED, "Cleo"),
        ("Cleo passes on the gift of a subscription from Bob.", phrases.PASSED_ON, "Cleo"),
        ("Cleo donated 5.00 EUR to Save the Whales.", phrases.DONATED, "5.00 EUR"),
        ("A door slams.", phrases.HAPPENED, ""),
    ],
)
async def test_it_reacts_to_events(text: str, options: Phrases, shown: str) -> None:
    said = await answer(event(text))

    assert fits(said, options)
    assert shown in said


async def test_words_that_come_with_an_event_are_answered_too() -> None:
    assert "42" in await answer(event('Cleo cheered 100 bits: "what is 6*7?"'))


async def test_it_remembers_what_it_was_told_and_by_whom() -> None:
    told = 'Anna (Twitch): "my favourite game is Hollow Knight"'
    reply = SeenMessage(MessageRole.ASSISTANT, "Noted.")

    assert "hollow knight" in await answer(told, reply, 'Anna (Twitch): "what is my favourite game?"')
    assert "knight" not in await answer(told, reply, 'Bob (Twitch): "what is my favourite game?"')


async def test_it_greets_somebody_it_knows_differently() -> None:
    again = await answer('Anna (Twitch): "hi"', SeenMessage(MessageRole.ASSISTANT, "Hello."), 'Anna (Twitch): "hello"')

    assert fits(again, phrases.GREETING_AGAIN)


async def test_it_knows_what_goes_on_from_its_contexts() -> None:
    assert "The king is in check" in await answer("what is going on?", contexts=("The king is in check!",))


async def test_it_knows_where_it_is_from_the_scene() -> None:
    asked = (SeenMessage(MessageRole.USER, "What is going on?"),)
    view = ChatView("Vox", "Max", asked, scene="A garden at night.")

    assert "A garden at night" in await reply(view)
    assert "The king is in check" in await reply(replace(view, contexts=("The king is in check.",)))


async def test_in_company_each_character_answers_for_itself() -> None:
    lines = (
        SeenMessage(MessageRole.USER, "Tell me a joke", "Max"),
        SeenMessage(MessageRole.ASSISTANT, "No idea.", "Catherine"),
    )
    vox = ChatView("Vox", "Max", lines, others=("Catherine",))
    catherine = ChatView("Catherine", "Max", lines, others=("Vox",))

    assert fits(await reply(vox), phrases.JOKE)
    assert fits(await reply(catherine), phrases.FILLER)
    assert "Catherine" in await reply(replace(catherine, lines=(SeenMessage(MessageRole.USER, "Who are you?", "Max"),)))


async def test_in_company_it_answers_another_character_when_people_have_their_answers() -> None:
    lines = (
        SeenMessage(MessageRole.USER, "Hi", "Max"),
        SeenMessage(MessageRole.ASSISTANT, "Hello Max!", "Vox"),
        SeenMessage(MessageRole.ASSISTANT, "How are you, Vox?", "Catherine"),
    )
    said = await reply(ChatView("Vox", "Max", lines, others=("Catherine",)))

    assert fits(said, phrases.MOOD)
    assert "Catherine" in said


STORM = "A storm is coming. The lamps go out. Nobody moves."


@pytest.mark.parametrize(
    ("prompt", "most", "begins", "count"),
    [
        ("A storm is coming", None, "A storm is coming. ", 2),
        ("A storm is coming", 1, "A storm is coming.", 1),
        ("A storm is coming!", 4, "A storm is coming! ", 4),
        (STORM, None, STORM, 3),
        (STORM, 2, "A storm is coming. The lamps go out.", 2),
        (STORM, 5, f"{STORM} ", 5),
        ("", None, "", 2),
    ],
)
async def test_a_story_goes_on_from_its_prompt_and_keeps_to_its_length(
    prompt: str, most: int | None, begins: str, count: int
) -> None:
    told = await write(prompt, most)

    assert told.startswith(begins)
    assert len(re.findall(r"[.!?]( |$)", told)) == count
    assert told == told.strip()


async def test_a_story_is_the_same_under_the_same_seed_and_another_with_another() -> None:
    assert await write(STORM, 5, seed=7) == await write(STORM, 5, seed=7)
    assert len({await write(STORM, 5, seed=seed) for seed in range(20)}) > 1


WAVE = Action(name="wave")
SHOUT = Action.model_validate({"name": "shout_out", "arguments": [{"name": "channel", "required": True}]})


@pytest.mark.parametrize(
    ("line", "choice"),
    [
        (SeenMessage(MessageRole.USER, "Please wave!"), ChosenAction("wave")),
        (SeenMessage(MessageRole.USER, 'Anna (Twitch): "please wave"'), ChosenAction("wave")),
        (SeenMessage(MessageRole.USER, 'Wave (Twitch): "hello"'), None),
        (SeenMessage(MessageRole.USER, 'Anna (Twitch): "hello" | Bob (Discord): "wave at us"'), ChosenAction("wave")),
        (
            SeenMessage(MessageRole.USER, 'Anna (Twitch): "a shout out to PixelPenny"'),
            ChosenAction("shout_out", {"channel": "PixelPenny"}),
        ),
        (SeenMessage(MessageRole.EVENT, "Everybody waves."), ChosenAction("wave")),
        (SeenMessage(MessageRole.ASSISTANT, "I am waving.", "Vox"), ChosenAction("wave")),
        (SeenMessage(MessageRole.NOTE, "Somebody waves."), None),
    ],
)
async def test_it_chooses_an_action_by_what_was_said_not_by_who_said_it(
    line: SeenMessage, choice: ChosenAction | None
) -> None:
    view = ChatView("Vox", "Max", (SeenMessage(MessageRole.NOTE, "wave"), line))

    assert await RulesBrain(0).choose(view, [WAVE, SHOUT]) == choice


async def test_only_what_was_said_last_chooses_an_action() -> None:
    view = ChatView(
        "Vox",
        "Max",
        (
            SeenMessage(MessageRole.USER, "Please wave!"),
            SeenMessage(MessageRole.USER, "Never mind."),
            SeenMessage(MessageRole.NOTE, "x"),
        ),
    )

    assert await RulesBrain(0).choose(view, [WAVE]) is None


async def test_it_is_the_same_under_the_same_seed_and_varies_with_another() -> None:
    question = 'Anna (Twitch): "cats or dogs?"'

    assert await answer(question, seed=7) == await answer(question, seed=7)
    assert len({await answer(question, seed=seed) for seed in range(20)}) > 1


async def test_it_does_not_say_the_same_twice_in_a_row() -> None:
    first = await answer("Well well.")

    assert await answer("Well well.", SeenMessage(MessageRole.ASSISTANT, first), "Well well.") != first


async def test_asked_to_speak_with_nothing_new_it_fills_the_silence() -> None:
    assert fits(await answer("hi", SeenMessage(MessageRole.ASSISTANT, "Hello.")), phrases.FILLER)


hostile = st.sampled_from(
    ["@everyone", "<@123>", "/ban me", "https://evil.example/x", "*", "`", "[x]", "{{ char }}", "\u202e"]
)
words = st.lists(
    hostile | st.text(max_size=12) | st.sampled_from(["I like", "my favourite game is", "hi", "what", "or", "?"])
).map(" ".join)


@given(words, words, st.booleans())
async def test_what_viewers_write_never_pings_links_or_commands(name: str, text: str, happens: bool) -> None:
    quoted = f'{name} (Twitch): "{text}"'
    lines: list[str | SeenMessage] = [
        quoted,
        SeenMessage(MessageRole.ASSISTANT, "Oh."),
        f'{name} (Twitch): "what do you know?"',
        quoted,
    ]
    last: str | SeenMessage = event(f'{name} cheered 5 bits: "{text}"') if happens else lines.pop()

    said = await answer(*lines, last)

    assert said[0].isalnum() or said[0] == "-"
    assert not set(said) & set("@/<>`*[]{}#\u202e")
    assert "\n" not in said


def test_in_several_messages_at_once_each_is_somebodys() -> None:
    batch = (
        'Ann (Twitch): "hello" | 3 viewers, such as SirLags (Twitch): "what a game" | '
        'Bob (Discord) asks: "who won?" | Also in chat: 12 viewers: "LUL"'
    )

    assert [(said.name, said.text) for said in heard(batch, "Max")] == [
        ("Ann", "hello"),
        ("SirLags", "what a game"),
        ("Bob", "who won?"),
    ]
