"""`relay replay` as a process of its own, also when it is killed in the middle."""

import asyncio
import json
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from relay.application.replay import PROBLEMS_SHOWN, Recording, _message, run_id_of
from relay.application.runs import beside, recorded
from relay.application.settings import load
from relay.companion.serving.server import CompanionServer
from relay.config import VoxtaSection
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.inbox.base import Inbox
from relay.inbox.build import build
from relay.voxta.session import VoxtaSession
from relay.wire.messages import WireMessage
from relay.wire.server import MessageUpdate
from tests.contracts.samples import message
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import RedisServer, redis_server
from tests.processes import RelayProcess
from tests.support import eventually

LINES = 60


class Seat:
    """A second client in the companion's chat: hears what Voxta got."""

    def __init__(self, url: str) -> None:
        self.heard: list[str] = []
        self._session = VoxtaSession(VoxtaSection(mode="server"), listen=self._note, changed=lambda: None, url=url)
        self._task: asyncio.Task[None] | None = None

    def _note(self, message: WireMessage) -> None:
        if isinstance(message, MessageUpdate) and message.role != "Assistant":
            self.heard.append(message.text)

    async def __aenter__(self) -> "Seat":
        self._task = asyncio.create_task(self._session.run())
        await eventually(lambda: self._session.chat is not None)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def recording(folder: Path, count: int = LINES) -> Path:
    """Chat and follows within a second."""
    path = folder / "crowd.jsonl"
    lines = [
        {
            "at": number / count,
            "platform": ("twitch", "discord")[number % 2],
            "channel": "lobby",
            "kind": "chat" if number % 3 else "follow",
            "author": {"id": f"v{number if number % 3 == 0 else number % 17}", "name": f"Viewer{number}"},
            "text": f"line-{number}",
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def freely(folder: Path) -> Path:
    path = folder / "relay.toml"
    path.write_text(
        f"[relay]\ndata_dir = {str(folder / 'data')!r}\n"
        "[budget]\nrates = { all = 60000, viewer = 60000 }\nbursts = { all = 1000, viewer = 1000 }\n"
        "[selection]\nloud_per_minute = 1000000\n",
        "utf-8",
    )
    return path


def replaying(file: Path, *options: str) -> RelayProcess:
    """A process that plays it; killed in the end where it still runs."""
    return RelayProcess("replay", str(file), "--json", *options, cwd=file.parent)


async def replay(file: Path, *options: str) -> tuple[dict[str, Any], str]:
    """Played by a process to its end: the summary, and what was logged."""
    with replaying(file, *options) as process:
        ended = await asyncio.to_thread(process.wait)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1]), ended.stderr


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Inbox]:
    """The inbox of a relay with these settings that does not run."""
    inbox = build(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open()
    try:
        yield inbox
    finally:
        await inbox.close()


def reached(seat: Seat, goal: int) -> Callable[[], bool]:
    return lambda: len(seat.heard) >= goal


@pytest.mark.parametrize("engine", ["sqlite", "redis"])
async def test_killed_in_the_middle_every_message_ends_once_and_voxta_gets_none_twice(
    tmp_path: Path, companion: CompanionServer, engine: str, redis_server: RedisServer
) -> None:
    file, config = recording(tmp_path), freely(tmp_path)
    with config.open("a", encoding="utf-8") as settings:
        settings.write(f"[inbox]\nengine = {engine!r}\nurl = {redis_server.url!r}\nlease = 0.5\n")
    options = ("--voxta", companion.url, "--config", str(config))
    async with Seat(companion.url) as seat:
        for goal in (6, 20, 40):
            with replaying(file, *options):
                await eventually(reached(seat, goal))
        summary, _ = await replay(file, *options)

    assert summary["received"] == LINES
    assert summary["outcomes"] == {"forwarded": LINES}
    assert Counter(seat.heard).most_common(1)[0][1] == 1
    assert len(seat.heard) == LINES


async def test_a_replay_that_finished_can_be_played_again(tmp_path: Path, companion: CompanionServer) -> None:
    file, config = recording(tmp_path, 12), load(freely(tmp_path))

    summaries = [
        await recorded(config, Console(quiet=True), file=file, speed=10.0, voxta_url=companion.url) for _ in range(2)
    ]

    assert [summary["received"] for summary in summaries] == [12, 12]
    assert [summary["outcomes"] for summary in summaries] == [{"forwarded": 12}] * 2


async def test_what_was_played_before_it_was_cut_off_is_not_waited_for_again(
    tmp_path: Path, companion: CompanionServer
) -> None:
    file, config = tmp_path / "rehearsal.jsonl", load(freely(tmp_path))
    line = '{{"at": {}, "platform": "twitch", "author": {{"id": "1", "name": "Ann"}}, "text": "{}"}}\n'
    file.write_text(line.format(7200, "after two hours") + line.format(7200, "just after"), "utf-8")
    played = await Recording.read(file)
    own = beside(config)
    async with opened(own) as inbox:
        run_id = await run_id_of(inbox, played)
        await inbox.append([_message(number, line, run_id) for number, line in list(played)[:1]])

    summary = await recorded(config, Console(quiet=True), file=file, speed=1.0, voxta_url=companion.url)

    assert summary["outcomes"] == {"forwarded": 2}


@pytest.mark.parametrize("is_named", [False, True])
async def test_a_replay_disturbs_nothing_of_the_stream(
    tmp_path: Path, companion: CompanionServer, is_named: bool
) -> None:
    places = {"inbox": {"path": tmp_path / "inbox.db"}, "memory": {"path": tmp_path / "memory.db", "enabled": True}}
    config = load(freely(tmp_path), **places if is_named else {"memory": {"enabled": True}})
    waiting = message(1)
    async with opened(config) as inbox:
        await inbox.append([waiting])

    await recorded(config, Console(quiet=True), file=recording(tmp_path, 1), speed=1.0, voxta_url=companion.url)

    async with opened(config) as inbox:
        record = await inbox.why(waiting.key)
        assert record is not None
        assert record.settlement is None
    assert not config.memory_path.exists()


def test_a_replay_is_none_of_the_companions_own_chats(tmp_path: Path) -> None:
    config = load(freely(tmp_path), companion={"database": tmp_path / "chats.db"})

    assert beside(config).companion.database is None


async def test_a_store_that_pauses_for_longer_than_its_timeout_is_waited_for(
    tmp_path: Path, companion: CompanionServer, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tcp=True) as server:
        async with FaultyProxy(server.port) as way, Seat(companion.url) as seat:
            store = {"engine": "redis", "url": f"redis://127.0.0.1:{way.port}/0", "timeout": 0.5}
            config = load(freely(tmp_path), inbox=store)
            playing = asyncio.create_task(
                recorded(config, Console(quiet=True), file=recording(tmp_path), speed=1.0, voxta_url=companion.url)
            )
            await eventually(reached(seat, 20))
            way.freeze()
            await eventually(lambda: "did not answer within 0.5 s; trying again" in caplog.text)
            way.thaw()
            summary = await playing

    assert summary["outcomes"] == {"forwarded": LINES}
    assert Counter(seat.heard).most_common(1)[0][1] == 1


async def test_a_long_recording_stays_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    line = '{"at": 0, "platform": "twitch", "author": {"id": "1", "name": "Ann"}, "text": "hello"}\n'
    file.write_text("nonsense\n" * 100 + line * 5_000, "utf-8")

    tracemalloc.start()
    kept = await Recording.read(file)
    bytes_a_line = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()

    assert (len(kept), kept.skipped, len(kept.problems)) == (5_000, 100, PROBLEMS_SHOWN)
    assert bytes_a_line < 50


async def test_lines_are_played_in_order_of_time_with_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "crowd.jsonl"
    line = '{{"at": {}, "platform": "twitch", "author": {{"id": "1", "name": "Ann"}}, "text": "{}"}}\n'
    file.write_text(line.format(2, "second") + "\n" + line.format(1, "first"), "utf-8")
    recording = await Recording.read(file)

    assert [(number, played.text) for number, played in recording] == [(3, "first"), (1, "second")]

    file.write_text("another recording\n", "utf-8")
    with pytest.raises(ConfigError, match="was changed while it was played"):
        list(recording)


async def test_bad_lines_are_reported_by_number_and_skipped(tmp_path: Path) -> None:
    good = '{"at": 0, "platform": "twitch", "kind": "chat", "author": {"id": "1", "name": "Ann"}, "text": "hello"}'
    bad = ["{", '{"at": -1, "platform": "twitch", "author": {"id": "1", "name": "A"}}', "[]", "\ufeff", '{"at": 0}']
    file = tmp_path / "crowd.jsonl"
    file.write_text("\n".join([good, *bad, ""]), "utf-8")
    config = freely(tmp_path)
    config.write_text(config.read_text("utf-8").replace("[relay]\n", "[relay]\nlog_level = 'warning'\n"), "utf-8")

    summary, errors = await replay(file, "--config", str(config))

    assert summary["received"] == summary["replies"] == 1
    assert "line 2: not JSON" in errors
    assert "line 3: at: Input should be greater than or equal to 0" in errors
    assert "line 4" in errors
    assert "line 6: platform: Field required" in errors
    assert "INFO" not in errors, "the log is as loud as configured"


@pytest.mark.parametrize(("content", "complaint"), [(None, "cannot be read"), ("nonsense\n", "no line can be played")])
async def test_a_recording_without_a_good_line_is_refused(tmp_path: Path, content: str | None, complaint: str) -> None:
    file = tmp_path / "crowd.jsonl"
    if content is not None:
        file.write_text(content, "utf-8")

    with pytest.raises(ConfigError, match=complaint):
        await recorded(load(freely(tmp_path)), Console(quiet=True), file=file, speed=1.0, voxta_url=None)
