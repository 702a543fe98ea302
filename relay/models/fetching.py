"""Fetches a model: looks for room, brings its files, checks and unpacks them, and puts it in place in one step."""

import asyncio
import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import aiohttp

from relay.models.base import MEGABYTE, FetchProgress, Model, ModelError, ModelFile, Report, nobody
from relay.models.downloading import Download, Part, Patience
from relay.models.store import Contents, ModelStore, digest
from relay.models.unpacking import Unpacked

SPARE: Final = 50 * MEGABYTE
"""Bytes that stay free on the disk."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

T = TypeVar("T")


async def fetch(model: Model, store: ModelStore, report: Report = nobody, patience: Patience | None = None) -> Path:
    """The model's folder, at once when the model is here and none of it is missing.

    What has come before a failure or a cancellation is kept, and the next fetch goes on there; but the model is there
    whole and checked or not at all. Raises ModelError, and ModelInUse while another process fetches or uses it.
    """
    if model.name in store.names() and not await asyncio.to_thread(store.verify, model.name):
        return store.path(model.name)
    with store.change(model.name):
        try:
            return await _Fetch(model, store, report, patience or Patience()).run()
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise ModelError(f"the disk of {store.folder} is full: free some room, and fetch it again") from None
            raise ModelError(f"{error.filename or store.folder} cannot be written: {error.strerror}") from None


class _Fetch:
    def __init__(self, model: Model, store: ModelStore, report: Report, patience: Patience) -> None:
        self._model = model
        self._store = store
        self._report = report
        self._patience = patience
        self._folder = store.partly(model.name)

    async def run(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        parts = [Part(file, self._folder) for file in self._model.files]
        self._look_for_room(parts)
        checksums = {}
        fetched = 0
        async with aiohttp.ClientSession() as session:
            for part in parts:
                checksums[part.file.url] = await self._bring(session, part, fetched)
                fetched += part.size
        path = await self._put_in_place(parts, checksums)
        for file in self._model.files:
            if not file.sha256:
                self._store.pin(file.url, checksums[file.url])
        return path

    def _look_for_room(self, parts: list[Part]) -> None:
        left = sum(max(part.file.size - part.size, 0) for part in parts)
        needed = left + self._model.unpacked + SPARE
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise ModelError(
                f"{self._model.name} needs {needed / MEGABYTE:.0f} MB free in {self._store.folder}, and there are "
                f"{free / MEGABYTE:.0f} MB: free some room, or set relay.data_dir to a folder on another disk"
            )

    async def _bring(self, session: aiohttp.ClientSession, part: Part, before: int) -> str:
        """Fetch a file; its SHA-256, which is the expected one."""

        def tell(done: int) -> None:
            self._report(FetchProgress("fetching", before + done, self._model.size))

        expected = part.file.sha256 or self._store.pinned(part.file.url)
        while True:
            download = Download(session, part, self._patience, tell)
            found = await asyncio.to_thread(digest, await download.run())
            if not expected or found == expected:
                return found
            part.discard()
            if not download.was_resumed:
                raise _wrong(part.file, found, expected)

    async def _put_in_place(self, parts: list[Part], checksums: dict[str, str]) -> Path:
        fresh = self._folder / "unpacked"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        stop = threading.Event()
        limit = 2 * self._model.unpacked
        unpacked = Unpacked(fresh, limit, self._model.leaves_out, stop)

        def unpack() -> None:
            for part in parts:
                if part.file.is_archive:
                    unpacked.archive(part.whole)
                else:
                    unpacked.plain(part.whole, part.file.path or part.file.name)

        self._report(FetchProgress("unpacking", 0, self._model.unpacked))
        try:
            await _in_thread(unpack, stop)
            if not unpacked.files:
                raise ModelError(f"there is nothing in the archive of {self._model.name}")
            return self._store.put(self._model.name, fresh, Contents(checksums, unpacked.files))
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise


async def _in_thread(work: Callable[[], T], stop: threading.Event) -> T:
    """The same in a thread, which is told to stop and waited for when nobody wants it any more."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({running})
        running.exception()
        raise


def _wrong(file: ModelFile, found: str, expected: str) -> ModelError:
    return ModelError(
        f"what came from {file.url} is not what it has to be, and is deleted: its SHA-256 is {found}, not {expected}. "
        "Try again; if it stays so, the file was changed, by its publisher or on the way"
    )
