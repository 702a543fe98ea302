"""Named copies of the settings, without the secrets, which all of them share."""

from pathlib import Path

import pytest

from relay.application.settings import load
from relay.application.settings.file import SettingsFile
from relay.application.settings.profiles import Profiles, folder_of
from relay.errors import ConfigError

SETTINGS = """# mine
[obs]
enabled = true
password = "one"  # of OBS

[companion]
name = "Chess"
"""


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    path = tmp_path / "relay.toml"
    path.write_text(SETTINGS, "utf-8")
    return SettingsFile(path)


def password(file: SettingsFile) -> str | None:
    kept = load(file.path).obs.password
    return kept.get_secret_value() if kept is not None else None


async def test_a_secret_that_stands_in_the_file_is_not_copied_and_stays_as_it_is_when_profiles_change(
    file: SettingsFile,
) -> None:
    profiles = Profiles(file)
    profiles.save("chess")
    kept = (folder_of(file.path) / "chess.toml").read_text("utf-8")
    assert "one" not in kept
    assert "of OBS" in kept
    assert profiles.current() == "chess"

    file.path.write_text(SETTINGS.replace("one", "two").replace("Chess", "Racing"), "utf-8")
    assert profiles.current() is None
    config = await profiles.switch("chess")

    assert config.companion.name == "Chess"
    assert password(file) == "two"
    assert profiles.current() == "chess"


async def test_a_secret_that_an_older_profile_has_gives_way_to_what_is_shared(file: SettingsFile) -> None:
    folder_of(file.path).mkdir()
    (folder_of(file.path) / "old.toml").write_text(SETTINGS, "utf-8")
    file.path.write_text("[obs]\nenabled = true\n", "utf-8")

    await Profiles(file).switch("old")

    assert password(file) is None


async def test_settings_that_cannot_be_read_are_kept_under_no_name_and_mended_by_a_profile(file: SettingsFile) -> None:
    profiles = Profiles(file)
    profiles.save("chess")
    file.path.write_text("[companion\n", "utf-8")

    with pytest.raises(ConfigError):
        profiles.save("broken")
    assert profiles.current() is None
    config = await profiles.switch("chess")

    assert config.companion.name == "Chess"
