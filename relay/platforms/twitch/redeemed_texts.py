"""Which redemption a chat message belongs to: Twitch tells of both and names neither in the other."""

from collections import OrderedDict
from typing import Final

from twitchio import ChannelPointsRedemptionAdd, ChatMessage
from twitchio.models.eventsub_ import BaseEvent

from relay.model import Incoming, Retraction

REMEMBERED: Final = 1_000
"""Redemptions with a text, the newest."""

_Words = tuple[str, str, str]
"""Who redeemed what, with which words."""


class RedeemedTexts:
    """Who deletes the chat message of a redemption takes the redemption back."""

    def __init__(self) -> None:
        self._redemptions: OrderedDict[_Words, str] = OrderedDict()
        self._messages: OrderedDict[str, _Words] = OrderedDict()

    def note(self, event: BaseEvent) -> None:
        """Remember both, in whichever order they come."""
        if isinstance(event, ChatMessage) and event.channel_points_id:
            self._messages[event.id] = (event.chatter.id, event.channel_points_id, event.text.strip())
        elif isinstance(event, ChannelPointsRedemptionAdd) and event.user_input:
            self._redemptions[event.user.id, event.reward.id, event.user_input.strip()] = event.id
        for remembered in (self._messages, self._redemptions):
            if len(remembered) > REMEMBERED:
                remembered.popitem(last=False)

    def meant(self, incoming: Incoming) -> Incoming:
        """What is taken back with a message that is deleted; everything else as it is."""
        if not isinstance(incoming, Retraction) or incoming.id is None:
            return incoming
        words = self._messages.get(incoming.id)
        redemption = self._redemptions.get(words) if words else None
        return incoming if redemption is None else incoming.model_copy(update={"id": redemption})
