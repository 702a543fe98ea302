import logging

import pytest

from relay.errors import ConfigError, InboxError
from relay.inbox.retry import with_retries


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
