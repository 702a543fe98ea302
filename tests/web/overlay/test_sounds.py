"""The streamer's own sounds: those in the folder are served, and nothing else."""

from pathlib import Path

import aiohttp
import pytest

from relay.web.overlay.routes import sound_file
from tests.web.stage import staged


async def test_a_sound_of_the_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / "Bell 1.wav").write_bytes(b"RIFF")
    async with staged(sounds=tmp_path) as stage, aiohttp.ClientSession() as http:
        async with http.get(f"{stage.url}/overlay/sounds/Bell%201.wav") as response:
            assert (response.status, await response.read()) == (200, b"RIFF")
        async with http.get(f"{stage.url}/overlay/sounds/gong.wav") as response:
            assert response.status == 404


@pytest.mark.parametrize("name", ["../secret.wav", "secret.txt", ".hidden.wav", "a/b.wav", "", "bell", "C:bell.wav"])
def test_nothing_else_is_a_sound(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    for path in (tmp_path / "secret.wav", folder / "secret.txt", folder / ".hidden.wav", folder / "bell"):
        path.write_text("x")
    assert sound_file(folder, name) is None
    assert sound_file(None, "bell.wav") is None
