"""The login's tokens: kept in one private file, and kept out of every log line and error."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from relay.errors import AuthError, ConfigError
from relay.system.private_files import write_private
from relay.system.stamps import Stamp, stamp

_SECRETS = re.compile(
    r"(?P<name>(?:client_secret|refresh_token|access_token|device_code|token)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]{6,}"
    r"|(?P<scheme>(?:Bearer|OAuth) )[^\s&\"',}]{12,}",
    re.IGNORECASE,
)
_known: set[str] = set()
LOOK_EVERY = 1.0
"""Seconds between two looks whether somebody has logged in again."""


def redact(text: str) -> str:
    """The text with every token and secret replaced by `***`."""
    for secret in _known:
        text = text.replace(secret, "***")
    return _SECRETS.sub(lambda found: (found["name"] or found["scheme"]) + "***", text)


def keep_secret(*secrets: str) -> None:
    """From now on `redact` knows these values wherever they appear."""
    _known.update(secret for secret in secrets if len(secret) >= 6)


class Redaction(logging.Filter):
    """Rewrites log records, tracebacks included; TwitchIO's errors hold whole URLs with secrets in the query."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


@contextmanager
def redacted_logs() -> Iterator[None]:
    """Redact what TwitchIO, and asyncio about TwitchIO's background tasks, write to the log meanwhile."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in ("twitchio", "asyncio")]
    loggers = [logging.getLogger(name) for name in names]
    redaction = Redaction()
    for logger in loggers:
        logger.addFilter(redaction)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(redaction)


@dataclass(frozen=True)
class Token:
    """A user's access token with the refresh token that renews it, which with a device login works only once."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


class TokenFile:
    """One login on disk. A half-written file can never replace a good one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unsaved: Token | None = None
        self._known_as: Stamp | None = None

    @property
    def is_newer(self) -> bool:
        """Whether somebody else has written it since it was loaded or saved here: a person who logged in again."""
        return stamp(self._path) != self._known_as

    async def renewed(self) -> None:
        """Return when it is newer."""
        while not self.is_newer:  # noqa: ASYNC110 - a file has no event to offer on every system
            await asyncio.sleep(LOOK_EVERY)

    def load(self) -> Token:
        """Raises AuthError when there is no login yet, ConfigError when the file cannot be read."""
        if self._unsaved is not None and not self.is_newer:
            return self._unsaved
        self._unsaved, self._known_as = None, stamp(self._path)
        try:
            data = json.loads(self._path.read_text("utf-8"))
            token = Token(str(data["access_token"]), str(data["refresh_token"]))
        except FileNotFoundError:
            raise AuthError(f"not logged in to Twitch: there is no {self._path}; run `relay auth twitch`") from None
        except OSError as error:
            raise ConfigError(f"twitch.token_file {self._path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f"twitch.token_file {self._path} is damaged; delete it and run `relay auth twitch`"
            ) from None
        keep_secret(token.access, token.refresh)
        return token

    def save(self, token: Token) -> None:
        """Replace the file in one step, readable by its owner only.

        Raises ConfigError when that fails; `load` then still knows the token, and `save_again` tries it once more.
        """
        keep_secret(token.access, token.refresh)
        self._unsaved, self._known_as = token, stamp(self._path)
        try:
            write_private(self._path, json.dumps({"access_token": token.access, "refresh_token": token.refresh}))
        except OSError as error:
            raise ConfigError(f"twitch.token_file {self._path} cannot be written: {error.strerror}") from None
        self._unsaved, self._known_as = None, stamp(self._path)

    def save_again(self) -> None:
        """Write what could not be written, unless somebody else has written since. Raises as `save` does."""
        if self._unsaved is not None and not self.is_newer:
            self.save(self._unsaved)
