"""The settings file as the guided set-up reads and changes it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pydantic import SecretStr

from relay.application.restarts import LiveRun
from relay.application.settings.catalogue import as_toml
from relay.application.settings.file import Signature, signature
from relay.config.loading import Config
from relay.errors import ConfigError, SecretsLocked
from relay.guide import Changes


class KeptSettings:
    """Implements SettingsKeeper. What the run has counts while its file cannot be read."""

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._file = run.file
        self._stamped: Signature | None = None
        """The files that were read last, or could not be."""
        self._read: Config | None = None
        """What they say; None where they cannot be read."""
        self._reading: asyncio.Task[None] | None = None

    def coming(self, told: Callable[[], None]) -> Config:
        """See SettingsKeeper. Read anew only when a file has changed."""
        if self._stamped != signature(self._file.path) and self._reading is None:
            self._reading = asyncio.create_task(self._read_anew(told), name="settings")
        return self._read or self._run.config

    async def newest(self) -> Config:
        """See SettingsKeeper."""
        files = signature(self._file.path)
        if self._stamped != files or self._read is None:
            try:
                self._stamped, self._read = files, await asyncio.to_thread(self._file.load)
            except ConfigError as error:
                self._stamped, self._read = files, None
                if isinstance(error, SecretsLocked):
                    raise
        return self._read or self._run.config

    async def _read_anew(self, told: Callable[[], None]) -> None:
        try:
            with suppress(SecretsLocked):
                await self.newest()
        finally:
            self._reading = None
        told()

    def differ(self) -> bool:
        """See SettingsKeeper."""
        return self._read is not None and self._read != self._run.config

    async def save(self, changes: Changes) -> None:
        """See SettingsKeeper. What is so already is not written, so that usual settings stay unwritten."""
        now = await self.newest()
        values = {key: value for key, value in changes.items() if not _is(now, key, value)}
        if values:
            await self._file.set(
                {key: as_toml(key, value) if isinstance(value, dict) else value for key, value in values.items()}
            )


def _is(config: Config, key: str, value: object) -> bool:
    section, _, name = key.partition(".")
    now = getattr(getattr(config, section), name)
    if isinstance(now, SecretStr):
        return now.get_secret_value() == value
    return bool(now == (tuple(value) if isinstance(value, list) else value))
