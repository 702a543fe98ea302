"""What a scenario may do on Discord: with a message that its scripts were told of, by the `id` they were told."""

import asyncio
from collections.abc import Awaitable, Callable

import discord
from pydantic import Field

from relay.acts import Act, ActRefused, Arguments
from relay.errors import PlatformUnavailable
from relay.platforms.discord.outgoing import FAILURES, POST_TIMEOUT, explain

ID = r"^discord:\d{1,20}/\d{1,20}$"
"""The platform, the channel and the message."""


class ReactArguments(Arguments):
    id: str = Field(pattern=ID)
    emoji: str = Field(min_length=1, max_length=60)


class PinArguments(Arguments):
    id: str = Field(pattern=ID)


def acts(client: Callable[[str], discord.Client | None]) -> list[Act]:
    """React to a message, and pin it. `client` is the login for a channel while there is one."""

    def message(asked: str) -> discord.PartialMessage:
        channel, _, number = asked.removeprefix("discord:").partition("/")
        if (connected := client(channel)) is None:
            raise PlatformUnavailable("discord is not connected")
        return connected.get_partial_messageable(int(channel)).get_partial_message(int(number))

    async def react(asked: ReactArguments) -> str:
        if not asked.emoji.isascii() or asked.emoji.startswith("<"):
            await _within(message(asked.id).add_reaction(asked.emoji), "reacting")
            return f"reacted with {asked.emoji}"
        raise ActRefused(f"react: emoji: {asked.emoji!r} is no emoji; copy one, or write <:name:id>")

    async def pin(asked: PinArguments) -> str:
        await _within(message(asked.id).pin(), "pinning")
        return "pinned a message"

    return [Act("react", ReactArguments, react), Act("pin", PinArguments, pin)]


async def _within(request: Awaitable[None], doing: str) -> None:
    try:
        async with asyncio.timeout(POST_TIMEOUT):
            await request
    except FAILURES as error:
        raise explain(error, doing) from None
