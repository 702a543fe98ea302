"""The way from the command line to the running relay: a small server on this machine, with a token in a file."""

import asyncio
import hmac
import json
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Self

import aiohttp
from aiohttp import web

from relay.errors import ConfigError, NoneRuns, RelayError
from relay.model import Caller, Role
from relay.moderation.controls import Controls
from relay.system.http_server import HttpServer
from relay.system.private_files import write_private
from relay.web.probes import METRICS_TYPE, MetricsText

MAX_BODY: Final = 4096
"""Bytes of a request."""
TIMEOUT: Final = 30.0
"""Seconds the relay may take to answer; a control may have to wait for Voxta."""
COPY_TIMEOUT: Final = 120.0
"""Seconds the relay may take to copy what it has stored."""
CHUNK: Final = 1 << 20
"""Bytes of it that are sent at a time."""
CopyStore = Callable[[Path], Awaitable[None]]
TERMINAL: Final = Caller(source="terminal", name="terminal", roles=frozenset({Role.STREAMER}), in_private=True)
"""Whoever sits at the machine that the relay runs on."""
_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})
_START: Final = "start it with `relay run`"


class ControlServer:
    """Serves while the context lasts, on 127.0.0.1 and a free port.

    Address and token are in `file`, which only its owner may read.
    """

    def __init__(
        self, controls: Controls, metrics: MetricsText, file: Path, copy_store: CopyStore | None = None
    ) -> None:
        self._controls = controls
        self._metrics = metrics
        self._file = file
        self._copy_store = copy_store
        self._token = secrets.token_urlsafe(32)
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_post("/control", self._control)
        app.router.add_get("/metrics", self._show_metrics)
        app.router.add_get("/store", self._show_store)
        self._http = HttpServer(app, "127.0.0.1", 0, stop_within=1.0)

    async def __aenter__(self) -> Self:
        """Raises ConfigError when the file cannot be written."""
        try:
            await self._http.start()
            await asyncio.to_thread(self._write_file, self._http.url)
        except OSError as error:
            await self._http.stop()
            raise ConfigError(f"the controls cannot be offered in {self._file}: {error}") from None
        except asyncio.CancelledError:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._remove_file)
        await self._http.stop()

    def _write_file(self, url: str) -> None:
        write_private(self._file, json.dumps({"url": url, "token": self._token}), lasts=False)

    def _remove_file(self) -> None:
        """Unless another relay with the same settings has put its own there."""
        try:
            if self._token in self._file.read_text("utf-8"):
                self._file.unlink()
        except OSError:
            return

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Nobody without the token, no web page, and no host name that was made to point here."""
        if "Origin" in request.headers or request.host.partition(":")[0].lower() not in _HOSTS:
            raise web.HTTPForbidden(text="not for web pages")
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            raise web.HTTPUnauthorized(text="the token is missing or wrong", headers={"WWW-Authenticate": "Bearer"})
        return await handler(request)

    async def _control(self, request: web.Request) -> web.Response:
        try:
            words = (await request.json())["words"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise web.HTTPBadRequest(text='send {"words": "…"}') from None
        if not isinstance(words, str):
            raise web.HTTPBadRequest(text="words has to be a text")
        return web.json_response({"answer": await self._controls.run(words, TERMINAL)})

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._metrics(), headers={"Content-Type": METRICS_TYPE})

    async def _show_store(self, request: web.Request) -> web.StreamResponse:
        """A copy of what is stored, for a backup: this process has the store to itself."""
        if self._copy_store is None:
            raise web.HTTPConflict(text="the store is no file of the relay")
        with tempfile.TemporaryDirectory(dir=self._file.parent) as folder:
            copy = Path(folder) / "store"
            try:
                await self._copy_store(copy)
            except RelayError as error:
                raise web.HTTPServiceUnavailable(text=str(error)) from None
            response = web.StreamResponse(headers={"Content-Length": str(copy.stat().st_size)})
            await response.prepare(request)
            with copy.open("rb") as opened:
                while chunk := await asyncio.to_thread(opened.read, CHUNK):
                    await response.write(chunk)
        return response


async def fetch_store(file: Path, to: Path) -> bool:
    """Copy the store of the running relay into a new file. False when none runs here. Raises ConfigError."""
    try:
        url, token = await asyncio.to_thread(_access, file)
    except ConfigError:
        return False
    headers = {"Authorization": f"Bearer {token}"}
    patience = aiohttp.ClientTimeout(sock_connect=TIMEOUT, sock_read=COPY_TIMEOUT)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience, headers=headers) as http,
            http.get(f"{url}/store", allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ConfigError(f"the relay refused ({response.status}): {(await response.text())[:200]}")
            with to.open("wb") as kept:
                async for chunk in response.content.iter_chunked(CHUNK):
                    await asyncio.to_thread(kept.write, chunk)
    except aiohttp.ClientConnectorError:
        return False
    except (TimeoutError, aiohttp.ClientError) as error:
        raise ConfigError(
            f"the relay that runs did not hand over what it has stored ({type(error).__name__})"
        ) from None
    return True


async def ctl(file: Path, words: str) -> str:
    """Have the running relay do what the words say. Raises NoneRuns when none runs here, and ConfigError."""
    url, token = await asyncio.to_thread(_access, file)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT), headers=headers) as http,
            http.post(f"{url}/control", json={"words": words}, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ConfigError(f"the relay refused ({response.status}): {(await response.text())[:200]}")
            return str((await response.json())["answer"])
    except aiohttp.ClientConnectorError:
        raise NoneRuns(f"no relay runs here; one that did left {file} behind: {_START}") from None
    except TimeoutError:
        raise ConfigError(f"the relay did not answer within {TIMEOUT:g} s: look at its log") from None
    except (aiohttp.ClientError, ValueError, KeyError, TypeError):
        raise ConfigError(f"what answers at {url} is no relay; {file} is of an older one: {_START}") from None


def _access(file: Path) -> tuple[str, str]:
    """Address and token of the running relay."""
    try:
        access = json.loads(file.read_text("utf-8"))
        return str(access["url"]), str(access["token"])
    except FileNotFoundError:
        raise NoneRuns(f"no relay with these settings runs here: {_START}") from None
    except OSError as error:
        raise ConfigError(f"{file}: only who runs the relay may control it this way ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"no relay runs here, and {file} is damaged: remove it, and {_START}") from None
