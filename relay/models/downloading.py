"""One file of a model from where it is published: what has come is kept, and the rest is asked for."""

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type

from relay import __version__
from relay.models.base import MEGABYTE, ModelError, ModelFile

PIECE: Final = 2**18
REDIRECTS: Final = 5
EXCESS: Final = 2**20
"""Bytes that more may come than the catalogue says."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take, in seconds."""

    connect: float = 15.0
    silence: float = 30.0
    """Without a byte."""
    tries: int = 5
    """Times in a row that the connection may break with nothing new."""
    wait: float = 1.0
    """Before the second try, at most; doubled after each that brought nothing new."""


class _Broken(ModelError):
    """It broke off, and may go on."""

    retryable = True


class Part:
    """What has come of a file, and beside it what is known of where it came from."""

    def __init__(self, file: ModelFile, folder: Path) -> None:
        self.file = file
        self.whole = folder / file.name
        """The file once all of it is there."""
        self.path = folder / f"{file.name}.part"
        self._note = folder / f"{file.name}.json"
        self._of = f"{file.url} {file.sha256}"

    @property
    def size(self) -> int:
        return next((path.stat().st_size for path in (self.whole, self.path) if path.exists()), 0)

    def validator(self) -> str | None:
        """What tells the server which version of the file the part is of; "" when it told none, None when the part is
        of another file."""
        try:
            known = json.loads(self._note.read_bytes())
            return str(known["validator"]) if known["of"] == self._of else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self, headers: Mapping[str, str]) -> None:
        """Nothing has come yet, of a file whose answer had these headers."""
        etag = headers.get("ETag", "")
        validator = headers.get("Last-Modified", "") if etag.startswith("W/") else etag
        self.path.unlink(missing_ok=True)
        self._note.write_text(json.dumps({"of": self._of, "validator": validator}), "utf-8")

    def finish(self) -> Path:
        self.path.replace(self.whole)
        return self.whole

    def discard(self) -> None:
        for path in (self._note, self.path, self.whole):
            path.unlink(missing_ok=True)


class Download:
    """Brings a part to its end, over broken connections, also of other processes before."""

    def __init__(
        self, session: aiohttp.ClientSession, part: Part, patience: Patience, report: Callable[[int], None]
    ) -> None:
        """`report` is told how many bytes there are."""
        self._session = session
        self._part = part
        self._patience = patience
        self._report = report
        self._fruitless = 0
        self.was_resumed = False
        """Whether some of it came in an earlier answer than the rest."""

    async def run(self) -> Path:
        """The whole file. Raises ModelError, and OSError where it cannot be written; what has come stays."""
        part = self._part
        if part.validator() is None:
            part.discard()
        if part.whole.exists():
            self.was_resumed = True
            return part.whole
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(_Broken),
            stop=lambda _: self._fruitless >= self._patience.tries,
            wait=lambda _: self._patience.wait * 2**self._fruitless * random.uniform(0.5, 1.0),
            reraise=True,
        ):
            with attempt:
                await self._try()
        return part.finish()

    async def _try(self) -> None:
        before = self._part.size
        self._fruitless += 1
        try:
            await self._ask(before)
        except (aiohttp.InvalidURL, aiohttp.TooManyRedirects) as error:
            raise ModelError(f"{self._host} leads nowhere: {type(error).__name__}") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            if self._part.size > before:
                self._fruitless = 0
            reason = "said nothing for too long" if isinstance(error, TimeoutError) else f"broke off ({error})"
            raise _Broken(
                f"{self._host} {reason}; {self._part.size / MEGABYTE:.1f} MB are here, and the next fetch goes on there"
            ) from None

    async def _ask(self, have: int) -> None:
        headers = {"Accept-Encoding": "identity", "User-Agent": f"voxta-relay/{__version__}"}
        validator = self._part.validator()
        if have and not validator and not self._part.file.sha256:
            have = 0  # nobody could tell whether the rest is of the same file
        if have:
            headers |= {"Range": f"bytes={have}-"} | ({"If-Range": validator} if validator else {})
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._patience.connect, sock_read=self._patience.silence
        )
        async with self._session.get(
            self._part.file.url, headers=headers, timeout=timeout, max_redirects=REDIRECTS
        ) as answer:
            await self._take(answer, self._begins_at(answer, have))

    def _begins_at(self, answer: aiohttp.ClientResponse, have: int) -> int:
        """Where in the file the answer begins. Raises ModelError when it is none that helps."""
        if self._part.file.url.startswith("https:") and answer.url.scheme != "https":
            raise ModelError(f"{self._host} leads to {answer.url.host} without encryption: it is not followed")
        if answer.status in (408, 416, 425, 429) or answer.status >= 500:
            if answer.status == 416:  # there is no such rest, so it is another file now
                self._part.discard()
            raise _Broken(f"{self._host} answered {answer.status}; try again later")
        if answer.status not in (200, 206) or answer.content_type == "text/html":
            raise ModelError(
                f"{self._host} answered {answer.status} ({answer.content_type}) and no model: {self._part.file.url}"
            )
        if answer.status == 200:
            return 0
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            self._part.discard()
            raise _Broken(f"{self._host} sent another part than the one that was asked for")
        return have

    async def _take(self, answer: aiohttp.ClientResponse, start: int) -> None:
        if start == 0:
            self._part.begin(answer.headers)
        self.was_resumed = start > 0
        limit = self._part.file.size + EXCESS
        with self._part.path.open("ab") as out:

            def keep(piece: bytes) -> None:
                out.write(piece)
                out.flush()

            async for piece in answer.content.iter_chunked(PIECE):
                start += len(piece)
                if start > limit:
                    raise ModelError(f"{self._host} sends more than {limit / MEGABYTE:.1f} MB, which is not this model")
                await asyncio.to_thread(keep, piece)
                self._report(start)

    @property
    def _host(self) -> str:
        return urlsplit(self._part.file.url).hostname or "the address"
