import pytest

from tests.benchmarks import store_memory as bench


async def test_measures_messages_and_companions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "COMPANIONS", 10)

    figures = await bench.run(messages=1_000)

    assert figures.payload < figures.waiting_among_many < figures.waiting_alone
    assert figures.settled > figures.payload and figures.companion > 0
