"""Events of what goes on in a channel beside chat: what the audience takes part in, ads, shoutouts, moderation.

What each holds: https://dev.twitch.tv/docs/eventsub/eventsub-reference/
"""

from tests.doubles.twitch.shape import MODERATOR, OWNER, EventType, Shape, person

_AT = "2026-11-20T20:00:00.123456789Z"
_LATER = "2026-11-20T20:05:00.123456789Z"
_CHANNEL = person("broadcaster_user")
_USER = person("user")
_MODERATOR = person("moderator_user")

CHOICE: Shape = {"id": "", "title": "", "bits_votes": 0, "channel_points_votes": 0, "votes": 0}
"""#choices; at the begin of a poll there are only the first two."""
OUTCOME: Shape = {"id": "", "title": "", "color": "blue", "users": 0, "channel_points": 0, "top_predictors": []}
"""#outcomes; at the begin of a prediction there are only the first three."""
CONTRIBUTION: Shape = {**_USER, "type": "bits", "total": 100}
"""#channel-hype-train-progress-event, top_contributions"""
_VOTING: Shape = {"is_enabled": False, "amount_per_vote": 0}
_TRAIN: Shape = {
    "id": "", **_CHANNEL, "total": 137, "top_contributions": [], "level": 1, "shared_train_participants": None,
    "started_at": _AT, "type": "regular", "is_shared_train": False,
}  # fmt: skip
_POLL: Shape = {
    "id": "", **_CHANNEL, "title": "", "choices": [], "bits_voting": _VOTING, "channel_points_voting": _VOTING,
    "started_at": _AT,
}  # fmt: skip
_PREDICTION: Shape = {"id": "", **_CHANNEL, "title": "", "outcomes": [], "started_at": _AT}
_GOAL: Shape = {
    "id": "", **_CHANNEL, "type": "follow", "description": "", "current_amount": 0, "target_amount": 100,
    "started_at": _AT,
}  # fmt: skip
_MESSAGE: Shape = {"text": "", "fragments": []}
_HELD: Shape = {
    **_CHANNEL, **_USER, "message_id": "", "message": _MESSAGE, "held_at": _AT, "reason": "automod",
    "automod": {"category": "aggressive", "level": 1, "boundaries": []}, "blocked_term": None,
}  # fmt: skip


def _owners(scope: str, page: str, shape: Shape, version: str = "1") -> EventType:
    return EventType(version, f"channel:read:{scope}", OWNER, page, shape)


CHANNEL_TYPES: dict[str, EventType] = {
    "channel.hype_train.begin": _owners(
        "hype_train", "#channel-hype-train-begin-event",
        {
            **_TRAIN, "progress": 137, "goal": 500, "expires_at": _LATER, "all_time_high_level": 4,
            "all_time_high_total": 2845,
        },
        "2",
    ),
    "channel.hype_train.progress": _owners(
        "hype_train", "#channel-hype-train-progress-event",
        {**_TRAIN, "progress": 200, "goal": 1000, "expires_at": _LATER}, "2",
    ),
    "channel.hype_train.end": _owners(
        "hype_train", "#channel-hype-train-end-event", {**_TRAIN, "ended_at": _LATER, "cooldown_ends_at": _LATER}, "2",
    ),
    "channel.poll.begin": _owners("polls", "#channel-poll-begin-event", {**_POLL, "ends_at": _LATER}),
    "channel.poll.end": _owners(
        "polls", "#channel-poll-end-event", {**_POLL, "status": "completed", "ended_at": _LATER}
    ),
    "channel.prediction.begin": _owners(
        "predictions", "#channel-prediction-begin-event", {**_PREDICTION, "locks_at": _LATER}
    ),
    "channel.prediction.lock": _owners(
        "predictions", "#channel-prediction-lock-event", {**_PREDICTION, "locked_at": _LATER}
    ),
    "channel.prediction.end": _owners(
        "predictions", "#channel-prediction-end-event",
        {**_PREDICTION, "winning_outcome_id": None, "status": "resolved", "ended_at": _LATER},
    ),
    "channel.goal.begin": _owners("goals", "#goals-event", _GOAL),
    "channel.goal.progress": _owners("goals", "#goals-event", _GOAL),
    "channel.goal.end": _owners("goals", "#goals-event", {**_GOAL, "is_achieved": False, "ended_at": _LATER}),
    "channel.ad_break.begin": _owners(
        "ads", "#channel-ad-break-begin-event",
        {"duration_seconds": 60, "started_at": _AT, "is_automatic": False, **_CHANNEL, **person("requester_user")},
    ),
    "channel.shoutout.create": EventType(
        "1", "moderator:read:shoutouts", MODERATOR, "#shoutout-create-event",
        {
            **_CHANNEL, **person("to_broadcaster_user"), **_MODERATOR, "viewer_count": 0, "started_at": _AT,
            "cooldown_ends_at": _LATER, "target_cooldown_ends_at": _LATER,
        },
    ),
    "channel.shoutout.receive": EventType(
        "1", "moderator:read:shoutouts", MODERATOR, "#shoutout-received-event",
        {**_CHANNEL, **person("from_broadcaster_user"), "viewer_count": 0, "started_at": _AT},
    ),
    "channel.update": EventType(
        "2", None, None, "#channel-update-event",
        {
            **_CHANNEL, "title": "", "language": "en", "category_id": "", "category_name": "",
            "content_classification_labels": [],
        },
    ),
    "channel.suspicious_user.update": EventType(
        "1", "moderator:read:suspicious_users", MODERATOR, "#channel-suspicious-user-update-event",
        {**_CHANNEL, **_MODERATOR, **_USER, "low_trust_status": "none"},
    ),
    "channel.suspicious_user.message": EventType(
        "1", "moderator:read:suspicious_users", MODERATOR, "#channel-suspicious-user-message-event",
        {
            **_CHANNEL, **_USER, "low_trust_status": "active_monitoring", "shared_ban_channel_ids": None,
            "types": ["manually_added"], "ban_evasion_evaluation": "unknown",
            "message": {"message_id": "", **_MESSAGE},
        },
    ),
    "automod.message.hold": EventType(
        "2", "moderator:manage:automod", MODERATOR, "#automod-message-hold-event-v2", _HELD,
    ),
    "automod.message.update": EventType(
        "2", "moderator:manage:automod", MODERATOR, "#automod-message-update-event-v2",
        {**_HELD, **_MODERATOR, "status": "approved"},
    ),
}  # fmt: skip
