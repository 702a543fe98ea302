"""The model's mouth and expressions, from the speech to VTube Studio's own protocol."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from relay.avatar.access import AvatarToken
from relay.avatar.client import VTubeStudio
from relay.avatar.face import Face
from relay.avatar.mouth import STALLED
from relay.replies.reply import Sentence
from relay.speech.base import RATE, Clip
from tests.avatar.test_client import settings
from tests.doubles.vtube_studio import Expression, VTubeStudioDouble
from tests.speech.fakes import ManualSink
from tests.speech.test_playback import BYE, HELLO, Scene
from tests.support import PATIENCE, alongside, eventually

HUM = (12_000 * np.sin(2 * math.pi * 300 * np.arange(RATE) / RATE)).astype("<i2").tobytes()
JOY, ANGER = replace(HELLO, affect="joy"), replace(BYE, affect="Anger")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end waits for VTube Studio however long that takes, and what is set there counts until it is set anew."""
    monkeypatch.setattr("relay.avatar.expressions.LEAVES", PATIENCE)
    monkeypatch.setattr("tests.doubles.vtube_studio.KEPT", math.inf)


class Stage(Scene):
    """A playback whose clips hum, and the face that goes with it."""

    def __init__(self, studio: VTubeStudio, **given: Any) -> None:
        super().__init__(ManualSink())
        self.studio = studio
        quiet = self.playback._fetch

        async def hum(url: str, message_id: str, text: str) -> Clip:
            return replace(await quiet(url, message_id, text), pcm=HUM)

        self.playback._fetch = hum
        self.sink = self.sinks[0]
        self.face = Face(studio._settings, self.playback, studio, loudness=-18.0, clock=self.clock)

    def goes_on(self, seconds: float = 0.02) -> None:
        """Time passes for the ears and for the clock."""
        self.clock.now += seconds
        self.sink.advance(seconds)
        self.face.changed()


@asynccontextmanager
async def staged(double: VTubeStudioDouble, token: AvatarToken, **given: Any) -> AsyncIterator[Stage]:
    studio = VTubeStudio(settings(double, **given), token)
    stage = Stage(studio)
    async with alongside(studio.run()), alongside(stage.playback.run()):
        await eventually(lambda: studio.state == "ok")
        async with alongside(stage.face.run()):
            yield stage


async def opened(stage: Stage, double: VTubeStudioDouble) -> None:
    """Something is said, and the mouth moves."""
    while not double.frames or not double.frames[-1]["MouthOpen"]:
        stage.goes_on()
        await eventually(lambda: stage.face._shape.opening > 0 or stage.playback.sounding is None)
        await eventually(lambda: bool(double.frames))


