import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgpack
import pytest
from pydantic import SecretStr

from relay.config import ObsSection
from relay.obs import ObsClient, ObsMicrophone, client, connection
from relay.obs.activity import SILENCE
from tests.doubles.obs import INPUTS, METERS, Input, ObsDouble
from tests.obs.speakers import Notes
from tests.support import PATIENCE, eventually

MIC, DESKTOP = "Mic/Aux", "Desktop Audio"
LOUD, SOFT = 0.5, 0.005
"""-6 and -46 dBFS, on either side of the default threshold of -40."""
TALKS, STOPPED = f"microphone:{MIC} speaks", f"microphone:{MIC} stopped"
MARK = f"microphone:{DESKTOP} speaks"


class Room:
    """A microphone that listens to an OBS, a clock the test sets, and what was told."""

    def __init__(self, obs: ObsDouble, inputs: tuple[str, ...], password: str | None) -> None:
        settings = ObsSection(
            enabled=True, url=obs.url, inputs=inputs, password=None if password is None else SecretStr(password)
        )
        self.obs = obs
        self.now = 1000.0
        self.notes = Notes()
        self.microphone = ObsMicrophone(settings, self.notes, clock=lambda: self.now)
        self.client = ObsClient(settings, [self.microphone], clock=lambda: self.now)

    async def says(self, *said: str) -> None:
        await eventually(lambda: self.notes.said == list(said))

    async def healthy(self, line: str) -> None:
        await eventually(lambda: line in self.client.health())


@asynccontextmanager
async def listening(
    obs: ObsDouble, *inputs: str, password: str | None = None, line: str = "listening to"
) -> AsyncIterator[Room]:
    room = Room(obs, inputs or (MIC,), password)
    task = asyncio.create_task(room.client.run())
    try:
        await room.healthy(line)
        yield room
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


