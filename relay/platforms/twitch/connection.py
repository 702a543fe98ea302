"""A logged-in TwitchIO client: its calls end in the relay's errors, and a login that ran out is renewed."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, Self, TypeVar

import aiohttp
import twitchio
from twitchio.authentication import OAuth
from twitchio.eventsub import websockets
from twitchio.http import Route
from twitchio.models.eventsub_ import BaseEvent
from twitchio.payloads import TokenRefreshedPayload

from relay.errors import AuthError, ConfigError, PlatformUnavailable, RelayError
from relay.platforms.clock import PlatformClock
from relay.platforms.sharing import IsOurs
from relay.platforms.twitch.app_token import AppToken, told
from relay.platforms.twitch.failures import FAILURES, LOG_IN_AGAIN, login_refused, translate
from relay.platforms.twitch.pacing import PointBudget
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.tokens import Token, TokenFile, keep_secret
from relay.system.cancellation import to_its_end

log = logging.getLogger(__name__)
T = TypeVar("T")
OnEvent = Callable[[BaseEvent], None]
OnUnread = Callable[[str, Exception], None]
"""Told of an event that could not be read: its type and what went wrong."""
CALL_TIMEOUT = 15.0
CHECK_LOGIN_EVERY = 1800.0
"""Seconds; Twitch wants a login validated every hour, and TwitchIO would after 55 minutes."""
LASTS = 3660.0
"""Seconds a login has left at least, or it is refreshed; TwitchIO does so itself from an hour on."""
ASKED_AT_ONCE = 100
"""People in one question: https://dev.twitch.tv/docs/api/reference/#get-users"""
REMEMBERED = 1_000
"""Redemptions."""
NAMED = 10
"""Channels that are named one by one in a line for people."""
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
        self._budget, self._app_budget = PointBudget(), PointBudget()
        self.clock = PlatformClock()
        self._renewing = asyncio.Lock()
        self._wished = tuple(dict.fromkeys(settings.channels))
        self._login_checked = float("-inf")
        self.client: TwitchClient
        self.account: Account
        self.channels = ()
        self.paid_back: deque[str] = deque(maxlen=REMEMBERED)
        """The redemptions that we have refunded ourselves, the newest."""
        self.trouble = ""
        """What is wrong with some of the channels, for people."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Empty while not logged in."""
        return self._channels

    @channels.setter
    def channels(self, channels: tuple[Channel, ...]) -> None:
        self._channels = channels
        self.logins: Mapping[str, str] = {channel.id: channel.login for channel in channels}

    def first(self, is_ours: IsOurs) -> Channel:
        """Of those that are ours. Raises PlatformUnavailable where there is none."""
        if not self.channels:
            raise PlatformUnavailable("Twitch is not connected")
        first = next((channel for channel in self.channels if is_ours((channel.id,))), None)
        if first is None:
            raise PlatformUnavailable("Twitch hears no channel of this companion")
        return first

    @property
    def by_conduit(self) -> bool:
        """Whether the application itself hears and posts, as the account."""
        return self._settings.by_conduit

    @property
    def client_id(self) -> str:
        """Of the application."""
        return self._settings.client_id

    async def __aenter__(self) -> Self:
        point_at(self._settings)
        secret = self._settings.client_secret.get_secret_value() if self._settings.client_secret else None
        keep_secret(secret or "")
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT), trace_configs=[self._headers_trace(), self.clock.trace()]
        )
        self.client = TwitchClient(
            self._on_event,
            self._on_unread,
            self._save,
            client_id=self._settings.client_id,
            client_secret=secret,
            session=self._session,
        )
        self._oauth = OAuth(client_id=self._settings.client_id, client_secret=secret, session=self._session)
        self._app_token = AppToken(self.client.http, time.monotonic)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.channels = ()
        self._save_again()
        await self.client.close(save_tokens=False)
        await self._session.close()

    async def log_in(self) -> None:
        """Learn whom the saved token belongs to and which channels are meant.

        Raises AuthError or ConfigError when a person has to act, PlatformUnavailable or RateLimited to try again.
        """
        await self.recognise()
        self._login_checked = time.monotonic()
        wished: Sequence[str] | None = None
        channels: tuple[Channel, ...] = ()
        while wished is not self._wished:  # others may be wished for while Twitch answers
            wished = self._wished
            channels = await self._looked_up(wished)
        self.channels = channels

    async def listen_to(self, names: Sequence[str]) -> None:
        """Have these channels, by their logins, instead of those before.

        Raises as `log_in` does; then all is as it was.
        """
        wished = tuple(dict.fromkeys(names))
        if self.channels:
            self.channels = await self._looked_up(wished)
        self._wished = wished

    async def _looked_up(self, names: Sequence[str]) -> tuple[Channel, ...]:
        known = {channel.login: channel for channel in self.channels}
        unknown = [name for name in names if name not in known]
        for start in range(0, len(unknown), ASKED_AT_ONCE):
            ask = partial(
                self.client.fetch_users, logins=unknown[start : start + ASKED_AT_ONCE], token_for=self.account.id
            )
            known |= {
                str(user.name): Channel(user.id, str(user.name))
                for user in await self.call(ask, "looking up the channels")
            }
        missing = [name for name in names if name not in known]
        told = f"twitch.channels: Twitch knows no channel {', '.join(missing)}; check the spelling" if missing else ""
        if missing and not (self.by_conduit and len(missing) < len(names)):
            raise ConfigError(told)
        self.trouble = told  # a streamer who took another name is no reason to be deaf to many others
        return tuple(known[name] for name in names if name in known)

    @property
    def named(self) -> str:
        """The channels for people."""
        logins = [f"#{channel.login}" for channel in self.channels]
        return ", ".join(logins) if len(logins) <= NAMED else f"{len(logins)} channels"

    async def keep_login(self) -> None:
        """Check the login when Twitch wants that, or when a person has logged in again. Raises as `renew` does.

        A refreshed one that could not be saved is tried again.
        """
        self._save_again()
        if time.monotonic() - self._login_checked > CHECK_LOGIN_EVERY or self._tokens.is_newer:
            await self.renew()
            self._login_checked = time.monotonic()

    async def recognise(self) -> None:
        """Learn whom the saved token belongs to, and no more. Raises as `log_in` does."""
        token = self._tokens.load()
        await self.client.login(token=token.access, load_tokens=False, save_tokens=False)
        await self.renew()

    async def renew(self) -> None:
        """Check the saved token with Twitch and refresh it when it ran out or soon will.

        Done often enough, TwitchIO's own upkeep never acts; it drops a token for good when two refreshes meet.
        """
        async with self._renewing:
            token = self._tokens.load()
            try:
                if not await self._lasts(token):
                    token = await to_its_end(self._refreshed(token))
                valid = await self.client.add_token(token.access, token.refresh)
            except FAILURES as error:
                raise translate(error, "checking the login") from None
        if not valid.user_id or not valid.login:
            raise AuthError(f"the saved Twitch token belongs to no account: {LOG_IN_AGAIN}")
        if valid.client_id != self._settings.client_id:
            raise AuthError(f"the saved Twitch login was made for another twitch.client_id: {LOG_IN_AGAIN}")
        self.account = Account(valid.user_id, valid.login, tuple(valid.scopes or ()))

    async def _lasts(self, token: Token) -> bool:
        try:
            return (await self._oauth.validate_token(token.access)).expires_in > LASTS
        except twitchio.HTTPException as error:
            if error.status != 401:
                raise
            return False

    async def _refreshed(self, token: Token) -> Token:
        """The one that replaces it, saved before anything else is asked: the old one works no more.

        TwitchIO looks at a new one before it hands it over, and loses it where that fails.
        """
        granted = await self._oauth.refresh_token(token.refresh)
        new = Token(granted.access_token, granted.refresh_token)
        self._save(new)
        return new

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

    async def call_as_app(self, request: Callable[[], Awaitable[T]], doing: str, *, spare: int = 0) -> T:
        """The same with the application's own token; `spare` points of a minute are left to others.

        Raises AuthError when Twitch refuses the application, and otherwise as `call` does.
        """
        await self._app_token.ensure()
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._app_budget.wait(loop.time(), spare))
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                return await request()
        except FAILURES as error:
            raise told(error, doing, retry_after=self._app_budget.wait(loop.time())) from None

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
            log.error("%s; unless it can be before the relay stops, the login is lost", error)

    def _save_again(self) -> None:
        with suppress(ConfigError):  # which `_save` has told
            self._tokens.save_again()

    def _headers_trace(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()

        async def on_end(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
            used = end.headers.get("Authorization", "").partition(" ")[2]
            is_logins = any(used == token["token"] for token in self.client.tokens.values())
            budget = self._budget if is_logins else self._app_budget
            budget.note(end.response.headers, asyncio.get_running_loop().time())

        trace.on_request_end.append(on_end)
        return trace
