import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from discord.backoff import ExponentialBackoff
from pydantic import SecretStr

from relay.errors import AuthError, ConfigError, InboxError
from relay.model import Edit, Post
from relay.platforms import intake
from relay.platforms.discord import client, session, session_starts, shard, slash
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.session_starts import Buckets, SessionStarts
from tests.doubles.discord import DiscordDouble, Hold
from tests.doubles.discord.double import TOKEN
from tests.doubles.discord.sessions import Socket
from tests.doubles.discord.world import Json
from tests.doubles.faults import FaultyProxy
from tests.platforms.discord.conftest import Connect, Status, Store, adapter, ready, session_ended
from tests.support import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_waiting")


async def run(discord: DiscordDouble, store: Store, **over: Any) -> None:
    """Run the adapter to its own end."""
    async with asyncio.timeout(PATIENCE):
        await adapter(discord, store, Status(), **over).run()


class TestNothingIsLostOrDoubled:
    """Across everything that ends a connection, each message arrives once and in order."""

    async def test_across_a_dropped_line(self, discord: DiscordDouble, platform: DiscordPlatform, store: Store) -> None:
        await discord.say("one")
        await store.wait_for(1)
        await discord.drop_socket()
        await discord.say("two")
        await discord.wait_ready()
        await discord.say("three")
        await store.wait_for(3)
        assert (store.texts, discord.gateway.resumes) == (["one", "two", "three"], 1)

    async def test_across_a_reconnect(self, discord: DiscordDouble, platform: DiscordPlatform, store: Store) -> None:
        await discord.say("one")
        await discord.request_reconnect()
        await discord.say("two")
        await discord.wait_ready()
        await discord.say("three")
        await store.wait_for(3)
        assert (store.texts, discord.gateway.resumes) == (["one", "two", "three"], 1)

    async def test_across_an_invalid_session_that_may_resume(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        await discord.say("one")
        await discord.invalidate_session(resumable=True)
        await discord.say("two")
        await discord.wait_ready()
        await discord.say("three")
        await store.wait_for(3)
        assert (store.texts, discord.gateway.resumes) == (["one", "two", "three"], 1)

    async def test_across_an_invalid_session(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        await discord.say("one")
        await store.wait_for(1)
        thread = await discord.open_thread()
        await discord.invalidate_session()
        await discord.say("two", channel=thread)
        await discord.say("three")
        await discord.say("not for us", channel=discord.unlisted)
        await discord.wait_ready()
        await discord.say("four")
        await store.wait_for(4)
        assert (store.texts, discord.gateway.identifies) == (["one", "two", "three", "four"], 2)

    async def test_across_a_resume_that_is_refused(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        await discord.say("one")
        await store.wait_for(1)
        await discord.drop_socket(forget=True)
        await discord.say("two")
        await discord.wait_ready()
        await discord.say("three")
        await store.wait_for(3)
        assert (store.texts, discord.gateway.resumes) == (["one", "two", "three"], 1)

    async def test_across_close_codes_that_discord_sends_in_passing(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        for number, code in enumerate((1000, 1001, 4000, 4007, 4009)):
            await discord.gateway.close_sockets(code)
            await discord.say(str(number))
            await discord.wait_ready()
        await store.wait_for(5)
        assert store.texts == ["0", "1", "2", "3", "4"]

    async def test_when_history_cannot_be_read_at_first(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        await discord.say("one")
        await store.wait_for(1)
        discord.fail_next("/messages", 403)
        await discord.invalidate_session()
        await discord.say("two")
        await discord.wait_ready()
        await discord.say("three")
        await store.wait_for(2)
        await discord.say("four")
        await store.wait_for(3)
        assert "could not look up what was missed" in caplog.text
        await discord.invalidate_session()
        await store.wait_for(4)
        assert store.texts == ["one", "three", "four", "two"]

    async def test_when_the_inbox_does_not_answer(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        store.failures = [InboxError("no answer"), InboxError("no answer")]
        first = await discord.say("one")
        await discord.edit(first, "One")
        await discord.say("two")
        items = await store.wait_for(3)
        assert store.texts == ["one", "two"] and items[1] == Edit(
            platform="discord", id=first, text="One", places=(discord.channel,)
        )
        assert platform.health() == "connected"

    async def test_when_the_run_ends_while_the_inbox_is_slow(
        self, discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slash, "STORED_WITHIN", 0.05)
        monkeypatch.setattr(intake, "GRACE", PATIENCE)
        async with connect():
            store.pause()
            await discord.say("one")
            await discord.say("two")
            await discord.ask("three")
            asyncio.get_running_loop().call_later(0.01, store.go_on)
        assert store.texts == ["one", "two", "three"]


async def test_messages_from_before_the_start_are_not_taken(
    discord: DiscordDouble, connect: Connect, store: Store
) -> None:
    await discord.say("yesterday")
    discord.clock.advance(60)
    async with connect() as platform:
        await ready(platform)
        await discord.invalidate_session()
        await discord.wait_ready()
        await discord.say("today")
        await store.wait_for(1)
    assert store.texts == ["today"]


async def test_an_event_delivered_twice_counts_once(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    await discord.say("once")
    await discord.gateway.repeat_last()
    await discord.say("again")
    await store.wait_for(2)
    assert store.texts == ["once", "again"]


async def test_the_heart_beats(discord: DiscordDouble, connect: Connect) -> None:
    discord.gateway.heartbeat_interval = 0.05
    async with connect() as platform:
        await discord.signal.wait_until(lambda: discord.gateway.heartbeats >= 4, "four heartbeats")
        assert platform.health() == "connected"


async def test_posts_work_after_a_new_session(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    await discord.invalidate_session()
    await discord.wait_ready()
    await platform.post(Post(channel=discord.channel, text="still here", nonce="n"))
    assert [p.text for p in discord.posts] == ["still here"]


async def test_a_refused_token_ends_the_run_with_the_fix(discord: DiscordDouble, store: Store) -> None:
    with pytest.raises(AuthError, match=r"reset the token") as caught:
        await run(discord, store, token=SecretStr("a-wrong-token"))
    assert "a-wrong-token" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "with space", "new\nline", "schlüssel"])
async def test_what_cannot_be_a_token_is_a_setting_to_correct(discord: DiscordDouble, store: Store, token: str) -> None:
    with pytest.raises(ConfigError, match=r"discord\.token") as caught:
        await run(discord, store, token=SecretStr(token))
    assert not token or token not in str(caught.value)


async def test_a_token_revoked_while_connected_ends_the_run(discord: DiscordDouble, store: Store) -> None:
    running = asyncio.create_task(run(discord, store))
    await discord.wait_ready()
    discord.gateway.revoked = True
    await discord.drop_socket()
    with pytest.raises(AuthError, match="reset the token"):
        await running


async def test_a_bot_that_may_not_read_messages_ends_the_run_with_the_fix(discord: DiscordDouble, store: Store) -> None:
    discord.world.application_flags = 0
    with pytest.raises(AuthError, match="tick Message Content Intent"):
        await run(discord, store)
    assert discord.gateway.identifies == 0


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (4004, "reset the token"),
        (4010, "discord.shard_ids"),
        (4011, "set a larger number"),
        (4012, "update the relay"),
        (4013, "update the relay"),
        (4014, "tick Message Content Intent"),
    ],
)
async def test_what_discord_wants_no_other_try_for_ends_the_run_with_the_fix(
    discord: DiscordDouble, store: Store, code: int, fix: str
) -> None:
    running = asyncio.create_task(run(discord, store))
    await discord.wait_ready()
    await discord.gateway.close_sockets(code)
    with pytest.raises(AuthError, match=fix):
        await running
    assert discord.gateway.identifies == 1


async def test_a_bot_in_too_many_servers_ends_the_run_before_it_was_ready(discord: DiscordDouble, store: Store) -> None:
    discord.gateway.guilds_a_shard = 0
    with pytest.raises(AuthError, match="set a larger number"):
        await run(discord, store)


async def test_a_session_asks_on_the_line_on_which_it_was_asked_whether_it_may_begin(
    discord: DiscordDouble, store: Store
) -> None:
    discord.gateway.guilds_a_shard = 0  # which ends the run before anything is looked up
    async with FaultyProxy(discord.port) as way:
        with pytest.raises(AuthError):
            await run(discord, store, shards=1, connect_to=f"127.0.0.1:{way.port}")

    assert discord.gateway.identifies == 1
    assert way.connections == 2, "the gateway's, and one for all requests"


async def test_few_sessions_left_of_a_day_are_left_to_people(discord: DiscordDouble, store: Store) -> None:
    discord.gateway.starts.total = 20
    platform = adapter(discord, store, Status())
    running = asyncio.create_task(platform.run())
    await eventually(lambda: "0 of 20 sessions of today are used" in platform.health())
    assert discord.gateway.identifies == 0
    discord.gateway.starts.total = 1_000
    await discord.wait_ready()
    running.cancel()
    await asyncio.wait({running})


async def test_sessions_that_end_at_once_are_begun_slower_and_slower(
    discord: DiscordDouble, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    now = 0.0

    async def pass_time(seconds: float) -> None:
        nonlocal now
        waits.append(seconds)
        now += seconds

    monkeypatch.setattr(session_starts, "APART", 5.0)
    monkeypatch.setattr(shard, "SessionStarts", partial(SessionStarts, clock=lambda: now))
    monkeypatch.setattr(SessionStarts, "turn", lambda self: pass_time(self.wait()))
    monkeypatch.setattr(Buckets, "_wait", lambda *_: 0.0)  # of several shards, for which there is a test by itself
    async with connect():
        for _ in range(8):
            await session_ended(discord)
            await discord.wait_ready()
    assert waits[0] == 0.0 and waits[1] >= session_starts.APART
    assert all(earlier < later for earlier, later in pairwise(waits[:6]))


async def test_an_intent_taken_away_while_connected_ends_the_run(discord: DiscordDouble, store: Store) -> None:
    running = asyncio.create_task(run(discord, store))
    await discord.wait_ready()
    discord.world.application_flags = 0
    await discord.gateway.close_sockets(4014)
    with pytest.raises(AuthError, match="tick Message Content Intent"):
        await running


async def test_a_certificate_file_that_is_none_ends_the_run(
    discord: DiscordDouble, store: Store, tmp_path: Path
) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    for file in (broken, tmp_path / "missing.pem"):
        with pytest.raises(ConfigError, match=r"discord\.ca_file"):
            await run(discord, store, ca_file=file)


@pytest.mark.parametrize("path", ["/users/@me", "/oauth2/applications/@me"])
async def test_a_login_that_fails_is_tried_again(
    discord: DiscordDouble, connect: Connect, store: Store, path: str
) -> None:
    discord.fail_next(path, 503)
    async with connect():
        await discord.say("hello")
        await store.wait_for(1)


async def test_a_first_connection_that_fails_is_tried_again(
    discord: DiscordDouble, connect: Connect, store: Store
) -> None:
    discord.gateway.refuse = 1
    async with connect():
        await discord.say("hello")
        await store.wait_for(1)


async def test_a_gateway_that_is_away_for_long_is_come_back_to_in_a_new_session(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[None] = []

    def wait(_: object) -> float:
        waits.append(None)
        return 0.0

    monkeypatch.setattr(ExponentialBackoff, "delay", wait)
    await discord.say("one")
    await store.wait_for(1)
    discord.gateway.refuse = 10
    await discord.drop_socket()
    await discord.say("two")
    await discord.signal.wait_until(lambda: discord.gateway.identifies == 2, "a new session")
    await store.wait_for(2)
    assert store.texts == ["one", "two"]
    assert len(waits) == session.RESUMES - 1, "discord.py waits longer and longer, up to 17 minutes"


class TestAGatewayThatEndsEachLineAtOnce:
    @pytest.mark.parametrize("how", ["asks to reconnect", "calls the session invalid", "closes"])
    async def test_is_come_back_to_in_a_new_session(
        self, discord: DiscordDouble, platform: DiscordPlatform, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "STANDS", PATIENCE)
        gateway, resume = discord.gateway, discord.gateway._resume
        ends: dict[str, Callable[[], Awaitable[None]]] = {
            "asks to reconnect": gateway.request_reconnect,
            "calls the session invalid": partial(gateway.invalidate, resumable=True),
            "closes": partial(gateway.close_sockets, 4000),
        }

        async def end_at_once(socket: Socket, data: Json) -> None:
            await resume(socket, data)
            await ends[how]()

        monkeypatch.setattr(gateway, "_resume", end_at_once)
        await ends[how]()
        await discord.signal.wait_until(lambda: gateway.identifies == 2, "a new session")

        assert gateway.resumes == session.RESUMES

    async def test_unless_each_stood_for_a_while(
        self, discord: DiscordDouble, platform: DiscordPlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "STANDS", 0.0)
        for _ in range(2 * session.RESUMES):
            await discord.request_reconnect()
            await discord.wait_ready()

        assert discord.gateway.identifies == 1


async def test_a_server_that_is_away_shows_in_the_health(discord: DiscordDouble, store: Store) -> None:
    platform = adapter(discord, store, Status())
    assert platform.health() == "not connected yet"
    discord.fail_next("/users/@me", 503, times=1_000)
    running = asyncio.create_task(platform.run())
    await discord.signal.wait_until(lambda: len(discord.requests) >= 2, "a second try")
    running.cancel()
    await asyncio.wait({running})
    assert platform.health().startswith("not connected, trying again: discord: login: 503")


async def test_a_channel_the_bot_cannot_see_shows_in_the_health(discord: DiscordDouble, connect: Connect) -> None:
    async with connect(channels=(int(discord.channel), 404)) as platform:
        await ready(platform)
        assert platform.health() == "connected, but cannot see 404: give the bot View Channel there"
        assert platform.channels() == [discord.channel, "404"]


async def test_the_health_tells_of_a_lost_connection_and_a_stuck_inbox(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    looked = f"GET /api/v10/channels/{discord.channel}/messages"
    await discord.signal.wait_until(lambda: looked in discord.requests, "what was written before it came")
    hold = Hold("/")
    discord.fail(hold)
    await discord.drop_socket()
    await hold.reached.wait()
    assert platform.health() == "connecting"
    hold.released.set()
    await discord.wait_ready()
    store.failures = [InboxError("no answer")] * 3
    await discord.say("hello")
    await store.signal.wait_until(lambda: len(store.failures) < 2, "a second try")
    assert platform.health() == "the inbox does not answer; 1 messages wait for it"


async def test_the_token_is_in_no_log(
    discord: DiscordDouble, connect: Connect, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    discord.fail_next("/users/@me", 503)
    async with connect() as platform:
        await discord.drop_socket()
        await discord.wait_ready()
        await platform.post(Post(channel=discord.channel, text="hi", nonce="n"))
    assert caplog.records and TOKEN not in caplog.text
    assert TOKEN not in repr(client.__dict__) and TOKEN not in repr(platform.__dict__)
