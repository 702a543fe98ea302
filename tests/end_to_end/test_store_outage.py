"""The store is away for a while, with everything else as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.application.describing import description_of
from relay.companion.serving.server import CompanionServer
from relay.inbox.retry import with_retries
from tests.doubles.redis_server import RedisServer, redis_server
from tests.end_to_end.stage import RecordingPlatform, heard, message, relaying, settings
from tests.support import eventually


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server that may be stopped."""
    with redis_server() as running:
        yield running


async def test_a_store_that_is_away_while_it_is_trimmed_costs_nothing_and_comes_back(
    tmp_path: Path,
    companion: CompanionServer,
    own_redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("relay.inbox.upkeep.EVERY", 0.02)
    config = settings(tmp_path, inbox={"engine": "redis", "url": own_redis.url, "timeout": 0.2})
    async with relaying(config, companion.url, lambda *_: [RecordingPlatform("twitch")]) as (relay, _):
        own_redis.kill()
        await eventually(lambda: "forgetting old messages failed" in caplog.text)
        assert "Inbox: " in await description_of(relay)

        own_redis.start()
        await with_retries(relay.receive, message(1))

        await eventually(lambda: len(heard(relay)) == 1)
