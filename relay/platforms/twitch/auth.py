"""Logging in from a terminal by device code, and checking the login: no web server, no client secret."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_fixed
from twitchio import HTTPException
from twitchio.authentication import OAuth, Scopes
from twitchio.exceptions import DeviceCodeFlowException

from relay.errors import AuthError, RelayError
from relay.guide import DeviceCode, ShowCode, at_terminal
from relay.model import Kind
from relay.platforms.info import PlatformWishes
from relay.platforms.twitch.acts import SCOPES as ACT_SCOPES
from relay.platforms.twitch.catalogue import wished
from relay.platforms.twitch.connection import CALL_TIMEOUT, Account, TwitchConnection, point_at
from relay.platforms.twitch.failures import FAILURES, LOG_IN_AGAIN, explain, translate
from relay.platforms.twitch.rewards import MANAGE as MANAGE_REWARDS
from relay.platforms.twitch.rights import EVERYTHING, unallowed
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.sources import (
    AS_BOT,
    NEEDED,
    EventSource,
    Wanted,
    asked_for,
    beyond_limits,
    missing,
    wanted,
)
from relay.platforms.twitch.tokens import Token, TokenFile, keep_secret, redacted_logs
from relay.platforms.twitch.whispers import SCOPE as WHISPERS

if TYPE_CHECKING:
    from twitchio.types_.responses import DeviceCodeTokenResponse

T = TypeVar("T")
Say = Callable[[str], None]
SLOWER = 5.0
"""Seconds by which the polls come further apart when Twitch says `slow_down`: RFC 8628, section 3.5."""

TRIES = 3
"""How often one step of the login is tried where Twitch or the network stumbles."""
PAUSE = 2.0
"""Seconds between two tries."""


async def authorize(
    settings: TwitchSection,
    token_file: Path,
    say: Say,
    acts: Collection[str] = (),
    kinds: Collection[Kind] = frozenset(Kind),
    *,
    rewards: bool = False,
) -> str:
    """The same as `log_in_by_code` for somebody at a terminal: `say` is called with each line for them."""
    login = await at_terminal(
        lambda show: log_in_by_code(settings, token_file, show, acts, kinds, rewards=rewards), say
    )
    say(f"Logged in as {login}.")
    return login


async def log_in_by_code(
    settings: TwitchSection,
    token_file: Path,
    show: ShowCode,
    acts: Collection[str] = (),
    kinds: Collection[Kind] = frozenset(Kind),
    *,
    rewards: bool = False,
) -> str:
    """Let a person log in with a browser, save the login, and return the account's name.

    The login allows to hear of these `kinds` and to do these `acts`, to settle `rewards`, and to whisper where that is
    set. `show` is called with the code for the person.
    Raises AuthError when the login was refused or the code ran out, PlatformUnavailable when Twitch cannot be reached.
    """
    point_at(settings)
    with redacted_logs():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT)) as session:
            oauth = OAuth(
                client_id=settings.client_id,
                scopes=Scopes(_scopes(settings, acts, wished(kinds, settings), rewards=rewards)),
                session=session,
            )
            try:
                return await _device_login(oauth, TokenFile(token_file), show)
            except FAILURES as error:
                raise _explain(error, settings) from None


def _scopes(
    settings: TwitchSection, acts: Collection[str], sources: Sequence[EventSource], *, rewards: bool
) -> list[str]:
    """What the login is to allow."""
    settled = [*([MANAGE_REWARDS] if rewards else []), *([WHISPERS] if settings.whispers else [])]
    done = [scope for act, scope in ACT_SCOPES.items() if act in acts]
    as_bot = [AS_BOT] if settings.by_conduit else []
    return list(dict.fromkeys([*asked_for(sources), *as_bot, *done, *settled]))


async def check(settings: TwitchSection, token_file: Path, wishes: PlatformWishes = EVERYTHING) -> str:
    """One line about a login that works, such as "logged in as vox, scopes ok, channels ann".

    Raises AuthError, ConfigError or PlatformUnavailable with one line that holds the fix.
    """
    with redacted_logs():
        async with TwitchConnection(settings, TokenFile(token_file)) as connection:
            await connection.log_in()
            line = await _line(settings, wishes, connection)
            return "; ".join(filter(None, [line, connection.clock.difference("Twitch")]))


async def _line(settings: TwitchSection, wishes: PlatformWishes, connection: TwitchConnection) -> str:
    if settings.by_conduit:
        from relay.platforms.twitch.conduits import budget

        return await budget.told(settings, wished(wishes.kinds, settings), connection)
    limits = await connection.call(
        lambda: connection.client.fetch_eventsub_subscriptions(token_for=connection.account.id), "reading the limits"
    )
    return _report(settings, wishes, connection, limits.max_total_cost)


def _report(settings: TwitchSection, wishes: PlatformWishes, connection: TwitchConnection, max_cost: int) -> str:
    account, channels = connection.account, connection.channels
    if missing := [scope for scope in NEEDED if scope not in account.scopes]:
        raise AuthError(f"the Twitch login of {account.login} lacks {', '.join(missing)}: {LOG_IN_AGAIN}")
    lacking = unallowed(wishes, settings, connection)
    lines = [f"{', '.join(gives)} ({scope})" for scope, gives in lacking.items()]
    scopes = f"no {'; no '.join(lines)}: {LOG_IN_AGAIN} to allow them" if lines else "scopes ok"
    names = ", ".join(channel.login for channel in channels)
    beyond = _beyond(wanted(wished(wishes.kinds, settings), account, channels), account, max_cost)
    return f"logged in as {account.login}, {scopes}, channels {names}{beyond}"


def _beyond(asked: Sequence[Wanted], account: Account, max_cost: int) -> str:
    lacked = [each for each in beyond_limits(asked, account, max_cost) if not each.source.is_minor]
    if not lacked:
        return ""
    return (
        f"; too many channels for one login, so expect no {missing(lacked)}: Twitch allows a cost of {max_cost}, "
        "and each of those costs 1 unless its streamer has authorised the application"
    )


async def _device_login(oauth: OAuth, file: TokenFile, show: ShowCode) -> str:
    flow = await _steadily(oauth.device_code_flow)
    keep_secret(flow["device_code"])
    show(
        DeviceCode(
            address=flow["verification_uri"],
            code=flow["user_code"],
            minutes=max(1, round(flow["expires_in"] / 60)),
            note="Log in to Twitch with the account the companion writes from.",
        )
    )
    try:
        async with asyncio.timeout(flow["expires_in"]) as patience:
            granted = await _granted(oauth, flow["device_code"], flow["interval"])
    except TimeoutError:
        if not patience.expired():
            raise
        raise AuthError("the code ran out before it was confirmed: run `relay auth twitch` again") from None
    valid = await _steadily(oauth.validate_token, granted["access_token"])
    file.save(Token(granted["access_token"], granted["refresh_token"]))
    return valid.login or "?"


async def _granted(oauth: OAuth, device_code: str, interval: float) -> "DeviceCodeTokenResponse":
    """Ask until the person has decided. TwitchIO gives up where Twitch only stumbles or asks for more patience."""
    while True:
        try:
            return await oauth.device_code_authorization(device_code=device_code, interval=interval)  # type: ignore[arg-type]
        except ValueError as error:  # a reason TwitchIO has no name for
            if "slow_down" not in str(error):
                raise
            interval += SLOWER
        except FAILURES as error:
            if not _may_pass(error):
                raise
        await asyncio.sleep(interval)


async def _steadily(step: Callable[..., Awaitable[T]], *args: object) -> T:
    """Do a step of the login, again where Twitch or the network stumbled."""
    again = AsyncRetrying(
        retry=retry_if_exception(_may_pass), wait=wait_fixed(PAUSE), stop=stop_after_attempt(TRIES), reraise=True
    )
    return await again(step, *args)


def _may_pass(error: BaseException) -> bool:
    """A failure of Twitch's or the network's, rather than a refusal."""
    return isinstance(error, FAILURES) and not (isinstance(error, HTTPException) and error.status < 500)


def _explain(error: Exception, settings: TwitchSection) -> RelayError:
    if isinstance(error, DeviceCodeFlowException) and error.status < 500:
        return AuthError("the code ran out or was used already: run `relay auth twitch` again")
    if isinstance(error, ValueError):  # TwitchIO meets a reason it has no name for
        return AuthError("the login was refused in the browser: run `relay auth twitch` again and confirm it")
    failure = translate(error, "logging in")
    if isinstance(failure, AuthError):
        return AuthError(
            f"Twitch refuses the application {settings.client_id!r} ({explain(error)}): check twitch.client_id, "
            "and that the application may use the device code login"
        )
    return failure
