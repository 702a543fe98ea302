"""Being let in by VTube Studio, and staying connected, over its real protocol."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from relay.avatar.access import AvatarToken
from relay.avatar.check import check
from relay.avatar.client import RECONNECT, VTubeStudio
from relay.avatar.connection import AvatarRefused
from relay.config import VTubeStudioSection
from relay.errors import AvatarUnavailable, ConfigError
from tests.doubles.ports import free_port
from tests.doubles.vtube_studio import VTubeStudioDouble
from tests.support import alongside, eventually


def settings(double: VTubeStudioDouble, **given: Any) -> VTubeStudioSection:
    return VTubeStudioSection(enabled=True, url=double.url, **given)


@asynccontextmanager
async def connecting(double: VTubeStudioDouble, token: AvatarToken, **given: Any) -> AsyncIterator[VTubeStudio]:
    studio = VTubeStudio(settings(double, **given), token, look_every=0.02)
    async with alongside(studio.run()):
        yield studio


async def test_the_streamer_is_asked_once_and_the_token_kept_for_nobody_else(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    for _ in range(2):
        async with connecting(double, token) as studio:
            await eventually(lambda: studio.state == "ok")

    assert double.asked == [("Voxta Relay", "Voxta Relay")]
    assert list(double.tokens) == [token.load()]
    assert stat.S_IMODE(token.path.stat().st_mode) == 0o600


async def test_while_the_streamer_has_not_answered_a_light_says_what_to_click(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    double.allows = None
    async with connecting(double, token) as studio:
        await eventually(lambda: bool(double.asked))
        assert studio.state == "problem"
        assert "click Allow" in studio.health()

        double.allows = True
        await eventually(lambda: studio.state == "ok")


async def test_one_that_is_lost_as_soon_as_it_let_us_in_is_come_back_to_slower_and_slower(
    double: VTubeStudioDouble, token: AvatarToken, loss_pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose() -> None:
        count = len(loss_pauses) + 1
        double.drop()
        await eventually(lambda: len(loss_pauses) == count and studio.state == "ok")

    async with connecting(double, token) as studio:
        await eventually(lambda: studio.state == "ok")
        for _ in range(6):
            await lose()
        assert loss_pauses[-1] >= RECONNECT[-1] / 2

        monkeypatch.setattr("relay.system.backoff.SETTLED", 0.0)
        await lose()
        assert loss_pauses[-1] <= RECONNECT[0], "it stood for long enough"


async def test_who_was_denied_does_not_ask_again(double: VTubeStudioDouble, token: AvatarToken) -> None:
    double.allows = False
    async with connecting(double, token) as studio:
        await eventually(lambda: "denied" in studio.health())
        assert studio.state == "problem"
        assert studio.health() == (
            "vtube_studio: you have denied it in VTube Studio; restart the relay to be asked again, and click Allow"
        )
        await eventually(lambda: not double.connections)
    assert len(double.asked) == 1


async def test_access_that_was_withdrawn_is_noticed_and_asked_for_again(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    async with connecting(double, token) as studio:
        await eventually(lambda: studio.state == "ok")

        double.revoke()

        await eventually(lambda: len(double.asked) == 2)
        await eventually(lambda: studio.state == "ok")


async def test_vtube_studio_may_come_later_go_and_come_again(double: VTubeStudioDouble, token: AvatarToken) -> None:
    await double.stop()
    async with connecting(double, token) as studio:
        await eventually(lambda: "cannot be reached" in studio.health())
        assert studio.state == "busy"
        for _ in range(2):
            await double.start()
            await eventually(lambda: studio.state == "ok")
            await double.stop()
            await eventually(lambda: studio.state == "busy")
    assert len(double.asked) == 1


async def test_one_that_hangs_is_left(
    double: VTubeStudioDouble, token: AvatarToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang() -> None:
        monkeypatch.setattr("relay.avatar.connection.ANSWER", 0.05)
        double.answers = False

    async with connecting(double, token) as studio:
        studio.on_connected(hang)  # where no request is under way, which had the longer limit

        await eventually(lambda: "did not answer APIStateRequest" in studio.health())


async def test_what_is_asked_for_meanwhile_is_refused_and_movements_are_left_out(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    studio = VTubeStudio(settings(double), token)

    await studio.move({"MouthOpen": 1.0})
    with pytest.raises(AvatarUnavailable, match="not connected to VTube Studio yet"):
        await studio.request("CurrentModelRequest")


async def test_parameters_that_this_version_lacks_are_left_out(double: VTubeStudioDouble, token: AvatarToken) -> None:
    double.parameters.remove("VoiceA")
    async with connecting(double, token) as studio:
        await eventually(lambda: studio.state == "ok")

        await studio.move({"MouthOpen": 0.5, "VoiceA": 0.5, "FaceAngleX": 3.0})

        await eventually(lambda: bool(double.frames))
    assert double.frames == [{"MouthOpen": 0.5}]


async def test_a_mouth_that_another_plug_in_moves_is_told_with_the_fix(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    double.held_by["MouthOpen"] = "Other Plugin"
    async with connecting(double, token) as studio:
        await eventually(lambda: studio.state == "ok")

        await studio.move({"MouthOpen": 0.5})

        await eventually(lambda: studio.state == "problem")
        assert "controlled by plugin Other Plugin" in studio.health()
        assert "vtube_studio.parameters" in studio.health()


async def test_what_it_declines_is_told_with_its_own_words(double: VTubeStudioDouble, token: AvatarToken) -> None:
    async with connecting(double, token) as studio:
        await eventually(lambda: studio.state == "ok")

        with pytest.raises(AvatarRefused, match=r"declined ItemListRequest: Request type .* unknown. \(error 7\)"):
            await studio.request("ItemListRequest")


async def test_the_check_names_the_model_and_never_has_the_streamer_asked(
    double: VTubeStudioDouble, token: AvatarToken
) -> None:
    assert await check(settings(double), token) == (
        f"VTube Studio at {double.url} answers; it asks you once the relay runs: click Allow there"
    )
    assert double.asked == []
    async with connecting(double, token) as studio:
        await eventually(lambda: studio.state == "ok")

    assert await check(settings(double), token) == f"VTube Studio at {double.url} shows Vox"


async def test_the_check_says_what_to_switch_on(double: VTubeStudioDouble, token: AvatarToken) -> None:
    double.api_on = False

    with pytest.raises(ConfigError, match="Allow Plugin API access"):
        await check(settings(double), token)


async def test_the_check_says_when_nobody_is_there(token: AvatarToken) -> None:
    nobody = VTubeStudioSection(enabled=True, url=f"ws://127.0.0.1:{free_port()}")

    with pytest.raises(AvatarUnavailable, match="VTube Studio cannot be reached at"):
        await check(nobody, token)
