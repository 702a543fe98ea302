"""The local servers of the tests, which play Twitch, Discord and Voxta: in a checkout, and not in the wheel."""

import importlib
import sys
from pathlib import Path
from typing import Any

import relay
from relay.errors import ConfigError


def double(name: str) -> Any:
    """The module `tests.doubles.<name>`. Raises ConfigError where there are no tests."""
    checkout = Path(relay.__file__).parents[1]
    if not (checkout / "tests" / "doubles" / name.partition(".")[0]).is_dir():
        raise ConfigError(f"this bench plays {name.partition('.')[0].capitalize()} itself: run it in a checkout")
    if sys.path[0] != str(checkout):  # some packages bring `tests` of their own
        sys.path.insert(0, str(checkout))
    return importlib.import_module(f"tests.doubles.{name}")
