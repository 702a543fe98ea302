"""Where the crowd before a relay in several processes writes, and where its answers stand."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.clock import created
from tests.doubles.twitch import TwitchDouble

CHAT: Final = "channel.chat.message"


class Square(Protocol):
    """The chats of one platform."""

    platform: str
    every: float
    """Seconds between two lines of the crowd, each of which is answered: as often as an account may post there."""

    def settings(self, folder: Path) -> dict[str, Any]:
        """What the platform's section has to say, but for the channels."""

    def channels(self) -> list[Any]:
        """As the section has them."""

    async def write(self, text: str, author: str, number: int) -> None:
        """In one of the channels after the other."""

    def posts(self) -> Iterator[tuple[str, float]]:
        """What the relay has written, and when, by the loop's clock."""

    async def is_joined(self, within: float) -> None:
        """Return when the relay hears what is written."""

    def heard_anew(self) -> Callable[[], bool]:
        """Says whether somebody has begun to hear since this was called."""


class TwitchSquare:
    platform = "twitch"

    def __init__(self, double: TwitchDouble, every: float = 0.8) -> None:
        """`every`: Twitch takes 100 posts in 30 s, and 20 where the account is neither streamer nor moderator."""
        self.double = double
        self.every = every

    def settings(self, folder: Path) -> dict[str, Any]:
        """See Square."""
        tokens = self.double.write_token(folder / "twitch-token.json")
        given = self.double.settings(token_file=str(tokens))
        return {key: value for key, value in given.items() if key != "channels" and value is not None}

    def channels(self) -> list[str]:
        """See Square."""
        return [user.login for user in self.double.state.channels]

    async def write(self, text: str, author: str, number: int) -> None:
        """See Square."""
        channels = self.channels()
        await self.double.chat(text, author=author, channel=channels[number % len(channels)])

    def posts(self) -> Iterator[tuple[str, float]]:
        """See Square."""
        return ((post.text, post.at) for post in self.double.posts)

    async def is_joined(self, within: float) -> None:
        """See Square."""
        await self.double.wait_subscribed(CHAT, timeout=within)

    def heard_anew(self) -> Callable[[], bool]:
        """See Square."""
        known = {sub.id for sub in self.double.subscriptions}
        return lambda: any(sub.type == CHAT and sub.id not in known for sub in self.double.subscriptions)


class DiscordSquare:
    platform = "discord"
    every = 2.5
    """Discord takes five posts in 5 s in one channel, and lets nobody in for seconds after each kill: answers
    to more lines than these would wait for each other until the oldest are given up."""

    def __init__(self, double: DiscordDouble) -> None:
        self.double = double

    def settings(self, folder: Path) -> dict[str, Any]:
        """See Square."""
        given = {key: value for key, value in self.double.settings().items() if key != "channels"}
        return given | {"ca_file": str(given["ca_file"])}

    def channels(self) -> list[int]:
        """See Square."""
        return list(self.double.settings()["channels"])

    async def write(self, text: str, author: str, number: int) -> None:
        """See Square."""
        del number
        await self.double.say(text, author=author, mention_bot=True)

    def posts(self) -> Iterator[tuple[str, float]]:
        """See Square."""
        ahead = time.time() - time.monotonic()
        return ((post.text, created(post.id) - ahead) for post in self.double.posts)

    async def is_joined(self, within: float) -> None:
        """See Square."""
        await self.double.wait_ready(timeout=within)

    def heard_anew(self) -> Callable[[], bool]:
        """See Square. All is looked up that was written meanwhile, so nobody has to wait for it."""
        return lambda: True
