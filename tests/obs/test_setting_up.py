"""What the set-up finds in OBS, and the source that it makes there."""

from pathlib import Path

import pytest

from relay.errors import ObsUnavailable
from relay.obs.browser_sources import WAITING_PAGE
from relay.obs.setting_up import NAME, explore, place, show_in_sources
from tests.doubles.obs import BROWSER, Input, ObsDouble
from tests.obs.test_browser_sources import OVERLAY, PAGES, browser
from tests.obs.test_check import settings


async def test_it_finds_what_has_sound_the_scenes_and_the_overlays_that_are_there(obs: ObsDouble) -> None:
    obs.inputs |= {"Logo": Input(sound=False, kind="image_source"), "Vox": browser()}
    obs.canvas = (1280, 720)

    found = await explore(settings(obs), (PAGES,))

    assert found.inputs == ("Desktop Audio", "Mic/Aux", "Vox")
    assert (found.scenes, found.scene, found.size) == (("Game", "Break"), "Game", (1280, 720))
    assert found.overlays == ("Vox",)


async def test_it_puts_a_source_into_a_scene_that_shows_a_page_from_a_file(obs: ObsDouble, tmp_path: Path) -> None:
    page = tmp_path / WAITING_PAGE

    await place(settings(obs), "Break", page, (1280, 720))

    source = obs.inputs[NAME]
    assert source.kind == BROWSER
    assert source.settings["is_local_file"] is True
    assert source.settings["local_file"] == page.as_posix()
    assert (source.settings["width"], source.settings["height"]) == (1280, 720)
    assert source.settings["reroute_audio"] is True
    assert obs.scenes == {"Game": {"Camera": True}, "Break": {NAME: True}}
    assert (await explore(settings(obs), (PAGES,))).overlays == (NAME,)


async def test_a_source_that_is_there_already_is_changed_and_put_into_further_scenes(
    obs: ObsDouble, tmp_path: Path
) -> None:
    for size, scene in (((800, 600), "Game"), ((1920, 1080), "Game"), ((1920, 1080), "Break")):
        await place(settings(obs), scene, tmp_path / WAITING_PAGE, size)

    assert obs.inputs[NAME].settings["width"] == 1920
    assert obs.scenes == {"Game": {"Camera": True, NAME: True}, "Break": {NAME: True}}


async def test_an_obs_without_browser_sources_is_told_with_the_fix(obs: ObsDouble, tmp_path: Path) -> None:
    obs.has_browser = False

    with pytest.raises(ObsUnavailable, match=r"input kind is not supported .* obsproject\.com"):
        await place(settings(obs), "Game", tmp_path / WAITING_PAGE, (800, 600))


async def test_every_source_of_the_overlay_is_loaded_anew_with_another_look(obs: ObsDouble, tmp_path: Path) -> None:
    obs.inputs |= {"Vox": browser(), "Alerts": browser("https://alerts.example/overlay")}
    await place(settings(obs), "Game", tmp_path / WAITING_PAGE, (800, 600))
    page = tmp_path / WAITING_PAGE
    before = {name: dict(input.settings) for name, input in obs.inputs.items()}

    for _ in range(2):
        assert await show_in_sources(settings(obs), (PAGES,), f"{OVERLAY}&look=box") == ("Vox", NAME)

        assert obs.inputs["Vox"].settings["url"] == f"{OVERLAY}&look=box"
        opened = obs.inputs[NAME].settings
        assert opened != before[NAME], "OBS looks once a frame, and loads what has become other settings"
        assert (opened["is_local_file"], Path(opened["local_file"])) == (True, page)
        before[NAME] = dict(opened)
    assert obs.inputs["Alerts"].settings == before["Alerts"]
