"""Who brings wrong tokens again and again waits longer for each answer."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from relay.system.bounded import remember

FREE: Final = 5
"""Wrong tokens of an address that are answered at once: people paste half of one, and old pages come again."""
FIRST: Final = 0.5
"""Seconds the next one waits; each further one twice as long."""
LONGEST: Final = 10.0
"""Seconds any of them waits."""
FORGOTTEN: Final = 600.0
"""Seconds without a wrong one after which an address begins anew."""
REMEMBERED: Final = 1_000
"""Addresses remembered; the one that was quiet for longest is forgotten first."""


class WrongTokens:
    """Counts by address. A right token is never kept waiting: behind a tunnel everybody has the same address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_after(self, address: str) -> float:
        """One more came from there: how many seconds its answer has to wait."""
        now, origin = self._clock(), _network(address)
        count, last = self._seen.get(origin, (0, now))
        count = 1 if now - last > FORGOTTEN else count + 1
        remember(self._seen, origin, (count, now), REMEMBERED)
        return 0.0 if count <= FREE else float(min(LONGEST, FIRST * 2 ** min(count - FREE - 1, 16)))


def _network(address: str) -> str:
    """What one household has: an IPv4 address, or all of an IPv6 network of 64 bits."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
    return str(known)
