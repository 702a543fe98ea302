"""What people are in a channel, where Twitch does not say it: badges come with what is written, and nothing else."""

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Final

from twitchio import ChannelSubscribe, ChatMessage, ChatNotification
from twitchio.models.eventsub_ import BaseEvent

from relay.errors import RelayError
from relay.model import AudienceMessage, Incoming, Kind, Role
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.incoming.chat import is_shared
from relay.platforms.twitch.incoming.draft import ANONYMOUS, roles
from relay.platforms.twitch.incoming.notices import SHARED
from relay.system.bounded import remember

log = logging.getLogger(__name__)

REMEMBERED: Final = 20_000
"""People in channels; who has been silent the longest is forgotten."""
PATIENCE: Final = 3.0
"""Seconds that Twitch may take to say whether somebody subscribes, while everything after that waits."""
ASK_AGAIN: Final = 300.0
"""Seconds for which who does not subscribe is taken not to: somebody may give them a subscription, unheard by us."""
SCOPE: Final = "channel:read:subscriptions"
_VIEWER: Final = frozenset({Role.VIEWER})
_Place = tuple[str, str]
"""Channel and person."""


class KnownRoles:
    """Of who spends points without a badge, seen or shown, Twitch is asked whether they subscribe."""

    def __init__(self, connection: TwitchConnection) -> None:
        self._connection = connection
        self._known: OrderedDict[_Place, frozenset[Role]] = OrderedDict()
        self._without: OrderedDict[_Place, float] = OrderedDict()
        """Who does not subscribe, as Twitch has said, and when it is asked again."""

    def note(self, event: BaseEvent) -> None:
        """Remember what it tells of its author."""
        match event:
            case ChatMessage() if not is_shared(event):
                remember(self._known, (event.broadcaster.id, event.chatter.id), roles(event.badges), REMEMBERED)
            case ChatNotification() if not (event.anonymous or event.notice_type.startswith(SHARED)):
                remember(self._known, (event.broadcaster.id, event.chatter.id), roles(event.badges), REMEMBERED)
            case ChannelSubscribe():
                place = (event.broadcaster.id, event.user.id)
                self._without.pop(place, None)
                remember(self._known, place, self._known.get(place, frozenset()) | {Role.SUBSCRIBER}, REMEMBERED)

    def filled(self, incoming: Incoming) -> Incoming:
        """The same, and what is known of its author if it does not say that itself, as what is written does."""
        if not isinstance(incoming, AudienceMessage) or incoming.kind.is_said:
            return incoming
        if incoming.author.roles or incoming.author == ANONYMOUS:
            return incoming
        author, channel = incoming.author, incoming.channel
        known = frozenset({Role.STREAMER}) if author.id == channel else self._known.get((channel, author.id))
        return _with(incoming, known) if known else incoming

    def unknown(self, incoming: Incoming) -> AudienceMessage | None:
        """A message of somebody who spends points, of whom Twitch would say more."""
        if not isinstance(incoming, AudienceMessage) or incoming.kind is not Kind.REDEMPTION:
            return None
        account, author = self._connection.account, incoming.author
        is_plain = author.roles <= _VIEWER and time.monotonic() >= self._without.get((incoming.channel, author.id), 0.0)
        return incoming if is_plain and incoming.channel == account.id and SCOPE in account.scopes else None

    async def asked(self, message: AudienceMessage) -> list[Incoming]:
        """The same with what Twitch says; as it is where Twitch does not answer in time, or the adapter ends."""
        try:
            async with asyncio.timeout(PATIENCE):
                is_subscriber = await self._subscribes(message)
        except (RelayError, TimeoutError, asyncio.CancelledError) as error:
            log.debug("whether somebody subscribes is not known: %s", error)
            return [message]
        place, roles = (message.channel, message.author.id), frozenset({Role.SUBSCRIBER}) if is_subscriber else _VIEWER
        remember(self._known, place, roles, REMEMBERED)
        if not is_subscriber:
            remember(self._without, place, time.monotonic() + ASK_AGAIN, REMEMBERED)
        return [_with(message, roles)]

    async def _subscribes(self, message: AudienceMessage) -> bool:
        """https://dev.twitch.tv/docs/api/reference/#get-broadcaster-subscriptions: of these people, who subscribes."""
        channel = self._connection.client.create_partialuser(message.channel)

        async def found() -> bool:
            answer = await channel.fetch_broadcaster_subscriptions(user_ids=[message.author.id], max_results=1)
            return bool(await answer.subscriptions)

        return await self._connection.call(found, "looking up a subscription")


def _with(message: AudienceMessage, roles: frozenset[Role]) -> AudienceMessage:
    return message.model_copy(update={"author": message.author.model_copy(update={"roles": roles})})
