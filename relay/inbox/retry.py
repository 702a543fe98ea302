"""Asking a store that may be away for a while."""

import logging
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.errors import InboxError
from relay.inbox.base import Inbox
from relay.system.backoff import backoff
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
LONGEST_WAIT = 3.0
"""Seconds, at most, between two tries: a store that is back is noticed this soon."""


async def with_retries(call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the call returns, tried again for as long as it raises InboxError; so it must bear being repeated."""
    try:
        return await call(*args, **kwargs)  # as it nearly always goes: what tries again costs more than some calls
    except InboxError as error:
        failures = [error]

    async def again() -> T:
        if failures:
            raise failures.pop()
        return await call(*args, **kwargs)

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(InboxError),
        wait=backoff(0.1, LONGEST_WAIT),
        before_sleep=_note,
    )
    return await retrying(again)


class PatientNotes:
    """The notes of an inbox that may be away for a while: each call waits for it."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def get_note(self, name: str) -> str | None:
        """See Inbox."""
        return await with_retries(self._inbox.get_note, name)

    async def set_note(self, name: str, value: str) -> None:
        """See Inbox."""
        await with_retries(self._inbox.set_note, name, value)

    async def make_sure(self) -> None:
        """See Inbox."""
        await with_retries(self._inbox.make_sure)


def _note(state: RetryCallState) -> None:
    checkpoint()
    error = state.outcome.exception() if state.outcome else None
    log.warning("%s; trying again in %.1f s", error, state.upcoming_sleep)
