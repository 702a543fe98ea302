import pytest

from relay.acts import ActRefused
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


async def test_that_studio_mode_shows_it_later_is_said(obs: ObsDouble) -> None:
    obs.studio_mode = True
    assert await perform(obs, "source", "Camera", False) == (
        "OBS hides Camera, in studio mode from the next transition to 'Game' on"
    )
    assert obs.scenes["Game"]["Camera"] is False


@pytest.mark.parametrize(
    ("name", "given", "complaint"),
    [
        ("scene", "Nowhere", "scene: OBS has no scene 'Nowhere'; there are 'Break', 'Game'"),
        ("source", "Nobody", "source: OBS has no source 'Nobody' in the scene 'Game'; there are 'Camera'"),
    ],
)
async def test_what_obs_does_not_know_is_refused_with_what_there_is(
    obs: ObsDouble, name: str, given: str, complaint: str
) -> None:
    with pytest.raises(ActRefused) as caught:
        await perform(obs, name, given)
    assert str(caught.value) == complaint


async def test_a_replay_is_saved_and_its_file_named(obs: ObsDouble) -> None:
    obs.replay = "C:/Users/me/Videos/Replay 2026-11-21 20-00-00.mkv"
    assert await perform(obs, "replay") == "OBS saved the replay Replay 2026-11-21 20-00-00.mkv"


async def test_a_replay_buffer_that_does_not_run_is_said_with_the_fix(obs: ObsDouble) -> None:
    with pytest.raises(ActRefused, match=r"replay: OBS declined .* start it"):
        await perform(obs, "replay")
