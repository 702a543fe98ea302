"""Text that people write, as the editors and shells of every system save it."""

import codecs
from pathlib import Path

from relay.errors import ConfigError


def text_in(path: Path) -> str:
    """What the file says. Raises FileNotFoundError, and ConfigError where it is there and cannot be read."""
    text, _ = _read(path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encoding_of(path: Path) -> str:
    """By which the file is read as text, where it is there. Raises ConfigError where it is no text."""
    try:
        return _read(path)[1]
    except FileNotFoundError:
        return "utf-8"


def _read(path: Path) -> tuple[str, str]:
    """Its text and its encoding: older editors and shells of Windows write UTF-16, and begin with its mark."""
    try:
        content = path.read_bytes()
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if is_wide else "utf-8-sig"
        text = content.decode(encoding)
    except FileNotFoundError:
        raise
    except UnicodeDecodeError:
        raise _unreadable(path) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if "\0" in text:
        raise _unreadable(path)
    return text, encoding


def _unreadable(path: Path) -> ConfigError:
    return ConfigError(f"{path}: this is not text in UTF-8; save it as UTF-8, as editors offer")
