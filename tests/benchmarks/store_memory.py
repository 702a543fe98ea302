"""What a message and a companion take of Redis' memory, and of the process's own."""

import gc
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from relay.inbox.redis import RedisInbox
from relay.model import AudienceMessage, Outcome, Settlement
from tests.benchmarks.inbox import message
from tests.doubles.redis_server import connection_to, redis_server

COMPANIONS: Final = 500
TOGETHER: Final = 50
"""How many messages come at the same time in a loud room."""
LEASE: Final = 60.0


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """All in bytes, and of Redis where nothing else is said."""

    payload: int
    """One message as it is written."""
    waiting_alone: float
    """One that came by itself and waits."""
    waiting_among_many: float
    """One of those that came together and wait."""
    settled: float
    """One that is remembered after it was told, whichever way it came."""
    companion: float
    """The keys of one more companion, with nothing waiting."""
    companion_in_process: float
    """The same, of the process that has its inbox."""
    connections: int
    """That the process has to Redis, for all of them."""


async def run(messages: int = 20_000) -> StoreFigures:
    """Measure. Raises RelayError when there is no Redis server."""
    with redis_server() as server:
        connection = connection_to(server.url, 60.0)
        async with Redis.from_url(server.url) as admin:

            async def used() -> int:
                return int((await admin.info("memory"))["used_memory_dataset"])

            inbox = RedisInbox(connection, namespace="relay:loud", max_count=10 * messages, lease=LEASE)
            await inbox.open()
            crowd = [message(number) for number in range(2 * messages)]
            empty = await used()
            for each in crowd[:messages]:
                await inbox.append([each])
            alone = await used()
            for start in range(messages, 2 * messages, TOGETHER):
                await inbox.append(crowd[start : start + TOGETHER])
            among_many = await used()
            for start in range(0, 2 * messages, 500):
                some = crowd[start : start + 500]
                await inbox.settle([_told(each) for each in some])
            settled = await used()
            resident = _resident()
            inboxes = [
                RedisInbox(connection, namespace=f"relay:quiet-{number}", max_count=1_000, lease=LEASE)
                for number in range(COMPANIONS)
            ]
            for one in inboxes:
                await one.open()
            quiet = [key async for key in admin.scan_iter("*relay:quiet-*", count=1_000)]
            taken = [await admin.memory_usage(key, samples=0) or 0 for key in quiet]
            figures = StoreFigures(
                payload=len(crowd[0].model_dump_json()),
                waiting_alone=round((alone - empty) / messages),
                waiting_among_many=round((among_many - alone) / messages),
                settled=round((settled - empty) / (2 * messages)),
                companion=round(sum(taken) / COMPANIONS),
                companion_in_process=round((_resident() - resident) / COMPANIONS),
                connections=int((await admin.info("clients"))["connected_clients"]) - 1,
            )
            for one in (*inboxes, inbox):
                await one.close()
            return figures


def _told(message: AudienceMessage) -> Settlement:
    return Settlement(key=message.key, outcome=Outcome.FORWARDED, reason="forwarded", at=message.at)


def _resident() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
