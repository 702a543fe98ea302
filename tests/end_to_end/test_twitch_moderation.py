"""What Twitch's AutoMod holds, with the real TwitchIO: decided by our moderators here or there, and told once."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from relay.application.composition import Relay
from relay.companion.serving.server import CompanionServer
from relay.model import Caller, Role
from relay.platforms.base import Platform, Receive
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.settings import TwitchSection
from tests.doubles.twitch import TwitchDouble
from tests.end_to_end.stage import heard, relaying, settings
from tests.support import eventually

MODERATOR = Caller(source="terminal", name="Mo", roles=frozenset({Role.MODERATOR}))


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble() as double:
        yield double


class WithAutoMod:
    def __init__(self, double: TwitchDouble, folder: Path) -> None:
        self._double = double
        self._token_file = double.write_token(folder / "token.json")

    def __call__(self, receive: Receive, *_: object) -> Sequence[Platform]:
        settings = TwitchSection.model_validate(self._double.settings(reconcile_every=0.2, automod=True))
        return [TwitchPlatform(settings, self._token_file, receive)]


async def held(twitch: TwitchDouble, relay: Relay, text: str) -> tuple[str, str]:
    """Somebody writes what AutoMod holds; its id on Twitch, and the one here, once it waits."""
    id = await twitch.write_something_bad(text)
    await eventually(lambda: [each.text for each in relay.runtime.held()] == [text])
    return id, relay.runtime.held()[0].id


async def outcome(relay: Relay, id: str) -> str:
    return (await relay.runtime.why(f"twitch:{id}")).partition(": ")[2]


async def test_what_automod_holds_is_decided_here_or_on_twitch_and_told_once(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble
) -> None:
    async with relaying(settings(tmp_path), companion.url, WithAutoMod(twitch, tmp_path)) as (relay, _):
        await twitch.wait_subscribed("automod.message.hold", "automod.message.update", "channel.chat.message")
        allowed_here, shown_as = await held(twitch, relay, "allowed here")
        shown = await relay.controls.run("held", MODERATOR)
        assert shown == f"{shown_as} Ann (twitch): 'allowed here' (AutoMod: aggressive, level 1)"
        assert await relay.controls.run(f"approve {shown_as}", MODERATOR) == f"Approved: {shown_as}."
        assert twitch.state.held[allowed_here].status == "approved"

        denied_here, shown_as = await held(twitch, relay, "denied here")
        assert await relay.controls.run(f"reject {shown_as}", MODERATOR) == f"Rejected: {shown_as}."
        assert twitch.state.held[denied_here].status == "denied"

        allowed_there, _ = await held(twitch, relay, "allowed there")
        await twitch.moderate(allowed_there, "approved", "mod")
        await eventually(lambda: not relay.runtime.held())

        denied_there, _ = await held(twitch, relay, "denied there")
        await twitch.moderate(denied_there, "denied", "mod")
        await eventually(lambda: not relay.runtime.held())

        forgotten, _ = await held(twitch, relay, "forgotten")
        await twitch.moderate(forgotten, "expired")
        await eventually(lambda: not relay.runtime.held())

        await twitch.chat("last", author="bob")
        await eventually(lambda: 'Bob (Twitch): "last"' in heard(relay))
        await relay.quiet(empty=True)

        assert heard(relay) == [
            'Ann (Twitch): "allowed here"',
            'Ann (Twitch): "allowed there"',
            'Bob (Twitch): "last"',
        ]
        assert (await outcome(relay, denied_here)).startswith("rejected (")
        assert await outcome(relay, denied_there) == "rejected (denied on twitch by Mod)"
        assert await outcome(relay, forgotten) == "held (expired on twitch)"


async def test_what_twitch_has_decided_otherwise_is_not_told(
    tmp_path: Path, companion: CompanionServer, twitch: TwitchDouble
) -> None:
    async with relaying(settings(tmp_path), companion.url, WithAutoMod(twitch, tmp_path)) as (relay, _):
        await twitch.wait_subscribed("automod.message.hold", "automod.message.update", "channel.chat.message")
        id, shown_as = await held(twitch, relay, "you fool")
        twitch.state.held[id].status = "denied"  # and nobody tells us

        answer = await relay.controls.run(f"approve {shown_as}", MODERATOR)

        assert "already processed" in answer
        assert await relay.controls.run(f"reject {shown_as}", MODERATOR) == f"Rejected: {shown_as}."
        await relay.quiet(empty=True)
        assert heard(relay) == []
        assert await outcome(relay, id) == "rejected (rejected by a moderator)"
