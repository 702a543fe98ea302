"""The example does what its comments say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from relay.companion.scenario.example import EXAMPLE
from relay.companion.scenario.files import load
from tests.companion.play import Hands, Play, playing
from tests.support import eventually


@asynccontextmanager
async def the_example(clock: Hands | None = None) -> AsyncIterator[Play]:
    example = load(EXAMPLE)
    scripts = {path.removeprefix("scripts/"): source for path, source in example.scripts.items()}
    parts: dict[str, Any] = example.scenario.model_dump()
    async with playing(scripts, clock=clock, **parts) as play:
        yield play
        assert play.troubles == []


def texts(play: Play, role: str) -> list[str]:
    return [text for kind, text in play.said if kind == role]


async def test_it_greets_the_streamer_by_name() -> None:
    async with the_example() as play:
        assert texts(play, "Assistant") == ["Hi Streamer, I am ready when you are!"]
        assert play.flags == ["drank", "mood.cheerful"]
        assert play.variables["raids"] == 0
        assert 1 <= play.variables["lucky_number"] <= 6


async def test_the_secret_word_is_gloated_about_once_and_told_three_messages_later() -> None:
    async with the_example() as play:
        for text in ("I like pineapple", "one", "two"):
            await play.say(text)
        assert [text for text in texts(play, "Secret") if "pineapple" in text] == [
            "Somebody said pineapple, the secret word of the night. Vox is allowed to gloat about it once."
        ]
        assert "pineapple" in play.flags
        await play.say("three")
        assert "pineapple" not in play.flags
        assert texts(play, "Instructions")[-1] == "The secret word was found. You could pick another one."
        await play.say("pineapple again")
        assert "pineapple" not in play.flags


async def test_every_forty_messages_somebody_should_drink() -> None:
    async with the_example() as play:
        reminders = []
        for number in range(1, 101):
            await play.say(f"Message {number}")
            reminders.append(texts(play, "Note").count("Streamer should drink something."))
        assert reminders[-1] == 2
        assert reminders.index(2) - reminders.index(1) == 40
        assert texts(play, "Note").count("A cat walks across Streamer's keyboard.") <= 1


async def test_raiders_are_welcomed_and_asked_something_a_minute_later() -> None:
    clock = Hands()
    async with the_example(clock) as play:
        await play.app("raid", author="Bob", platform="Twitch", amount=42)
        await eventually(lambda: "raid" in play.flags)
        assert texts(play, "Note") == ["That was raid number 1 tonight."]
        assert ("post", ["Welcome, raiders of Bob! Grab a seat.", "twitch"]) in play.triggers
        clock.now += 61
        await play.say("Hello everybody")
        assert "raiders_asked" in play.flags
        clock.now += 60
        await play.say("Still here")
        assert "raid" not in play.flags


async def test_a_raid_that_names_nobody_is_welcomed_too() -> None:
    async with the_example() as play:
        await play.app("raid")
        await eventually(lambda: play.variables["raids"] == 1)
        assert ("post", ["Welcome, raiders of another channel! Grab a seat.", ""]) in play.triggers


async def test_the_chat_is_cheered_along_with_for_ten_messages() -> None:
    async with the_example() as play:
        await play.say("Let's go!")
        cheering = ["hype" in play.flags]
        for number in range(2, 11):
            await play.say(f"Message {number}")
            cheering.append("hype" in play.flags)
        assert cheering == [True] * 9 + [False]


async def test_dice_rest_after_a_roll_and_are_counted() -> None:
    async with the_example() as play:
        await play.say("/trigger roll_dice sides=20")
        assert "dice_rest" in play.flags
        assert play.variables["rolls"] == 1
        [note] = texts(play, "Note")
        [(name, (rolled, sides))] = play.triggers
        assert (name, sides, note) == ("dice", 20, f"Vox rolls a die with 20 sides: {rolled}.")


async def test_the_lucky_number_thrills_the_character() -> None:
    async with the_example() as play:
        for _ in range(60):
            await play.say("/trigger roll_dice sides=6")
        lucky = [rolled for name, (rolled, _) in play.triggers if rolled == play.variables["lucky_number"]]
        assert lucky
        assert texts(play, "Secret") == ["That is the lucky number of the night. Vox is thrilled."] * len(lucky)


async def test_a_channel_is_shouted_out_on_demand() -> None:
    async with the_example() as play:
        await play.say("/trigger shoutout login=friend")
        assert texts(play, "Note") == ["Streamer sends everybody over to friend."]


async def test_late_at_night_the_character_gets_sleepy() -> None:
    clock = Hands()
    async with the_example(clock) as play:
        clock.now += 3_601
        await play.say("Still up?")
        assert "mood.sleepy" in play.flags
        assert "mood.cheerful" not in play.flags
