"""The application's own token, to subscribe and post in many channels: made from its secret, kept nowhere."""

import asyncio
from collections.abc import Callable

from twitchio import HTTPException
from twitchio.authentication import ManagedHTTPClient

from relay.errors import AuthError, PlatformError, RelayError
from relay.platforms.twitch.failures import FAILURES, explain, translate
from relay.platforms.twitch.tokens import keep_secret

MARGIN = 3600.0
"""Seconds before its end at which it is replaced; Twitch gives about sixty days."""


class AppToken:
    """Put into TwitchIO's client, which uses it for every call that names no login and replaces it where Twitch no
    longer takes it."""

    def __init__(self, http: ManagedHTTPClient, clock: Callable[[], float]) -> None:
        self._http = http
        self._clock = clock
        self._renewing = asyncio.Lock()
        self._good_until = float("-inf")

    async def ensure(self) -> None:
        """See to it that there is one that lasts for a while.

        Raises AuthError when Twitch refuses the application, PlatformUnavailable or RateLimited to try again.
        """
        async with self._renewing:
            if self._clock() < self._good_until:
                return
            try:
                granted = await self._http.client_credentials_token()
                keep_secret(granted.access_token)
                await self._http.add_token(granted.access_token, "")
            except FAILURES as error:
                raise told(error, "getting a token for the application") from None
            self._good_until = self._clock() + max(granted.expires_in - MARGIN, granted.expires_in / 2)


def told(error: Exception, doing: str, *, retry_after: float = 0.0) -> RelayError:
    """The relay's error for a call that was made with it. Twitch says 401 where somebody has not allowed the
    application enough, too, which no other token would heal."""
    failure = translate(error, doing, retry_after=retry_after)
    if not isinstance(failure, AuthError):
        return failure
    if isinstance(error, HTTPException) and error.route and error.route.path.startswith("oauth2/"):
        return AuthError(
            f"Twitch refuses the application ({explain(error)}): check twitch.client_id and twitch.client_secret"
        )
    return PlatformError(f"Twitch refused {doing} ({explain(error)})")
