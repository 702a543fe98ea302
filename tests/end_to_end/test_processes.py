"""One relay in several processes: each kind by itself, with nothing in common but the Redis."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from relay.application import explaining, tracing
from relay.application.explaining import explained
from relay.application.processes.adapter import run_adapter
from relay.application.processes.core import run_core
from relay.application.processes.outbound import StreamOutbox, outbound, outbound_space
from relay.application.processes.posting import run_post
from relay.application.statistics import Statistics
from relay.application.steering import steered
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.companion.serving.server import CompanionServer
from relay.config import OperationsSection
from relay.config.loading import Config
from relay.platforms import listed
from relay.platforms.discord.commands import NOT_OFFERED
from relay.system.spans import MessageSpans, trace_ids
from tests.doubles.discord import DiscordDouble
from tests.doubles.redis_server import RedisServer
from tests.doubles.twitch import TwitchDouble
from tests.end_to_end.stage import EchoBrain, settings
from tests.platforms.discord.conftest import section
from tests.support import PATIENCE, eventually

MANAGE_GUILD = 1 << 5
"""Discord's permission bit."""


class Processes:
    """Starts and ends processes, each with a way of its own to Redis."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Processes":
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.__aexit__(*error)

    async def adapter(self, name: str, config: Config | None = None) -> asyncio.Task[None]:
        """With settings of its own where they are given."""
        [info] = [info for info in listed.PLATFORMS if info.name == name]
        bus = await self.bus()
        return await self.running(run_adapter(info, config or self.config, bus, watch_of_a_test()))

    async def core(self, watch: Watch | None = None) -> asyncio.Task[None]:
        bus = await self.bus()
        return await self.running(run_core(self.config, Statistics(), bus, watch or watch_of_a_test()))

    async def post(self) -> list[asyncio.Task[None]]:
        bus = await self.bus()
        return [
            await self.running(run_post(info, self.config, bus, watch_of_a_test()))
            for info in listed.enabled(self.config)
        ]

    async def everything(self) -> None:
        """One process of each kind."""
        for info in listed.enabled(self.config):
            await self.adapter(info.name)
        await self.core()
        await self.post()

    async def bus(self) -> Bus:
        return await self._stack.enter_async_context(Bus(self.config.inbox, self.config.relay.name).running())

    async def running(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return await self._stack.enter_async_context(_task(work))


def watch_of_a_test() -> Watch:
    """Of a process that is asked to end when the test says so."""
    return Watch(PATIENCE, asyncio.Event())


@asynccontextmanager
async def _task(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble() as double:
        yield double


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


@pytest.fixture
def config(
    tmp_path: Path, redis_server: RedisServer, companion: CompanionServer, twitch: TwitchDouble, discord: DiscordDouble
) -> Config:
    twitch.write_token(tmp_path / "token.json")
    return settings(
        tmp_path,
        inbox={"engine": "redis", "url": redis_server.url},
        voxta={"mode": "server", "timeout": 20.0, "url": companion.url},
        twitch=twitch.settings(enabled=True, token_file=str(tmp_path / "token.json")),
        discord=section(discord).model_dump() | {"enabled": True},
        web={"enabled": False},
    )


async def test_people_on_every_platform_are_answered_where_they_asked(
    config: Config, twitch: TwitchDouble, discord: DiscordDouble
) -> None:
    async with Processes(config) as processes:
        await processes.everything()
        await twitch.wait_subscribed("channel.chat.message")
        await discord.wait_ready()
        asked = await twitch.chat("hello @streamer", author="ann")
        [post] = await twitch.wait_for_posts(1)
        asked_there = await discord.say("hello", author="bob")
        [answer] = await discord.wait_for_posts(1)

    assert (post.reply_to, post.text) == (asked, 'You said: Ann (Twitch): "hello @streamer"')
    assert (answer.reference, answer.text) == (asked_there, 'You said: bob (Discord): "hello"')


async def test_a_trace_goes_from_the_platform_to_the_post_through_all_processes(
    config: Config, twitch: TwitchDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(tracing, "spans_of", lambda of: MessageSpans(of.relay.name, SimpleSpanProcessor(exporter)))
    async with Processes(config.model_copy(update={"operations": OperationsSection(traces=True)})) as processes:
        await processes.everything()
        await twitch.wait_subscribed("channel.chat.message")
        asked = await twitch.chat("hello @streamer", author="ann")
        await twitch.wait_for_posts(1)
        await eventually(lambda: {"message", "post"} <= {span.name for span in exporter.get_finished_spans()})

    spans = exporter.get_finished_spans()
    assert {span.context.trace_id for span in spans} == {trace_ids(config.relay.name, f"twitch:{asked}")[0]}
    assert sorted(span.name for span in spans) == sorted(
        ["hear", "receive", "wait", "forward", "think", "answer", "write", "post", "message"]
    )


async def test_what_is_written_while_no_core_runs_is_answered_by_the_next(config: Config, twitch: TwitchDouble) -> None:
    async with Processes(config) as processes:
        await processes.adapter("twitch")
        await twitch.wait_subscribed("channel.chat.message")
        asked = await twitch.chat("hello @streamer", author="ann")
        await processes.core()
        await processes.post()
        [post] = await twitch.wait_for_posts(1)

    assert post.reply_to == asked


async def test_moderators_controls_work_from_a_slash_command_and_from_chat(
    config: Config, twitch: TwitchDouble, discord: DiscordDouble
) -> None:
    async with Processes(config) as processes:
        await processes.everything()
        await twitch.wait_subscribed("channel.chat.message")
        await discord.wait_ready()
        paused = await discord.command("relay pause", author="owner", permissions=MANAGE_GUILD)
        await twitch.chat("hello @streamer", author="ann")
        status = await discord.command("relay status", author="owner", permissions=MANAGE_GUILD)
        await twitch.chat("!relay resume", author="streamer", badges=("broadcaster",))
        [first, second] = await twitch.wait_for_posts(2)

    assert "aused" in paused.text
    assert "Paused: yes" in status.text
    assert {first.text, second.text} >= {'You said: Ann (Twitch): "hello @streamer"'}


async def test_who_uses_a_command_is_answered_by_the_process_that_was_told_of_it(
    config: Config, discord: DiscordDouble
) -> None:
    discord.gateway.starts.per = 0.0
    rooms = [discord.open_server(shard=shard, of=2) for shard in (0, 1)]
    config = _of_shards(config, discord, rooms)
    async with Processes(config) as processes:
        await processes.core()
        await processes.post()
        for number in range(len(rooms)):
            await processes.adapter("discord", _of_shards(config, discord, rooms, shard_ids=(number,)))
        await discord.wait_shards(2)
        await discord.signal.wait_until(
            lambda: any(command["name"] == "why" for command in discord.interactions.commands), "viewers' commands"
        )
        answers = [await why(discord, room) for room in rooms]

    assert answers == ["I know of no message of yours."] * 2


async def why(discord: DiscordDouble, room: str) -> str:
    """The answer to `/why` there, once the process that is told of it has been told what there is."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await discord.command("why", author=f"ann {room}", channel=room)).text == NOT_OFFERED:
            pass
    return answer.text


