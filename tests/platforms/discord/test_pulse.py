"""A line to the gateway whose other end is gone, and one on which nobody happens to write."""

import pytest

from relay.platforms.discord import pulse
from tests.doubles.discord import DiscordDouble
from tests.doubles.faults import FaultyProxy
from tests.platforms.discord.conftest import Connect, Store

pytestmark = pytest.mark.usefixtures("no_waiting")


async def test_a_dead_line_is_left_for_another_long_before_discord_py_would(
    discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "LOOK_EVERY", 0.05)
    async with FaultyProxy(discord.port) as way, connect(connect_to=f"127.0.0.1:{way.port}"):
        await discord.say("one")
        await store.wait_for(1)

        way.desert()
        await discord.say("two")
        await store.wait_for(2)

    assert store.texts == ["one", "two"]
    assert (discord.gateway.resumes, discord.gateway.identifies) == (1, 1)


async def test_a_line_that_answers_is_kept_however_quiet_it_is(
    discord: DiscordDouble, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "LOOK_EVERY", 0.02)
    async with connect():
        await discord.signal.wait_until(lambda: discord.gateway.heartbeats >= 5, "five signs of life")

    assert (discord.gateway.resumes, discord.gateway.identifies) == (0, 1)
