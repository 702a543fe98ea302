"""Callbacks that Twitch posts to: signed messages, and whether their owners answer.

The guide: https://dev.twitch.tv/docs/eventsub/handling-webhook-events/
"""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.doubles.twitch.state import number

CHALLENGE = "pogchamp-kappa-360noscope-vohiyo"
"""As in the guide."""
ANSWERED_WITHIN = 10.0
"""Seconds; "a few", says the guide."""


class Webhooks:
    """What Twitch does with callbacks."""

    def __init__(self) -> None:
        self.proxied_to = ""
        """Where the proxy behind the callbacks' addresses passes requests on to, such as `http://127.0.0.1:8082`."""
        self.statuses: list[int] = []
        """What callbacks have answered; 0 where nobody did."""

    async def verify(self, callback: str, secret: str, body: dict[str, Any]) -> bool:
        """Whether the owner returns the challenge, raw and with status 200."""
        status, text = await self._post(
            callback, secret, "webhook_callback_verification", {"challenge": CHALLENGE, **body}, None, {}
        )
        return (status, text) == (200, CHALLENGE)

    async def send(
        self, callback: str, secret: str, type: str, body: dict[str, Any], id: str | None = None, **about: str
    ) -> bool:
        """Whether the owner has taken it."""
        status, _ = await self._post(callback, secret, type, body, id, about)
        return 200 <= status < 300

    async def _post(
        self, callback: str, secret: str, type: str, body: dict[str, Any], id: str | None, about: dict[str, str]
    ) -> tuple[int, str]:
        raw = json.dumps(body).encode()
        headers = signed(id or f"message-{number()}", raw, secret) | {"Twitch-Eventsub-Message-Type": type}
        headers |= {f"Twitch-Eventsub-{name.replace('_', '-').title()}": value for name, value in about.items()}
        status, text = 0, ""
        try:
            async with (
                asyncio.timeout(ANSWERED_WITHIN),
                aiohttp.ClientSession() as http,
                http.post(f"{self.proxied_to}{urlsplit(callback).path}", data=raw, headers=headers) as answer,
            ):
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.statuses.append(status)
        return status, text


def signed(id: str, raw: bytes, secret: str, timestamp: str | None = None) -> dict[str, str]:
    """The headers that tell that Twitch sent it, with a time in nanoseconds."""
    timestamp = timestamp or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}123Z"
    signature = hmac.new(secret.encode(), id.encode() + timestamp.encode() + raw, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "Twitch-Eventsub-Message-Id": id,
        "Twitch-Eventsub-Message-Retry": "0",
        "Twitch-Eventsub-Message-Signature": f"sha256={signature}",
        "Twitch-Eventsub-Message-Timestamp": timestamp,
    }


def refusal(transport: dict[str, Any]) -> str | None:
    """Why a callback cannot be one; None when it can."""
    address, secret = urlsplit(transport.get("callback", "")), transport.get("secret", "")
    if address.scheme != "https" or address.port not in (None, 443):
        return "The callback must use SSL and listen on port 443"
    return None if 10 <= len(secret) <= 100 and secret.isascii() else "The secret must be 10 to 100 ASCII characters"
