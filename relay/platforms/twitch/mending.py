"""Events in the shape that TwitchIO expects, where Twitch leaves something out or changes it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from twitchio import ChatNotification, PartialUser
from twitchio.http import HTTPClient

NOTICE: Final = "channel.chat.notification"
_COMMON: Final = (
    *(f"{who}_user_{what}" for who in ("broadcaster", "chatter") for what in ("id", "login", "name")),
    "chatter_is_anonymous", "color", "badges", "system_message", "message_id", "message", "notice_type",
)  # fmt: skip
"""What every notice tells, whatever its type."""


def mended(data: Any) -> Any:
    """The notification with empty fragments where Twitch sends null for them, and null for what a notice leaves out."""
    event = data["payload"]["event"]
    message = event.get("message")
    if isinstance(message, dict) and message.get("fragments", []) is None:
        message["fragments"] = []
    is_notice = data["metadata"]["subscription_type"] == NOTICE
    return _with(data, defaultdict(lambda: None, event)) if is_notice else data


def bare(data: Any) -> Any:
    """The notice without what its type tells: who wrote what remains, and what Twitch says of it."""
    event = data["payload"]["event"]
    return _with(data, defaultdict(lambda: None, {key: event[key] for key in _COMMON if key in event}))


def with_source(event: Any, data: Any, http: HTTPClient) -> Any:
    """The notice with the channel it comes from, which TwitchIO leaves out, where channels share their chat."""
    about = data["payload"]["event"]
    if isinstance(event, ChatNotification) and (id := about.get("source_broadcaster_user_id")):
        login, name = (about.get(f"source_broadcaster_user_{part}") for part in ("login", "name"))
        event.source_broadcaster = PartialUser(id, login, name, http=http)  # type: ignore[attr-defined]
    return event


def _with(data: Mapping[str, Any], event: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**data, "payload": {**data["payload"], "event": event}}
