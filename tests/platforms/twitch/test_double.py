"""What the double refuses as Twitch does, asked without the relay and without TwitchIO."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.doubles.twitch import TwitchDouble


class Caller:
    """Calls Helix with the token of the double's account."""

    def __init__(self, twitch: TwitchDouble, session: aiohttp.ClientSession) -> None:
        self._twitch = twitch
        self._session = session

    async def __call__(self, method: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer."""
        url = f"{self._twitch.settings().api_url}{path}"
        headers = {"Authorization": f"Bearer {self._twitch.state.grant.access}"}
        async with self._session.request(method, url, json=body or None, headers=headers) as answer:
            return answer.status, await answer.json()

    async def post(self, text: str, reply_to: str) -> tuple[int, dict[str, Any]]:
        return await self(
            "POST",
            "chat/messages",
            broadcaster_id=self._twitch.channel.id,
            sender_id=self._twitch.account.id,
            message=text,
            reply_parent_message_id=reply_to,
        )


@pytest.fixture
async def call(twitch: TwitchDouble) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(twitch, session)


@pytest.mark.parametrize("how", ["deleted", "held", "cleared", "author banned", "never written"])
async def test_a_reply_to_a_message_that_is_gone_or_held_is_refused(
    twitch: TwitchDouble, call: Caller, how: str
) -> None:
    parent = await twitch.chat("what now?", author="ann")
    match how:
        case "deleted":
            await twitch.delete(parent)
        case "held":
            twitch.hold(parent)
        case "cleared":
            await twitch.clear()
        case "author banned":
            await twitch.clear_user("ann")
        case _:
            parent = "unknown"

    status, answer = await call.post("this", reply_to=parent)

    assert (status, answer["message"]) == (400, "The request's input was not valid. Message cannot be replied to.")
    assert twitch.posts == []


async def test_a_reply_to_a_message_that_stands_is_posted(twitch: TwitchDouble, call: Caller) -> None:
    parent = await twitch.chat("what now?", author="ann")

    status, _ = await call.post("this", reply_to=parent)

    assert (status, twitch.posts[0].reply_to) == (200, parent)
