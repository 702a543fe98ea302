"""The way from the command line to the running relay: a small server on this machine, with a token in a file."""

import asyncio
import hmac
import json
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Self

import aiohttp
from aiohttp import web

from relay.errors import ConfigError
from relay.model import Caller, Role
from relay.moderation.controls import Controls

MAX_BODY: Final = 4096
"""Bytes of a request."""
TIMEOUT: Final = 10.0
"""Seconds the relay may take to answer."""
_TERMINAL: Final = Caller(source="terminal", name="terminal", roles=frozenset({Role.STREAMER}))


class ControlServer:
    """Serves while the context lasts, on 127.0.0.1 and a free port; address and token are in `file`."""

    def __init__(self, controls: Controls, metrics: Callable[[], str], file: Path) -> None:
        self._controls = controls
        self._metrics = metrics
        self._file = file
        self._token = secrets.token_urlsafe(32)
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_post("/control", self._control)
        app.router.add_get("/metrics", self._show_metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._write_file(f"http://127.0.0.1:{self._runner.addresses[0][1]}")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._file.unlink(missing_ok=True)
        await self._runner.cleanup()

    def _write_file(self, url: str) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"url": url, "token": self._token}, file)
        fresh.replace(self._file)

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Nobody without the token, no web page, and no host name that was made to point here."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if "Origin" in request.headers or request.host.partition(":")[0] not in ("127.0.0.1", "localhost"):
            raise web.HTTPForbidden(text="not for web pages")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            raise web.HTTPUnauthorized(text="the token is missing or wrong")
        return await handler(request)

    async def _control(self, request: web.Request) -> web.Response:
        try:
            words = (await request.json())["words"]
        except (ValueError, KeyError, TypeError):
            raise web.HTTPBadRequest(text='send {"words": "…"}') from None
        if not isinstance(words, str):
            raise web.HTTPBadRequest(text="words has to be a text")
        return web.json_response({"answer": await self._controls.run(words, _TERMINAL)})

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=self._metrics(), content_type="text/plain", charset="utf-8")


async def ctl(file: Path, words: str) -> str:
    """Have the running relay do what the words say. Raises ConfigError when none runs here."""
    try:
        access = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
        limits = aiohttp.ClientTimeout(total=TIMEOUT)
        headers = {"Authorization": f"Bearer {access['token']}"}
        async with (
            aiohttp.ClientSession(timeout=limits, headers=headers) as http,
            http.post(f"{access['url']}/control", json={"words": words}) as response,
        ):
            response.raise_for_status()
            return str((await response.json())["answer"])
    except FileNotFoundError:
        raise ConfigError("no relay with these settings runs here: start it with `relay run`") from None
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        raise ConfigError(f"the relay does not answer ({type(error).__name__}): is it still running?") from None
