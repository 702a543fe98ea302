"""What the tests of conduits share: an agency's bot, and processes that serve shards of its conduit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from relay.platforms.twitch.client import TwitchPlatform
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.platforms.twitch.conftest import Received, reaching

CHAT = "channel.chat.message"


class KeptNotes:
    """Notes that several processes share."""

    def __init__(self) -> None:
        self.all: dict[str, str] = {}

    async def get_note(self, name: str) -> str | None:
        return self.all.get(name)

    async def set_note(self, name: str, value: str) -> None:
        self.all[name] = value


def agency(*channels: str, account: str = "vox") -> TwitchDouble:
    """A Twitch on which these streamers let the application's bots into their chats."""
    twitch = TwitchDouble(account, channels, (*SCOPES, "user:bot"))
    for channel in channels:
        twitch.authorise(channel, "channel:bot")
    return twitch


@asynccontextmanager
async def serving(
    twitch: TwitchDouble, received: Received, folder: Path, notes: KeptNotes, **over: Any
) -> AsyncIterator[TwitchPlatform]:
    """One process that hears by a conduit, until everything is subscribed and beyond."""
    given = {"transport": "conduit", "client_secret": twitch.identity.secret, "reconcile_every": 0.2, **over}
    token = twitch.write_token(folder / "token.json")
    platform = TwitchPlatform(reaching(twitch, **given), token, received, notes=notes)
    running = asyncio.create_task(platform.run())
    try:
        await platform.listening.wait()
        yield platform
        assert not running.done(), running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def heard_in(twitch: TwitchDouble, type: str = CHAT) -> Sequence[str]:
    """The channels in which a type is subscribed, in the order they were."""
    logins = {user.id: user.login for user in twitch.state.users.values()}
    return [logins[str(sub.watched)] for sub in twitch.subscriptions if sub.type == type]
