"""What viewers spend points and bits on: the streamer's own rewards, those every channel has, and Power-ups.

A reward that comes with a chat message is told by that message, which can be answered and deleted; see `of_chat`.
"""

from collections.abc import Mapping
from typing import Final

from twitchio import ChannelBitsUse, ChannelPointsAutoRedeemAdd, ChannelPointsRedemptionAdd, ChatMessage

from relay.model import AudienceMessage, Kind, Reward
from relay.platforms.twitch.incoming.draft import Reader, author_of, draft

_IN_CHAT: Final[Mapping[str, str]] = {
    "channel_points_highlighted": "send_highlighted_message",
    "channel_points_sub_only": "single_message_bypass_sub_mode",
    "power_ups_message_effect": "message_effect",
    "power_ups_gigantified_emote": "gigantify_an_emote",
}
"""Types of chat messages, and the rewards they come with."""
_TITLES: Final[Mapping[str, str]] = {
    "send_highlighted_message": "Highlight My Message",
    "single_message_bypass_sub_mode": "Send a Message in Sub-Only Mode",
    "random_sub_emote_unlock": "Unlock a Random Sub Emote",
    "chosen_sub_emote_unlock": "Choose an Emote to Unlock",
    "chosen_modified_sub_emote_unlock": "Modify a Single Emote",
    "message_effect": "Message Effects",
    "gigantify_an_emote": "Gigantify an Emote",
    "celebration": "On-Screen Celebration",
}
"""What Twitch's own pages call them."""


def automatic(type: str, cost: int | None = None) -> Reward:
    """One of those that every channel has; Twitch may add types, which are named as they are."""
    title = _TITLES.get(type) or type.replace("_", " ").capitalize()
    return Reward(id=type, title=title, cost=cost, is_automatic=True)


def of_chat(event: ChatMessage) -> Reward | None:
    """The reward a chat message came with; of the streamer's own ones chat tells nothing but the id."""
    if event.channel_points_id:
        return Reward(id=event.channel_points_id)
    type = _IN_CHAT.get(event.type)
    return automatic(type) if type else None


_Redeeming = ChannelPointsRedemptionAdd | ChannelPointsAutoRedeemAdd | ChannelBitsUse


def redemption(event: ChannelPointsRedemptionAdd, account: str, now: float) -> AudienceMessage:
    reward = Reward(
        id=event.reward.id,
        title=event.reward.title,
        cost=event.reward.cost,
        awaits_outcome=event.status == "unfulfilled",
    )
    return _redeemed(event, now, reward, text=event.user_input, id=event.id)


def automatic_redemption(event: ChannelPointsAutoRedeemAdd, account: str, now: float) -> AudienceMessage | None:
    if event.reward.type in _IN_CHAT.values():
        return None
    reward = automatic(event.reward.type, event.reward.channel_points)
    text = event.reward.emote.name if event.reward.emote else event.text
    return _redeemed(event, now, reward, text=text, id=event.id)


def power_up(event: ChannelBitsUse, account: str, now: float) -> AudienceMessage | None:
    """Cheers have an event of their own."""
    if event.custom_power_up:
        custom = event.custom_power_up
        reward = Reward(id=custom.id, title=custom.title, cost=event.bits, is_automatic=True)
    elif event.power_up and event.power_up.type not in _IN_CHAT.values():
        reward = automatic(event.power_up.type, event.bits)
    else:
        return None
    return _redeemed(event, now, reward, text=event.text or "")


def _redeemed(event: _Redeeming, now: float, reward: Reward, *, text: str, **more: str) -> AudienceMessage:
    return draft(
        event,
        now,
        Kind.REDEMPTION,
        event.broadcaster,
        author_of(event.user),
        text=text,
        detail=reward.title,
        reward=reward,
        **more,
    )


READERS: dict[type, Reader] = {
    ChannelPointsRedemptionAdd: redemption,
    ChannelPointsAutoRedeemAdd: automatic_redemption,
    ChannelBitsUse: power_up,
}
