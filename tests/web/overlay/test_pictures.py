"""Pictures of the companion: those of the folder are served as pictures, and nothing else is."""

import os
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from relay.web.overlay import pictures
from relay.web.overlay.messages import PageSound, Pose, Ready
from relay.web.overlay.pictures import pictures_in, read_picture
from tests.web.pngs import png
from tests.web.stage import Recorder, staged


async def test_the_pictures_of_the_folder_are_listed_and_served_as_pictures(tmp_path: Path) -> None:
    for name in ("silent.png", "Happy.speaking.blink.PNG"):
        (tmp_path / name).write_bytes(png("red"))
    async with staged(pictures=tmp_path) as stage, aiohttp.ClientSession() as http:
        async with http.get(f"{stage.url}/overlay/avatar") as response:
            assert await response.json() == {"pictures": ["Happy.speaking.blink.PNG", "silent.png"]}
        async with http.get(f"{stage.url}/overlay/avatar/silent.png") as response:
            assert (response.status, response.content_type) == (200, "image/png")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert await response.read() == png("red")


async def test_without_a_folder_there_are_none() -> None:
    async with staged() as stage, aiohttp.ClientSession() as http:
        async with http.get(f"{stage.url}/overlay/avatar") as response:
            assert await response.json() == {"pictures": []}
        async with http.get(f"{stage.url}/overlay/avatar/silent.png") as response:
            assert response.status == 404


@pytest.mark.parametrize(
    "name", ["../silent.png", "..%2Fsilent.png", "%2e%2e/silent.png", "folder/silent.png", "page.png", "silent.svg"]
)
async def test_nothing_else_is_served(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pictures"
    (folder / "folder").mkdir(parents=True)
    for path in (tmp_path / "silent.png", folder / "folder" / "silent.png", folder / "silent.svg"):
        path.write_bytes(png("red"))
    (folder / "page.png").write_text("<script>alert(1)</script>")
    async with (
        staged(pictures=folder) as stage,
        aiohttp.ClientSession() as http,
        http.get(URL(f"{stage.url}/overlay/avatar/{name}", encoded=True)) as response,
    ):
        assert response.status == 404


@pytest.mark.parametrize(
    "name", ["../silent.png", "a/b.png", ".png", "", "silent", "C:silent.png", "a.b.c.d.e.png", "x\0.png"]
)
def test_no_other_name_is_a_picture(tmp_path: Path, name: str) -> None:
    (tmp_path / "silent.png").write_bytes(png("red"))
    folder = tmp_path / "pictures"
    folder.mkdir()

    assert read_picture(folder, name) is None
    assert read_picture(None, "silent.png") is None


def test_what_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "silent.png").write_bytes(png("red"))
    monkeypatch.setattr(pictures, "MAX_BYTES", 20)

    assert pictures_in(tmp_path) == []
    assert read_picture(tmp_path, "silent.png") is None


def test_a_folder_that_is_gone_has_none(tmp_path: Path) -> None:
    assert pictures_in(tmp_path / "gone") == []


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")
def test_a_pipe_that_is_called_a_picture_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent.png")

    assert read_picture(tmp_path, "silent.png") is None


async def test_every_page_is_told_how_the_companion_looks_when_it_comes_and_when_that_changes() -> None:
    async with staged() as stage:
        thinking, silent, early, late = Pose(state="thinking"), Pose(state="silent"), Recorder(), Recorder()
        stage.sink.hear(early, Ready(version=2, sound=PageSound.MUTED, captions=False))
        assert early.messages == []
        stage.sink.pose(thinking)
        stage.sink.hear(late, Ready(version=2, sound=PageSound.MUTED, captions=False))
        stage.sink.pose(silent)

    assert early.messages == late.messages == [thinking, silent]
