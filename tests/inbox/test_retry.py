import logging
from typing import cast

import pytest

from relay.errors import ConfigError, InboxError
from relay.inbox.base import Inbox
from relay.inbox.retry import PatientNotes, with_retries


async def test_a_store_that_is_away_is_asked_again_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    problems = [InboxError("redis://here did not answer within 5 s")]

    async def ask(question: str) -> str:
        if problems:
            raise problems.pop()
        return f"the answer to {question}"

    with caplog.at_level(logging.WARNING):
        assert await with_retries(ask, "everything") == "the answer to everything"

    [line] = caplog.messages
    assert line.startswith("redis://here did not answer within 5 s; trying again in 0.")


async def test_what_a_person_has_to_mend_is_not_waited_for() -> None:
    async def ask() -> None:
        raise ConfigError("inbox.url: correct it")

    with pytest.raises(ConfigError):
        await with_retries(ask)


class AwayOnce:
    """Each call fails the first time."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self._failed: set[str] = set()

    def _fail_once(self, call: str) -> None:
        if call not in self._failed:
            self._failed.add(call)
            raise InboxError("redis://here did not answer within 5 s")

    async def get_note(self, name: str) -> str | None:
        self._fail_once("get")
        return self.notes.get(name)

    async def set_note(self, name: str, value: str) -> None:
        self._fail_once("set")
        self.notes[name] = value


async def test_notes_wait_for_a_store_that_is_away() -> None:
    notes = PatientNotes(cast(Inbox, AwayOnce()))

    await notes.set_note("quiet", "ann")
    assert await notes.get_note("quiet") == "ann"
