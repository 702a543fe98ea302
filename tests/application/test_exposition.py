"""What one process with several companions tells Prometheus."""

import asyncio
from contextlib import ExitStack

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from relay.application.exposition import Exposition
from relay.application.processes.measures import StreamLengths
from relay.system.readiness import Readiness
from tests.support import PATIENCE


class Counted:
    """A companion of which one thing is measured."""

    def __init__(self, heard: int) -> None:
        self.registry = CollectorRegistry()
        self.looks = 0
        Counter("relay_received", "Messages.", ["platform"], registry=self.registry).labels("twitch").inc(heard)

    async def look(self) -> None:
        self.looks += 1


async def values(exposition: Exposition, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    families = text_string_to_metric_families((await exposition.text()).decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(sorted(sample.labels.items())): sample.value for sample in samples}


async def test_each_companion_is_told_apart_and_each_metric_described_once() -> None:
    exposition = Exposition(Readiness())
    with exposition.telling_of("ann", Counted(3)), exposition.telling_of("ben", Counted(4)):
        assert await values(exposition, "relay_received_total") == {
            (("companion", "ann"), ("platform", "twitch")): 3,
            (("companion", "ben"), ("platform", "twitch")): 4,
        }
        assert (await exposition.text()).count(b"# TYPE relay_received_total") == 1


async def test_a_companion_that_is_gone_is_told_of_no_more() -> None:
    exposition, ann = Exposition(Readiness()), Counted(3)
    with exposition.telling_of("ann", ann):
        await exposition.text()

    assert await values(exposition, "relay_received_total") == {}
    assert ann.looks == 1


async def test_conditions_and_leading_are_told_as_they_are_now() -> None:
    readiness = Readiness()
    exposition = Exposition(readiness)
    exposition.leads("ann", False)
    assert await values(exposition, "relay_ready") == {(("condition", "start"),): 0}

    readiness.is_starting = False
    exposition.leads("ann", True)
    assert await values(exposition, "relay_ready") == {}
    assert await values(exposition, "relay_leads") == {(("companion", "ann"),): 1}


async def test_all_companions_are_asked_at_once_as_none_may_answer() -> None:
    """Prometheus waits for ten seconds, and one that does not answer takes a second."""
    exposition, all_of_them = Exposition(Readiness()), asyncio.Barrier(10)

    class Together(Counted):
        async def look(self) -> None:
            await all_of_them.wait()

    with ExitStack() as companions:
        for number in range(10):
            companions.enter_context(exposition.telling_of(f"ann{number}", Together(number)))
        async with asyncio.timeout(PATIENCE):
            assert len(await values(exposition, "relay_received_total")) == 10


async def test_the_streams_of_a_companion_are_asked_at_once() -> None:
    exposition, both = Exposition(Readiness()), asyncio.Barrier(2)

    async def length() -> int:
        await both.wait()
        return 3

    with exposition.telling_of("ann", StreamLengths({"ingress": length, "posted": length})):
        assert set((await values(exposition, "relay_stream_length")).values()) == {3}
