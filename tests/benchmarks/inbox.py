"""Appends per second of each inbox, against what redis-benchmark reaches with plain XADD on the same server."""

import asyncio
import csv
import gc
import io
import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from relay.errors import RelayError
from relay.inbox.base import Inbox
from relay.inbox.redis import RedisInbox
from relay.inbox.sqlite import SqliteInbox
from relay.model import AudienceMessage, Author, Kind, Role
from tests.doubles.redis_server import RedisServer, connection_to, redis_server

PRODUCERS = 50
"""As many as redis-benchmark has clients."""
PIPELINE = 16
"""How many messages each producer has under way, and commands each client."""
ROUNDS = 3
"""Taken in turns; the fastest of each counts, which is the one that other work disturbed least."""
XADDS = 200_000
"""How many commands redis-benchmark runs at least; fewer are over too soon to be measured."""
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class InboxFigures:
    """All rates from one run, in messages or commands a second."""

    sqlite_per_s: float
    redis_per_s: float
    redis_benchmark_xadd_per_s: float
    sqlite_ratio: float
    """Of the SQLite inbox to redis-benchmark."""
    redis_ratio: float
    """Of the Redis inbox to redis-benchmark."""
    payload_bytes: int
    """One message as the inbox stores it, and one value as redis-benchmark adds it."""
    pipeline: int


async def run(messages: int = 100_000) -> InboxFigures:
    """Measure. Raises RelayError when redis-benchmark or a Redis server is missing."""
    benchmark = _benchmark_binary()
    crowd = [message(number) for number in range(messages)]
    payload = len(crowd[0].model_dump_json())
    with redis_server() as server:
        rounds = [await _round(server, benchmark, crowd, payload) for _ in range(ROUNDS)]
    sqlite, redis, xadd = (max(rates) for rates in zip(*rounds, strict=True))
    return InboxFigures(
        sqlite_per_s=round(sqlite),
        redis_per_s=round(redis),
        redis_benchmark_xadd_per_s=round(xadd),
        sqlite_ratio=round(sqlite / xadd, 3),
        redis_ratio=round(redis / xadd, 3),
        payload_bytes=payload,
        pipeline=PIPELINE,
    )


async def _round(
    server: RedisServer, benchmark: str, crowd: list[AudienceMessage], payload: int
) -> tuple[float, float, float]:
    namespace = f"bench:{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as directory:
        file = Path(directory) / "inbox.db"
        sqlite = await _rate(SqliteInbox(file, max_count=len(crowd), timeout=TIMEOUT), crowd)
    inbox = RedisInbox(connection_to(server.url, TIMEOUT), namespace=namespace, max_count=len(crowd))
    redis = await _rate(inbox, crowd)
    return sqlite, redis, await _xadd_rate(server, benchmark, max(len(crowd), XADDS), payload)


async def _rate(inbox: Inbox, crowd: list[AudienceMessage]) -> float:
    await inbox.open()
    try:
        batches = iter([crowd[start : start + PIPELINE] for start in range(0, len(crowd), PIPELINE)])

        async def produce() -> None:
            for batch in batches:
                await inbox.append(batch)

        gc.collect()
        gc.freeze()  # the crowd lives only for this measurement; collecting around it would be measured too
        started = time.perf_counter()
        await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
        rate = len(crowd) / (time.perf_counter() - started)
        if await inbox.waiting() != len(crowd):
            raise RelayError(f"{await inbox.waiting()} of {len(crowd)} messages are in the inbox")
        return rate
    finally:
        gc.unfreeze()
        await inbox.close()


async def _xadd_rate(server: RedisServer, benchmark: str, count: int, payload: int) -> float:
    key = f"bench:{uuid.uuid4().hex}"
    process = await asyncio.create_subprocess_exec(
        *(benchmark, "-s", str(server.socket), "-c", str(PRODUCERS), "-P", str(PIPELINE), "-n", str(count), "--csv"),
        *("XADD", key, "*", "m", "x" * payload),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT):
            output, problems = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise RelayError(f"{benchmark} did not end within {TIMEOUT:g} s") from None
    return _rps(output.decode(), problems.decode())


def _rps(output: str, problems: str) -> float:
    """The second column of the last row; older versions print no header."""
    rows = [row for row in csv.reader(io.StringIO(output)) if len(row) > 1]
    try:
        return float(rows[-1][1])
    except (IndexError, ValueError):
        raise RelayError(f"redis-benchmark printed no rate: {(problems or output).strip()[:200]}") from None


def _benchmark_binary() -> str:
    for name in ("redis-benchmark", "valkey-benchmark"):
        if found := shutil.which(name):
            return found
    raise RelayError("there is no redis-benchmark on this machine; install it (Debian: apt-get install redis-tools)")


def message(number: int) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id=f"5f1c0d3e-77aa-4f0b-9c55-{number:012d}",
        channel="100200300",
        kind=Kind.CHAT,
        author=Author(
            id=str(1_000_000 + number % 5_000), name=f"viewer_{number % 5_000}", roles=frozenset({Role.VIEWER})
        ),
        text="that last jump was so close, are you going to try the secret level next?",
        at=1_700_000_000.0 + number / 1_000,
    )
