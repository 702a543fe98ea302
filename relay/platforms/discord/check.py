"""What `relay check` asks of Discord."""

import discord

from relay.errors import ConfigError, PlatformUnavailable
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.login import granted_intents, visit
from relay.platforms.discord.outgoing import FAILURES, explain
from relay.platforms.discord.settings import DiscordSection


async def check(settings: DiscordSection) -> str:
    """One line about a bot that is ready to listen.

    Raises AuthError, ConfigError or PlatformUnavailable: one line that names the fix.
    """
    clock = PlatformClock()
    async with visit(settings, clock) as (client, application):
        granted_intents(application)
        for channel in settings.channels:
            await _check_channel(client, channel)
        count = len(settings.channels)
        line = f"logged in as {client.user}, intents ok, {count} channel{'' if count == 1 else 's'}"
        return "; ".join(filter(None, [line, clock.difference("Discord")]))


async def _check_channel(client: discord.Client, id: int) -> None:
    try:
        channel = await client.fetch_channel(id)
    except discord.NotFound:
        raise ConfigError(f"discord.channels: {id} does not exist: copy the id of a text channel") from None
    except discord.Forbidden:
        raise ConfigError(
            f"discord.channels: {id} is not visible to the bot: invite the bot to that server and give it View Channel "
            "there"
        ) from None
    except discord.InvalidData:
        raise ConfigError(f"discord.channels: {id} is of a kind the bot cannot read: choose a text channel") from None
    except FAILURES as error:
        raise PlatformUnavailable(str(explain(error, f"channel {id}"))) from None
    if isinstance(channel, discord.CategoryChannel | discord.abc.PrivateChannel):
        raise ConfigError(f"discord.channels: {id} is no text channel of a server: choose one")