def _of_shards(config: Config, discord: DiscordDouble, rooms: Sequence[str], **over: Any) -> Config:
    channels = tuple(map(int, rooms))
    return config.model_copy(update={"discord": section(discord, shards=2, channels=channels, **over)})


async def test_the_command_line_of_another_machine_reaches_the_core(
    config: Config, tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(explaining, "build_inbox")
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(
        f'[relay]\nname = "{config.relay.name}"\ndata_dir = "{tmp_path / "elsewhere"}"\n'
        f'[inbox]\nengine = "redis"\nurl = "{redis_server.url}"\n[twitch]\nenabled = false\n'
    )
    async with Processes(config) as processes:
        await processes.core()
        [paused] = await steered(elsewhere, None, "pause")
        [status] = await steered(elsewhere, None, "status")
        unknown = await explained(elsewhere, None, "twitch:1")

    assert "aused" in paused
    assert unknown == "twitch:1: unknown, or forgotten"
    assert "Paused: yes" in status
    assert "Twitch: no process runs it: start one with `--only twitch`" in status


async def test_a_core_that_ends_leaves_to_the_one_that_stands_by(config: Config, twitch: TwitchDouble) -> None:
    async with Processes(config) as processes:
        await processes.adapter("twitch")
        await processes.post()
        first = await processes.core()
        await twitch.wait_subscribed("channel.chat.message")
        await twitch.chat("one @streamer", author="ann")
        await twitch.wait_for_posts(1)
        await processes.core()
        first.cancel()
        await asyncio.wait({first})
        await twitch.chat("two @streamer", author="bob")
        posts = await twitch.wait_for_posts(2)

    assert [post.text.split('"')[1] for post in posts] == ["one @streamer", "two @streamer"]


def chats(twitch: TwitchDouble) -> set[str]:
    """The subscriptions to chat, by their ids."""
    return {each.id for each in twitch.subscriptions if each.type == "channel.chat.message"}


async def test_a_second_adapter_of_a_login_stands_by_and_hears_once_the_first_is_gone(
    config: Config, twitch: TwitchDouble
) -> None:
    async with Processes(config) as processes:
        first = await processes.adapter("twitch")
        await twitch.wait_subscribed("channel.chat.message")
        await processes.adapter("twitch")
        await processes.core()
        await processes.post()
        await twitch.chat("one @streamer", author="ann")
        await twitch.wait_for_posts(1)
        [heard] = chats(twitch)

        first.cancel()
        await asyncio.wait({first})
        await eventually(lambda: bool(chats(twitch) - {heard}))
        await twitch.chat("two @streamer", author="bob")
        posts = await twitch.wait_for_posts(2)

    assert [post.text.split('"')[1] for post in posts] == ["one @streamer", "two @streamer"]


async def test_a_core_that_slept_while_another_took_over_stands_by_and_its_process_lives_on(
    config: Config, twitch: TwitchDouble, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_ending: list[bool] = []
    monkeypatch.setattr("relay.system.shutdown.begin", lambda _: is_ending.append(True))
    monkeypatch.setattr("relay.system.shutdown.averted", lambda: is_ending.append(False))
    async with Processes(config) as processes:
        await processes.adapter("twitch")
        await processes.post()
        await processes.core()
        await twitch.wait_subscribed("channel.chat.message")
        await twitch.chat("one @streamer", author="ann")
        await twitch.wait_for_posts(1)
        with redis_server.admin as admin:
            admin.set(f"{{relay:{config.relay.name}}}:owner", "another")
        await eventually(lambda: bool(is_ending) and not is_ending[-1])
        await twitch.chat("two @streamer", author="bob")
        posts = await twitch.wait_for_posts(2)

    assert [post.text.split('"')[1] for post in posts] == ["one @streamer", "two @streamer"]


async def test_what_is_posted_lies_in_the_slot_of_the_lease_of_who_posts(config: Config) -> None:
    async with Processes(config) as processes:
        bus = await processes.bus()

        assert _tag(outbound(bus, "twitch/1").key) == _tag(bus.lease(outbound_space("twitch/1")).owner_key)


def _tag(key: str) -> str:
    """What a cluster chooses the slot by."""
    return key[key.index("{") : key.index("}")]


async def test_an_answer_that_a_dead_core_never_handed_on_is_posted_once_by_the_next(
    config: Config, twitch: TwitchDouble, brain: EchoBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Processes(config) as processes:
        await processes.adapter("twitch")
        await processes.post()
        first = await processes.core()
        await twitch.wait_subscribed("channel.chat.message")
        await twitch.chat("one @streamer", author="ann")
        await twitch.wait_for_posts(1)
        with monkeypatch.context() as patch:
            patch.setattr(StreamOutbox, "put", lambda *_: first.cancel())
            patch.setattr(StreamOutbox, "drain", lambda _: asyncio.Event().wait())
            asked = await twitch.chat("two @streamer", author="bob")
            await asyncio.wait({first})
        await processes.core()
        await twitch.chat("three @streamer", author="cid")
        posts = await twitch.wait_for_posts(3)

    assert {post.text.split('"')[1] for post in posts} == {"one @streamer", "two @streamer", "three @streamer"}
    assert [post.reply_to for post in posts if "two" in post.text] == [asked]


async def test_a_core_that_is_asked_to_end_answers_what_it_has_begun_and_hands_over(
    config: Config, twitch: TwitchDouble, brain: EchoBrain
) -> None:
    brain.may_answer.clear()
    watch = watch_of_a_test()
    async with Processes(config) as processes:
        await processes.adapter("twitch")
        await processes.post()
        first = await processes.core(watch)
        await twitch.wait_subscribed("channel.chat.message")
        await twitch.chat("one @streamer", author="ann")
        await eventually(lambda: len(brain.asked) == 1)
        await processes.core()
        watch.asked.set()
        await eventually(lambda: watch.readiness.is_ending)
        await twitch.chat("two @streamer", author="bob")
        brain.may_answer.set()
        await first
        posts = await twitch.wait_for_posts(2)

    assert [post.text.split('"')[1] for post in posts] == ["one @streamer", "two @streamer"]
