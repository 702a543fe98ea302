"""Logging in to a Voxta server by device code, and the key that comes of it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
from pydantic import SecretStr

from relay.config import VoxtaSection
from relay.errors import AuthError, ConfigError, ProtocolError, VoxtaUnavailable
from relay.guide import DeviceCode, ShowCode, at_terminal
from relay.system.private_files import write_private
from relay.voxta.authentication import APP

CLIENT_ID: Final = "voxta"
"""What all published clients call themselves here; who is asking is told by the label."""
LABEL: Final = "Voxta Relay"
POLL_EVERY: Final = 1.0
"""Seconds between two looks whether the code was confirmed, as published clients do."""
PATIENCE: Final = 900
"""Looks after which nobody will confirm the code any more."""
_FEW_RIGHTS: Final = (
    f"Voxta gives no such rights to apps: asking for {APP[0]} alone. The relay can then only talk in chats that it "
    'opens itself (join = "character" in [voxta]).'
)

Say = Callable[[str], None]


async def log_in(
    settings: VoxtaSection, file: Path, say: Say, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """The same as `log_in_by_code` for somebody at a terminal: `say` is called with each line for them."""
    await at_terminal(lambda show: log_in_by_code(settings, file, show, sleep=sleep), say)
    say(f"The key works. It is kept in {file}; `relay run` uses it unless voxta.api_key is set.")


async def log_in_by_code(
    settings: VoxtaSection, file: Path, show: ShowCode, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Let a person confirm a code in Voxta, try the key that is made then, and keep it.

    `show` is called with the code for them. Raises AuthError when nobody confirmed it or the key is not good,
    VoxtaUnavailable when the server does not answer, ConfigError when the key cannot be kept.
    """
    limits = aiohttp.ClientTimeout(total=settings.timeout)
    async with aiohttp.ClientSession(timeout=limits) as http:
        server = _Server(http, settings.url.rstrip("/"))
        code, device_code = await server.code(settings.scope)
        show(code)
        key = await _confirmed(server, device_code, sleep)
        await server.test(key)
    _save(file, server.url, key)


async def _confirmed(server: "_Server", device_code: str, sleep: Callable[[float], Awaitable[None]]) -> str:
    for _ in range(PATIENCE):
        await sleep(POLL_EVERY)
        if (key := await server.poll(device_code)) is not None:
            return key
    raise AuthError("nobody confirmed the code: run `relay auth voxta` again")


class _Server:
    """The calls of a login."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.url = url

    async def code(self, scope: tuple[str, ...]) -> tuple[DeviceCode, str]:
        """A code to confirm, for the scope that is wanted or the least there is, and what to ask for the key with."""
        note = ""
        status, answer = await self._post("/api/device/code", _asked(scope))
        if status == 400 and scope != APP:
            note = _FEW_RIGHTS
            status, answer = await self._post("/api/device/code", _asked(APP))
        names = ("user_code", "verification_url", "device_code")
        if status != 200 or not all(isinstance(answer.get(name), str) and answer[name] for name in names):
            raise ProtocolError(f"Voxta at {self.url} offers no login by code ({status}): set voxta.api_key instead")
        minutes = round(PATIENCE * POLL_EVERY / 60)
        code = DeviceCode(address=answer["verification_url"], code=answer["user_code"], minutes=minutes, note=note)
        return code, answer["device_code"]

    async def poll(self, device_code: str) -> str | None:
        """The key; None while nobody has confirmed the code."""
        status, answer = await self._post("/api/device/poll", {"device_code": device_code})
        if status == 400:
            raise AuthError("the code was refused or ran out: run `relay auth voxta` again")
        key = answer.get("token")
        return key if isinstance(key, str) and key else None

    async def test(self, key: str) -> None:
        status, _ = await self._post("/api/auth/test", None, {"Authorization": f"Bearer {key}"})
        if status >= 300:
            raise AuthError(f"Voxta made a key and does not take it ({status}): run `relay auth voxta` again")

    async def _post(
        self, path: str, body: dict[str, str] | None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with self._http.post(f"{self.url}{path}", json=body, headers=headers) as response:
                if response.status >= 500:
                    raise VoxtaUnavailable(f"Voxta at {self.url} failed at {path} ({response.status})")
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise VoxtaUnavailable(f"Voxta at {self.url} cannot be reached: {type(error).__name__}") from None
        try:
            answer = json.loads(text) if text else {}
        except ValueError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}


def _asked(scope: tuple[str, ...]) -> dict[str, str]:
    return {"client_id": CLIENT_ID, "scope": " ".join(scope), "label": LABEL}


def _save(file: Path, url: str, key: str) -> None:
    try:
        write_private(file, json.dumps({"url": url, "token": key}))
    except OSError as error:
        raise ConfigError(f"voxta.token_file {file} cannot be written: {error.strerror}") from None


def saved_key(file: Path, url: str) -> SecretStr | None:
    """The key of an earlier login to this server; None when there was none. Raises ConfigError when it is damaged."""
    try:
        data = json.loads(file.read_text("utf-8"))
        known, key = data["url"], data["token"]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"voxta.token_file {file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"voxta.token_file {file} is damaged; delete it and run `relay auth voxta`") from None
    return SecretStr(str(key)) if known == url.rstrip("/") else None
