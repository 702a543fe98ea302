"""Why the companion is silent is told, once and with the way out."""

import logging
from typing import Any

import pytest

from relay.application.audio import SilentAudio
from relay.application.settings import load
from relay.application.silence import LASTS, Silence
from relay.commands.explaining import Halt
from relay.web.overlay.sink import OverlaySink
from relay.wire import server
from tests.system.sleeping import goes_on_at

VOICED = {"speech": {"enabled": True}, "companion": {"speech": "espeak"}}
CHUNK = server.ReplyChunk(message_id="1", session_id="s", sender_id="c", text="hi", audio_url="/1.wav")


class Ears(SilentAudio):
    def __init__(self) -> None:
        self.where: str | None = None

    def unheard(self) -> str | None:
        return self.where


class Room:
    def __init__(self, **sections: Any) -> None:
        self.halt: Halt | None = None
        self.volume: float | None = None
        self.ears = Ears()
        config = load(None, **sections)
        self.silence = Silence(config, self.ears, halt=lambda: self.halt, volume=lambda: self.volume)

    @property
    def reasons(self) -> str:
        return "\n".join(self.silence.reasons())


def test_a_companion_that_is_heard_has_nothing_to_tell() -> None:
    assert Room(**VOICED).reasons == ""


def test_who_wants_no_speech_is_told_nothing_of_it() -> None:
    room = Room(companion={"speech": "none"})
    room.ears.where, room.volume = "nowhere", 0

    assert room.reasons == ""


@pytest.mark.parametrize("halt", [Halt.PAUSED, Halt.OFF_STREAM, Halt.QUIET_HOURS])
def test_a_halt_is_told_with_the_way_out(halt: Halt) -> None:
    room = Room()
    room.halt = halt

    assert ";" in room.reasons or "obs.quiet_off_stream" in room.reasons


def test_a_companion_that_is_away_is_told_elsewhere() -> None:
    room = Room()
    room.halt = Halt.AWAY

    assert room.reasons == ""


def test_speech_without_a_voice_a_place_or_loudness_is_told() -> None:
    assert "set companion.speech" in Room(speech={"enabled": True}).reasons
    room = Room(**VOICED)
    room.ears.where, room.volume = "no page is open: add one", 0
    assert room.reasons.splitlines() == [
        "it is heard nowhere, so its answers are text: no page is open: add one",
        "its volume is 0; `relay ctl volume reset` undoes that",
    ]
    assert "set speech.volume to 1" in Room(**VOICED | {"speech": {"enabled": True, "volume": 0}}).reasons


def test_answers_that_fail_are_told_until_one_succeeds() -> None:
    room = Room(**VOICED)

    room.silence.hear(server.ChatSessionError(message="localhost cannot be reached (check companion.base_url)"))
    assert "could not answer: localhost cannot be reached (check companion.base_url)" in room.reasons
    room.silence.hear(CHUNK)
    assert room.reasons == ""


def test_a_script_that_fails_keeps_nobody_from_answering() -> None:
    room = Room(**VOICED)

    room.silence.hear(server.ChatSessionError(message="A script failed: TypeError", service_name="Scripting"))
    assert room.reasons == ""


def test_a_voice_that_fails_is_told_until_it_is_heard() -> None:
    room = Room(**VOICED)

    room.silence.hear(server.ChatSessionError(message="no model", service_name="TextToSpeech"))
    room.silence.hear(CHUNK.model_copy(update={"audio_url": None}))
    assert "its voice fails, so its answers are text: no model" in room.reasons
    room.silence.hear(CHUNK)
    assert room.reasons == ""


def test_the_log_tells_once_what_lasts_and_once_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    room = Room()
    room.halt = Halt.PAUSED

    for second in (0.0, LASTS - 1):
        room.silence.look(second)
    assert caplog.messages == []
    for second in (LASTS, LASTS + 1, LASTS + 60):
        room.silence.look(second)
    room.halt = None
    room.silence.look(LASTS + 61)
    room.silence.look(LASTS + 62)

    assert [line.split(":")[0] for line in caplog.messages] == ["The companion is silent", "No longer so"]


def test_what_passes_soon_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    room = Room()
    for second in range(0, 100, 10):
        room.halt = Halt.PAUSED if second % 20 else None
        room.silence.look(float(second))

    assert caplog.messages == []


def test_an_overlay_that_nobody_opened_names_its_address() -> None:
    sink = OverlaySink()

    assert not sink.has_sound
    assert "add http://localhost:8099/overlay as a browser source in OBS" in sink.remedy("http://localhost:8099")


async def test_companions_of_one_process_look_in_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [await goes_on_at(Room().silence.run(), now, monkeypatch) for now in (1001.0, 1004.5)] == [1005.0, 1005.0]
