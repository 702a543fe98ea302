import pytest

from relay.errors import RelayError
from relay.obs.acts import acts
from tests.doubles.obs import ObsDouble
from tests.obs.test_check import settings


async def perform(obs: ObsDouble, name: str, *given: object) -> str:
    [act] = [act for act in acts(settings(obs)) if act.name == name]
    return await act(given)


async def test_a_scene_is_switched_to(obs: ObsDouble) -> None:
    assert await perform(obs, "scene", "Break") == "OBS shows the scene Break"
    assert obs.scene == "Break"


async def test_a_source_is_hidden_and_shown(obs: ObsDouble) -> None:
    assert await perform(obs, "source", "Camera", False) == "OBS hides Camera"
    assert obs.scenes["Game"]["Camera"] is False
    assert await perform(obs, "source", "Camera") == "OBS shows Camera"
    assert obs.scenes["Game"]["Camera"] is True


@pytest.mark.parametrize(("name", "given"), [("scene", "Nowhere"), ("source", "Nobody")])
async def test_what_obs_does_not_know_is_refused(obs: ObsDouble, name: str, given: str) -> None:
    with pytest.raises(RelayError, match="OBS declined"):
        await perform(obs, name, given)
