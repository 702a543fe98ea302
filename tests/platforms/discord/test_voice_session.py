"""Where the companion is in voice, driven through the whole adapter against a local Discord."""

import asyncio

import pytest
from discord.voice_state import VoiceConnectionState
from tenacity import wait_fixed

from relay.platforms.discord import session_starts
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.discord.voice import session
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice_dave import EXTERNAL_SENDER, PROPOSALS
from tests.doubles.discord.world import CONNECT, EVERYONE, MANAGE_GUILD
from tests.platforms.discord.conftest import Run, Store
from tests.support import PATIENCE, eventually


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "RETRY_WAIT", wait_fixed(0.05))
    monkeypatch.setattr(session, "TICK", 0.02)


async def test_it_is_there_when_the_streamer_is(discord: DiscordDouble, run: Run) -> None:
    await discord.enter("ann")
    async with run():
        await discord.voice.wait_joined(discord.lounge)


async def test_it_comes_when_the_streamer_does(discord: DiscordDouble, run: Run) -> None:
    async with run():
        await discord.enter("ann")
        await discord.voice.wait_joined(discord.lounge)


async def test_it_comes_for_nobody_else_and_to_no_other_channel(discord: DiscordDouble, run: Run, store: Store) -> None:
    lobby = discord.open_voice_channel()
    async with run():
        await discord.enter("bob")
        await discord.enter("ann", lobby)
        await discord.say("all of that was seen")
        await store.wait_for(1)
    assert discord.voice.sockets.identifies == 0


class TestCommands:
    async def test_join_brings_it_to_who_asks(self, discord: DiscordDouble, run: Run) -> None:
        lobby = discord.open_voice_channel()
        await discord.enter("mia", lobby)
        async with run():
            response = await discord.command("join", author="mia", permissions=MANAGE_GUILD)
            await discord.voice.wait_joined(lobby)
        assert response.ephemeral and response.text == f"On my way to <#{lobby}>."

    async def test_the_streamer_may_bring_it_without_any_permission(self, discord: DiscordDouble, run: Run) -> None:
        lobby = discord.open_voice_channel()
        await discord.enter("ann", lobby)
        async with run():
            await discord.command("join", author="ann")
            await discord.voice.wait_joined(lobby)

    async def test_viewers_may_neither_bring_nor_send_it(self, discord: DiscordDouble, run: Run) -> None:
        await discord.enter("bob")
        async with run():
            answers = [(await discord.command(words, author="bob")).text for words in ("join", "leave")]
        assert answers == ["Only moderators can do that."] * 2
        assert discord.voice.sockets.identifies == 0

    async def test_join_needs_somebody_to_come_to(self, discord: DiscordDouble, run: Run) -> None:
        async with run():
            response = await discord.command("join", author="mia", permissions=MANAGE_GUILD)
        assert response.text == "Join a voice channel first; I come to where you are."

    async def test_join_names_the_permission_that_is_missing(self, discord: DiscordDouble, run: Run) -> None:
        discord.world.bot_permissions = EVERYONE | CONNECT
        await discord.enter("mia")
        async with run():
            response = await discord.command("join", author="mia", permissions=MANAGE_GUILD)
        assert response.text == f"I cannot speak in <#{discord.lounge}>: give me Speak there."

    async def test_after_leave_it_stays_away_until_the_streamer_comes_back(
        self, discord: DiscordDouble, run: Run
    ) -> None:
        await discord.enter("ann")
        async with run():
            await discord.voice.wait_joined(discord.lounge)
            response = await discord.command("leave", permissions=MANAGE_GUILD)
            await discord.voice.wait_left()
            await discord.enter("ann")
            assert (response.text, discord.voice.sockets.identifies) == ("Bye!", 1)
            await discord.leave("ann")
            await discord.enter("ann")
            await discord.voice.wait_joined(discord.lounge)

    async def test_leave_says_so_when_it_was_nowhere(self, discord: DiscordDouble, run: Run) -> None:
        async with run():
            response = await discord.command("leave", permissions=MANAGE_GUILD)
        assert response.text == "I am in no voice channel."


