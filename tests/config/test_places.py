"""Where the settings are found, what is read beside them, and where data then lies."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from relay.application.settings import load, whereabouts
from relay.config import places
from relay.errors import ConfigError


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder; the current one is another, and empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "own")
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def settings_in(folder: Path, text: str = "") -> Path:
    file = folder / "relay.toml"
    file.write_text(text, "utf-8")
    return file


def test_the_file_that_is_named_goes_before_the_current_folder_and_that_before_the_users_own(own: Path) -> None:
    assert places.find(None) is None

    theirs = settings_in(own)
    assert places.find(None) == theirs

    settings_in(Path())
    assert places.find(None) == Path("relay.toml")
    assert places.find(Path("other.toml")) == Path("other.toml")


def test_what_needs_settings_names_the_places_for_them(own: Path) -> None:
    with pytest.raises(ConfigError, match=r"the page that `relay run` serves, or write relay.toml or .*own.relay.toml"):
        places.required(None)


def test_what_is_found_is_written_and_else_the_users_own_which_need_not_be_there(own: Path) -> None:
    mine = places.to_write(None)
    assert mine == own / "relay.toml"
    assert load(mine) == load(None)

    settings_in(Path())
    assert places.to_write(None) == Path("relay.toml")
    assert places.to_write(Path("other.toml")) == Path("other.toml")


def test_data_lies_beside_the_settings_wherever_these_are(own: Path) -> None:
    theirs, named = settings_in(own), settings_in(own.parent)

    assert load(Path("../relay.toml")).relay.data_dir.resolve() == load(named).relay.data_dir == own.parent / "data"
    assert load(theirs).relay.data_dir == load(None).relay.data_dir == own / "data"
    settings_in(own, "[relay]\ndata_dir = 'elsewhere'\n")
    assert load(theirs).relay.data_dir == whereabouts(theirs).relay.data_dir == own / "elsewhere"


def test_a_path_that_is_not_whole_counts_from_the_settings_from_wherever_these_are_read(own: Path) -> None:
    text = f"avatar.folder = 'pictures'\ncompanion.scenario = '{own.as_posix()}'\nscenario.sounds = '../sounds'\n"
    config = load(settings_in(own, text))

    assert config.avatar.folder == own / "pictures"
    assert config.companion.scenario == own
    assert config.scenario.sounds == own / "../sounds"


def test_so_does_the_folder_of_a_model_and_no_name_of_one(own: Path) -> None:
    config = load(settings_in(own, "hearing.local_model = 'models/mine'\ncompanion.speech_local = 'piper-amy'\n"))

    assert Path(config.hearing.local_model) == own / "models/mine"
    assert config.companion.speech_local == "piper-amy"


def test_a_folder_beside_settings_in_the_current_folder_stays_no_name(own: Path) -> None:
    settings_in(Path(), "hearing.local_model = './mine'\n")

    assert Path(load(places.find(None)).hearing.local_model) == Path.cwd() / "mine"


def test_so_does_one_of_a_companion_that_is_one_of_many(own: Path) -> None:
    file = settings_in(own, "avatar.folder = 'shared'\n[companions.ann.avatar]\nfolder = 'ann'\n[companions.ben]\n")

    assert load(file, "ann").avatar.folder == own / "ann"
    assert load(file, "ben").avatar.folder == own / "shared"


def test_in_the_environment_it_counts_from_the_current_folder(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_AVATAR__FOLDER", "pictures")

    assert load(settings_in(own)).avatar.folder == Path("pictures")


def test_a_file_of_the_environment_beside_the_settings_counts_below_the_environment(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings_in(own, "[web]\nport = 1\n[relay]\nname = 'of-the-file'\n")
    (own / ".env").write_text("RELAY_WEB__PORT=2\nexport RELAY_OBS__PASSWORD='hunter2'\nCOMPOSE_PROFILES=x\n", "utf-8")

    below = load(file)
    monkeypatch.setenv("RELAY_WEB__PORT", "3")
    above = load(file)

    assert (below.web.port, above.web.port) == (2, 3)
    assert below.obs.password == SecretStr("hunter2")
    assert below.relay.name == "of-the-file"


def test_a_mistake_there_names_the_file_and_not_the_secret(own: Path) -> None:
    file = settings_in(own)
    (own / ".env").write_text("RELAY_WEB__PORT=soon\nRELAY_WEB__TOKEN=hunter2\n", "utf-8")

    with pytest.raises(ConfigError, match=r"\.env: RELAY_WEB__PORT: web.port: .*'soon'") as mistake:
        load(file)

    assert "hunter2" not in str(mistake.value)


def test_a_running_relay_is_reached_whatever_else_is_wrong_with_its_settings(own: Path) -> None:
    file = settings_in(own, "[relay]\nname = 'live'\n[twitch]\nenabled = true\nnonsense = 1\n")

    with pytest.raises(ConfigError):
        load(file)

    assert whereabouts(file).control_file == own / "data" / "live.control"
