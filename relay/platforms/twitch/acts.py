"""What a scenario may do on Twitch, in the first of its channels, as far as the login's scopes allow it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from twitchio import PartialUser, User

from relay.acts import Act, ActRefused, Arguments
from relay.errors import AuthError, PlatformError
from relay.platforms.sharing import IsOurs
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.failures import LOG_IN_AGAIN

Login = Annotated[str, Field(pattern=r"^@?[A-Za-z0-9_]{1,25}$")]


def _choices(text: str) -> str:
    if not 2 <= len(_split(text)) <= 5:
        raise ValueError("it needs 2 to 5 choices, as in yes|no")
    return text


def _split(text: str) -> list[str]:
    return [choice.strip()[:25] for choice in text.split("|") if choice.strip()]


Choices = Annotated[str, AfterValidator(_choices)]
"""Separated by |; Twitch shows 25 characters of each."""


class PollArguments(Arguments):
    title: str = Field(min_length=1, max_length=60)
    choices: Choices
    seconds: int = Field(60, ge=15, le=1_800)


class PredictionArguments(Arguments):
    title: str = Field(min_length=1, max_length=45)
    outcomes: Choices
    seconds: int = Field(120, ge=30, le=1_800)


class ShoutoutArguments(Arguments):
    login: Login


class ClipArguments(Arguments):
    pass


class TitleArguments(Arguments):
    title: str = Field(min_length=1, max_length=140)


class GameArguments(Arguments):
    name: str = Field(min_length=1, max_length=140)


class TimeoutArguments(Arguments):
    login: Login
    seconds: int = Field(60, ge=1, le=1_209_600)
    reason: str = Field("", max_length=500)


SCOPES: Final[Mapping[str, str]] = {
    "poll": "channel:manage:polls",
    "prediction": "channel:manage:predictions",
    "shoutout": "moderator:manage:shoutouts",
    "clip": "clips:edit",
    "title": "channel:manage:broadcast",
    "game": "channel:manage:broadcast",
    "timeout": "moderator:manage:banned_users",
}
"""The scope each act needs."""
_STREAMERS: Final = "channel:"
"""What scopes begin with that count in the login's own channel alone."""


class TwitchActs:
    """Does them over a logged-in connection."""

    def __init__(self, connection: TwitchConnection, is_ours: IsOurs) -> None:
        self._connection = connection
        self._is_ours = is_ours

    def all(self) -> list[Act]:
        return [
            Act("poll", PollArguments, self._poll),
            Act("prediction", PredictionArguments, self._predict),
            Act("shoutout", ShoutoutArguments, self._shout_out),
            Act("clip", ClipArguments, self._clip),
            Act("title", TitleArguments, self._title),
            Act("game", GameArguments, self._game),
            Act("timeout", TimeoutArguments, self._time_out),
        ]

    async def _poll(self, asked: PollArguments) -> str:
        channel = self._channel("poll")
        await self._call(
            lambda: channel.create_poll(title=asked.title, choices=_split(asked.choices), duration=asked.seconds),
            "starting a poll",
        )
        return f"started the poll {asked.title}"

    async def _predict(self, asked: PredictionArguments) -> str:
        channel, outcomes = self._channel("prediction"), _split(asked.outcomes)
        await self._call(
            lambda: channel.create_prediction(title=asked.title, outcomes=outcomes, prediction_window=asked.seconds),
            "starting a prediction",
        )
        return f"started the prediction {asked.title}"

    async def _shout_out(self, asked: ShoutoutArguments) -> str:
        channel, account = self._channel("shoutout"), self._connection.account.id
        user = await self._user(asked.login)
        await self._call(
            lambda: channel.send_shoutout(to_broadcaster=user, moderator=account, token_for=account), "shouting out"
        )
        return f"shouted out {user.name}"

    async def _clip(self, asked: ClipArguments) -> str:
        channel = self._channel("clip")
        clip = await self._call(lambda: channel.create_clip(token_for=self._connection.account.id), "making a clip")
        return f"made the clip {clip.id}"

    async def _title(self, asked: TitleArguments) -> str:
        channel = self._channel("title")
        await self._call(lambda: channel.modify_channel(title=asked.title), "changing the title")
        return f"changed the title to {asked.title}"

    async def _game(self, asked: GameArguments) -> str:
        channel, account = self._channel("game"), self._connection.account.id
        client = self._connection.client
        game = await self._call(lambda: client.fetch_game(name=asked.name, token_for=account), "looking up a game")
        if game is None:
            raise ActRefused(f"game: name: Twitch knows no category {asked.name!r}; write it as on Twitch")
        await self._call(lambda: channel.modify_channel(game_id=game.id), "changing the game")
        return f"changed the game to {game.name}"

    async def _time_out(self, asked: TimeoutArguments) -> str:
        channel, account = self._channel("timeout"), self._connection.account.id
        user = await self._user(asked.login)
        await self._call(
            lambda: channel.timeout_user(
                moderator=account, user=user, duration=asked.seconds, reason=asked.reason or None, token_for=account
            ),
            "timing out",
        )
        return f"timed {user.name} out for {asked.seconds} s"

    def _channel(self, act: str) -> PartialUser:
        """The channel to act in. Raises PlatformError where it takes another login, AuthError for a scope."""
        connection = self._connection
        channel, account = connection.first(self._is_ours), connection.account
        if SCOPES[act].startswith(_STREAMERS) and channel.id != account.id:
            raise PlatformError(f"{act} is the streamer's own: log in as {channel.login}, not as {account.login}")
        if SCOPES[act] not in account.scopes:
            raise AuthError(f"the Twitch login lacks {SCOPES[act]}: {LOG_IN_AGAIN}")
        return connection.client.create_partialuser(channel.id)

    async def _user(self, login: str) -> User:
        name, account = login.removeprefix("@").lower(), self._connection.account.id
        client = self._connection.client
        users = await self._call(lambda: client.fetch_users(logins=[name], token_for=account), "looking up a user")
        if not users:
            raise ActRefused(f"login: Twitch knows nobody called {name}")
        found: User = users[0]
        return found

    async def _call(self, request: Callable[[], Awaitable[Any]], doing: str) -> Any:
        return await self._connection.call(request, doing)
