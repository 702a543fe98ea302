"""api.twitch.tv/helix: what a broadcaster does: polls, predictions, shoutouts, clips, title and game, timeouts."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.state import State, TwitchError, number, timestamp

GAMES = {"Chess": "743", "Software and Game Development": "1469308723"}


class Broadcast:
    """The state of the stream, and what was done to it. `happen` tells of what begins, as Twitch does."""

    def __init__(self, state: State, identity: Identity, happen: Callable[..., Awaitable[None]]) -> None:
        self._state = state
        self._identity = identity
        self._happen = happen
        self.done: list[tuple[str, dict[str, Any]]] = []
        """What was asked for, in order: its name and its parameters."""
        self.title = "Hello world"
        self.game = "Chess"
        self.viewers: int | None = None
        """None while the stream is offline."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/helix/streams", self.streams),
            web.get("/helix/channels", self.channel),
            web.patch("/helix/channels", self.change),
            web.get("/helix/games", self.games),
            web.post("/helix/polls", self.poll),
            web.post("/helix/predictions", self.predict),
            web.post("/helix/chat/shoutouts", self.shout_out),
            web.post("/helix/clips", self.clip),
            web.post("/helix/moderation/bans", self.ban),
        ]

    async def streams(self, request: web.Request) -> web.Response:
        self._identity.bearer(request)
        channel = self._state.channels[0]
        live: dict[str, Any] = {
            "id": number(),
            "user_id": channel.id,
            "user_login": channel.login,
            "user_name": channel.login.capitalize(),
            "game_id": GAMES[self.game],
            "game_name": self.game,
            "type": "live",
            "title": self.title,
            "viewer_count": self.viewers,
            "started_at": "2024-05-01T18:00:00Z",
            "language": "en",
            "thumbnail_url": "",
            "is_mature": False,
            "tags": [],
            "tag_ids": [],
        }
        is_asked = channel.id in request.query.getall("user_id", [])
        return web.json_response({"data": [live] if is_asked and self.viewers is not None else [], "pagination": {}})

    async def channel(self, request: web.Request) -> web.Response:
        self._identity.bearer(request)
        channel = self._state.by_id(request.query["broadcaster_id"])
        assert channel is not None
        info = {
            "broadcaster_id": channel.id,
            "broadcaster_login": channel.login,
            "broadcaster_name": channel.login.capitalize(),
            "broadcaster_language": "en",
            "game_id": GAMES[self.game],
            "game_name": self.game,
            "title": self.title,
            "delay": 0,
            "tags": [],
            "content_classification_labels": [],
            "is_branded_content": False,
        }
        return web.json_response({"data": [info]})

    async def change(self, request: web.Request) -> web.Response:
        self._identity.streamer(request, "channel:manage:broadcast", request.query["broadcaster_id"])
        body = await request.json()
        self.done.append(("channel", body))
        self.title = body.get("title") or self.title
        self.game = next((name for name, key in GAMES.items() if key == body.get("game_id")), self.game)
        return web.Response(status=204)

    async def games(self, request: web.Request) -> web.Response:
        self._identity.bearer(request)
        wanted = request.query.getall("name", [])
        found = [{"id": key, "name": name, "box_art_url": "", "igdb_id": ""} for name, key in GAMES.items()]
        return web.json_response({"data": [game for game in found if game["name"] in wanted]})

    async def poll(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._identity.streamer(request, "channel:manage:polls", body["broadcaster_id"])
        self.done.append(("poll", body))
        choices = [
            {"id": number(), "title": c["title"], "votes": 0, "channel_points_votes": 0, "bits_votes": 0}
            for c in body["choices"]
        ]
        poll = self._owned() | {
            "id": number(),
            "title": body["title"],
            "choices": choices,
            "bits_voting_enabled": False,
            "bits_per_vote": 0,
            "channel_points_voting_enabled": False,
            "channel_points_per_vote": 0,
            "status": "ACTIVE",
            "duration": body["duration"],
            "started_at": timestamp(),
            "ended_at": None,
        }
        begun = [{key: choice[key] for key in ("id", "title")} for choice in choices]
        await self._happen("channel.poll.begin", id=poll["id"], title=poll["title"], choices=begun)
        return web.json_response({"data": [poll]})

    async def predict(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._identity.streamer(request, "channel:manage:predictions", body["broadcaster_id"])
        self.done.append(("prediction", body))
        nobody: dict[str, Any] = {"users": 0, "channel_points": 0, "top_predictors": None, "color": "BLUE"}
        outcomes = [{"id": number(), "title": outcome["title"]} | nobody for outcome in body["outcomes"]]
        prediction = self._owned() | {
            "id": number(),
            "title": body["title"],
            "winning_outcome_id": None,
            "outcomes": outcomes,
            "prediction_window": body["prediction_window"],
            "status": "ACTIVE",
            "created_at": timestamp(),
            "ended_at": None,
            "locked_at": None,
        }
        begun = [{"id": each["id"], "title": each["title"], "color": "blue"} for each in outcomes]
        await self._happen("channel.prediction.begin", id=prediction["id"], title=prediction["title"], outcomes=begun)
        return web.json_response({"data": [prediction]})

    async def shout_out(self, request: web.Request) -> web.Response:
        self._identity.allowed(request, "moderator:manage:shoutouts")
        self.done.append(("shoutout", dict(request.query)))
        return web.Response(status=204)

    async def clip(self, request: web.Request) -> web.Response:
        self._identity.allowed(request, "clips:edit")
        if self.viewers is None:
            raise TwitchError(404, "Clipping is not possible for an offline channel.")
        self.done.append(("clip", dict(request.query)))
        made = {"id": "FunnyClip", "edit_url": "https://clips.twitch.tv/FunnyClip/edit"}
        return web.json_response({"data": [made]}, status=202)

    async def ban(self, request: web.Request) -> web.Response:
        self._identity.allowed(request, "moderator:manage:banned_users")
        body = (await request.json())["data"]
        self.done.append(("timeout", body))
        channel = self._state.channels[0]
        banned = {
            "broadcaster_id": channel.id,
            "moderator_id": request.query["moderator_id"],
            "user_id": body["user_id"],
            "created_at": timestamp(),
            "end_time": timestamp(),
        }
        return web.json_response({"data": [banned]})

    def _owned(self) -> dict[str, Any]:
        return self._state.channels[0].named("broadcaster") | {
            "broadcaster_login": self._state.channels[0].login,
            "broadcaster_name": self._state.channels[0].login.capitalize(),
        }
