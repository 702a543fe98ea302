"""What a scenario may do on Discord: with a message that its scripts were told of, by the `id` they were told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import discord
from pydantic import Field

from relay.acts import Act, ActRefused, Arguments
from relay.errors import PlatformUnavailable
from relay.platforms.discord.incoming import places_of
from relay.platforms.discord.outgoing import FAILURES, POST_TIMEOUT, explain
from relay.platforms.sharing import IsOurs

ID = r"^discord:\d{1,20}/\d{1,20}$"
"""The platform, the channel and the message."""


class ReactArguments(Arguments):
    id: str = Field(pattern=ID)
    emoji: str = Field(min_length=1, max_length=60)


class PinArguments(Arguments):
    id: str = Field(pattern=ID)


class DiscordReach:
    """What is done on Discord in the channels that are ours, and in their threads."""

    def __init__(self, client: Callable[[str], discord.Client | None], is_ours: IsOurs) -> None:
        """`client` is the login for a channel while there is one."""
        self._client = client
        self._is_ours = is_ours

    def acts(self) -> Sequence[Act]:
        """See Acting."""
        return acts(self._client, self._is_ours)


def acts(client: Callable[[str], discord.Client | None], is_ours: IsOurs) -> list[Act]:
    """React to a message, and pin it. `client` is the login for a channel while there is one."""

    def message(asked: str) -> discord.PartialMessage:
        channel, _, number = asked.removeprefix("discord:").partition("/")
        if (connected := client(channel)) is None:
            raise PlatformUnavailable("discord is not connected")
        if not is_ours(places_of(connected.get_channel(int(channel))) or (channel,)):
            raise ActRefused(f"id: {asked} is in no channel of this companion")
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
