"""Secrets that were set on the page: in the system's keyring where a working one is there, else in a private file.

Which are where stands in that file, so that no keyring is asked (and nobody for its password) unless it has something.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from relay.config.environment import set_outside
from relay.errors import ConfigError, SecretsGone, SecretsLocked
from relay.system.private_files import write_private
from relay.system.threads import Threads

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE: Final = 25.0
"""Seconds that a keyring has for an answer, as somebody may have to type its password; less than an action may take."""


class Secrets:
    """Those that belong to one settings file, by key, such as `obs.password`."""

    def __init__(self, settings: Path) -> None:
        self._settings = settings
        self.file = settings.with_name(f"{settings.stem}.secrets.json")
        self._service = f"voxta-relay {settings.absolute()}"

    def read(self) -> dict[str, str]:
        """All that count: a keyring, which may be locked, is not asked for what the environment sets.

        Raises ConfigError, of which SecretsLocked.
        """
        in_file, in_keyring = self._index()
        wanted = [key for key in in_keyring if set_outside(tuple(key.split(".")), self._settings) is None]
        return in_file | {key: self.ask(key) for key in wanted}

    def ask(self, key: str) -> str:
        """The one that the keyring has, whether or not it counts. Raises ConfigError, as SecretsLocked for what may
        be there."""
        import keyring

        try:
            value = _InTime()(keyring.get_password, self._service, key)
        except Exception as error:  # backends raise whatever their libraries do
            raise SecretsLocked(
                f"{key} is in the system's keyring, which cannot be asked "
                f"({str(error) if isinstance(error, TimeoutError) else type(error).__name__}): unlock it, or set "
                f"{key} in the environment"
            ) from None
        if value is None:
            raise SecretsGone(
                f"{key} is not in the system's keyring any more: take it out of {self.file} and set it again"
            )
        return value

    def kept(self) -> set[str]:
        """Which are kept here. Raises ConfigError."""
        in_file, in_keyring = self._index()
        return {*in_file, *in_keyring}

    def keep(self, values: Mapping[str, str | None]) -> None:
        """Keep these as well; None forgets one. Raises ConfigError."""
        if not values:
            return
        in_file, in_keyring = self._index()
        keyring, in_time = working_keyring() if any(values.values()) else None, _InTime()
        for key, value in values.items():
            if value is not None and keyring is not None and self._kept(keyring, key, value, in_time):
                in_keyring.add(key)
                in_file.pop(key, None)
                continue
            if key in in_keyring:
                self._forget(key, in_time)
                in_keyring.discard(key)
            if value is not None:
                in_file[key] = value
            else:
                in_file.pop(key, None)
        self._write(in_file, in_keyring)

    def forget(self) -> list[str]:
        """Take all of them out, and tell which. Raises ConfigError, as SecretsLocked while the keyring cannot be asked,
        and nothing is changed then."""
        _, in_keyring = self._index()
        for key in in_keyring:
            with suppress(SecretsGone):
                self.ask(key)
        kept = sorted(self.kept())
        self.keep(dict.fromkeys(kept))
        return kept

    def where(self) -> str:
        """Where they are, for people. Raises ConfigError."""
        in_file, in_keyring = self._index()
        if in_keyring:
            return f"in the system's keyring, as {self._service!r}" + (f", and in {self.file}" if in_file else "")
        return str(self.file) if in_file else "none are kept beside the settings"

    def _index(self) -> tuple[dict[str, str], set[str]]:
        try:
            data = json.loads(self.file.read_text("utf-8"))
            return {str(key): str(value) for key, value in data["file"].items()}, set(map(str, data["keyring"]))
        except FileNotFoundError:
            return {}, set()
        except OSError as error:
            raise ConfigError(f"{self.file}: cannot be read ({error.strerror}): it is for whoever set it") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(f"{self.file} is damaged: remove it, and set the secrets again") from None

    def _write(self, in_file: dict[str, str], in_keyring: set[str]) -> None:
        try:
            if in_file or in_keyring:
                write_private(self.file, json.dumps({"file": in_file, "keyring": sorted(in_keyring)}, indent=1))
            else:
                self.file.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.file}: cannot be written: {error.strerror}") from None

    def _kept(self, keyring: Any, key: str, value: str, in_time: "_InTime") -> bool:
        """Whether the keyring took it; one that is locked or full does not, and the file has it then."""
        try:
            in_time(keyring.set_password, self._service, key, value)
            return bool(in_time(keyring.get_password, self._service, key) == value)
        except Exception:  # backends raise whatever their libraries do
            return False

    def _forget(self, key: str, in_time: "_InTime") -> None:
        import keyring

        try:
            in_time(keyring.delete_password, self._service, key)
        except Exception:  # it is gone already, or cannot be reached: nothing reads it any more
            return


class _InTime:
    """Asks a keyring; once it waits for its password, which may be for ever, it is asked nothing more."""

    def __init__(self) -> None:
        self._waits = False

    def __call__(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What it answers. Raises TimeoutError where it waits."""
        if self._waits:
            raise TimeoutError
        try:
            return Threads().submit(ask, *args, **kwargs).result(PATIENCE)
        except TimeoutError:
            self._waits = True
            raise TimeoutError(f"no answer within {PATIENCE:g} s") from None


def working_keyring() -> Any:
    """The system's keyring; None where there is none that keeps anything."""
    import keyring

    try:
        found = keyring.get_keyring()
        is_working = type(found).__module__ not in ("keyring.backends.fail", "keyring.backends.null")
        return found if is_working and found.priority > 0 else None
    except Exception:  # backends raise whatever their libraries do
        return None
