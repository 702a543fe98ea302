"""What the double knows: people, tokens, subscriptions, posts."""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

_numbers = itertools.count(1000)
LOOK_EVERY = 0.02


def number() -> str:
    return str(next(_numbers))


def timestamp() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class TwitchError(Exception):
    """An error answer in Helix's shape."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def answer(self) -> web.Response:
        body = {"error": HTTPStatus(self.status).phrase, "status": self.status, "message": self.message}
        return web.json_response(body, status=self.status)


@dataclass(frozen=True)
class User:
    id: str
    login: str

    def named(self, prefix: str) -> dict[str, Any]:
        """The three keys EventSub names a person by."""
        return {f"{prefix}_id": self.id, f"{prefix}_login": self.login, f"{prefix}_name": self.login.capitalize()}


@dataclass
class Grant:
    """A login: an access token and the refresh token behind it."""

    user: User
    scopes: tuple[str, ...]
    access: str = field(default_factory=lambda: f"access-{number()}-secret")
    refresh: str = field(default_factory=lambda: f"refresh-{number()}-secret")
    valid: bool = True
    expires_in: int = 14_000
    calls: int = 0
    """How often it was used."""


@dataclass
class Subscription:
    type: str
    version: str
    condition: dict[str, Any]
    session_id: str
    conduit_id: str = ""
    """Where it has a conduit rather than a session."""
    cost: int = 0
    """What it counts of its account's total; see Helix.cost."""
    id: str = field(default_factory=lambda: f"sub-{number()}")
    status: str = "enabled"
    created_at: str = field(default_factory=timestamp)
    listed_under: str | None = None
    """The session id it is shown with, when that is not the one it is delivered to."""

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "type": self.type,
            "version": self.version,
            "condition": self.condition,
            "created_at": self.created_at,
            "transport": self._transport(),
            "cost": self.cost,
        }

    def _transport(self) -> dict[str, str]:
        if self.conduit_id:
            return {"method": "conduit", "conduit_id": self.conduit_id}
        session_id = self.listed_under or self.session_id
        return {"method": "websocket", "session_id": session_id, "connected_at": self.created_at}

    @property
    def watched(self) -> str | None:
        """The id of the channel that it is about."""
        return self.condition.get("broadcaster_user_id") or self.condition.get("to_broadcaster_user_id")

    def concerns(self, type: str, channel: User) -> bool:
        return self.status == "enabled" and self.type == type and self.watched == channel.id


@dataclass
class Spoken:
    """A chat message."""

    channel: User
    author: User
    text: str
    is_answerable: bool = True
    """Until it is gone or held."""


@dataclass(eq=False)
class Reward:
    """A custom reward for channel points."""

    title: str
    is_ours: bool
    """Whether the application that calls us created it, rather than the streamer by hand or another one."""
    id: str = field(default_factory=lambda: f"reward-{number()}")
    cost: int = 100
    prompt: str = ""
    needs_text: bool = False
    is_enabled: bool = True
    is_paused: bool = False
    skips_queue: bool = False
    """Its redemptions are fulfilled at once."""
    color: str = "#9147FF"
    per_stream: int = 0
    per_viewer: int = 0
    cooldown: int = 0


@dataclass
class HeldByAutoMod:
    """A message that AutoMod holds, and what became of it: held, approved, denied or expired."""

    channel: User
    author: User
    id: str
    text: str
    status: str = "held"
    reward_id: str | None = None
    """Of the reward it was written into."""


@dataclass
class Redemption:
    id: str
    reward_id: str
    user: User
    text: str
    status: str = "UNFULFILLED"
    at: str = field(default_factory=timestamp)


@dataclass(frozen=True)
class Posted:
    """A chat message the relay posted."""

    id: str
    channel: str
    """The channel's login name."""
    text: str
    reply_to: str | None
    at: float
    """The event loop's time."""


class Changes:
    """Lets a test wait for a condition instead of sleeping.

    It is looked at after every change here, and now and then because it may concern the relay's side.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def happened(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, condition: Callable[[], bool], what: Callable[[], str], timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._event.wait(), LOOK_EVERY)
        except TimeoutError:
            raise AssertionError(f"waited {timeout} s in vain: {what()}") from None


class State:
    """One Twitch."""

    def __init__(self, account: str, channels: tuple[str, ...], scopes: tuple[str, ...]) -> None:
        self.changes = Changes()
        self.users: dict[str, User] = {}
        self.grants: list[Grant] = []
        self.subscriptions: dict[str, Subscription] = {}
        self.posts: list[Posted] = []
        self.moderators: set[tuple[str, str]] = set()
        """Channel and person, by login."""
        self.subscribers: set[tuple[str, str]] = set()
        """The same."""
        self.spoken: dict[str, Spoken] = {}
        """Chat messages by their ids."""
        self.rewards: dict[str, Reward] = {}
        """By their titles."""
        self.held: dict[str, HeldByAutoMod] = {}
        """By the ids of the messages."""
        self.redemptions: dict[str, Redemption] = {}
        self.authorised = {account}
        """The logins of everybody who has allowed the application something."""
        self.account = self.user(account)
        self.channels = tuple(self.user(channel) for channel in channels)
        self.grant = self.issue(self.account, scopes)

    def user(self, login: str) -> User:
        return self.users.setdefault(login, User(number(), login))

    def by_id(self, id: str) -> User | None:
        return next((user for user in self.users.values() if user.id == id), None)

    def issue(self, user: User, scopes: tuple[str, ...]) -> Grant:
        self.authorised.add(user.login)
        grant = Grant(user, scopes)
        self.grants.append(grant)
        return grant

    def scopes_of(self, user: User | None) -> set[str]:
        """All that somebody has allowed the application, by whatever login."""
        return {scope for grant in self.grants if grant.user == user and grant.refresh for scope in grant.scopes}

    def can_be_answered(self, id: str, channel: User) -> bool:
        spoken = self.spoken.get(id)
        return spoken is not None and spoken.channel == channel and spoken.is_answerable

    def is_privileged(self, user: User, channel: User) -> bool:
        return user == channel or (channel.login, user.login) in self.moderators
