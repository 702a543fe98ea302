"""What EventSub tells, by a WebSocket or a webhook, on its way to the client."""

import logging
from typing import Any, Final

from twitchio.models.eventsub_ import create_event_instance

from relay.platforms.twitch.connection import TwitchClient
from relay.platforms.twitch.mending import NOTICE, bare, mended, with_source

log = logging.getLogger(__name__)
SHARD_DISABLED: Final = "conduit.shard.disabled"


def is_about_shards(data: Any) -> bool:
    """Whether a notification tells of a conduit's shards. TwitchIO has no model for that."""
    return bool(data["metadata"]["subscription_type"] == SHARD_DISABLED)


def hand_on(client: TwitchClient, data: Any) -> None:
    """Give the client the event of a notification, in the shape that the WebSocket has."""
    type = data["metadata"]["subscription_type"]
    try:
        client.dispatch(type, with_source(_event(client, type, data), data, client.http))
    except Exception as error:  # whatever the library or the relay did not expect
        client.on_unread(type, error)


def _event(client: TwitchClient, type: str, data: Any) -> Any:
    try:
        return create_event_instance(type, mended(data), http=client.http)
    except Exception as error:
        if type != NOTICE:
            raise
        client.on_unread(type, error)
        return create_event_instance(type, bare(data), http=client.http)


def taken_away(data: Any) -> str:
    """The id of the subscription of which a revocation tells, which is logged."""
    lost = data["payload"]["subscription"]
    log.warning("Twitch has taken away the subscription of %s (%s)", lost["type"], lost["status"])
    return str(lost["id"])
