"""All events the relay can subscribe, the dearest to a chat first."""

from collections.abc import Collection
from functools import partial

from twitchio import eventsub

from relay.model import Kind
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.sources import READ_CHAT, EventSource, chat, moderated, of_channel, raided

_SUBSCRIPTIONS = "channel:read:subscriptions"
_REDEMPTIONS = "channel:read:redemptions"
_streamers = partial(EventSource, streamers_alone=True)
_repeated = partial(EventSource, streamers_alone=True, is_minor=True)


def _of(*kinds: Kind) -> frozenset[Kind]:
    return frozenset(kinds)


def _asks_automod(settings: TwitchSection) -> bool:
    return settings.automod


def _asks_for_the_restricted(settings: TwitchSection) -> bool:
    return settings.restricted_chat != "ignore"


_CHAT = (
    EventSource("channel.chat.message", chat(eventsub.ChatMessageSubscription), READ_CHAT, "chat"),
    EventSource("channel.chat.message_delete", chat(eventsub.ChatMessageDeleteSubscription), READ_CHAT, "deletions"),
    EventSource(
        "channel.chat.clear_user_messages", chat(eventsub.ChatClearUserMessagesSubscription), READ_CHAT, "bans"
    ),
    EventSource("channel.chat.clear", chat(eventsub.ChatClearSubscription), READ_CHAT, "cleared chats"),
    EventSource("channel.chat.notification", chat(eventsub.ChatNotificationSubscription), READ_CHAT, "notices"),
)
_REWARDS = (
    _streamers(
        "channel.channel_points_custom_reward_redemption.add",
        of_channel(eventsub.ChannelPointsRedeemAddSubscription),
        _REDEMPTIONS,
        "channel points",
        _of(Kind.REDEMPTION),
    ),
    _repeated(
        "channel.channel_points_custom_reward_redemption.update",
        of_channel(eventsub.ChannelPointsRedeemUpdateSubscription),
        _REDEMPTIONS,
        "points that moderators pay back",
        _of(Kind.REDEMPTION),
    ),
    _repeated(
        "channel.channel_points_automatic_reward_redemption.add",
        of_channel(eventsub.ChannelPointsAutoRedeemV2Subscription),
        _REDEMPTIONS,
        "unlocked emotes",
        _of(Kind.REDEMPTION),
    ),
    _repeated(
        "channel.bits.use",
        of_channel(eventsub.ChannelBitsUseSubscription),
        "bits:read",
        "Power-ups",
        _of(Kind.REDEMPTION),
    ),
)
_SUPPORT = (
    EventSource(
        "channel.follow",
        moderated(eventsub.ChannelFollowSubscription),
        "moderator:read:followers",
        "follows",
        _of(Kind.FOLLOW),
    ),
    _repeated(
        "channel.subscribe",
        of_channel(eventsub.ChannelSubscribeSubscription),
        _SUBSCRIPTIONS,
        "subscriptions",
        _of(Kind.SUBSCRIBE),
    ),
    _repeated(
        "channel.subscription.gift",
        of_channel(eventsub.ChannelSubscriptionGiftSubscription),
        _SUBSCRIPTIONS,
        "gifted subscriptions",
        _of(Kind.GIFT),
    ),
    _repeated(
        "channel.subscription.message",
        of_channel(eventsub.ChannelSubscribeMessageSubscription),
        _SUBSCRIPTIONS,
        "resubscriptions",
        _of(Kind.RESUBSCRIBE),
    ),
    _repeated("channel.cheer", of_channel(eventsub.ChannelCheerSubscription), "bits:read", "cheers", _of(Kind.CHEER)),
)
_TAKING_PART = tuple(
    _streamers(f"channel.{name}", of_channel(payload), f"channel:read:{scope}", gives, _of(kind))
    for kind, scope, gives, moments in (
        (
            Kind.HYPE_TRAIN,
            "hype_train",
            "hype trains",
            {
                "hype_train.begin": eventsub.HypeTrainBeginSubscription,
                "hype_train.progress": eventsub.HypeTrainProgressSubscription,
                "hype_train.end": eventsub.HypeTrainEndSubscription,
            },
        ),
        (
            Kind.POLL,
            "polls",
            "polls",
            {
                "poll.begin": eventsub.ChannelPollBeginSubscription,
                "poll.end": eventsub.ChannelPollEndSubscription,
            },
        ),
        (
            Kind.PREDICTION,
            "predictions",
            "predictions",
            {
                "prediction.begin": eventsub.ChannelPredictionBeginSubscription,
                "prediction.lock": eventsub.ChannelPredictionLockSubscription,
                "prediction.end": eventsub.ChannelPredictionEndSubscription,
            },
        ),
        (
            Kind.GOAL,
            "goals",
            "goals",
            {
                "goal.begin": eventsub.GoalBeginSubscription,
                "goal.progress": eventsub.GoalProgressSubscription,
                "goal.end": eventsub.GoalEndSubscription,
            },
        ),
        (Kind.AD_BREAK, "ads", "ad breaks", {"ad_break.begin": eventsub.AdBreakBeginSubscription}),
    )
    for name, payload in moments.items()
)
_SHOUTOUTS = tuple(
    EventSource(type, moderated(payload), "moderator:read:shoutouts", "shoutouts", _of(Kind.SHOUTOUT))
    for type, payload in (
        ("channel.shoutout.receive", eventsub.ShoutoutReceiveSubscription),
        ("channel.shoutout.create", eventsub.ShoutoutCreateSubscription),
    )
)
_AUTOMOD = tuple(
    EventSource(
        type, moderated(payload), "moderator:manage:automod", "messages that AutoMod holds", asked_by=_asks_automod
    )
    for type, payload in (
        ("automod.message.hold", eventsub.AutomodMessageHoldV2Subscription),
        ("automod.message.update", eventsub.AutomodMessageUpdateV2Subscription),
    )
)
_RESTRICTED = (
    EventSource(
        "channel.suspicious_user.update",
        moderated(eventsub.SuspiciousUserUpdateSubscription),
        "moderator:read:suspicious_users",
        "suspicious users",
        _of(Kind.SUSPICIOUS),
        _asks_for_the_restricted,
    ),
    EventSource(
        "channel.suspicious_user.message",
        moderated(eventsub.SuspiciousUserMessageSubscription),
        "moderator:read:suspicious_users",
        "restricted people's chat",
        asked_by=_asks_for_the_restricted,
    ),
)
_OPEN = (
    EventSource("stream.online", of_channel(eventsub.StreamOnlineSubscription), None, "stream starts"),
    EventSource("stream.offline", of_channel(eventsub.StreamOfflineSubscription), None, "stream ends"),
    EventSource("channel.raid", raided, None, "raids", _of(Kind.RAID), is_minor=True),
    EventSource(
        "channel.update",
        of_channel(eventsub.ChannelUpdateSubscription),
        None,
        "new titles",
        _of(Kind.CHANNEL_UPDATE),
        is_minor=True,
    ),
)
SOURCES = (*_CHAT, *_REWARDS, *_SUPPORT, *_TAKING_PART, *_SHOUTOUTS, *_AUTOMOD, *_RESTRICTED, *_OPEN)
"""The dearest first. What repeats another of these counts only where the other could not be subscribed; see
incoming.twins."""


def wished(kinds: Collection[Kind], settings: TwitchSection) -> tuple[EventSource, ...]:
    """Those of them that are wanted."""
    return tuple(source for source in SOURCES if source.is_wanted(kinds, settings))
