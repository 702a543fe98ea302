from collections.abc import AsyncIterator

import pytest

from relay.acts import ActRefused
from relay.avatar.access import AvatarToken
from relay.avatar.acts import acts
from relay.avatar.client import VTubeStudio
from relay.avatar.connection import AvatarRefused
from relay.errors import AvatarUnavailable
from tests.avatar.test_client import connecting, settings
from tests.doubles.vtube_studio import VTubeStudioDouble
from tests.support import eventually


@pytest.fixture
async def studio(double: VTubeStudioDouble, token: AvatarToken) -> AsyncIterator[VTubeStudio]:
    async with connecting(double, token) as studio:
        await eventually(lambda: studio.state == "ok")
        yield studio


async def perform(studio: VTubeStudio, name: str, *given: object) -> str:
    [act] = [act for act in acts(studio) if act.name == name]
    return await act(given)


async def test_an_expression_is_shown_and_hidden(double: VTubeStudioDouble, studio: VTubeStudio) -> None:
    assert await perform(studio, "expression", "joy") == "VTube Studio shows the expression Joy"
    assert double.expressions[0].active
    assert await perform(studio, "expression", "Joy.exp3.json", False) == "VTube Studio hides the expression Joy"
    assert not double.expressions[0].active


async def test_a_hotkey_is_pressed_by_its_name_or_its_id(double: VTubeStudioDouble, studio: VTubeStudio) -> None:
    assert await perform(studio, "hotkey", "wave") == "VTube Studio did the hotkey wave"
    await perform(studio, "hotkey", double.hotkeys[1].id)

    assert double.pressed == ["Wave", "Stomp"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("expression", "expression: the model in VTube Studio has no expression 'Sad'; there are 'Joy', 'angry'"),
        ("hotkey", "hotkey: the model in VTube Studio has no hotkey 'Sad'; there are 'Wave', 'Stomp'"),
    ],
)
async def test_what_the_model_does_not_have_is_refused_with_what_there_is(
    studio: VTubeStudio, name: str, complaint: str
) -> None:
    with pytest.raises(ActRefused) as caught:
        await perform(studio, name, "Sad")
    assert str(caught.value) == complaint


async def test_without_a_model_its_own_words_say_so(double: VTubeStudioDouble, studio: VTubeStudio) -> None:
    double.model = None

    with pytest.raises(ActRefused, match="there are none, or no model is loaded"):
        await perform(studio, "expression", "Joy")
    with pytest.raises(AvatarRefused, match="No model loaded"):
        await perform(studio, "hotkey", "Wave")


async def test_while_it_is_away_an_act_says_so(double: VTubeStudioDouble, token: AvatarToken) -> None:
    with pytest.raises(AvatarUnavailable, match="not connected"):
        await perform(VTubeStudio(settings(double), token), "hotkey", "Wave")
