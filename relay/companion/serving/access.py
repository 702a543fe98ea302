"""Who is let in: clients with the key where one is set, and of web pages those of this machine alone."""

import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import SecretStr

COOKIE: Final = "voxta_companion"


class Access:
    def __init__(self, host: str, key: SecretStr | None) -> None:
        self._host = host
        self._key = key
        self._cookie = secrets.token_urlsafe(16)

    def admit(self, request: web.Request) -> None:
        """Refuse pages of other sites, and clients without the key where one is set."""
        self.refuse_pages(request)
        if not self._has_key(request):
            raise web.HTTPUnauthorized(
                text="a valid API key is missing: send it as Authorization: Bearer, or as ?access_token="
            )

    def admit_known(self, request: web.Request) -> None:
        """The same, where the cookie of a negotiation is as good as the key."""
        self.refuse_pages(request)
        if not self._has_cookie(request):
            self.admit(request)

    def admit_negotiated(self, request: web.Request) -> None:
        """Refuse whoever has not both the key, where one is set, and the cookie."""
        self.admit(request)
        if not self._has_cookie(request):
            raise web.HTTPForbidden(text="the cookie that came with the negotiation is missing")

    def mark(self, response: web.Response) -> None:
        """Give the cookie to a client that negotiated."""
        response.set_cookie(COOKIE, self._cookie, httponly=True, samesite="Lax")

    async def let_pages_read(self, request: web.Request, response: web.StreamResponse) -> None:
        """Allow pages of this machine to read a response."""
        origin = request.headers.get("Origin")
        if origin is not None and self._is_own(origin, request):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "")
            response.headers["Vary"] = "Origin"

    def refuse_pages(self, request: web.Request) -> None:
        """Refuse pages of other sites."""
        origin = request.headers.get("Origin")
        if origin is not None and not self._is_own(origin, request):
            raise web.HTTPForbidden(text="pages of other sites may not talk to the companion")

    def _has_cookie(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._cookie.encode())

    def _has_key(self, request: web.Request) -> bool:
        if self._key is None:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
        return hmac.compare_digest(given.encode(), self._key.get_secret_value().encode())

    def _is_own(self, origin: str, request: web.Request) -> bool:
        try:
            host = urlsplit(origin).hostname
        except ValueError:
            return False
        # The address the client reached us at, rather than the Host header, which a hostile DNS name could fill.
        reached = request.transport.get_extra_info("sockname") if request.transport else None
        return host in {"localhost", "127.0.0.1", "::1", self._host, reached[0] if reached else None}
