"""The app trigger that apps are at work on, and what is said next waits for. Every wait ends."""

import asyncio
import logging
import uuid
from collections.abc import Callable

log = logging.getLogger(__name__)


class QueuedTrigger:
    """One at a time. `over` is called when an app says that it is done, or when none did for `patience` seconds."""

    def __init__(self, over: Callable[[], None], patience: float) -> None:
        self._over = over
        self._patience = patience
        self._id: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_pending(self) -> bool:
        return self._id is not None

    def begin(self) -> str:
        """The id of a trigger that is sent now."""
        self.drop()
        self._id = str(uuid.uuid4())
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._expire)
        return self._id

    def completed(self, trigger_id: str) -> None:
        """An app is done with a trigger; one that nobody waits for means nothing."""
        if trigger_id == self._id:
            self.drop()
            self._over()

    def drop(self) -> None:
        """Nobody waits for it any more."""
        self._id = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        log.warning("No app said within %g s that a queued trigger was done; the chat goes on", self._patience)
        self.drop()
        self._over()