async def test_the_mouth_opens_with_what_is_heard_and_closes_when_it_is_over(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    async with staged(double, token) as stage:
        await stage.say(HELLO)
        await opened(stage, double)
        frame = double.frames[-1]
        assert frame["MouthOpen"] == frame["VoiceVolume"] == frame["VoiceVolumePlusMouthOpen"] > 0.5
        assert frame["VoiceSilence"] == pytest.approx(1 - frame["MouthOpen"], abs=0.002)

        stage.goes_on(1.0)

        await eventually(lambda: double.value("MouthOpen") == 0.0)
        assert double.frames[-1]["VoiceSilence"] == 1.0


@pytest.mark.parametrize("how", ["paused", "cut"])
async def test_the_mouth_closes_at_once_when_the_voice_is(
    double: VTubeStudioDouble, token: AvatarToken, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(double, token) as stage:
        await stage.say(HELLO)
        await opened(stage, double)
        monkeypatch.setattr("relay.avatar.face.FRAME", 3600.0)  # no movement comes by itself any more
        stage.face._news.set()
        await stage.studio.request("CurrentModelRequest")

        stage.playback.pause() if how == "paused" else stage.playback.clear()
        stage.face.changed()

        await eventually(lambda: double.value("MouthOpen") == 0.0)


async def test_the_mouth_closes_when_the_voice_is_held_back_elsewhere(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    async with staged(double, token) as stage:
        await stage.say(HELLO)
        await opened(stage, double)

        stage.clock.now += 2 * STALLED  # and nothing was heard meanwhile

        await eventually(lambda: double.value("MouthOpen") == 0.0)


async def test_nothing_is_sent_while_it_is_quiet(double: VTubeStudioDouble, token: AvatarToken) -> None:
    async with staged(double, token) as stage:
        stage.face.changed()
        await stage.studio.request("CurrentModelRequest")
        assert double.frames == []

        await stage.say(HELLO)
        await opened(stage, double)
        stage.goes_on(1.0)
        await eventually(lambda: double.value("MouthOpen") == 0.0)
        told = len(double.frames)
        for _ in range(5):
            stage.face.changed()
            await stage.studio.request("CurrentModelRequest")

        assert len(double.frames) == told


async def test_a_model_without_a_camera_is_kept_awake(
    double: VTubeStudioDouble, token: AvatarToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.avatar.face.AWAKE_EVERY", 0.01)
    async with staged(double, token, keep_awake=True):
        await eventually(lambda: len(double.frames) > 3)
        assert double.face_found
        assert double.value("MouthOpen") == 0.0


def shown(double: VTubeStudioDouble) -> list[str]:
    return [each.name for each in double.expressions if each.active]


async def test_an_expression_comes_with_its_emotion_changes_and_goes(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    async with staged(double, token, expressions={"anger": "angry"}, linger=0.01) as stage:
        await stage.say(JOY, ANGER)
        stage.goes_on(0.5)
        await eventually(lambda: shown(double) == ["Joy"])

        stage.goes_on(0.6)
        await eventually(lambda: shown(double) == ["angry"])

        stage.goes_on(1.0)
        stage.clock.now += 1.0
        await eventually(lambda: shown(double) == [])


async def test_an_expression_of_the_streamers_own_is_left_on(double: VTubeStudioDouble, token: AvatarToken) -> None:
    double.expressions[0].active = True
    async with staged(double, token, linger=0.01) as stage:
        await stage.say(JOY)
        stage.goes_on(1.0)
        stage.clock.now += 1.0
        await eventually(lambda: not stage.face._expressions.is_wanted)
        await stage.studio.request("CurrentModelRequest")

    assert shown(double) == ["Joy"]
    assert double.count("ExpressionActivationRequest") == 0


async def test_a_hotkey_is_pressed_once_for_its_emotion(double: VTubeStudioDouble, token: AvatarToken) -> None:
    async with staged(double, token, hotkeys={"JOY": "wave"}) as stage:
        await stage.say(JOY, replace(BYE, affect="joy"))
        stage.goes_on(1.5)
        await eventually(lambda: double.pressed == ["Wave"])
        await eventually(lambda: shown(double) == ["Joy"])
    assert double.pressed == ["Wave"]


async def test_an_expression_is_taken_back_at_the_end(double: VTubeStudioDouble, token: AvatarToken) -> None:
    async with staged(double, token) as stage:
        await stage.say(JOY)
        stage.goes_on(0.5)
        await eventually(lambda: shown(double) == ["Joy"])

    assert shown(double) == []


async def test_an_expression_is_taken_back_whose_coming_was_never_confirmed(
    double: VTubeStudioDouble, token: AvatarToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(double, token) as stage:
        request = stage.studio.request

        async def unanswered(kind: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
            answer = await request(kind, data)
            if kind == "ExpressionActivationRequest" and data is not None and data["active"]:
                await asyncio.Event().wait()
            return answer

        monkeypatch.setattr(stage.studio, "request", unanswered)
        await stage.say(JOY)
        stage.goes_on(0.5)
        await eventually(lambda: shown(double) == ["Joy"])

    assert shown(double) == []


async def test_an_emotion_the_model_has_nothing_for_is_told_once(
    double: VTubeStudioDouble, token: AvatarToken, caplog: pytest.LogCaptureFixture
) -> None:
    double.expressions = [Expression("Joy.exp3.json")]
    caplog.set_level("INFO")
    async with staged(double, token) as stage:
        await stage.say(ANGER, JOY, Sentence("r1", " Oh.", 32, 36, "c", affect="anger"))
        stage.goes_on(0.5)
        await eventually(lambda: "the model has no expression 'anger'" in caplog.text)
        stage.goes_on(1.0)
        await eventually(lambda: shown(double) == ["Joy"])
        stage.goes_on(0.9)
        await eventually(lambda: shown(double) == [])

    assert caplog.text.count("has no expression") == 1
