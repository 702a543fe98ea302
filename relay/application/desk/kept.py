"""The settings file as the guided set-up reads and changes it."""

from pydantic import SecretStr

from relay.application.restarts import LiveRun
from relay.application.settings.catalogue import as_toml
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.guide import Changes

_Stamp = tuple[tuple[int, int] | None, ...]


class KeptSettings:
    """Implements SettingsKeeper. What the run has counts while its file cannot be read."""

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._file = run.file
        self._read: tuple[_Stamp, Config] | None = None

    def coming(self) -> Config:
        """See SettingsKeeper. Read anew only when a file has changed."""
        stamp = self._stamp()
        if self._read is None or self._read[0] != stamp:
            try:
                self._read = (stamp, self._file.load())
            except ConfigError:
                self._read = (stamp, self._run.config)
        return self._read[1]

    def differ(self) -> bool:
        """See SettingsKeeper."""
        return self.coming() != self._run.config

    async def save(self, changes: Changes) -> None:
        """See SettingsKeeper. What is so already is not written, so that usual settings stay unwritten."""
        now = self.coming()
        values = {key: value for key, value in changes.items() if not _is(now, key, value)}
        if values:
            await self._file.set(
                {key: as_toml(key, value) if isinstance(value, dict) else value for key, value in values.items()}
            )

    def _stamp(self) -> _Stamp:
        stamps: list[tuple[int, int] | None] = []
        for path in (self._file.path, self._file.secrets.file):
            try:
                stat = path.stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((stat.st_mtime_ns, stat.st_size))
        return tuple(stamps)


def _is(config: Config, key: str, value: object) -> bool:
    section, _, name = key.partition(".")
    now = getattr(getattr(config, section), name)
    if isinstance(now, SecretStr):
        return now.get_secret_value() == value
    return bool(now == (tuple(value) if isinstance(value, list) else value))
