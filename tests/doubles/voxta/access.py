"""Who may come in: API keys and what they are good for, and the login of devices that have none yet."""

import secrets
from typing import Final

from aiohttp import web

from tests.doubles.voxta.rights import ALL_SCOPES
from tests.doubles.voxta.switches import KeyRule, Rights, Switches

KEY: Final = "key-of-the-streamer"
_APP: Final = frozenset({"role:app"})


class Access:
    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._all = _APP if switches.rights is Rights.APP_ONLY else ALL_SCOPES
        self.keys: dict[str, frozenset[str]] = {KEY: self._all}
        """Each with the scopes it may ask for."""
        self._devices: dict[str, tuple[str, str, str | None]] = {}
        """By device code: the user code, the scope asked for, and the key once there is one."""

    def allows(self, key: str | None) -> bool:
        return self._switches.key is KeyRule.OPEN or key in self.keys

    def turns_away(self, key: str | None) -> bool:
        """Whether the hub itself is closed to this key."""
        return self._switches.key is KeyRule.REFUSED and key not in self.keys

    def scopes(self, key: str | None) -> frozenset[str]:
        """What a client with this key may ask for."""
        return self.keys.get(key, self._all) if key is not None else self._all

    def header_key(self, request: web.Request) -> str | None:
        kind, _, key = request.headers.get("Authorization", "").partition(" ")
        return key if kind.lower() == "bearer" and key else None

    def key(self, request: web.Request) -> str | None:
        return self.header_key(request) or request.query.get("access_token")

    # REST

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/device/code", self._code),
            web.post("/api/device/poll", self._poll),
            web.post("/api/auth/test", self._test),
        ]

    def approve(self, user_code: str) -> str:
        """The user enters the code in Voxta's own page and says yes; the key that is made."""
        device, scope = next((device, row[1]) for device, row in self._devices.items() if row[0] == user_code)
        key = f"key-{secrets.token_urlsafe(8)}"
        self.keys[key] = frozenset(scope.split()) & self._all
        self._devices[device] = (user_code, scope, key)
        return key

    def expire(self, user_code: str) -> None:
        """Nobody says yes in time."""
        self._devices = {device: row for device, row in self._devices.items() if row[0] != user_code}

    async def _code(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if not isinstance(asked.get("client_id"), str) or not isinstance(asked.get("scope"), str):
            raise web.HTTPBadRequest
        user_code, device_code = secrets.token_hex(4).upper(), secrets.token_urlsafe(16)
        self._devices[device_code] = (user_code, asked["scope"], None)
        where = str(request.url.origin().with_path("/device"))
        return web.json_response({"user_code": user_code, "verification_url": where, "device_code": device_code})

    async def _poll(self, request: web.Request) -> web.Response:
        row = self._devices.get((await request.json()).get("device_code"))
        if row is None:
            return web.json_response({"error": "expired_token"}, status=400)
        if row[2] is None:
            return web.Response(status=204)
        return web.json_response({"token": row[2]})

    async def _test(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self.header_key(request) in self.keys else 401)
