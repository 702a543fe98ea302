"""Fetches what Voxta speaks, ahead of the moment when it is heard."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractCookieJar
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random
from yarl import URL

from relay.config import SpeechSection, VoxtaSection
from relay.errors import NothingToHear, RelayError, SpeechError
from relay.speech.base import Clip

MAX_BYTES: Final = 32_000_000
"""Of one clip; two minutes of uncompressed stereo at 48 kHz are 23 million."""
ATTEMPTS: Final = 2
OWN_VOICE: Final = "relay:voice"
"""The address of a sentence for which Voxta sends no sound."""


class Clips:
    """Makes clips of addresses. `run` holds the connections; `fetch` works while it runs."""

    def __init__(
        self,
        settings: SpeechSection,
        voxta: VoxtaSection,
        url: str,
        *,
        cookies: Callable[[], AbstractCookieJar | None] = lambda: None,
        voice: Callable[[str], Awaitable[bytes]] | None = None,
    ) -> None:
        """`url` is where Voxta is; only there go its key and the `cookies` of the connection to it.

        `voice` reads what has OWN_VOICE for its address; what it has no sound for raises NothingToHear.
        """
        self._settings = settings
        self._voxta = voxta
        self._url = url
        self._cookies = cookies
        self._voice = voice
        self._http: asyncio.Future[aiohttp.ClientSession] | None = None

    async def run(self) -> None:
        """Hold the connections until cancelled."""
        if self._settings.enabled:
            await asyncio.to_thread(_load)  # before the first sentence waits for it
        limits = aiohttp.ClientTimeout(total=self._settings.timeout)
        async with aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar()) as http:
            self._session().set_result(http)
            try:
                await asyncio.Event().wait()
            finally:
                self._http = None

    async def fetch(self, url: str, message_id: str, text: str) -> Clip:
        """The clip at an address, absolute or relative to Voxta's. Raises SpeechError."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                data = await (self._read(text) if url == OWN_VOICE else self._download(url))
                pcm = await asyncio.to_thread(_prepared, data, self._settings.loudness)
        except TimeoutError:
            raise SpeechError(f"the audio did not arrive within {self._settings.timeout:g} s") from None
        return Clip(id=secrets.token_urlsafe(16), message_id=message_id, text=text.strip(), pcm=pcm)

    async def _read(self, text: str) -> bytes:
        """The sentence in our own voice."""
        try:
            data = await self._voice(text) if self._voice is not None else b""
        except RelayError as error:
            raise SpeechError(str(error)) from None
        if not data:
            raise NothingToHear("there is nothing to hear")
        return data

    async def _download(self, url: str) -> bytes:
        http = await asyncio.shield(self._session())
        again = AsyncRetrying(
            retry=retry_if_exception_type(aiohttp.ClientConnectionError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random(0.05, 0.2),
            reraise=True,
        )
        try:
            return await again(self._get, http, urljoin(f"{self._url}/", url))
        except (aiohttp.ClientError, ValueError) as error:
            raise SpeechError(f"the audio cannot be had: {type(error).__name__}") from None

    async def _get(self, http: aiohttp.ClientSession, address: str) -> bytes:
        async with http.get(address, headers=self._headers(address), allow_redirects=False) as response:
            if response.status != 200:
                raise SpeechError(f"Voxta answered {response.status} instead of audio")
            data = bytearray()
            async for piece in response.content.iter_any():
                data += piece
                if len(data) > MAX_BYTES:
                    raise SpeechError(f"the audio is longer than {MAX_BYTES} bytes")
        return bytes(data)

    def _headers(self, address: str) -> dict[str, str]:
        """Who we are, for Voxta alone."""
        if urlsplit(address)[:2] != urlsplit(self._url)[:2]:
            return {}
        headers = {"Accept": "audio/x-wav, audio/wav;q=0.9, audio/mpeg;q=0.8"}
        if self._voxta.api_key is not None:
            headers["Authorization"] = f"Bearer {self._voxta.api_key.get_secret_value()}"
        if (jar := self._cookies()) is not None:
            cookies = jar.filter_cookies(URL(address))
            headers["Cookie"] = "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())
        return headers

    def _session(self) -> "asyncio.Future[aiohttp.ClientSession]":
        if self._http is None:
            self._http = asyncio.get_running_loop().create_future()
        return self._http


def _load() -> None:
    """What makes samples of sound takes 0.2 s and 25 MB to load: never on the event loop, nor for chat alone."""
    import relay.speech.audio  # noqa: F401


def _prepared(data: bytes, target: float) -> bytes:
    from relay.speech.audio import prepare

    return prepare(data, target)
