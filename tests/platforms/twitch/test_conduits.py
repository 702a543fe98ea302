"""Many channels heard by a conduit of the application, rather than by somebody's login."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from relay.errors import AuthError, ConfigError, PostRejected
from relay.model import Kind, Post
from relay.platforms.twitch import status
from relay.platforms.twitch.auth import check
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.conduits import seats, shards
from relay.platforms.twitch.notifications import SHARD_DISABLED as DISABLED
from relay.platforms.twitch.settings import TwitchSection
from tests.doubles.twitch import Refuse, TwitchDouble
from tests.platforms.twitch.conduits import CHAT, KeptNotes, agency, heard_in, serving
from tests.platforms.twitch.conftest import Received, reaching
from tests.support import eventually

Serve = Callable[..., AbstractAsyncContextManager[TwitchPlatform]]
SUBSCRIBE = ("POST", "/helix/eventsub/subscriptions")


@pytest.fixture
def notes() -> KeptNotes:
    return KeptNotes()


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with agency("ann") as double:
        yield double


@pytest.fixture
def serve(received: Received, tmp_path: Path, notes: KeptNotes, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """`async with serve(twitch) as platform`: a process that hears by the conduit which the notes name."""
    monkeypatch.setattr(shards, "LOOK_AGAIN", 0.0)
    monkeypatch.setattr(shards, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(status, "SETTLE", 0.05)
    return lambda twitch, **over: serving(twitch, over.pop("received", received), tmp_path, notes, **over)


def sessions(twitch: TwitchDouble) -> list[str]:
    [conduit] = twitch.conduits.all
    return [session.id for session in twitch.conduits.sessions_of(conduit)]


async def all_served(twitch: TwitchDouble, count: int = 2) -> None:
    await twitch.until(lambda: len(sessions(twitch)) == count, f"{count} shards served")


async def test_chat_is_heard_and_answered_by_the_application_as_the_bot(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch) as platform:
        question = await twitch.chat("who are you?")
        await received.until_text("who are you?")
        await platform.post(Post(channel=twitch.channel.id, text="the companion", reply_to=question, nonce="1"))

        [post] = await twitch.wait_for_posts(1)
        assert (post.text, post.reply_to) == ("the companion", question)
        assert platform.health().startswith("connected as vox to #ann by a conduit, 2 of 2 shards here")
    assert received.texts == ["who are you?"]


async def test_a_streamer_who_let_no_bot_in_costs_that_channel_alone_and_is_named(
    received: Received, serve: Serve
) -> None:
    async with agency("ann", "ben") as twitch:
        twitch.state.grants = [grant for grant in twitch.state.grants if grant.user.login != "ben"]
        async with serve(twitch) as platform:
            await twitch.chat("hello")
            await received.until_text("hello")

            assert "no chat of #ben" in platform.health()
            with pytest.raises(PostRejected, match="channel:bot"):
                await platform.post(Post(channel=twitch.state.user("ben").id, text="hi", nonce="1"))


async def test_where_the_bot_moderates_no_streamer_has_to_allow_anything(received: Received, serve: Serve) -> None:
    async with agency("ann") as twitch:
        twitch.state.grants = [grant for grant in twitch.state.grants if grant.user.login != "ann"]
        twitch.state.moderators.add(("ann", "vox"))
        async with serve(twitch):
            await twitch.chat("hello")
            await received.until_text("hello")

            assert heard_in(twitch, "channel.follow") == ["ann"]


async def test_what_a_streamer_alone_may_grant_is_heard_where_it_was_granted_and_asked_for_nowhere_else(
    received: Received, serve: Serve
) -> None:
    async with agency("ann", "ben") as twitch:
        twitch.authorise("ben", "channel:read:redemptions")
        async with serve(twitch):
            await twitch.redeem("cat", "Hydrate", channel="ben")
            [redemption] = await received.until(1)

            assert redemption.kind is Kind.REDEMPTION  # type: ignore[union-attr]
            refused = [path for _, path, status in twitch.refused if status == 403]
            assert len(refused) == 2 * 4  # follows, shoutouts both ways and mistrust, which a moderator could hear of


async def test_after_a_restart_the_same_conduit_is_used_with_all_that_is_subscribed(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch):
        pass
    [before], heard = twitch.conduits.all, len(twitch.subscriptions)
    async with serve(twitch):
        await twitch.chat("still here")
        await received.until_text("still here")

    assert list(twitch.conduits.all) == [before]
    assert len(twitch.subscriptions) == heard


async def test_two_processes_that_begin_at_once_end_up_with_one_conduit(twitch: TwitchDouble, serve: Serve) -> None:
    async with AsyncExitStack() as processes:
        for number in (0, 1):
            await processes.enter_async_context(serve(twitch, shard_ids=(number,)))
        await all_served(twitch)

        assert len(twitch.conduits.all) == 1


async def test_where_each_of_two_processes_made_a_conduit_the_one_noted_last_stays(
    twitch: TwitchDouble, received: Received, serve: Serve, notes: KeptNotes
) -> None:
    async with serve(twitch):
        [note], other = notes.all, twitch.conduits.make(2)
        notes.all[note] = other.id
        await twitch.until(lambda: list(twitch.conduits.all) == [other.id], "the other conduit to stay alone")
        await all_served(twitch)
        await twitch.until(lambda: heard_in(twitch) == ["ann"], "chat to be subscribed there")
        await twitch.chat("here")
        await received.until_text("here")


async def test_the_number_of_shards_follows_the_settings(twitch: TwitchDouble, serve: Serve) -> None:
    async with serve(twitch, shards=1):
        await all_served(twitch, 1)
    async with serve(twitch, shards=3):
        await all_served(twitch, 3)


async def test_no_sixth_conduit_is_tried_and_the_error_names_those_there_are(
    twitch: TwitchDouble, received: Received, tmp_path: Path, notes: KeptNotes
) -> None:
    for _ in range(5):
        twitch.conduits.make(1)

    error = await stopped(twitch, received, tmp_path, notes)

    assert isinstance(error, ConfigError)
    assert f"5 conduits ({', '.join(twitch.conduits.all)})" in str(error)


async def test_a_wrong_secret_is_said_with_what_to_check(
    twitch: TwitchDouble, received: Received, tmp_path: Path, notes: KeptNotes
) -> None:
    error = await stopped(twitch, received, tmp_path, notes, client_secret="not-the-secret")

    assert isinstance(error, AuthError)
    assert "check twitch.client_id and twitch.client_secret" in str(error)
    assert "not-the-secret" not in str(error)


async def stopped(
    twitch: TwitchDouble, received: Received, folder: Path, notes: KeptNotes, **over: Any
) -> Exception | None:
    given = {"transport": "conduit", "client_secret": twitch.identity.secret, **over}
    platform = TwitchPlatform(
        reaching(twitch, **given), twitch.write_token(folder / "token.json"), received, notes=notes
    )
    with pytest.raises((AuthError, ConfigError)) as raised:
        await platform.run()
    return raised.value


async def test_a_token_of_the_application_that_counts_no_more_is_replaced(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch) as platform:
        twitch.identity.app_tokens.clear()
        await platform.post(Post(channel=twitch.channel.id, text="hi", nonce="1"))

        assert [post.text for post in twitch.posts] == ["hi"]


async def test_a_broken_shard_is_replaced_and_what_it_would_have_told_comes_by_another(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch):
        await all_served(twitch)
        first, second = sessions(twitch)
        await twitch.cut(first)
        for number in range(4):
            await twitch.chat(f"meanwhile {number}")
        await twitch.until(lambda: len(sessions(twitch)) == 2, "a new shard")
        await received.until(4)

        assert sorted(received.texts) == [f"meanwhile {number}" for number in range(4)]
        assert second in sessions(twitch)
        assert first not in sessions(twitch)


async def test_a_shard_that_twitch_says_it_gives_up_is_replaced_at_once_though_its_connection_stands(
    twitch: TwitchDouble, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "LOOK_EVERY", 600.0)
    async with serve(twitch):
        await all_served(twitch)
        await twitch.until(lambda: DISABLED in [sub.type for sub in twitch.subscriptions], "it to ask for such news")
        first, _ = sessions(twitch)
        [conduit] = twitch.conduits.all.values()
        await twitch.conduits.disable(conduit, conduit.shards[0], "websocket_failed_ping_pong")
        await all_served(twitch)

        assert first not in sessions(twitch)


async def test_a_shard_that_is_asked_to_move_loses_nothing_and_is_not_assigned_anew(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch):
        await all_served(twitch)
        assigned = twitch.requests.count(("PATCH", "/helix/eventsub/conduits/shards"))
        for number in range(3):
            await twitch.reconnect()
            await twitch.chat(f"after {number}")
            await received.until_text(f"after {number}")

        assert twitch.requests.count(("PATCH", "/helix/eventsub/conduits/shards")) == assigned


async def test_what_twitch_gives_to_two_shards_is_told_once(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch):
        await all_served(twitch)
        twitch.conduits.is_unsure = True
        for number in range(10):
            await twitch.chat(f"number {number}")
        await received.until(10)
        twitch.conduits.is_unsure = False
        await twitch.chat("last")
        await received.until_text("last")

    assert len(received.texts) == 11


async def test_a_process_that_ends_leaves_its_shards_to_another(
    twitch: TwitchDouble, received: Received, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "STAND_IN_AFTER", 0.1)
    async with serve(twitch, shard_ids=(1,)) as staying:
        async with serve(twitch, shard_ids=(0,), received=Received()):
            await all_served(twitch)
        await all_served(twitch)
        await twitch.until(lambda: "2 of 2 shards here" in staying.health(), "both shards at the one that stays")
        await twitch.chat("first")
        await twitch.chat("second")
        await received.until(2)


async def test_a_shard_that_is_lost_as_soon_as_it_is_served_is_served_again_slower_and_slower(
    twitch: TwitchDouble, serve: Serve, loss_pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "LOOK_AGAIN", 0.2)
    async with serve(twitch):
        for count in range(1, 6):
            await all_served(twitch)
            await twitch.cut(sessions(twitch)[0])
            await eventually(lambda: len(loss_pauses) == count)  # noqa: B023

    assert loss_pauses[-1] >= shards.PATIENCE / 2


async def test_a_conduit_that_twitch_has_ended_is_made_again_with_everything_subscribed(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch):
        [gone] = twitch.conduits.all
        twitch.conduits.drop(gone)
        await twitch.until(lambda: heard_in(twitch) == ["ann"] and gone not in twitch.conduits.all, "another conduit")
        await all_served(twitch)
        await twitch.chat("again")
        await received.until_text("again")


async def test_a_subscription_taken_away_is_made_again(
    twitch: TwitchDouble, received: Received, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(twitch):
        await twitch.revoke(CHAT)
        await twitch.until(lambda: heard_in(twitch) == ["ann"], "chat to be subscribed again")


async def test_channels_come_and_go_without_a_new_connection_or_a_touch_on_the_others(
    received: Received, serve: Serve
) -> None:
    async with agency("ann", "ben", "cat") as twitch, serve(twitch, channels=("ann", "ben")) as platform:
        await all_served(twitch)
        opened = twitch.sessions.opened
        kept = {sub.id for sub in twitch.subscriptions if sub.watched == twitch.channel.id}
        await platform.set_channels(["ann", "cat"])
        await twitch.until(lambda: set(heard_in(twitch)) == {"ann", "cat"}, "the other channels")
        await twitch.chat("from cat", channel="cat")
        await received.until_text("from cat")

        assert twitch.sessions.opened == opened
        assert kept <= {sub.id for sub in twitch.subscriptions}
        assert not [sub for sub in twitch.subscriptions if sub.watched == twitch.state.user("ben").id]


async def test_a_channel_that_does_not_exist_costs_itself_alone_and_is_named(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch, channels=("ann", "gone")) as platform:
        assert "Twitch knows no channel gone" in platform.health()
        await platform.set_channels(["ann", "nobody"])
        assert "Twitch knows no channel nobody" in platform.health()
        await twitch.chat("hello")
        await received.until_text("hello")


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_to_shards_what_twitch_delivers_is_told_once(
    twitch: TwitchDouble, received: Received, serve: Serve, seed: int
) -> None:
    chance, lines = random.Random(seed), 0

    async def has_told_all() -> None:
        lost = {event["message"]["text"] for event in twitch.conduits.lost if "message" in event}
        everything = {f"line {number}" for number in range(lines)} - lost
        await eventually(lambda: everything <= set(received.texts))
        assert sorted(received.texts) == sorted(everything)

    async with serve(twitch, shards=3):
        await all_served(twitch, 3)
        for _ in range(25):
            match chance.choice(("chat", "chat", "chat", "cut", "move", "unsure", "served")):
                case "chat":
                    for _ in range(chance.randint(1, 5)):
                        await twitch.chat(f"line {lines}")
                        lines += 1
                case "cut" if there := sessions(twitch):
                    await has_told_all()  # what is on the line when it breaks, Twitch takes for delivered
                    await twitch.cut(chance.choice(there))
                case "move":
                    await twitch.ask_to_reconnect()
                case "unsure":
                    twitch.conduits.is_unsure = not twitch.conduits.is_unsure
                case "served":
                    await all_served(twitch, 3)
        await all_served(twitch, 3)
        await has_told_all()


async def test_the_check_counts_what_it_takes_and_shows_how_a_streamer_lets_the_bot_in(tmp_path: Path) -> None:
    async with agency("ann", "ben") as twitch:
        twitch.state.grants = [grant for grant in twitch.state.grants if grant.user.login != "ben"]
        settings = reaching(twitch, transport="conduit", client_secret=twitch.identity.secret)
        line = await check(settings, twitch.write_token(tmp_path / "token.json"))

    assert "channels #ann, #ben, by a conduit with 2 shards (0 of 5 conduits are there)" in line
    assert "26 subscriptions of cost 4 of 10000, made within 1 min" in line
    assert "not let in by #ben: " in line
    assert "/oauth2/authorize?response_type=token&client_id=client-of-the-relay&redirect_uri=http" in line
    assert "scope=channel%3Abot+channel%3Aread%3Aredemptions" in line


async def test_the_check_wants_the_bots_own_consent(tmp_path: Path) -> None:
    async with TwitchDouble("vox", ["ann"]) as twitch:
        settings = reaching(twitch, transport="conduit", client_secret=twitch.identity.secret)
        with pytest.raises(AuthError, match="login of vox lacks user:bot"):
            await check(settings, twitch.write_token(tmp_path / "token.json"))


def test_a_conduit_without_a_secret_is_refused_with_where_it_comes_from() -> None:
    with pytest.raises(ValidationError, match="client_secret is missing: a conduit needs the secret"):
        TwitchSection.model_validate({"enabled": True, "client_id": "c", "channels": ["ann"], "transport": "conduit"})


def test_a_shard_that_the_conduit_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="shard_ids: the shards are numbered 0 to 1"):
        TwitchSection.model_validate({"shards": 2, "shard_ids": [2]})


async def test_after_a_restart_the_channels_are_heard_before_everything_was_looked_at(
    twitch: TwitchDouble, received: Received, serve: Serve
) -> None:
    async with serve(twitch):
        pass
    twitch.faults.append(Refuse("eventsub/subscriptions", 1000, "GET"))
    async with serve(twitch):
        await twitch.chat("anybody there?")
        await received.until_text("anybody there?")
