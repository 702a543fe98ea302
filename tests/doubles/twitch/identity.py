"""id.twitch.tv: tokens validated, refreshed, revoked and given out by device code."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.twitch.state import Grant, State, TwitchError, number

NOT_YOURS = "The ID in broadcaster_id must match the user ID found in the request's OAuth token."
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class DeviceLogin:
    """A device code given out and what became of it: pending, granted, denied or expired."""

    device_code: str
    user_code: str
    scopes: tuple[str, ...]
    status: str = "pending"
    polls: int = 0
    hiccups: list[int] = field(default_factory=list)
    """Statuses of the next answers: 400 asks to slow down, as RFC 8628 says, and from 500 on Twitch has failed."""


class Identity:
    def __init__(self, state: State, client_id: str) -> None:
        self._state = state
        self._client_id = client_id
        self.devices: list[DeviceLogin] = []
        self.validations = 0
        self.refreshes = 0
        self.expires_in = 1800
        """Seconds a device code lasts."""
        self.interval: float = 0.01
        """Seconds between two polls."""
        self.secret = "secret-of-the-application"
        self.app_tokens: list[str] = []
        """Those that are valid."""
        self.app_token_lasts = 5_000_000
        """Seconds."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/id/oauth2/validate", self.validate),
            web.post("/id/oauth2/token", self.token),
            web.post("/id/oauth2/device", self.device),
            web.post("/id/oauth2/revoke", self.revoke),
        ]

    def bearer(self, request: web.Request) -> Grant:
        """The valid login a call is made with."""
        token = request.headers.get("Authorization", "").partition(" ")[2]
        grant = next((grant for grant in self._state.grants if grant.access == token and grant.valid), None)
        if grant is None:
            raise TwitchError(401, "Invalid OAuth token")
        grant.calls += 1
        self._state.changes.happened()
        return grant

    def is_application(self, request: web.Request) -> bool:
        """Whether a call is made with a valid token of the application's own."""
        return request.headers.get("Authorization", "").partition(" ")[2] in self.app_tokens

    def application(self, request: web.Request) -> None:
        """Refuses a call that is not."""
        if not self.is_application(request):
            raise TwitchError(401, "Invalid OAuth token")

    def allowed(self, request: web.Request, scope: str) -> Grant:
        """The same, with a scope that the call needs."""
        grant = self.bearer(request)
        if scope not in grant.scopes:
            raise TwitchError(401, f"Missing scope: {scope}")
        return grant

    def streamer(self, request: web.Request, scope: str, channel: str | None) -> Grant:
        """The same, of nobody but the streamer whose channel has this id."""
        grant = self.allowed(request, scope)
        if channel != grant.user.id:
            raise TwitchError(401, NOT_YOURS)
        return grant

    async def validate(self, request: web.Request) -> web.Response:
        self.validations += 1
        if self.is_application(request):
            return web.json_response({"client_id": self._client_id, "scopes": [], "expires_in": self.app_token_lasts})
        try:
            grant = self.bearer(request)
        except TwitchError:
            raise TwitchError(401, "invalid access token") from None
        return web.json_response(
            {
                "client_id": self._client_id,
                "login": grant.user.login,
                "scopes": list(grant.scopes),
                "user_id": grant.user.id,
                "expires_in": grant.expires_in,
            }
        )

    async def token(self, request: web.Request) -> web.Response:
        fields = await _fields(request)
        kind = fields.get("grant_type")
        if kind == "refresh_token":
            return self._refresh(fields)
        if kind == DEVICE_GRANT:
            return self._redeem_device_code(fields)
        if kind == "client_credentials":
            return self._for_application(fields)
        raise TwitchError(400, "invalid grant type")

    def _for_application(self, fields: dict[str, str]) -> web.Response:
        """https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#client-credentials-grant-flow"""
        if fields.get("client_id") != self._client_id:
            raise TwitchError(400, "invalid client")
        if fields.get("client_secret") != self.secret:
            raise TwitchError(403, "invalid client secret")
        token = f"app-{number()}-secret"
        self.app_tokens.append(token)
        return web.json_response({"access_token": token, "expires_in": self.app_token_lasts, "token_type": "bearer"})

    def _refresh(self, fields: dict[str, str]) -> web.Response:
        self.refreshes += 1
        spent = next((grant for grant in self._state.grants if grant.refresh == fields.get("refresh_token")), None)
        if spent is None:
            raise TwitchError(400, "Invalid refresh token")
        spent.valid, spent.refresh = False, ""
        return self._hand_out(self._state.issue(spent.user, spent.scopes))

    def _redeem_device_code(self, fields: dict[str, str]) -> web.Response:
        device = next((d for d in self.devices if d.device_code == fields.get("device_code")), None)
        if device is None or device.status == "expired":
            raise TwitchError(400, "invalid device code")
        device.polls += 1
        self._state.changes.happened()
        if device.hiccups:
            status = device.hiccups.pop(0)
            raise TwitchError(status, "slow_down" if status == 400 else "something went wrong")
        if device.status == "denied":
            raise TwitchError(400, "access_denied")
        if device.status == "pending":
            raise TwitchError(400, "authorization_pending")
        return self._hand_out(self._state.issue(self._state.account, device.scopes))

    def _hand_out(self, grant: Grant) -> web.Response:
        self._state.grant = grant
        self._state.changes.happened()
        return web.json_response(
            {
                "access_token": grant.access,
                "refresh_token": grant.refresh,
                "expires_in": grant.expires_in,
                "scope": list(grant.scopes),
                "token_type": "bearer",
            }
        )

    async def device(self, request: web.Request) -> web.Response:
        fields = await _fields(request)
        if fields.get("client_id") != self._client_id:
            raise TwitchError(400, "invalid client")
        device = DeviceLogin(f"device-{number()}", f"CODE{number()}", tuple(fields["scopes"].split()))
        self.devices.append(device)
        self._state.changes.happened()
        return web.json_response(
            {
                "device_code": device.device_code,
                "expires_in": self.expires_in,
                "interval": self.interval,
                "user_code": device.user_code,
                "verification_uri": f"https://www.twitch.tv/activate?device-code={device.user_code}",
            }
        )

    async def revoke(self, request: web.Request) -> web.Response:
        fields = await _fields(request)
        for grant in self._state.grants:
            if grant.access == fields.get("token"):
                grant.valid = False
        return web.Response()


async def _fields(request: web.Request) -> dict[str, str]:
    """OAuth parameters; TwitchIO sends them in the query, others in a form."""
    form: dict[str, Any] = dict(await request.post())
    return {**request.query, **{name: str(value) for name, value in form.items()}}
