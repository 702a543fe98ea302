import asyncio
from collections.abc import AsyncIterator

import pytest

from relay.errors import ConfigError
from tests.benchmarks import voxta as bench
from tests.benchmarks.voxta import Meeting, meet, run
from tests.doubles.voxta import VoxtaDouble
from tests.support import PATIENCE


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine is decides no verdict."""
    monkeypatch.setattr(bench, "LIMIT", PATIENCE)


async def test_it_tells_of_each_kind_of_server_whether_it_was_joined_and_answers_and_how_fast() -> None:
    figures = await run(["default", "patchy sound"])

    assert (figures.servers, figures.joined, figures.answered) == (2, 2, 2)
    assert list(figures.switches) == ["default", "patchy sound"]
    for meeting in figures.switches.values():
        assert meeting.joined and meeting.answered
        assert meeting.join_ms and meeting.answer_ms


async def test_a_server_that_does_not_answer_the_second_question_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def once(said: str) -> AsyncIterator[str]:
        if "question 1?" in said:
            yield "Yes."
            monkeypatch.setattr(bench, "LIMIT", 0.1)
        else:
            await asyncio.Event().wait()

    async with VoxtaDouble() as server:
        server.script = once
        meeting = await meet(server)

    assert meeting.joined and meeting.answer_ms is not None
    assert not meeting.answered


async def test_a_server_that_is_not_there_is_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "LIMIT", 0.1)
    async with VoxtaDouble() as server:
        await server.stop()
        meeting = await meet(server)
        await server.start()

    assert meeting == Meeting(joined=False, answered=False, join_ms=None, answer_ms=None)


async def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no 'nonsense'; there are: default, "):
        await run(["nonsense"])
