"""Twitch and Discord fail, with the real libraries at the relay's end of the line."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from relay.application.composition import MakePlatforms
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.settings import DiscordSection
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.settings import TwitchSection
from tests.chaos.stage import LINE, Surroundings, chosen, voxta, words
from tests.chaos.table import PATIENCE, RECOVERY, Row
from tests.chaos.trial import Trial, account, left_over
from tests.doubles.discord import DiscordDouble
from tests.doubles.faults import FaultyProxy
from tests.doubles.twitch import TwitchDouble
from tests.end_to_end.stage import relaying
from tests.support import eventually

Name = Literal["twitch", "discord"]
EVERY: Final = 0.1
"""Seconds between two lines of chat."""
CHAT: Final = "channel.chat.message"
LOOK_BACK: Final = 120.0
"""Seconds, as the relay's settings have it."""


class Street(Surroundings):
    """A relay that listens to a platform. `way` is where the gateway's or EventSub's connection passes."""

    way: FaultyProxy
    twitch: TwitchDouble
    discord: DiscordDouble
    counts = True
    """Whether the platform owes the relay what is written now."""

    async def write(self, text: str, author: str) -> None:
        """Somebody writes this in chat."""
        raise NotImplementedError

    def answers(self) -> list[str]:
        """What the relay has posted."""
        raise NotImplementedError

    async def caught_up(self) -> None:
        """Until all that counts has been told, so that nothing of it is on the line when that is cut."""
        await eventually(lambda: not set(self.accepted) - set(self.in_chat()))

    async def listened_to_again(self, before: Container[str]) -> None:
        """What is written counts again once chat is subscribed anew; `before` are the subscriptions until now."""

        def is_subscribed() -> bool:
            return any(sub.type == CHAT and sub.id not in before for sub in self.twitch.subscriptions)

        await self.twitch.until(is_subscribed, "chat to be subscribed anew")
        self.counts = True


class TwitchStreet(Street):
    async def write(self, text: str, author: str) -> None:
        await self.twitch.chat(text, author=author)

    def answers(self) -> list[str]:
        return [post.text for post in self.twitch.posts]


class DiscordStreet(Street):
    async def write(self, text: str, author: str) -> None:
        await self.discord.say(text, author=author)

    def answers(self) -> list[str]:
        return [post.text for post in self.discord.posts]


@dataclass(frozen=True)
class StreetFault:
    name: str
    platform: Name
    act: Callable[[Street], Awaitable[None]]
    deafens: bool = False
    """Nothing is repeated that was written before the relay has subscribed anew, as on Twitch."""
    rare: bool = False
    """Happens once: Discord allows few new sessions."""


def cutting(fault: StreetFault, times: int) -> Trial:
    """The line to a platform fails while people write."""

    async def suffer(row: Row, dice: random.Random, folder: Path) -> None:
        async with _street(fault.platform, folder, posts=False) as street:
            writing = asyncio.create_task(_crowd(street))
            try:
                await street.recovers(RECOVERY)
                for _ in range(1 if fault.rare else times):
                    await asyncio.sleep(dice.uniform(0.0, 0.5))
                    await _cut(row, fault, street)
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await street.caught_up()
            row.stuck = await left_over(street.relay)
            account(row, street.accepted, street.in_chat())

    return Trial(fault.name, suffer, shares="twitch" if fault.platform == "twitch" else "")


async def _cut(row: Row, fault: StreetFault, street: Street) -> None:
    async with asyncio.TaskGroup() as tasks:
        if fault.deafens:
            street.counts = False
            await street.caught_up()
            before = {sub.id for sub in street.twitch.subscriptions}
            tasks.create_task(street.listened_to_again(before))
        await fault.act(street)
        row.faults += 1
        row.recovery_s = max(row.recovery_s, await street.recovers(4 * RECOVERY))


def refusing(fault: StreetFault, times: int) -> Trial:
    """A platform does not take the answers."""

    async def suffer(row: Row, dice: random.Random, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        async with _street(fault.platform, folder, posts=True) as street:
            for number in range(1, times + 1):
                await fault.act(street)
                row.faults += 1
                began, line = loop.time(), f"line-{number}"
                street.accepted.append(line)
                await street.write(words(number), author=f"viewer{number}")
                with suppress(TimeoutError):
                    await eventually(lambda: len(street.answers()) >= row.faults, 3 * RECOVERY)
                row.recovery_s = max(row.recovery_s, loop.time() - began)
            row.stuck = await left_over(street.relay)
            account(row, street.accepted, Counter(line for text in street.answers() for line in LINE.findall(text)))

    return Trial(fault.name, suffer, shares="twitch" if fault.platform == "twitch" else "")


async def _crowd(street: Street) -> None:
    for number in itertools.count(1):
        counts, street.written = street.counts, number
        await street.write(words(number), author=f"viewer{number}")
        if counts:
            street.accepted.append(f"line-{number}")
        await asyncio.sleep(EVERY)


@asynccontextmanager
async def _street(name: Name, folder: Path, *, posts: bool) -> AsyncIterator[Street]:
    config = chosen(folder, {"engine": "sqlite"}, replies={"post_to": "origin" if posts else "nowhere"})
    async with AsyncExitStack() as stack:
        companion, to_voxta = await stack.enter_async_context(voxta())
        make, dress = await stack.enter_async_context(_twitch(folder) if name == "twitch" else _discord())
        relay, statistics = await stack.enter_async_context(relaying(config, to_voxta.url, make))
        kind = TwitchStreet if name == "twitch" else DiscordStreet
        street = kind(relay, statistics, companion, to_voxta)
        await dress(street)
        yield street


_Dress = Callable[[Street], Awaitable[None]]
"""Says what the street has, and waits until the relay listens there."""


@asynccontextmanager
async def _twitch(folder: Path) -> AsyncIterator[tuple[MakePlatforms, _Dress]]:
    async with TwitchDouble() as double, FaultyProxy(double.port) as way:
        given = double.settings(eventsub_url=f"ws://127.0.0.1:{way.port}/ws")
        tokens = double.write_token(folder / "token.json")

        async def dress(street: Street) -> None:
            street.way, street.twitch = way, double
            await double.wait_subscribed()

        def make(receive: object, *_: object) -> Sequence[TwitchPlatform]:
            return [TwitchPlatform(TwitchSection.model_validate(given), tokens, receive)]  # type: ignore[arg-type]

        yield make, dress


@asynccontextmanager
async def _discord() -> AsyncIterator[tuple[MakePlatforms, _Dress]]:
    async with DiscordDouble() as double, FaultyProxy(double.port) as way:
        given = DiscordSection(**double.settings(connect_to=f"127.0.0.1:{way.port}"))

        async def dress(street: Street) -> None:
            street.way, street.discord = way, double
            await double.wait_ready()

        yield (
            lambda receive, controls, notes: [DiscordPlatform(given, receive, controls, notes, look_back=LOOK_BACK)],
            dress,
        )
