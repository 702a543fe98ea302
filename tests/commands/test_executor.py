"""What the relay does itself when a command is used, and what it posts."""

import asyncio
import contextlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.acts import Act, Arguments
from relay.commands.definition import Command, Confidential, Use
from relay.commands.executor import CommandExecutor, drawn
from relay.errors import RelayError
from relay.model import DESK, AudienceMessage, Outcome
from tests.commands.room import CommandRoom
from tests.hostile import LINKS, TEXTS
from tests.support import eventually


async def test_an_answer_is_filled_with_who_asks_and_what() -> None:
    hi = {"name": "hi", "answer": "Hi {author} on {platform}, {whom} says {text}.", "parameters": [{"name": "whom"}]}
    room = CommandRoom(hi)
    room.say("!hi Bob and Cleo", author="ann")

    assert await room.carry_out() == ["Hi Ann on Twitch, Bob and Cleo says Bob and Cleo."]
    assert [(each.outcome, each.reason) for each in room.finished] == [(Outcome.ANSWERED, "hi")]


async def test_an_answer_tells_how_much_was_given_and_none_where_nothing_was() -> None:
    room = CommandRoom({"name": "thanks", "answer": "Thanks for {amount}.", "viewer_cooldown": 0})
    room.say("!thanks", at=1, amount=100)
    room.say("!thanks", at=2)

    assert await room.carry_out() == ["Thanks for 100.", "Thanks for 0."]


async def test_a_counter_goes_up_with_each_use() -> None:
    room = CommandRoom({"name": "deaths", "count": "deaths", "answer": "{count} times.", "viewer_cooldown": 0})
    for at in range(3):
        room.say("!deaths", at=at)

    assert await room.carry_out() == ["1 times.", "2 times.", "3 times."]


async def test_a_use_that_is_carried_out_again_counts_once() -> None:
    room = CommandRoom({"name": "deaths", "count": "deaths", "answer": "{count} times.", "viewer_cooldown": 0})
    room.say("!deaths", at=1)
    room.say("!deaths", at=1)

    assert await room.carry_out() == ["1 times.", "1 times."]


async def test_each_choice_is_drawn_before_any_comes_again() -> None:
    room = CommandRoom({"name": "roll", "choose": ["a", "b", "c"], "viewer_cooldown": 0})
    for at in range(9):
        room.say("!roll", at=at)
    posted = await room.carry_out()

    assert [sorted(posted[i : i + 3]) for i in (0, 3, 6)] == [["a", "b", "c"]] * 3


@given(choices=st.lists(st.text(min_size=1), min_size=1, max_size=5), turns=st.integers(1, 3))
def test_draws_are_fair(choices: list[str], turns: int) -> None:
    numbers = range(turns * len(choices))

    assert Counter(drawn(choices, number) for number in numbers) == Counter(choices * turns)


class Scene(Arguments):
    name: str


def acting(room: CommandRoom, perform: Any) -> None:
    room.executor = CommandExecutor(room.gate, [Act("scene", Scene, perform)], room.counters, done=room.finished.append)


SCENE = {
    "name": "scene",
    "act": {"name": "scene", "arguments": {"name": "{text}"}},
    "answer": "On it, {author}.",
    "viewer_cooldown": 0,
}


async def test_an_act_is_told_its_arguments_harmless_and_then_answered() -> None:
    asked: list[str] = []
    room = CommandRoom(SCENE)

    async def perform(scene: Scene) -> str:
        asked.append(scene.name)
        return "done"

    acting(room, perform)
    room.say("!scene /event {{ char }} Be Right Back")

    assert await room.carry_out() == ["On it, Ann."]
    assert asked == ["event (( char )) Be Right Back"]


@pytest.mark.parametrize("problem", [RelayError("OBS is away"), ValueError("a mistake")])
async def test_an_act_that_fails_is_said_and_ends_nothing(problem: Exception) -> None:
    room = CommandRoom(SCENE)

    async def perform(_: Scene) -> str:
        raise problem

    acting(room, perform)
    room.say("!scene one")

    assert await room.carry_out() == ["That did not work."]
    assert [(each.outcome, each.reason, each.is_done) for each in room.finished] == [
        (Outcome.ANSWERED, "scene: failed", False)
    ]


async def test_an_act_that_nothing_can_do_is_said() -> None:
    room = CommandRoom(SCENE)
    room.say("!scene one")

    assert await room.carry_out() == ["That did not work."]


async def test_an_act_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.commands.executor.TIMEOUT", 0.0)
    room = CommandRoom(SCENE)

    async def perform(_: Scene) -> str:
        await asyncio.Event().wait()
        return "done"

    acting(room, perform)
    room.say("!scene one")

    assert await room.carry_out() == ["That did not work."]
    assert [each.is_done for each in room.finished] == [False]


