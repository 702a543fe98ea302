"""What hearing by a conduit takes of what Twitch allows, told before it is tried."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from relay.errors import AuthError, ConfigError
from relay.platforms.twitch.conduits.conduit import MAX_CONDUITS
from relay.platforms.twitch.conduits.consents import Consents
from relay.platforms.twitch.conduits.subscribed import SPARE
from relay.platforms.twitch.conduits.webhook_messages import OLDEST
from relay.platforms.twitch.connection import Channel, TwitchConnection
from relay.platforms.twitch.failures import LOG_IN_AGAIN
from relay.platforms.twitch.pacing import POINTS
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.sources import AS_BOT, LET_BOTS_IN, NEEDED, EventSource, Wanted, few, wanted

BACK_TO: Final = "http://localhost"
"""The redirect address of the application, as the setup has it registered; nothing has to answer there."""


async def told(settings: TwitchSection, sources: Sequence[EventSource], connection: TwitchConnection) -> str:
    """A line about a logged-in connection.

    Raises AuthError when the account or the application lacks a right, ConfigError when the clock would let nothing in.
    """
    account, channels = connection.account, connection.channels
    if lacking := [scope for scope in (*NEEDED, AS_BOT) if scope not in account.scopes]:
        raise AuthError(f"the Twitch login of {account.login} lacks {', '.join(lacking)}: {LOG_IN_AGAIN}")
    consents = await Consents(connection, lambda: 0.0).of(channels)
    conduits = await connection.call_as_app(connection.client.fetch_conduits, "reading the conduits")
    limits = await connection.call_as_app(connection.client.fetch_eventsub_subscriptions, "reading the limits")
    if settings.webhooks_here and abs(connection.clock.lead()) > OLDEST:
        raise ConfigError(f"{connection.clock.difference('Twitch')}; until then every event by HTTP is refused")
    asked = wanted(sources, account, channels, consents)
    cost = _cost(asked, consents)
    parts = [
        f"logged in as {account.login}",
        f"channels {connection.named}",
        f"by a conduit with {settings.shards} shards ({len(conduits)} of {MAX_CONDUITS} conduits are there)",
        *(
            [f"{len(settings.webhooks_here)} of them by HTTP at {settings.webhook_url}"]
            if settings.webhooks_here
            else []
        ),
        f"{len(asked)} subscriptions of cost {cost} of {limits.max_total_cost}, made within {_minutes(asked)} min",
        *([f"cost beyond {limits.max_total_cost} is refused"] if cost > limits.max_total_cost else []),
        *_uninvited(settings, sources, channels, consents),
    ]
    return ", ".join(parts)


def invitation(settings: TwitchSection, sources: Sequence[EventSource]) -> str:
    """The address at which a streamer lets the application's bot in, and allows what only a streamer may allow.

    https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#implicit-grant-flow
    """
    scopes = [LET_BOTS_IN, *(source.scope for source in sources if source.streamers_alone and source.scope)]
    asked = {
        "response_type": "token",
        "client_id": settings.client_id,
        "redirect_uri": BACK_TO,
        "scope": " ".join(dict.fromkeys(scopes)),
    }
    return f"{settings.auth_url.rstrip('/')}/oauth2/authorize?{urlencode(asked)}"


def _cost(asked: Sequence[Wanted], consents: Mapping[str, Collection[str]]) -> int:
    """1 for each that needs no scope, where the streamer has allowed the application nothing at all."""
    return sum(each.source.is_priced and not consents.get(each.channel.id) for each in asked)


def _minutes(asked: Sequence[Wanted]) -> int:
    return -(-len(asked) // (POINTS - SPARE))


def _uninvited(
    settings: TwitchSection,
    sources: Sequence[EventSource],
    channels: Sequence[Channel],
    consents: Mapping[str, Collection[str]],
) -> list[str]:
    names = [f"#{channel.login}" for channel in channels if LET_BOTS_IN not in consents.get(channel.id, ())]
    if not names:
        return []
    return [
        f"not let in by {few(names)}: chat is heard there only where the account is a moderator, or once the streamer "
        f"has opened {invitation(settings, sources)}"
    ]
