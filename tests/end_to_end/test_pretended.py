"""What is pretended goes the way of everything else, and leaves no trace among what happened."""

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import generate_latest

from relay.application.metrics import Metrics
from relay.companion.serving.server import CompanionServer
from relay.model import DESK, Author, Kind, Role
from relay.platforms.base import Platform
from tests.end_to_end.stage import ONE_BY_ONE, RecordingPlatform, message, relaying, settings
from tests.support import eventually


async def test_it_is_answered_on_the_desk_alone_and_neither_counted_nor_remembered(
    tmp_path: Path, companion: CompanionServer
) -> None:
    twitch, posts = RecordingPlatform("twitch"), list[tuple[str, str]]()
    config = settings(tmp_path, replies={"post_to": "everywhere"}, memory={"enabled": True}, selection=ONE_BY_ONE)
    boss = Author(id="boss", name="Boss", roles=frozenset({Role.MODERATOR}))

    def platforms(*_: object) -> Sequence[Platform]:
        return [twitch]

    async with relaying(config, companion.url, platforms) as (relay, statistics):
        metrics = Metrics(relay, statistics)
        relay.events.posted.subscribe(lambda platform, post, error: posts.append((platform, post.text)))
        await relay.receive(
            message(0, "!relay pause", platform=DESK).model_copy(update={"author": boss}),
            message(1, "hi", platform=DESK),
            message(2, kind=Kind.RAID, author="ben", amount=42, platform=DESK),
        )
        await eventually(lambda: len(posts) == 2)
        await relay.quiet(empty=True)
        why = await relay.runtime.why("m2")
        assert not relay.runtime.switches().paused
        assert relay.memory is not None
        remembered = [await relay.memory.get(f"{DESK}:{who}") for who in ("ann", "ben")]

    assert twitch.posts == []
    assert {platform for platform, _ in posts} == {DESK}
    assert any("42 viewers" in text for _, text in posts)
    assert why.startswith(f"{DESK}:m2: pretended, forwarded")
    assert remembered == [None, None]
    assert statistics.summary() == {
        "received": 0,
        "forwarded": {"user": 0, "event": 0, "noreply": 0},
        "outcomes": {},
        "replies": 0,
        "posted": {},
    }
    assert b"relay_waiting_seconds_count" not in generate_latest(metrics.registry)
