"""What TwitchIO leaves to the relay when Twitch, the network or the login fails."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from twitchio.authentication import OAuth, RefreshTokenPayload
from twitchio.eventsub.websockets import Websocket

from relay.errors import AuthError, ConfigError, InboxError, PlatformError, PlatformUnavailable
from relay.model import Incoming, Kind, Post
from relay.platforms.twitch import connection, socket, status
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.login_transport import AGAIN_AT_MOST
from relay.platforms.twitch.socket import MOVE_AT_MOST
from relay.platforms.twitch.tokens import Token, TokenFile
from relay.system.private_files import write_private
from tests.doubles.faults import FaultyProxy
from tests.doubles.twitch import Drop, Garble, Hold, TwitchDouble
from tests.platforms.twitch.conftest import EVERYTHING, Connect, Received, reaching
from tests.support import PATIENCE

CHAT = "channel.chat.message"


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    """A login that may hear little: all of it is subscribed again and again here."""
    async with TwitchDouble(scopes=("user:read:chat", "user:write:chat", "moderator:read:followers")) as double:
        yield double


@pytest.fixture
def kinds() -> frozenset[Kind]:
    return EVERYTHING


async def hears_again(twitch: TwitchDouble, received: Received) -> None:
    await twitch.wait_subscribed()
    await twitch.chat("again")
    await received.until_text("again")


async def test_channels_wished_for_while_twitch_looks_up_those_before_are_had(tmp_path: Path) -> None:
    async with TwitchDouble(channels=("ann", "ben")) as twitch:
        settings, tokens = reaching(twitch, channels=["ann"]), TokenFile(twitch.write_token(tmp_path / "token.json"))
        slow = Hold("users")
        twitch.faults.append(slow)
        async with TwitchConnection(settings, tokens) as connection:
            logging_in = asyncio.create_task(connection.log_in())
            await slow.is_asked.wait()
            await connection.listen_to(["ben", "ann"])
            slow.may_answer.set()
            await logging_in
            assert [each.login for each in connection.channels] == ["ben", "ann"]


async def test_events_on_the_old_socket_during_a_handover_are_not_lost(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        twitch.sessions.welcoming.clear()
        [old] = await twitch.ask_to_reconnect()
        await twitch.until(lambda: len(twitch.sessions.current) == 2, "the new socket")
        await twitch.chat("while moving")
        await received.until_text("while moving")
        twitch.sessions.welcoming.set()
        await twitch.wait_calls("eventsub/subscriptions", 3, method="GET", from_now=True)
        await twitch.chat("late", on=old)
        await twitch.chat("on the new one")
        await received.until(3)

    assert sorted(received.texts) == ["late", "on the new one", "while moving"]


@pytest.mark.parametrize("listed_under_old_id", [False, True])
async def test_a_handover_keeps_the_subscriptions_without_asking_again(
    twitch: TwitchDouble, connect: Connect, listed_under_old_id: bool
) -> None:
    twitch.sessions.lists_old_ids = listed_under_old_id
    async with connect(twitch):
        before = twitch.requests.count(("POST", "/helix/eventsub/subscriptions"))
        await twitch.reconnect()
        await twitch.wait_calls("eventsub/subscriptions", 5, method="GET", from_now=True)

        assert twitch.requests.count(("POST", "/helix/eventsub/subscriptions")) == before


async def test_the_old_socket_is_closed_after_a_handover(
    twitch: TwitchDouble, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.platforms.twitch.socket.HANDOVER_GRACE", 0.05)
    async with connect(twitch):
        [old] = await twitch.ask_to_reconnect()
        await twitch.until(lambda: old.moved.is_set() and not old.open, "the old socket to close")


async def test_several_handovers_in_a_row_work(twitch: TwitchDouble, connect: Connect, received: Received) -> None:
    async with connect(twitch):
        for number in range(3):
            await twitch.reconnect()
            await twitch.chat(f"after {number}")
            await received.until_text(f"after {number}")


async def test_a_session_that_is_asked_to_move_again_and_again_does_so_slower_and_slower(
    twitch: TwitchDouble, connect: Connect, loss_pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(twitch):
        for _ in range(9):
            await twitch.reconnect()
        assert len(loss_pauses) == 9 and loss_pauses[-1] >= MOVE_AT_MOST / 2

        monkeypatch.setattr("relay.system.backoff.SETTLED", 0.0)
        await twitch.reconnect()
        assert loss_pauses[-1] < 0.1, "it stood for long enough"


async def test_sessions_that_end_as_soon_as_all_is_subscribed_are_begun_slower_and_slower(
    twitch: TwitchDouble, connect: Connect, loss_pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose() -> None:
        opened = twitch.sessions.opened + 1
        await twitch.drop_socket()
        await twitch.until(lambda: twitch.sessions.opened == opened, "another session")
        await platform.listening.wait()

    async with connect(twitch) as platform:
        for _ in range(8):
            await lose()
        assert len(loss_pauses) == 8 and loss_pauses[-1] >= AGAIN_AT_MOST / 2

        monkeypatch.setattr("relay.system.backoff.SETTLED", 0.0)
        await lose()
        assert loss_pauses[-1] <= 0.25, "it stood for long enough"


async def test_a_handover_that_fails_ends_in_a_fresh_session(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        twitch.faults.append(Drop("ws"))
        [old] = await twitch.ask_to_reconnect()
        await twitch.until(lambda: twitch.sessions.opened == 2, "a fresh session")
        await old.socket.close()
        await hears_again(twitch, received)


async def test_a_dropped_socket_is_replaced(twitch: TwitchDouble, connect: Connect, received: Received) -> None:
    async with connect(twitch, reconcile_every=60.0):
        await twitch.drop_socket()
        await hears_again(twitch, received)


async def test_a_session_twitch_has_forgotten_is_replaced(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        twitch.forget_sessions()
        await twitch.until(lambda: twitch.sessions.opened == 2, "a second socket")
        await hears_again(twitch, received)


async def test_subscriptions_that_could_not_be_renewed_after_a_drop_are_reconciled(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        twitch.fail_next("eventsub/subscriptions", 500, times=3)
        twitch.faults.append(Drop("eventsub/subscriptions", times=2))
        await twitch.drop_socket()
        await hears_again(twitch, received)


async def test_one_type_that_fails_does_not_keep_the_others_from_being_subscribed(
    twitch: TwitchDouble, connect: Connect
) -> None:
    async with connect(twitch):
        twitch.helix.failing_types["channel.chat.clear"] = 500
        await twitch.drop_socket()
        await twitch.wait_subscribed("channel.chat.message", "stream.offline", "channel.follow")


async def test_a_type_twitch_refuses_for_good_does_not_keep_the_others_from_being_subscribed(
    twitch: TwitchDouble, connect: Connect
) -> None:
    async with connect(twitch) as platform:
        twitch.helix.failing_types["channel.chat.clear"] = 410
        await twitch.drop_socket()
        await twitch.wait_subscribed("channel.chat.message", "stream.offline", "channel.follow")
        await twitch.until(lambda: "no cleared chats of #streamer" in platform.health(), "the refusal in health")


async def test_a_post_after_the_run_ended_is_not_lost_in_an_odd_error(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        pass

    with pytest.raises(PlatformUnavailable, match="not connected: stopped"):
        await platform.post(Post(channel=twitch.channel.id, text="late", nonce="1"))


async def test_a_server_that_is_away_is_tried_until_it_is_back(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch) as platform:
        twitch.fail_next("ws", 500, times=2)
        await twitch.drop_socket()
        await twitch.wait_calls("ws", 1, from_now=True)
        assert "connected as" not in platform.health()
        await hears_again(twitch, received)


@pytest.mark.parametrize("code", [4000, 4002, 4003, 4004, 4005, 4006, 4007])
async def test_a_session_closed_by_twitch_is_replaced(
    twitch: TwitchDouble, connect: Connect, received: Received, code: int
) -> None:
    async with connect(twitch):
        await twitch.close_socket(code)
        await hears_again(twitch, received)


async def test_a_session_closed_as_unused_is_replaced(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    twitch.sessions.unused_after = 0.2
    twitch.fail_next("eventsub/subscriptions", 500, times=4)
    async with connect(twitch):
        await hears_again(twitch, received)


async def test_a_socket_that_falls_silent_is_replaced(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    twitch.sessions.keepalive = 0.2
    async with connect(twitch):
        [session] = twitch.sessions.current
        session.silent = True
        await twitch.until(lambda: twitch.sessions.opened == 2, "a second socket")
        await hears_again(twitch, received)


async def test_a_line_whose_other_end_is_gone_is_noticed_long_before_twitchs_own_sign_of_life_is_due(
    twitch: TwitchDouble, connect: Connect, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Websocket.__init__

    def begin_unasked(self: Websocket, **options: Any) -> None:
        begin(self, **options)
        self._heartbeat = 3600  # TwitchIO would ask by itself

    monkeypatch.setattr(Websocket, "__init__", begin_unasked)
    monkeypatch.setattr(socket, "PING_EVERY", 1.0)
    twitch.sessions.keepalive = 600.0
    async with FaultyProxy(twitch.port) as way, connect(twitch, eventsub_url=f"ws://127.0.0.1:{way.port}/ws"):
        before = {sub.id for sub in twitch.subscriptions}
        way.desert()
        await twitch.until(lambda: twitch.sessions.opened > 1, "a second socket")
        await twitch.until(lambda: {sub.type for sub in twitch.subscriptions if sub.id not in before} >= {CHAT}, CHAT)
        await twitch.chat("again")
        await received.until_text("again")


async def test_silence_counts_from_the_last_sign_of_life() -> None:
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    await socket.overdue(lambda: min(now[0], 4.0), patience=10.0, sleep=sleep)

    assert 14.0 <= now[0] <= 15.01


async def test_keepalives_alone_keep_a_session(twitch: TwitchDouble, connect: Connect) -> None:
    twitch.sessions.keepalive = 0.1
    async with connect(twitch):
        await twitch.wait_calls("eventsub/subscriptions", 4, method="GET", from_now=True)

        assert twitch.sessions.opened == 1


async def test_subscriptions_are_made_one_at_a_time(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch):
        assert twitch.most_at_once == 1
        assert twitch.sessions.opened == 1


async def test_an_expired_token_is_refreshed_saved_and_used(
    twitch: TwitchDouble, connect: Connect, tmp_path: Path
) -> None:
    async with connect(twitch) as platform:
        twitch.expire_token()
        await platform.post(Post(channel=twitch.channel.id, text="still here", nonce="1"))
        await twitch.wait_for_posts(1)

        saved = json.loads((tmp_path / "token.json").read_text())
    assert saved == {"access_token": twitch.state.grant.access, "refresh_token": twitch.state.grant.refresh}


async def test_a_login_by_a_person_is_used_at_once_and_not_overwritten_by_a_refresh_of_the_old_one(
    twitch: TwitchDouble, connect: Connect, tmp_path: Path
) -> None:
    async with connect(twitch, reconcile_every=60.0) as platform:
        old = twitch.state.grant
        twitch.log_in_again()
        twitch.write_token(tmp_path / "token.json")
        new, old.valid = twitch.state.grant, False
        await platform.post(Post(channel=twitch.channel.id, text="with the old one, refreshed", nonce="1"))

        assert json.loads((tmp_path / "token.json").read_text())["access_token"] == new.access


async def test_a_login_by_a_person_is_taken_up_without_a_restart(
    twitch: TwitchDouble, connect: Connect, tmp_path: Path
) -> None:
    async with connect(twitch):
        old = twitch.state.grant
        twitch.log_in_again()
        twitch.write_token(tmp_path / "token.json")
        await twitch.until(lambda: twitch.state.grant.calls > 1, "calls with the new login")

        assert old.access != twitch.state.grant.access


async def test_calls_that_meet_in_a_refresh_all_succeed(connect: Connect) -> None:
    names = ["streamer", "ann", "ben", "cat"]
    async with TwitchDouble(channels=names) as twitch, connect(twitch) as platform:
        twitch.expire_token()
        posts = [Post(channel=twitch.state.user(name).id, text=name, nonce=name) for name in names]
        await asyncio.gather(*(platform.post(post) for post in posts))

    assert {posted.text for posted in twitch.posts} == set(names)
    assert twitch.identity.refreshes > 1


async def test_a_token_twitchio_dropped_is_put_back(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        twitch.expire_token()
        await platform.post(Post(channel=twitch.channel.id, text="refreshed", nonce="1"))
        await platform._connection.client.remove_token(twitch.account.id)
        await platform.post(Post(channel=twitch.channel.id, text="put back", nonce="2"))

    assert [posted.text for posted in twitch.posts] == ["refreshed", "put back"]


async def test_an_expired_token_at_the_start_is_refreshed(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    twitch.expire_token()
    async with connect(twitch):
        await hears_again(twitch, received)


async def test_a_token_about_to_expire_is_refreshed_in_time(
    twitch: TwitchDouble, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(twitch):
        monkeypatch.setattr(connection, "CHECK_LOGIN_EVERY", 0.0)
        twitch.state.grant.expires_in = 1800
        await twitch.until(lambda: twitch.identity.refreshes == 1, "a refresh")


async def test_a_refreshed_login_outlives_a_look_at_it_that_fails(
    twitch: TwitchDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh = OAuth.refresh_token

    async def then_failing(self: OAuth, token: str, /) -> RefreshTokenPayload:
        granted = await refresh(self, token)
        twitch.fail_next("oauth2/validate", 500)
        return granted

    monkeypatch.setattr(OAuth, "refresh_token", then_failing)
    tokens = TokenFile(twitch.write_token(tmp_path / "t"))
    twitch.expire_token()
    async with TwitchConnection(reaching(twitch), tokens) as connection:
        with pytest.raises(PlatformUnavailable):
            await connection.recognise()
        await connection.recognise()

    assert twitch.identity.refreshes == 1


async def test_a_login_that_is_being_refreshed_outlives_the_end_of_the_relay(
    twitch: TwitchDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh, spent, answered = OAuth.refresh_token, asyncio.Event(), asyncio.Event()

    async def slow(self: OAuth, token: str, /) -> RefreshTokenPayload:
        granted = await refresh(self, token)
        spent.set()
        await answered.wait()
        return granted

    monkeypatch.setattr(OAuth, "refresh_token", slow)
    tokens = TokenFile(twitch.write_token(tmp_path / "t"))
    twitch.expire_token()
    async with TwitchConnection(reaching(twitch), tokens) as connection:
        logging_in = asyncio.create_task(connection.recognise())
        await asyncio.wait_for(spent.wait(), PATIENCE)
        logging_in.cancel()
        answered.set()
        await asyncio.wait({logging_in}, timeout=PATIENCE)

    assert logging_in.cancelled()
    assert tokens.load() == Token(twitch.state.grant.access, twitch.state.grant.refresh)


async def stopped_by(platform: TwitchPlatform) -> BaseException:
    async with asyncio.timeout(PATIENCE):
        [error] = await asyncio.gather(platform.run(), return_exceptions=True)
    assert isinstance(error, BaseException)
    return error


async def test_a_withdrawn_login_ends_the_run_with_the_fix(
    twitch: TwitchDouble, received: Received, tmp_path: Path
) -> None:
    platform = TwitchPlatform(reaching(twitch, reconcile_every=0.1), twitch.write_token(tmp_path / "t"), received)
    running = asyncio.create_task(platform.run())
    await twitch.wait_subscribed()
    twitch.withdraw_login()

    with pytest.raises(AuthError, match="run `relay auth twitch`"):
        await asyncio.wait_for(running, PATIENCE)
    assert "run `relay auth twitch`" in platform.health()
    assert not platform.listening.is_set()


async def test_a_changed_password_ends_the_run_at_once(
    platform: TwitchPlatform, twitch: TwitchDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "SETTLE", 0.05)
    running = asyncio.create_task(platform.run())
    await platform.listening.wait()
    await twitch.change_password()

    with pytest.raises(AuthError, match="run `relay auth twitch`"):
        await asyncio.wait_for(running, PATIENCE)


async def test_a_mistake_of_the_relay_ends_the_run_and_tells_no_secret(
    twitch: TwitchDouble, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def receive(*_: Incoming) -> None:
        raise RuntimeError(f"access_token={twitch.state.grant.access}")

    platform = TwitchPlatform(reaching(twitch), twitch.write_token(tmp_path / "t"), receive)
    running = asyncio.create_task(platform.run())
    await platform.listening.wait()
    await twitch.chat("hello")
    with pytest.raises(PlatformError, match="a mistake of the relay") as caught:
        await asyncio.wait_for(running, PATIENCE)

    told = caplog.text + "".join(traceback.format_exception(caught.value)) + platform.health()
    assert "RuntimeError" in caplog.text
    assert twitch.state.grant.access not in told


@pytest.mark.parametrize("path", ["oauth2/validate", "helix/users", "eventsub/subscriptions"])
@pytest.mark.parametrize("body", [None, [], {"data": None}, "hello"])
async def test_an_answer_that_makes_no_sense_is_asked_for_again(
    twitch: TwitchDouble, connect: Connect, received: Received, path: str, body: object
) -> None:
    twitch.faults.append(Garble(path, body=body))
    async with connect(twitch):
        await hears_again(twitch, received)


async def test_a_login_with_another_account_begins_a_session_of_its_own(
    twitch: TwitchDouble, connect: Connect, received: Received, tmp_path: Path
) -> None:
    async with connect(twitch) as platform:
        twitch.log_in_again("vox")
        twitch.write_token(tmp_path / "token.json")
        await twitch.until(lambda: twitch.sessions.opened == 2, "a session of the other account")
        await twitch.until(lambda: platform.health().startswith("connected as vox"), "the other account")
        await hears_again(twitch, received)


async def test_a_login_withdrawn_before_the_start_ends_the_run_with_the_fix(
    twitch: TwitchDouble, received: Received, tmp_path: Path
) -> None:
    platform = TwitchPlatform(reaching(twitch), twitch.write_token(tmp_path / "t"), received)
    twitch.withdraw_login()

    error = await stopped_by(platform)

    assert isinstance(error, AuthError) and "run `relay auth twitch`" in str(error)


async def test_without_a_login_the_run_says_how_to_get_one(
    twitch: TwitchDouble, received: Received, tmp_path: Path
) -> None:
    error = await stopped_by(TwitchPlatform(reaching(twitch), tmp_path / "none", received))

    assert isinstance(error, AuthError) and "run `relay auth twitch`" in str(error)


async def test_an_unknown_channel_ends_the_run_with_its_name(
    twitch: TwitchDouble, received: Received, tmp_path: Path
) -> None:
    settings = reaching(twitch, channels=["streamer", "nobody"])
    error = await stopped_by(TwitchPlatform(settings, twitch.write_token(tmp_path / "t"), received))

    assert isinstance(error, ConfigError) and "no channel nobody" in str(error)


async def test_a_start_while_twitch_is_down_succeeds_once_it_is_up(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    twitch.fail_next("oauth2/validate", 500, times=2)
    twitch.faults.append(Drop("helix/users"))
    async with connect(twitch):
        await hears_again(twitch, received)


async def test_no_secret_reaches_a_log_or_an_error(
    twitch: TwitchDouble, received: Received, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    settings = reaching(twitch, reconcile_every=0.1, client_secret="the-client-secret")
    platform = TwitchPlatform(settings, twitch.write_token(tmp_path / "t"), received)
    secrets = {"the-client-secret", twitch.state.grant.access, twitch.state.grant.refresh}
    running = asyncio.create_task(platform.run())
    await twitch.wait_subscribed()
    twitch.expire_token()
    twitch.fail_next("oauth2/token", 500)
    await twitch.until(lambda: twitch.identity.refreshes == 1, "a refresh")
    secrets |= {twitch.state.grant.access, twitch.state.grant.refresh}
    twitch.withdraw_login()
    with pytest.raises(AuthError) as caught:
        await asyncio.wait_for(running, PATIENCE)

    told = caplog.text + "".join(traceback.format_exception(caught.value)) + platform.health()
    assert [secret for secret in secrets if secret in told] == []


async def test_what_the_inbox_cannot_take_is_kept_in_order_until_it_can(
    twitch: TwitchDouble, connect: Connect, received: Received, tmp_path: Path
) -> None:
    failures = 3

    async def receive(*incoming: Incoming) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise InboxError("the store did not answer")
        await received(*incoming)

    async with connect(twitch, receive=receive) as platform:
        for number in range(5):
            await twitch.chat(f"{number}")
        await received.until(5)

        assert "wait for the inbox" not in platform.health()
    assert received.texts == ["0", "1", "2", "3", "4"]


async def test_what_was_accepted_before_a_stop_still_reaches_the_inbox(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    busy = asyncio.Event()

    async def receive(*incoming: Incoming) -> None:
        if not busy.is_set():
            busy.set()
            await asyncio.Event().wait()
        await received(*incoming)

    async with connect(twitch, receive=receive) as platform:
        await twitch.chat("first")
        await twitch.chat("second")
        await busy.wait()
        await twitch.until(lambda: "2 messages wait" in platform.health(), "both to be accepted")

    assert received.texts == ["first", "second"]


class Disk:
    """Where logins are written, or cannot be for now."""

    def __init__(self) -> None:
        self.is_full = True

    def write(self, path: Path, text: str) -> None:
        if self.is_full:
            raise PermissionError(13, "Access is denied")
        write_private(path, text)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr("relay.platforms.twitch.tokens.write_private", disk.write)
    return disk


@asynccontextmanager
async def refreshed(twitch: TwitchDouble, file: Path) -> AsyncIterator[TwitchConnection]:
    """A connection whose login has just been refreshed."""
    async with TwitchConnection(reaching(twitch), TokenFile(file)) as connection:
        twitch.expire_token()
        await connection.recognise()
        yield connection


async def test_a_refreshed_login_that_could_not_be_written_is_written_later(
    twitch: TwitchDouble, tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    file = twitch.write_token(tmp_path / "t")
    async with refreshed(twitch, file) as connection:
        await connection.keep_login()
        assert [record.getMessage() for record in caplog.records if "t cannot be written" in record.getMessage()]
        assert len(caplog.records) == 1, "it is said once"
        disk.is_full = False

        await connection.keep_login()

        assert TokenFile(file).load().access == twitch.state.grant.access


async def test_or_at_the_end(twitch: TwitchDouble, tmp_path: Path, disk: Disk) -> None:
    file = twitch.write_token(tmp_path / "t")
    async with refreshed(twitch, file):
        disk.is_full = False

    assert TokenFile(file).load().access == twitch.state.grant.access


async def test_but_never_over_the_login_of_a_person(twitch: TwitchDouble, tmp_path: Path, disk: Disk) -> None:
    file = twitch.write_token(tmp_path / "t")
    async with refreshed(twitch, file):
        twitch.log_in_again()
        twitch.write_token(file)
        disk.is_full = False

    assert TokenFile(file).load().access == twitch.state.grant.access
