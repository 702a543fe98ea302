"""What Twitch sends by HTTP, once it is sure that Twitch sent it.

https://dev.twitch.tv/docs/eventsub/handling-webhook-events/#verifying-the-event-message
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

OLDEST: Final = 600.0
"""Seconds: what is older somebody else may have seen and sends again."""
VERIFICATION: Final = "webhook_callback_verification"
ABOUT: Final = "Twitch-Eventsub-"
"""How the names of Twitch's headers begin."""


class NotFromTwitch(Exception):
    """A request that says nothing, or that anybody may have made."""


@dataclass(frozen=True)
class WebhookMessage:
    """One request of Twitch's."""

    id: str
    """The same each time it is sent, when Twitch does not know whether it arrived."""
    type: str
    """`notification`, `revocation` or VERIFICATION."""
    timestamp: str
    body: Mapping[str, Any]

    def as_of_socket(self) -> dict[str, Any]:
        """The same in the shape that the EventSub WebSocket has, which TwitchIO reads."""
        told = self.body["subscription"]
        about = {"message_id": self.id, "message_type": self.type, "message_timestamp": self.timestamp}
        return {
            "metadata": {**about, "subscription_type": told["type"], "subscription_version": told["version"]},
            "payload": dict(self.body),
        }


def verified(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> WebhookMessage:
    """The message; `now` is in seconds since the epoch. Raises NotFromTwitch with the reason."""
    id, timestamp, signature, type = (
        headers.get(f"{ABOUT}{name}", "")
        for name in ("Message-Id", "Message-Timestamp", "Message-Signature", "Message-Type")
    )
    expected = _signature(id, timestamp, body, secret)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape")):
        raise NotFromTwitch("the signature is missing or wrong: not from Twitch, or made with another secret")
    if abs(now - _seconds(timestamp)) > OLDEST:
        raise NotFromTwitch(f"it was sent at {timestamp}, more than {OLDEST / 60:g} minutes from now by this clock")
    try:
        told = json.loads(body)
        return WebhookMessage(id, type, timestamp, dict(told))
    except (ValueError, TypeError, RecursionError):
        raise NotFromTwitch("its body is no JSON object") from None


def challenging(challenge: str, secret: str, at: datetime) -> tuple[dict[str, str], bytes]:
    """The headers and the body with which Twitch asks whose a callback is: who has the secret answers it."""
    body, timestamp = json.dumps({"challenge": challenge}).encode(), at.isoformat()
    told = {
        "Message-Id": challenge,
        "Message-Timestamp": timestamp,
        "Message-Signature": _signature(challenge, timestamp, body, secret),
        "Message-Type": VERIFICATION,
    }
    return {f"{ABOUT}{name}": value for name, value in told.items()}, body


def _signature(id: str, timestamp: str, body: bytes, secret: str) -> str:
    return f"sha256={hmac.new(secret.encode(), f'{id}{timestamp}'.encode() + body, hashlib.sha256).hexdigest()}"


def _seconds(timestamp: str) -> float:
    """Of RFC 3339, with nanoseconds."""
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        raise NotFromTwitch(f"{timestamp!r} is no time") from None
