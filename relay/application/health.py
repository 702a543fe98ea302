"""Whether a process runs on this machine, and how it is, for `relay health`."""

import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Final, NamedTuple

from relay.application.heartbeat import ailment, condition
from relay.application.settings import whereabouts
from relay.config import OperationsSection
from relay.config.loading import Whereabouts, read
from relay.system.addresses import local_address
from relay.system.readiness import ALIVE

PATIENCE: Final = 5.0
"""Seconds a process that is alive may take to say so."""
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks without the proxy that this machine may have, which knows of other machines."""


class Probed(Whereabouts):
    """Where the probes are."""

    operations: OperationsSection = OperationsSection()


class Health(NamedTuple):
    is_alive: bool
    told: str
    """How it is, in a few lines."""


def health_of(file: Path | None, companion: str | None) -> Health:
    """By its probes where they are served, else by its sign of life. Raises ConfigError."""
    operations = read(Probed, file, {}).operations
    if operations.enabled and operations.port:
        return _asked(operations)
    sign_of_life = whereabouts(file, companion).heartbeat_file
    problem = ailment(sign_of_life, time.time())
    return Health(problem is None, problem or condition(sign_of_life) or "ok")


def _asked(operations: OperationsSection) -> Health:
    url = local_address(operations.host, operations.port)
    try:
        if _text(f"{url}/livez") != ALIVE:
            return Health(False, f"no relay runs here: another program answers at {url}")
        return Health(True, _text(f"{url}/readyz").strip())
    except (OSError, HTTPException) as error:
        return Health(False, f"no relay runs here, or it is stuck: {url}/livez does not answer ({error})")


def _text(url: str) -> str:
    """Also of an answer that says no."""
    try:
        with _DIRECT.open(url, timeout=PATIENCE) as answer:
            return str(answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.read().decode(errors="replace")
