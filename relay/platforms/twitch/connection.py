"""A logged-in TwitchIO client: its calls end in the relay's errors, and a login that ran out is renewed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self, TypeVar

import aiohttp
import twitchio
from twitchio.eventsub import websockets
from twitchio.http import Route
from twitchio.models.eventsub_ import BaseEvent
from twitchio.payloads import TokenRefreshedPayload

from relay.errors import AuthError, ConfigError, RelayError
from relay.platforms.twitch.failures import FAILURES, LOG_IN_AGAIN, login_refused, translate
from relay.platforms.twitch.pacing import PointBudget
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.tokens import Token, TokenFile, keep_secret

log = logging.getLogger(__name__)
T = TypeVar("T")
OnEvent = Callable[[BaseEvent], None]
OnUnread = Callable[[str, Exception], None]
"""Told of an event that could not be read: its type and what went wrong."""
CALL_TIMEOUT = 15.0
logging.getLogger("twitchio.client").addFilter(lambda record: "StarletteAdapter" not in str(record.msg))  # advice


@dataclass(frozen=True)
class Account:
    """Whom the saved login belongs to, and what it allows."""

    id: str
    login: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Channel:
    id: str
    login: str


class TwitchClient(twitchio.Client):
    """TwitchIO's client, handing on events in the order they came and saving each new token before it is used."""

    def __init__(
        self, on_event: OnEvent, on_unread: OnUnread, on_token: Callable[[Token], None], **options: Any
    ) -> None:
        super().__init__(**options)
        self._on_event = on_event
        self.on_unread = on_unread
        self._on_token = on_token

    def dispatch(self, event: str, payload: Any | None = None) -> None:
        if isinstance(payload, BaseEvent):
            self._on_event(payload)
        elif isinstance(payload, TokenRefreshedPayload):
            self._on_token(Token(payload.token, payload.refresh_token))
        else:
            super().dispatch(event, payload)


def point_at(settings: TwitchSection) -> None:
    """Send TwitchIO to the addresses of the settings. It keeps them for the whole process."""
    Route.BASE = settings.api_url.rstrip("/") + "/"
    Route.ID_BASE = settings.auth_url.rstrip("/") + "/"
    websockets.WSS = settings.eventsub_url


def _ignore(*_: Any) -> None:
    pass


class TwitchConnection:
    """Use with `async with`, then `log_in`."""

    def __init__(
        self,
        settings: TwitchSection,
        tokens: TokenFile,
        on_event: OnEvent = _ignore,
        on_unread: OnUnread = _ignore,
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._on_event = on_event
        self._on_unread = on_unread
        self._budget = PointBudget()
        self._renewing = asyncio.Lock()
        self.client: TwitchClient
        self.account: Account
        self.channels: tuple[Channel, ...] = ()
        """Empty while not logged in."""

    async def __aenter__(self) -> Self:
        point_at(self._settings)
        secret = self._settings.client_secret.get_secret_value() if self._settings.client_secret else None
        keep_secret(secret or "")
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT), trace_configs=[self._headers_trace()]
        )
        self.client = TwitchClient(
            self._on_event,
            self._on_unread,
            self._save,
            client_id=self._settings.client_id,
            client_secret=secret,
            session=self._session,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.channels = ()
        await self.client.close(save_tokens=False)
        await self._session.close()

    async def log_in(self) -> None:
        """Learn whom the saved token belongs to and which channels are meant.

        Raises AuthError or ConfigError when a person has to act, PlatformUnavailable or RateLimited to try again.
        """
        await self.recognise()
        names = tuple(dict.fromkeys(self._settings.channels))
        users = await self.call(
            lambda: self.client.fetch_users(logins=list(names), token_for=self.account.id), "looking up the channels"
        )
        found = {user.name: Channel(user.id, str(user.name)) for user in users}
        if missing := [name for name in names if name not in found]:
            raise ConfigError(f"twitch.channels: Twitch knows no channel {', '.join(missing)}; check the spelling")
        self.channels = tuple(found[name] for name in names)

    async def recognise(self) -> None:
        """Learn whom the saved token belongs to, and no more. Raises as `log_in` does."""
        token = self._tokens.load()
        await self.client.login(token=token.access, load_tokens=False, save_tokens=False)
        await self.renew()

    async def renew(self) -> None:
        """Check the saved token with Twitch and let TwitchIO refresh it when it ran out or soon will.

        Done often enough, TwitchIO's own upkeep never acts; it drops a token for good when two refreshes meet.
        """
        async with self._renewing:
            token = self._tokens.load()
            try:
                valid = await self.client.add_token(token.access, token.refresh)
            except FAILURES as error:
                raise translate(error, "checking the login") from None
        if not valid.user_id or not valid.login:
            raise AuthError(f"the saved Twitch token belongs to no account: {LOG_IN_AGAIN}")
        if valid.client_id != self._settings.client_id:
            raise AuthError(f"the saved Twitch login was made for another twitch.client_id: {LOG_IN_AGAIN}")
        self.account = Account(valid.user_id, valid.login, tuple(valid.scopes or ()))

    async def call(self, request: Callable[[], Awaitable[T]], doing: str) -> T:
        """Make one call once Twitch's limits allow, with the login renewed once if Twitch no longer takes it.

        Raises PlatformUnavailable, RateLimited, AuthError, or PlatformError for what Twitch refuses otherwise.
        """
        try:
            return await self._bounded(request)
        except FAILURES as error:
            if not login_refused(error):
                raise self._told(error, doing) from None
        await self.renew()
        try:
            return await self._bounded(request)
        except FAILURES as error:
            raise self._told(error, doing) from None

    def _told(self, error: Exception, doing: str) -> RelayError:
        return translate(error, doing, retry_after=self._budget.wait(asyncio.get_running_loop().time()))

    async def _bounded(self, request: Callable[[], Awaitable[T]]) -> T:
        if self.account.id not in self.client.tokens:
            await self.renew()  # TwitchIO's own upkeep drops a token when its refresh meets another
        await asyncio.sleep(self._budget.wait(asyncio.get_running_loop().time()))
        async with asyncio.timeout(CALL_TIMEOUT):
            return await request()

    def _save(self, token: Token) -> None:
        if self._tokens.is_newer:
            return  # a person has logged in again meanwhile, and that login counts
        try:
            self._tokens.save(token)
        except ConfigError as error:
            log.error("%s; the login will be lost when the relay stops", error)

    def _headers_trace(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()

        async def on_end(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
            self._budget.note(end.response.headers, asyncio.get_running_loop().time())

        trace.on_request_end.append(on_end)
        return trace
