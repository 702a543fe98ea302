"""What the set-up writes: nothing twice, nothing that is so already, and no secret into the file."""

from pathlib import Path

import pytest

from relay.application.desk.kept import KeptSettings
from relay.application.restarts import LiveRun
from relay.application.settings import load
from relay.application.settings.file import SettingsFile
from relay.errors import ConfigError

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
    assert kept.coming().obs.inputs == ("Headset",)
    assert kept.coming().budget.rates == {"all": 12.0, "viewer": 2.0, "speaker": 20.0, "kind.follow": 3.0}


async def test_secrets_are_kept_beside_the_file(file: SettingsFile) -> None:
    kept = KeptSettings(LiveRun(load(), file))

    await kept.save({"obs.password": "open sesame"})

    password = kept.coming().obs.password
    assert password is not None and password.get_secret_value() == "open sesame"
    assert "open sesame" not in file.path.read_text("utf-8")


async def test_what_cannot_be_is_refused_as_a_whole(file: SettingsFile) -> None:
    kept = KeptSettings(LiveRun(load(), file))

    with pytest.raises(ConfigError, match=r"discord\.channels|channels is empty"):
        await kept.save({"obs.inputs": ["Headset"], "discord.enabled": True, "discord.token": "a-token"})

    assert file.path.read_text("utf-8") == BEFORE


async def test_a_file_that_cannot_be_read_hides_nothing_of_what_runs(file: SettingsFile) -> None:
    file.path.write_text("[obs", "utf-8")

    assert KeptSettings(LiveRun(load(companion={"name": "Nova"}), file)).coming().companion.name == "Nova"
