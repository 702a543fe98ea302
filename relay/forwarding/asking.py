"""What goes to Voxta beside the queue."""

import time
from collections.abc import Callable

from relay.errors import VoxtaError
from relay.model import Forward
from relay.speech.floor import Floor
from relay.voxta.link import Link


async def ask_at_once(
    forward: Forward,
    link: Link,
    floor: Floor,
    *,
    asking: Callable[[Forward], None],
    freed: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Send what will be answered and was in no queue. Raises VoxtaError, and the floor is free then."""
    floor.asked(clock())
    asking(forward)
    try:
        await link.send(forward)
    except VoxtaError:
        floor.released()
        freed()
        raise