class TestMoving:
    async def test_it_follows_the_streamer(self, discord: DiscordDouble, run: Run) -> None:
        lobby = discord.open_voice_channel()
        await discord.enter("ann")
        async with run(channels=(int(discord.lounge), int(lobby))):
            await discord.voice.wait_joined(discord.lounge)
            await discord.enter("ann", lobby)
            await discord.voice.wait_joined(lobby)
            await discord.enter("ann", discord.lounge)
            await discord.voice.wait_joined(discord.lounge)

    async def test_it_does_not_follow_to_channels_that_are_not_its_own(self, discord: DiscordDouble, run: Run) -> None:
        lobby = discord.open_voice_channel()
        await discord.enter("ann")
        await discord.enter("bob")
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await discord.enter("ann", lobby)
            await eventually(lambda: voice.sink.is_open)
        assert discord.voice.sockets.identifies == 1

    async def test_it_stays_where_a_moderator_moves_it(
        self, discord: DiscordDouble, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "GAP", PATIENCE)
        lobby = discord.open_voice_channel()
        await discord.enter("ann")
        await discord.enter("bob", lobby)
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await discord.voice.move_bot(lobby)
            await discord.voice.wait_joined(lobby)
            await eventually(lambda: voice.sink.is_open)
            assert (discord.voice.bot_channel, discord.voice.sockets.identifies) == (lobby, 2)


class TestLeaving:
    async def test_it_leaves_when_it_has_been_alone_for_long(self, discord: DiscordDouble, run: Run) -> None:
        discord.person("robot", bot=True)
        await discord.enter("ann")
        await discord.enter("robot")
        async with run(leave_alone_after=0.1) as voice:
            await discord.voice.wait_joined(discord.lounge)
            await discord.leave("ann")
            await discord.voice.wait_left()
            assert not voice.sink.is_open
            await discord.enter("ann")
            await discord.voice.wait_joined(discord.lounge)

    async def test_it_waits_a_while_for_company(self, discord: DiscordDouble, run: Run) -> None:
        await discord.enter("ann")
        async with run(leave_alone_after=60) as voice:
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            await discord.leave("ann")
            await eventually(lambda: not voice.sink.is_open)
            await discord.enter("ann")
            await eventually(lambda: voice.sink.is_open)
        assert discord.voice.sockets.identifies == 1

    async def test_who_puts_it_out_is_obeyed_until_somebody_asks_again(self, discord: DiscordDouble, run: Run) -> None:
        await discord.enter("ann")
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await discord.voice.kick_bot()
            await eventually(lambda: not voice.sink.is_open)
            await discord.leave("ann")
            await discord.enter("ann")
            answer = await discord.command("leave", permissions=MANAGE_GUILD)
            assert (answer.text, discord.voice.sockets.identifies) == ("I am in no voice channel.", 1)
            await discord.command("join", author="ann")
            await discord.voice.wait_joined(discord.lounge)

    async def test_it_takes_leave_when_the_relay_ends(self, discord: DiscordDouble, run: Run) -> None:
        await discord.enter("ann")
        async with run():
            await discord.voice.wait_joined(discord.lounge)
        assert discord.voice.bot_channel is None


class TestBeingSilenced:
    """A voice that the server lets nobody hear is closed, and says what a moderator has to do."""

    @pytest.mark.parametrize(
        ("state", "told"),
        [
            ({"mute": True}, "muted in lounge: a moderator has to undo the server mute"),
            ({"deaf": True}, "deafened in lounge: a moderator has to undo the server deafen"),
            ({"suppress": True}, "not allowed to speak in lounge: give the bot Speak there"),
        ],
    )
    async def test_in_mid_call(
        self, discord: DiscordDouble, run: Run, state: dict[str, bool], told: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        await discord.enter("ann")
        async with run() as voice:
            await eventually(lambda: voice.sink.is_open)
            await discord.voice.set_bot(**state)
            await eventually(lambda: not voice.sink.is_open)
            assert voice.health() == f"voice: {told}"
            await discord.voice.set_bot(**dict.fromkeys(state, False))
            await eventually(lambda: voice.sink.is_open)
            assert voice.health() is None
        assert caplog.text.count("answers are posted as text") == 1

    async def test_from_the_start(self, discord: DiscordDouble, run: Run) -> None:
        await discord.enter("ann")
        discord.voice.lasting = {"mute": True}
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.health() is not None)
            assert not voice.sink.is_open


