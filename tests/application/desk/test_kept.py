"""What the set-up writes: nothing twice, nothing that is so already, and no secret into the file."""

import asyncio
import threading
from pathlib import Path
from typing import NoReturn

import pytest
from keyring.errors import KeyringLocked

from relay.application.desk.kept import KeptSettings
from relay.application.restarts import LiveRun
from relay.application.settings import load
from relay.application.settings.file import SettingsFile
from relay.errors import ConfigError
from tests.support import PATIENCE

BEFORE = """\
[obs]
enabled = true   # at home
inputs = ["Mic/Aux"]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SettingsFile:
    monkeypatch.setattr("relay.application.settings.secrets.working_keyring", lambda: None)
    path = tmp_path / "relay.toml"
    path.write_text(BEFORE, "utf-8")
    return SettingsFile(path)


async def test_only_what_changes_is_written(file: SettingsFile) -> None:
    kept = KeptSettings(LiveRun(load(), file))

    await kept.save({"obs.enabled": True, "obs.inputs": ["Mic/Aux"], "obs.threshold": -40.0, "voxta.mode": "embedded"})
    assert file.path.read_text("utf-8") == BEFORE

    await kept.save({"obs.inputs": ["Headset"], "budget.rates": {"all": 12.0, "viewer": 2.0, "kind.follow": 3.0}})
    assert 'inputs = ["Headset"]' in file.path.read_text("utf-8")
    assert "# at home" in file.path.read_text("utf-8")
    assert (await kept.newest()).obs.inputs == ("Headset",)
    assert (await kept.newest()).budget.rates == {"all": 12.0, "viewer": 2.0, "speaker": 20.0, "kind.follow": 3.0}


async def test_secrets_are_kept_beside_the_file(file: SettingsFile) -> None:
    kept = KeptSettings(LiveRun(load(), file))

    await kept.save({"obs.password": "open sesame"})

    password = (await kept.newest()).obs.password
    assert password is not None and password.get_secret_value() == "open sesame"
    assert "open sesame" not in file.path.read_text("utf-8")


async def test_what_cannot_be_is_refused_as_a_whole(file: SettingsFile) -> None:
    kept = KeptSettings(LiveRun(load(), file))

    with pytest.raises(ConfigError, match=r"discord\.channels|channels is empty"):
        await kept.save({"obs.inputs": ["Headset"], "discord.enabled": True, "discord.token": "a-token"})

    assert file.path.read_text("utf-8") == BEFORE


async def test_a_file_that_cannot_be_read_hides_nothing_of_what_runs(file: SettingsFile) -> None:
    file.path.write_text("[obs", "utf-8")

    assert (await KeptSettings(LiveRun(load(companion={"name": "Nova"}), file)).newest()).companion.name == "Nova"


async def test_a_setting_in_the_environment_file_is_read_once_it_changes(file: SettingsFile) -> None:
    kept = KeptSettings(LiveRun(load(file.path), file))
    await kept.newest()
    assert not kept.differ()

    file.path.with_name(".env").write_text("RELAY_OBS__THRESHOLD=-20\n", "utf-8")

    assert (await kept.newest()).obs.threshold == -20
    assert kept.differ()


async def test_pages_are_shown_what_was_read_last_while_a_keyring_waits_for_its_password(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, typed, told = KeptSettings(LiveRun(load(), file)), threading.Event(), asyncio.Event()
    read = file.load
    monkeypatch.setattr(file, "load", lambda: read() if typed.wait(PATIENCE) else None)

    assert not kept.coming(told.set).obs.enabled

    typed.set()
    await told.wait()
    assert kept.coming(told.set).obs.enabled
    assert kept.differ()


async def test_a_keyring_that_stays_locked_is_named_and_asked_again_when_somebody_tries_again(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptSettings(LiveRun(load(), file))
    file.secrets.file.write_text('{"file": {}, "keyring": ["obs.password"]}', "utf-8")
    monkeypatch.setattr("keyring.get_password", locked)
    with pytest.raises(ConfigError, match=r"obs\.password is in the system's keyring, .* unlock it"):
        await kept.newest()

    monkeypatch.setattr("keyring.get_password", lambda *_: "open sesame")

    password = (await kept.newest()).obs.password
    assert password is not None and password.get_secret_value() == "open sesame"


def locked(*_: str) -> NoReturn:
    raise KeyringLocked
