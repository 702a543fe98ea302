"""How the benchmark of a fleet writes to companions, and what it waits for."""

import re
import uuid
from dataclasses import fields
from typing import Any

import pytest

from relay.application.processes.ingress import Ingress
from relay.errors import RelayError
from relay.inbox.redis import RedisInbox
from tests.benchmarks import fleet
from tests.benchmarks.fleet import Crowd, FleetFigures, bus_of, evenly
from tests.benchmarks.redis_use import RedisUse
from tests.benchmarks.store_memory import StoreFigures
from tests.contracts.samples import message
from tests.docs.pages import ROOT
from tests.doubles.redis_server import RedisServer


def test_the_messages_of_one_moment_are_spread_over_the_time_until_the_next() -> None:
    assert evenly(4, 0.5) == [0.0, 0.125, 0.25, 0.375]
    assert evenly(1, 0.5) == [0.0]


async def test_what_waits_is_what_no_core_has_taken_in_and_what_it_has_not_told(redis_server: RedisServer) -> None:
    ann, bee = (f"{name}-{uuid.uuid4().hex}" for name in ("ann", "bee"))
    async with bus_of(redis_server.url, "fleet") as bus:
        crowd = Crowd(bus, "", [ann, bee])
        assert not await crowd.waiting()

        await Ingress(bus.companion_stream(ann, "ingress")).receive(message(1))
        inbox = RedisInbox(bus.connection, namespace=f"relay:{bee}", max_count=10)
        await inbox.open()
        await inbox.append([message(1), message(2)])

        assert await crowd.waiting() == {ann: 1, bee: 2}
        await inbox.close()


async def test_who_gives_up_says_what_was_waited_for(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: str, after: int) -> list[tuple[str, float]]:
        return []

    monkeypatch.setattr(fleet, "arrivals", nothing)
    monkeypatch.setattr(fleet, "PATIENCE", -1.0)
    ann = f"ann-{uuid.uuid4().hex}"
    async with bus_of(redis_server.url, "fleet") as bus:
        crowd = Crowd(bus, "", [ann])
        with pytest.raises(RelayError, match="1 of 1 companions told nothing within -1 s"):
            await crowd.told()
        with pytest.raises(RelayError, match=f"1 messages still wait after -1 s: 1 of {ann}"):
            await crowd.account()


async def test_what_redis_had_to_do_is_told_for_each_message(redis_server: RedisServer) -> None:
    async with bus_of(redis_server.url, "fleet") as bus:
        way = Ingress(bus.companion_stream(f"ann-{uuid.uuid4().hex}", "ingress"))
        before = RedisUse.of(redis_server)
        for number in range(10):
            await way.receive(message(number))

    each = RedisUse.of(redis_server).since(before, 10)

    assert len(message(1).model_dump_json()) < each.sent < 100_000
    assert each.processor_s > 0


@pytest.mark.parametrize(("command", "figures"), [("fleet", FleetFigures), ("store", StoreFigures)])
def test_what_the_page_reckons_with_is_printed_by_the_command_that_it_names(command: str, figures: type[Any]) -> None:
    page = (ROOT / "docs" / "fleet.md").read_text("utf-8")

    rows = re.findall(rf"^\|.*`relay bench {command}`: (.+) \|$", page, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert named
    assert named <= {field.name for field in fields(figures)}