class TestStages:
    @pytest.fixture
    def stage(self, discord: DiscordDouble) -> int:
        return int(discord.open_voice_channel("stage", stage=True))

    async def test_it_becomes_a_speaker_where_it_may(self, discord: DiscordDouble, run: Run, stage: int) -> None:
        discord.voice.may_speak_on_stage = True
        await discord.enter("ann", str(stage))
        async with run(channels=(stage,)) as voice:
            await eventually(lambda: voice.sink.is_open)
        assert discord.voice.raised_hands == 0

    async def test_else_it_raises_its_hand_and_waits(self, discord: DiscordDouble, run: Run, stage: int) -> None:
        await discord.enter("ann", str(stage))
        async with run(channels=(stage,)) as voice:
            await eventually(lambda: discord.voice.raised_hands == 1)
            assert not voice.sink.is_open
            await discord.voice.set_bot(suppress=False)
            await eventually(lambda: voice.sink.is_open)
            await discord.voice.set_bot(suppress=True)
            await eventually(lambda: not voice.sink.is_open)
        assert discord.voice.raised_hands == 1


class TestLostConnections:
    @pytest.mark.parametrize("code", [4006, 4009, 1001])
    async def test_it_comes_back_after_a_close(self, discord: DiscordDouble, run: Run, code: int) -> None:
        await discord.enter("ann")
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            await discord.voice.close(code)
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)

    @pytest.mark.parametrize("refused", [0, 1])
    async def test_it_joins_again_only_when_it_was_told_that_it_has_left(
        self, discord: DiscordDouble, run: Run, monkeypatch: pytest.MonkeyPatch, refused: int
    ) -> None:
        monkeypatch.setattr(session, "REJOIN_WAIT", (0.0, 0.01))
        monkeypatch.setattr(session, "LEAVE_TIMEOUT", PATIENCE)
        discord.voice.tells_of_leaving_after = 0.3
        await discord.enter("ann")
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            discord.voice.sockets.refuse = refused
            await discord.voice.close(4006)
            await eventually(lambda: not voice.sink.is_open)
            await eventually(lambda: voice.sink.is_open)
            wishes = list(discord.voice.wishes)

        assert wishes == [discord.lounge, *[None, discord.lounge] * (1 + refused)]

    async def test_it_comes_back_when_the_voice_server_is_gone(
        self, discord: DiscordDouble, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "GAP", 0.2)
        await discord.enter("ann")
        async with run() as voice:
            before = await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            await discord.voice.close(4015)
            await eventually(lambda: discord.voice.connection not in (None, before))
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)

    async def test_it_comes_back_after_a_dropped_line(self, discord: DiscordDouble, run: Run) -> None:
        await discord.enter("ann")
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            discord.voice.drop()
            await eventually(lambda: not voice.sink.is_open)
            await eventually(lambda: voice.sink.is_open)

    @pytest.mark.parametrize("op", [EXTERNAL_SENDER, PROPOSALS])
    async def test_it_comes_back_when_discordpy_trips_over_the_encryption(
        self, discord: DiscordDouble, run: Run, op: int
    ) -> None:
        await discord.enter("ann")
        async with run() as voice:
            before = await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            await before.send_binary(op, b"\0\xff")
            await eventually(lambda: discord.voice.connection not in (None, before))
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
        assert discord.voice.sockets.identifies == 2

    async def test_it_comes_back_when_what_it_no_longer_reads_is_ended(
        self, discord: DiscordDouble, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "TICK", PATIENCE)
        await discord.enter("ann")
        async with run() as voice:
            before = await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice._link is not None and voice._link.is_ready)
            await before.send_binary(PROPOSALS, b"\0\xff")
            await eventually(lambda: voice._link is not None and not voice._link.is_ready)
            await discord.voice.kick_bot()
            await eventually(lambda: discord.voice.connection not in (None, before))
            await discord.voice.wait_joined(discord.lounge)

    @pytest.mark.parametrize("moves", [False, True])
    @pytest.mark.parametrize("reads", [False, True])
    async def test_it_comes_although_it_is_moved_while_it_connects(
        self, discord: DiscordDouble, run: Run, monkeypatch: pytest.MonkeyPatch, moves: bool, reads: bool
    ) -> None:
        monkeypatch.setattr(session, "CONNECT_TIMEOUT", 10 * PATIENCE)
        lobby, handshake = discord.open_voice_channel(), VoiceConnectionState._handshake_websocket

        async def interrupted(state: VoiceConnectionState) -> None:
            monkeypatch.setattr(VoiceConnectionState, "_handshake_websocket", handshake)
            await (discord.voice.move_bot(lobby) if moves else discord.voice.assign_server())
            while reads:
                await state.ws.poll_event()
            await asyncio.Event().wait()

        monkeypatch.setattr(VoiceConnectionState, "_handshake_websocket", interrupted)
        await discord.enter("ann")
        async with run() as voice:
            await eventually(lambda: voice.sink.is_open)
            assert discord.voice.wishes == [discord.lounge, None, discord.lounge]

    async def test_it_keeps_trying_while_it_is_refused_and_text_goes_on(
        self, discord: DiscordDouble, run: Run, store: Store
    ) -> None:
        discord.voice.sockets.refuse = 3
        await discord.enter("ann")
        async with run() as voice:
            await eventually(lambda: voice.health() is not None)
            await discord.say("still there?")
            await store.wait_for(1)
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.health() is None)

    async def test_leave_ends_the_trying(self, discord: DiscordDouble, run: Run) -> None:
        discord.voice.sockets.refuse = 1_000
        await discord.enter("ann")
        async with run() as voice:
            await eventually(lambda: voice.health() is not None)
            await discord.command("leave", permissions=MANAGE_GUILD)
            await eventually(lambda: discord.voice.bot_channel is None)
            refused = discord.voice.sockets.refuse
            await discord.command("leave", permissions=MANAGE_GUILD)
        assert discord.voice.sockets.refuse == refused

    async def test_it_survives_a_gateway_that_resumes(self, discord: DiscordDouble, run: Run, store: Store) -> None:
        await discord.enter("ann")
        async with run() as voice:
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            await discord.drop_socket()
            await discord.wait_ready()
            await discord.say("back")
            await store.wait_for(1)
            assert voice.sink.is_open
        assert discord.voice.sockets.identifies == 1

    @pytest.mark.parametrize("moves", [False, True])
    async def test_it_joins_again_when_the_gateway_begins_anew(
        self, discord: DiscordDouble, run: Run, monkeypatch: pytest.MonkeyPatch, moves: bool
    ) -> None:
        monkeypatch.setattr(session_starts, "APART", 0.0)
        discord.gateway.starts.per = 0.0
        monkeypatch.setattr(session, "LEAVE_TIMEOUT", 0.1)
        lobby = discord.open_voice_channel()
        await discord.enter("ann")
        async with run(channels=(int(discord.lounge), int(lobby))) as voice:
            await discord.voice.wait_joined(discord.lounge)
            await eventually(lambda: voice.sink.is_open)
            await discord.invalidate_session()
            if moves:
                await discord.enter("ann", lobby)
            await eventually(lambda: discord.voice.sockets.identifies == 2)
            await discord.voice.wait_joined(lobby if moves else discord.lounge)
            await eventually(lambda: voice.sink.is_open)

    async def test_a_channel_it_may_not_enter_is_named_in_its_health(self, discord: DiscordDouble, run: Run) -> None:
        discord.world.bot_permissions = EVERYONE
        await discord.enter("ann")
        async with run() as voice:
            await eventually(lambda: voice.health() is not None)
            assert voice.health() == (
                f"voice: cannot speak in channel {discord.lounge}: give the bot Connect, Speak there"
            )


async def test_a_voice_nobody_may_hear_yet_stays_closed(discord: DiscordDouble, run: Run) -> None:
    discord.voice.hold_group = True
    await discord.enter("ann")
    async with run() as voice:
        await eventually(lambda: discord.voice.connection is not None and discord.voice.connection.described)
        await eventually(lambda: voice._link is not None and voice._link.is_connected())
        assert not voice.sink.is_open
        await discord.voice.e2ee.release()
        await eventually(lambda: voice.sink.is_open)
        discord.voice.e2ee.held = True
        await discord.voice.e2ee.restart()
        await eventually(lambda: not voice.sink.is_open)
        await discord.voice.e2ee.release()
        await eventually(lambda: voice.sink.is_open)


async def test_without_voice_nothing_of_it_is_offered(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    assert {command["name"] for command in discord.interactions.commands} == {"ask", "relay"}


async def test_with_voice_its_commands_are_for_those_who_manage_the_server(discord: DiscordDouble, run: Run) -> None:
    async with run():
        offered = {each["name"]: each["default_member_permissions"] for each in discord.interactions.commands}
    assert offered == {"ask": None, "relay": str(MANAGE_GUILD), "join": str(MANAGE_GUILD), "leave": str(MANAGE_GUILD)}
