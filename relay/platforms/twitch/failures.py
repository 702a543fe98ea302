"""Whatever goes wrong in a call of Twitch, told in the relay's own errors and without a secret."""

import aiohttp
from twitchio import HTTPException
from twitchio.exceptions import WebsocketConnectionException

from relay.errors import AuthError, PlatformError, PlatformUnavailable, RateLimited, RelayError
from relay.platforms.twitch.tokens import redact
from relay.text.for_pages import for_pages

FAILURES = (
    HTTPException,
    WebsocketConnectionException,
    aiohttp.ClientError,
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
)
"""What TwitchIO lets through. TimeoutError is an OSError; the last four mean an answer without what it must have."""
LOG_IN_AGAIN = for_pages("run `relay auth twitch`")
COST = "streamers who have not authorised the application cost, and one login may spend little"
PHONE = "phone number"
"""In Twitch's words when it wants a verified one of the account, which it says with the status of a wrong login."""
PAUSE = 1.0
"""Seconds to wait where Twitch asks to slow down and does not say for how long."""


def explain(error: Exception) -> str:
    """Twitch's own words about a failed call, harmless to log."""
    if isinstance(error, HTTPException):
        words = error.extra.get("message") if isinstance(error.extra, dict) else None
        return redact(f"{error.status} {words or 'without a reason'}"[:200])
    return type(error).__name__


def translate(error: Exception, doing: str, *, retry_after: float = 0.0) -> RelayError:
    """The relay's error for one of FAILURES. `doing` says what was tried, such as "posting to chat".

    `retry_after` is how long Twitch's headers ask to wait, in seconds.
    """
    if not isinstance(error, HTTPException):
        return PlatformUnavailable(f"Twitch cannot be reached while {doing} ({explain(error)})")
    if error.status == 429 and "transports" in explain(error):
        return PlatformUnavailable(f"this Twitch login has too many connections ({explain(error)}): end other programs")
    if error.status == 429 and "cost" in explain(error):
        return PlatformError(f"Twitch refused {doing} ({explain(error)}): {COST}")
    if is_too_fast(error):
        return RateLimited(f"Twitch asks to slow down while {doing}", max(retry_after, PAUSE))
    if error.status >= 500:
        return PlatformUnavailable(f"Twitch failed while {doing} ({explain(error)})")
    if login_refused(error):
        return AuthError(f"Twitch no longer accepts the saved login: {LOG_IN_AGAIN}")
    return PlatformError(f"Twitch refused {doing} ({explain(error)})")


def is_too_fast(error: HTTPException) -> bool:
    """Of the answers 429, those that time heals. The others tell of a limit, such as "cost exceeded"."""
    return error.status == 429 and "exceeded" not in explain(error).lower()


def login_refused(error: Exception) -> bool:
    """The token, or the refresh token behind it, does not count any more."""
    if not isinstance(error, HTTPException) or not 400 <= error.status < 500 or error.status == 429:
        return False
    path, words = error.route.path if error.route else "", explain(error).lower()
    return path.startswith("oauth2/") or (error.status == 401 and "scope" not in words and PHONE not in words)