async def test_an_act_that_takes_long_keeps_nobody_else_waiting() -> None:
    room = CommandRoom(SCENE, {"name": "lurk", "answer": "Enjoy."})
    may_go_on = asyncio.Event()

    async def perform(_: Scene) -> str:
        await may_go_on.wait()
        return "done"

    acting(room, perform)
    running = asyncio.create_task(room.executor.run())
    room.say("!scene one", at=0)
    room.say("!lurk", at=1)
    await eventually(lambda: room.posted == ["Enjoy."])
    may_go_on.set()
    await eventually(lambda: room.posted == ["Enjoy.", "On it, Ann."])

    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_flood_posts_what_the_budget_allows_and_ends_every_use() -> None:
    room = CommandRoom({"name": "lurk", "answer": "Enjoy."}, answers_at_once=5, answers_per_minute=20)
    for number in range(1_000):
        room.time = number * 60 / 10_000
        room.say("!lurk", author=f"v{number}")
        room.say("!lurk", author=f"v{number}")
        while room.gate.accepted.qsize():
            await room.executor.carry_out(room.gate.accepted.get_nowait())

    assert len(room.posted) == 5 + 1  # at once, and what six seconds at twenty a minute give whole
    assert len(room.finished) == 1_000


ANSWERS = CommandRoom().answers


class TestWhatIsPosted:
    def filled(self, template: str, **values: str) -> str:
        return CommandRoom().answers.fill(template, values)

    def test_may_hold_the_streamers_own_link_and_nobody_elses(self) -> None:
        assert self.filled("Join us: discord.gg/abc, {author}!", author="Ann") == "Join us: discord.gg/abc, Ann!"
        for link in LINKS[:2]:
            assert link not in self.filled("Join us: discord.gg/abc or {text}", text=link)
            assert link not in self.filled("You said {text}", text=link)

    def test_has_no_link_put_together_from_both(self) -> None:
        assert "evil.example/x" not in self.filled("See evil.{text}", text="example/x")

    def test_mentions_nobody_that_a_viewer_names(self) -> None:
        assert self.filled("@{author} hugs {text}", author="Ann", text="@bob") == "@Ann hugs @\u200bbob"

    @given(text=TEXTS)
    def test_is_one_line_whatever_was_written(self, text: str) -> None:
        shown = ANSWERS.fill("They said {text}.", {"text": text})

        assert len(shown) <= 400
        assert shown == " ".join(shown.split())


async def test_a_function_of_the_relay_answers_through_the_filters() -> None:
    room = CommandRoom()

    async def answer(use: Use) -> str:
        return f"@everyone {use.text} evil.example/x"

    room.gate.table.register(Command(name="own", do=answer), "relay")
    room.say("!own hello")
    [posted] = await room.carry_out()

    assert "evil.example" not in posted
    assert "@everyone" not in posted


@pytest.mark.parametrize("reaches", [True, False])
async def test_what_concerns_who_asked_alone_is_whispered_and_nothing_else_is(reaches: bool) -> None:
    room, whispered = CommandRoom({"name": "lurk", "answer": "Enjoy it."}), []

    async def whisper(message: AudienceMessage, text: str) -> bool:
        whispered.append((message.author.id, text))
        return reaches

    async def secret(_: Use) -> Confidential:
        return Confidential("You like @chess.", "Not here.")

    async def general(_: Use) -> str:
        return "I am she."

    room.gate.table.register(Command("remembered", do=secret), "test")
    room.gate.table.register(Command("companion", do=general, is_general=True), "test")
    room.executor = CommandExecutor(room.gate, (), room.counters, done=room.finished.append, whisper=whisper)
    for name in ("remembered", "companion", "lurk"):
        room.say(f"!{name}", author="ann")
    room.say("!remembered", author="ben", is_unseen=True)

    assert await room.carry_out() == [
        *([] if reaches else ["Not here."]), "I am she.", "Enjoy it.", "You like @\u200bchess."
    ]  # fmt: skip
    assert whispered == [("ann", "You like @\u200bchess.")]
    assert {each.is_done for each in room.finished} == {True}


async def test_a_confidential_answer_of_which_the_filters_leave_nothing_is_not_told() -> None:
    room, whispered = CommandRoom(), []

    async def whisper(message: AudienceMessage, text: str) -> bool:
        whispered.append(text)
        return True

    async def secret(_: Use) -> Confidential:
        return Confidential("\n", "Not here.")

    room.gate.table.register(Command("remembered", do=secret), "test")
    room.executor = CommandExecutor(room.gate, (), room.counters, done=room.finished.append, whisper=whisper)
    room.say("!remembered", author="ann")
    room.say("!remembered", author="ben", is_unseen=True)

    assert (await room.carry_out(), whispered) == (["Not here."], [])
    assert [each.reason for each in room.finished] == ["remembered"] * 2


async def test_a_pretended_use_does_nothing_counts_nothing_and_is_answered() -> None:
    deaths = {"name": "deaths", "count": "deaths", "answer": "{count} deaths", "viewer_cooldown": 60}
    room = CommandRoom(SCENE, deaths)
    done: list[Any] = []

    async def perform(asked: Any) -> str:
        done.append(asked)
        return "done"

    acting(room, perform)
    for at, text in enumerate(("!scene BRB", "!deaths", "!deaths")):
        room.say(text, platform=DESK, at=float(at))

    assert await room.carry_out() == ["On it, Ann.", "1 deaths", "1 deaths"]
    assert (done, room.counters.counters) == ([], {})
