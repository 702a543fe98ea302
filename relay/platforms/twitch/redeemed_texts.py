"""Which redemption a chat message belongs to: Twitch tells of both and names neither in the other."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from twitchio import AutomodMessageHold, ChannelPointsRedemptionAdd, ChatMessage
from twitchio.models.eventsub_ import BaseEvent

from relay.model import Incoming, Retraction
from relay.platforms.twitch.gate import Said
from relay.platforms.twitch.settings import PLATFORM

REMEMBERED: Final = 1_000
"""Redemptions with a text, the newest."""

_Words = tuple[Said, str]
"""Who redeemed which reward, with which words."""


class RedeemedTexts:
    """Who deletes the chat message of a redemption takes the redemption back, and so does AutoMod when it holds it."""

    def __init__(self, holds: Callable[[Said], bool]) -> None:
        """`holds`: whether AutoMod keeps this from chat."""
        self._holds = holds
        self._redemptions: OrderedDict[_Words, str] = OrderedDict()
        self._messages: OrderedDict[str, _Words] = OrderedDict()

    def note(self, event: BaseEvent) -> None:
        """Remember both, in whichever order they come."""
        if isinstance(event, ChatMessage) and event.channel_points_id:
            said = (event.broadcaster.id, event.chatter.id, event.text.strip())
            self._messages[event.id] = (said, event.channel_points_id)
        elif isinstance(event, ChannelPointsRedemptionAdd) and event.user_input:
            self._redemptions[_redeemed(event), event.reward.id] = event.id
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

    def held(self, event: BaseEvent) -> Retraction | None:
        """What takes a redemption back whose words AutoMod holds, to be told after the event.

        Twitch tells of it all the same, before or after that. What is approved then comes into chat, as a message.
        """
        match event:
            case AutomodMessageHold():
                said = (event.broadcaster.id, event.user.id, event.text.strip())
            case ChannelPointsRedemptionAdd():
                said = _redeemed(event)
            case _:
                return None
        words = next((each for each in reversed(self._redemptions) if each[0] == said), None)
        if words is None or words in self._messages.values() or not self._holds(said):
            return None  # what has been in chat is not what AutoMod holds now
        return Retraction(platform=PLATFORM, reason="held by AutoMod", id=self._redemptions.pop(words))


def _redeemed(event: ChannelPointsRedemptionAdd) -> Said:
    return event.broadcaster.id, event.user.id, event.user_input.strip()