async def test_a_voice_is_told_at_its_first_frame_and_its_end_after_the_release(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await room.says(TALKS)

        room.now += 0.31
        await obs.meters({MIC: SOFT})
        await room.says(TALKS, STOPPED)


async def test_a_voice_that_lasts_is_told_again_every_second(obs: ObsDouble) -> None:
    async with listening(obs, MIC, DESKTOP) as room:
        for said in (1, 1, 2, 2, 3):
            await obs.meters({MIC: LOUD})
            await eventually(lambda said=said: room.notes.said == [TALKS] * said)  # type: ignore[misc]
            room.now += 0.6


async def test_what_is_softer_than_the_threshold_is_nobody(obs: ObsDouble) -> None:
    async with listening(obs, MIC, DESKTOP) as room:
        await obs.meters({MIC: SOFT, DESKTOP: LOUD})
        await room.says(MARK)


async def test_its_level_can_be_seen_and_the_threshold_moved_while_it_listens(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        room.microphone.threshold = -90.0
        await obs.meters({MIC: SOFT})
        await room.says(TALKS)

        assert room.microphone.levels() == {MIC: pytest.approx(SOFT)}
        room.now += SILENCE
        assert room.microphone.levels() == {}


async def test_a_fader_pulled_down_is_silence(obs: ObsDouble) -> None:
    obs.inputs[MIC].volume = 0.001
    async with listening(obs, MIC, DESKTOP) as room:
        await obs.meters({MIC: LOUD, DESKTOP: LOUD})
        await room.says(MARK)


async def test_muting_ends_a_voice_at_once_and_unmuting_lets_it_be_heard_again(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await obs.mute(MIC)
        await room.says(TALKS, STOPPED)
        assert room.client.health() == "listening to Mic/Aux (muted)"

        await obs.meters({MIC: LOUD})
        await obs.mute(MIC, False)
        await eventually(lambda: room.client.health() == "listening to Mic/Aux")
        await obs.meters({MIC: LOUD})
        await room.says(TALKS, STOPPED, TALKS)


async def test_a_late_frame_of_a_muted_microphone_is_not_heard(obs: ObsDouble) -> None:
    async with listening(obs, MIC, DESKTOP) as room:
        await obs.mute(MIC)
        obs.inputs[MIC].muted = False
        await obs.meters({MIC: LOUD, DESKTOP: LOUD})
        await room.says(MARK)


async def test_a_microphone_muted_from_the_start_is_not_heard(obs: ObsDouble) -> None:
    obs.inputs[MIC].muted = True
    async with listening(obs, MIC, DESKTOP, line="Mic/Aux (muted), Desktop Audio") as room:
        await obs.meters({MIC: LOUD, DESKTOP: LOUD})
        await room.says(MARK)


async def test_a_voice_ends_when_obs_sends_no_more_frames(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await room.says(TALKS)
        room.now += 2.0
        await room.says(TALKS, STOPPED)


async def test_a_voice_ends_when_its_input_is_no_longer_active(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await room.says(TALKS)
        obs.inputs[MIC].active = False
        room.now += 0.31
        await obs.meters({MIC: LOUD})
        await room.says(TALKS, STOPPED)


@pytest.mark.parametrize("says_goodbye", [True, False])
async def test_a_voice_ends_when_the_relay_does(
    obs: ObsDouble, says_goodbye: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "GOODBYE", 0.05)
    obs.says_goodbye = says_goodbye
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await room.says(TALKS)
    assert room.notes.said == [TALKS, STOPPED]


# Connections


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the room has logged, each line with its level."""
    caplog.set_level(logging.DEBUG)
    return lambda: [
        f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.name.startswith("relay.obs")
    ]


async def test_a_lost_connection_ends_the_voice_at_once_and_comes_back_by_itself(
    obs: ObsDouble, told: Callable[[], list[str]]
) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await room.says(TALKS)
        obs.drop()
        await room.says(TALKS, STOPPED)

        await eventually(lambda: obs.logins == 2)
        await room.healthy("listening")
        await obs.meters({MIC: LOUD})
        await room.says(TALKS, STOPPED, TALKS)
    assert told() == [
        "INFO OBS is connected: listening to Mic/Aux",
        f"INFO the connection to OBS at {obs.url} was lost; waiting for it",
        "INFO OBS is connected: listening to Mic/Aux",
    ]


async def test_an_obs_that_is_lost_as_soon_as_it_is_connected_is_come_back_to_slower_and_slower(
    obs: ObsDouble, loss_pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose() -> None:
        logins = obs.logins + 1
        obs.drop()
        await eventually(lambda: obs.logins == logins and room.client.is_connected)

    async with listening(obs) as room:
        for _ in range(6):
            await lose()
        assert len(loss_pauses) == 6 and loss_pauses[-1] >= client.RECONNECT_AT_MOST / 2

        monkeypatch.setattr("relay.system.backoff.SETTLED", 0.0)
        await lose()
        assert loss_pauses[-1] <= client.RECONNECT, "it stood for long enough"


async def test_an_obs_that_is_not_running_is_waited_for_without_noise(
    obs: ObsDouble, told: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_BACKOFF", lambda _: 0.02)
    await obs.stop()
    tries = 0

    async def counted(self: connection.ObsConnection) -> None:
        nonlocal tries
        tries += 1
        await real(self)

    real = connection.ObsConnection.open
    monkeypatch.setattr(connection.ObsConnection, "open", counted)

    async with listening(obs, line="cannot be reached") as room:
        await eventually(lambda: tries > 3)
        await obs.start()
        await room.healthy("listening")
    assert told() == [
        f"INFO OBS cannot be reached at {obs.url}; waiting for it",
        "INFO OBS is connected: listening to Mic/Aux",
    ]


async def test_a_proxy_in_between_is_named(obs: ObsDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("socks_proxy", "socks5://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with listening(obs, line="set NO_PROXY"):
        pass


async def test_a_session_ended_in_obs_is_begun_again(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await obs.kick()
        await room.says(TALKS, STOPPED)
        await eventually(lambda: obs.logins == 2)


async def test_the_password_is_proved_and_not_sent(obs: ObsDouble) -> None:
    obs.password = "correct horse"
    async with listening(obs, password="correct horse"):
        assert (obs.logins, obs.refusals) == (1, 0)


@pytest.mark.parametrize("password", ["hunter2", None])
async def test_a_wrong_password_is_one_clear_error_and_tried_again_later(
    obs: ObsDouble, password: str | None, told: Callable[[], list[str]], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(client, "REFUSED", 0.01)
    obs.password = "correct horse"
    async with listening(obs, password=password, line="set RELAY_OBS__PASSWORD") as room:
        await eventually(lambda: obs.refusals > 2)
        obs.password = password
        await room.healthy("listening")
    errors = [line for line in told() if line.startswith("ERROR")]
    assert len(errors) == 1
    assert "obs.password: OBS refused it" in errors[0]
    assert "hunter2" not in caplog.text
    assert "authentication" not in caplog.text


async def test_a_connection_lost_while_a_request_is_open_is_noticed_at_once(
    obs: ObsDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER", 10 * PATIENCE)
    obs.answers = False
    async with listening(obs, line="not connected") as room:
        await eventually(lambda: obs.listeners == 1)
        obs.drop()
        await eventually(lambda: "was lost" in room.client.health())


@pytest.mark.parametrize(
    ("limit", "fault", "line"),
    [("LOGIN", "greets", "does not answer at"), ("ANSWER", "answers", "did not answer GetInputList within")],
)
async def test_what_never_answers_is_given_up(
    obs: ObsDouble, limit: str, fault: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, limit, 0.1)
    monkeypatch.setattr(client, "_BACKOFF", lambda _: 0.02)
    setattr(obs, fault, False)
    async with listening(obs, line=line) as room:
        setattr(obs, fault, True)
        monkeypatch.setattr(connection, limit, PATIENCE)
        await room.healthy("listening")


async def test_an_obs_that_still_loads_is_asked_again(obs: ObsDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_BACKOFF", lambda _: 0.02)
    obs.ready = False
    async with listening(obs, line="OBS is not ready") as room:
        obs.ready = True
        await room.healthy("listening")


@pytest.mark.parametrize(
    "message",
    [{"op": 5}, {"no": "op"}, {"op": 7, "d": {"requestId": 3}}, [], "text", {"op": 5, "d": {"eventType": None}}],
    ids=repr,
)
async def test_a_frame_that_breaks_the_protocol_ends_neither_the_relay_nor_its_listening(
    obs: ObsDouble, message: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RECONNECT", 0.0)
    async with listening(obs) as room:
        await obs.send_raw(msgpack.packb(message))
        await obs.send_raw(b"\xc1")

        async def heard() -> None:
            while not room.notes.said:
                await obs.meters({MIC: LOUD})
                await asyncio.sleep(0.01)

        await asyncio.wait_for(heard(), PATIENCE)


async def test_a_web_server_at_the_address_is_said_not_to_be_obs(obs: ObsDouble) -> None:
    obs.is_obs = False
    async with listening(obs, line="is not OBS"):
        pass


async def test_events_of_an_unknown_shape_are_passed_over(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.event("InputVolumeMeters", METERS, inputs=[None, {"inputName": MIC, "inputLevelsMul": [[1], None]}])
        await obs.event("InputMuteStateChanged", INPUTS, inputName=MIC)
        await obs.event("InputNameChanged", INPUTS, inputName=7)
        await obs.meters({MIC: LOUD})
        await room.says(TALKS)
        assert obs.logins == 1


# Inputs


async def test_an_input_that_does_not_exist_is_named_with_those_that_do(
    obs: ObsDouble, told: Callable[[], list[str]]
) -> None:
    line = "obs.inputs: OBS has no input 'Mic'; correct the name, there are 'Desktop Audio', 'Mic/Aux'"
    async with listening(obs, "Mic", line=line):
        assert f"WARNING {line}" in told()


async def test_an_input_that_appears_later_is_heard(obs: ObsDouble) -> None:
    async with listening(obs, "Mic", line="no input 'Mic'") as room:
        await obs.create("Mic", Input())
        await room.healthy("listening to Mic")
        await obs.meters({"Mic": LOUD})
        await room.says("microphone:Mic speaks")


async def test_an_input_without_sound_is_named(obs: ObsDouble) -> None:
    obs.inputs["Logo"] = Input(sound=False)
    async with listening(obs, "Logo", line="obs.inputs: 'Logo' has no sound in OBS"):
        pass


async def test_removing_an_input_ends_its_voice(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await obs.remove(MIC)
        await room.says(TALKS, STOPPED)
        assert "OBS has no input 'Mic/Aux'" in room.client.health()


async def test_an_input_that_obs_lists_a_little_longer_than_it_is_there_is_looked_for_again(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.remove(MIC)
        await room.healthy("no input 'Mic/Aux'")
        await obs.create("Guest", Input())
        await room.healthy("listening to Mic/Aux")

        obs.forget(MIC)
        room.now += client.SETTLES

        await room.healthy("no input 'Mic/Aux'; correct the name, there are 'Desktop Audio', 'Guest'")


async def test_a_renamed_input_is_followed_as_the_same_speaker(obs: ObsDouble, told: Callable[[], list[str]]) -> None:
    async with listening(obs) as room:
        await obs.meters({MIC: LOUD})
        await obs.rename(MIC, "Rode")
        await room.healthy("listening to Rode")
        assert room.notes.said == [TALKS]

        await obs.mute("Rode")
        await room.says(TALKS, STOPPED)
        assert "WARNING 'Mic/Aux' is called 'Rode' in OBS now and still listened to; correct obs.inputs" in told()


async def test_an_input_that_has_its_name_back_needs_no_correction(
    obs: ObsDouble, told: Callable[[], list[str]]
) -> None:
    async with listening(obs) as room:
        await obs.rename(MIC, "Rode")
        await room.healthy("listening to Rode")
        await obs.rename("Rode", MIC)
        await room.healthy("listening to Mic/Aux")

    assert told()[-1] == "INFO 'Mic/Aux' has its name back in OBS"


async def test_a_renamed_input_is_still_followed_after_a_reconnect(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.rename(MIC, "Rode")
        await room.healthy("listening to Rode")
        obs.drop()
        await eventually(lambda: obs.logins == 2)
        await room.healthy("listening to Rode")


async def test_an_input_renamed_to_what_is_wanted_is_heard(obs: ObsDouble) -> None:
    async with listening(obs, "Mic", line="no input 'Mic'") as room:
        await obs.rename(MIC, "Mic")
        await room.healthy("listening to Mic")


async def test_the_inputs_of_another_scene_collection_are_looked_up(obs: ObsDouble) -> None:
    async with listening(obs) as room:
        await obs.switch_collection({"Headset": Input()})
        await room.healthy("there are 'Headset'")
        await obs.switch_collection({MIC: Input(muted=True)})
        await room.healthy("listening to Mic/Aux (muted)")
