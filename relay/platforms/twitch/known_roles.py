"""What people are in a channel, where Twitch does not say it: badges come with what is written, and nothing else."""

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from twitchio import ChannelSubscribe, ChatMessage, ChatNotification
from twitchio.models.eventsub_ import BaseEvent

from relay.errors import RelayError
from relay.model import AudienceMessage, Incoming, Kind, Role
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.incoming.chat import is_shared
from relay.platforms.twitch.incoming.draft import ANONYMOUS, roles

log = logging.getLogger(__name__)

REMEMBERED: Final = 20_000
"""People in channels; who has been silent the longest is forgotten."""
PATIENCE: Final = 3.0
"""Seconds that Twitch may take to say whether somebody subscribes, while everything after that waits."""
SCOPE: Final = "channel:read:subscriptions"
_Place = tuple[str, str]
"""Channel and person."""


class KnownRoles:
    """Who spends points may be somebody whose badges were seen; else Twitch is asked whether they subscribe."""

    def __init__(self, connection: TwitchConnection) -> None:
        self._connection = connection
        self._known: OrderedDict[_Place, frozenset[Role]] = OrderedDict()

    def note(self, event: BaseEvent) -> None:
        """Remember what it tells of its author."""
        match event:
            case ChatMessage() if not is_shared(event):
                self._note((event.broadcaster.id, event.chatter.id), roles(event.badges))
            case ChatNotification() if not (event.anonymous or event.notice_type.startswith("shared_chat_")):
                self._note((event.broadcaster.id, event.chatter.id), roles(event.badges))
            case ChannelSubscribe():
                place = (event.broadcaster.id, event.user.id)
                self._note(place, self._known.get(place, frozenset()) | {Role.SUBSCRIBER})

    def _note(self, place: _Place, roles: frozenset[Role]) -> None:
        self._known[place] = roles
        self._known.move_to_end(place)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def filled(self, incoming: Incoming) -> Incoming:
        """The same, and what is known of its author if it does not say that itself."""
        if not isinstance(incoming, AudienceMessage) or incoming.author.roles or incoming.author == ANONYMOUS:
            return incoming
        author, channel = incoming.author, incoming.channel
        is_streamer = author.id == channel
        known = frozenset({Role.STREAMER}) if is_streamer else self._known.get((channel, author.id))
        return _with(incoming, known) if known else incoming

    def unknown(self, incoming: Incoming) -> AudienceMessage | None:
        """A message of somebody who spends points, of whom Twitch would say more."""
        if not isinstance(incoming, AudienceMessage) or incoming.kind is not Kind.REDEMPTION or incoming.author.roles:
            return None
        account = self._connection.account
        return incoming if incoming.channel == account.id and SCOPE in account.scopes else None

    async def asked(self, message: AudienceMessage) -> list[Incoming]:
        """The same with what Twitch says; as it is where Twitch does not answer in time, or the adapter ends."""
        try:
            async with asyncio.timeout(PATIENCE):
                role = Role.SUBSCRIBER if await self._subscribes(message) else Role.VIEWER
        except (RelayError, TimeoutError, asyncio.CancelledError) as error:
            log.debug("whether somebody subscribes is not known: %s", error)
            return [message]
        return [_with(message, frozenset({role}))]

    async def _subscribes(self, message: AudienceMessage) -> bool:
        """https://dev.twitch.tv/docs/api/reference/#get-broadcaster-subscriptions: of these people, who subscribes."""
        channel = self._connection.client.create_partialuser(message.channel)

        async def found() -> bool:
            answer = await channel.fetch_broadcaster_subscriptions(user_ids=[message.author.id], max_results=1)
            return bool([each async for each in answer.subscriptions])

        return await self._connection.call(found, "looking up a subscription")


def _with(message: AudienceMessage, roles: frozenset[Role]) -> AudienceMessage:
    return message.model_copy(update={"author": message.author.model_copy(update={"roles": roles})})
