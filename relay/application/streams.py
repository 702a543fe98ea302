"""Of all streams in the channels of a relay, the one that its companion is in."""

from collections.abc import Sequence
from typing import Final

from relay.application.events import Events
from relay.model import AudienceMessage, Kind
from relay.platforms.base import Platform

_CHANGES: Final = frozenset({Kind.ONLINE, Kind.OFFLINE, Kind.CHANNEL_UPDATE})


def follow_stream(events: Events, platforms: Sequence[Platform]) -> None:
    """Tell from now on when it changes: of a platform's channels it is the first's, as for Streaming.

    Any is, while the platform does not know its channels.
    """

    def saw(message: AudienceMessage) -> None:
        if message.kind in _CHANGES:
            channels = [channel for each in platforms if each.name == message.platform for channel in each.channels()]
            if message.channel in (channels[:1] or [message.channel]):
                events.stream_changed(message)

    events.arrived.subscribe(saw)
