"""Logging in, and what the bot may do: shared by the adapter and `relay check`."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp
import discord

from relay.errors import AuthError, ConfigError, PlatformUnavailable
from relay.model import Kind
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.connection import make_connector
from relay.platforms.discord.outgoing import FAILURES, explain
from relay.platforms.discord.settings import DiscordSection

LOGIN_TIMEOUT = 45.0
CLOSE_TIMEOUT = 5.0
"""Seconds to take leave of Discord; a line that is dead is cut then."""

INTENT_MISSING = (
    "discord: the bot may not read messages: tick Message Content Intent at discord.com/developers/applications, "
    "your application, Bot, Privileged Gateway Intents; then start the relay again"
)
TOKEN_REFUSED = (
    "discord.token: Discord refuses it: reset the token at discord.com/developers/applications, your application, "
    "Bot, and set RELAY_DISCORD__TOKEN to the new one"
)
CLOSED_FOR_GOOD: Final = {
    4004: TOKEN_REFUSED,
    4012: "discord: the gateway no longer speaks the version the relay uses (4012): update the relay",
    4013: "discord: the gateway does not know what the relay asks to be told of (4013): update the relay",
    4014: INTENT_MISSING,
}
"""What a person has to do, by the close codes after which Discord wants no other try."""


def token_of(settings: DiscordSection) -> str:
    """Raises ConfigError when there is none, or none that could be one."""
    token = settings.token.get_secret_value().strip() if settings.token is not None else ""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            "discord.token: is missing or holds characters no token has: set RELAY_DISCORD__TOKEN to the bot token "
            "of your Discord application"
        )
    return token


async def log_in(client: discord.Client, settings: DiscordSection) -> discord.AppInfo:
    """Raises AuthError, ConfigError or PlatformUnavailable."""
    token = token_of(settings)
    try:
        async with asyncio.timeout(LOGIN_TIMEOUT):
            await client.login(token)
    except discord.LoginFailure:
        raise AuthError(TOKEN_REFUSED) from None
    except FAILURES as error:
        raise PlatformUnavailable(str(explain(error, "login"))) from None
    assert client.application is not None
    return client.application


def granted_intents(
    application: discord.AppInfo, *, voice: bool = False, wanted: Collection[Kind] = ()
) -> discord.Intents:
    """What to ask the gateway for: with `voice`, also who is in which voice channel; what the `wanted` kinds need.

    Raises AuthError when the bot may not read messages.
    """
    flags = application.flags
    if not (flags.gateway_message_content or flags.gateway_message_content_limited):
        raise AuthError(INTENT_MISSING)
    intents = discord.Intents(guilds=True, guild_messages=True, moderation=True, message_content=True)
    intents.voice_states = voice
    intents.guild_reactions = Kind.REACTION in wanted
    intents.guild_scheduled_events = Kind.SCHEDULED_EVENT in wanted
    # only with this one Discord tells of timeouts and of who joins, but asking without having it ends the connection
    intents.members = flags.gateway_guild_members or flags.gateway_guild_members_limited
    return intents


@asynccontextmanager
async def visit(
    settings: DiscordSection, clock: PlatformClock
) -> AsyncIterator[tuple[discord.Client, discord.AppInfo]]:
    """Log in for REST calls only; `clock` learns Discord's time from them."""
    client = discord.Client(
        intents=discord.Intents(guilds=True), connector=make_connector(settings), http_trace=clock.trace()
    )
    try:
        yield client, await log_in(client, settings)
    finally:
        await leave(client)


async def leave(client: discord.Client) -> None:
    """Close a client, however it ended; never hangs, never raises."""
    with suppress(*FAILURES):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await client.close()
    with suppress(aiohttp.ClientError, OSError):
        await client.http.close()
        await client.http.connector.close()
