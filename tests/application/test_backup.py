"""Everything a relay has goes into one file and comes back, and no other file is trusted."""

import json
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.errors import KeyringLocked

from relay.application.archive import LIST
from relay.application.backup import backup
from relay.application.restore import restore
from relay.application.settings import load
from relay.application.settings.file import SettingsFile
from relay.application.settings.profiles import Profiles, folder_of
from relay.application.settings.secrets import Secrets
from relay.commandline.keeping import back_up
from relay.config import places
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.inbox.base import Copyable
from relay.inbox.build import build as build_inbox
from relay.memory.build import build_store
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.platforms.twitch.info import TWITCH
from relay.web.control import ControlServer
from tests.contracts.remembering import known, put
from tests.contracts.samples import message
from tests.moderation.test_controls import Room
from tests.support import no_metrics

SETTINGS = """# mine
[relay]
name = "mine"       # a comment to keep
data_dir = {data!r}

[companion]
scenario = {scenario!r}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A relay's folder: settings with a comment, a scenario elsewhere, a login, an audit log."""
    folder = tmp_path / "old"
    for each in (folder / "data", tmp_path / "stories"):
        each.mkdir(parents=True)
    text = SETTINGS.format(data=str(folder / "data"), scenario=str(tmp_path / "stories"))
    (folder / "relay.toml").write_text(text, "utf-8")
    (folder / ".env").write_text("RELAY_COMPANION__NAME=Nova\n", "utf-8")
    (tmp_path / "stories" / "scenario.toml").write_text('name = "Mine"\n', "utf-8")
    kept = {"file": {"discord.token": "hunter3"}, "keyring": []}
    (folder / "relay.secrets.json").write_text(json.dumps(kept), "utf-8")
    (folder / "data" / "some-token.json").write_text('{"access": "hunter2"}', "utf-8")
    (folder / "data" / "mine.audit.jsonl").write_text('{"what": "pause"}\n', "utf-8")
    (folder / "data" / "mine.control-not").touch()
    return folder


@pytest.fixture
async def config(home: Path) -> Config:
    """Its settings, with one message stored and one person remembered."""
    made = load(home / "relay.toml")
    inbox = build_inbox(made.inbox, made.relay.name, made.inbox_path)
    await inbox.open()
    await inbox.append([message(1)])
    await inbox.close()
    store = build_store(made)
    await store.open()
    await put(store, known("twitch:1", "likes chess", name="Ann"))
    await store.close()
    return made


@pytest.fixture
async def kept(config: Config, home: Path, tmp_path: Path) -> AsyncIterator[Path]:
    file = tmp_path / "kept.zip"
    await backup(config, home / "relay.toml", file)
    yield file


async def story(config: Config, key: str) -> str:
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open(to_look=True)
    try:
        record = await inbox.why(key)
        return record.story if record else "unknown"
    finally:
        await inbox.close()


async def test_what_was_kept_is_there_again_elsewhere(kept: Path, tmp_path: Path) -> None:
    new = tmp_path / "new" / "mine.toml"

    restore(kept, new, force=False)

    config = load(new)
    assert (config.relay.name, config.companion.name) == ("mine", "Nova")
    assert "# a comment to keep" in new.read_text("utf-8")
    assert config.relay.data_dir == tmp_path / "new" / "data"
    assert config.companion.scenario is not None
    assert config.companion.scenario.is_relative_to(tmp_path / "new")
    assert (config.companion.scenario / "scenario.toml").read_text("utf-8") == 'name = "Mine"\n'
    assert Secrets(new).read() == {"discord.token": "hunter3"}
    assert "hunter2" in (config.relay.data_dir / "some-token.json").read_text("utf-8")
    assert Audit(config.audit_file).newest(1) == [{"what": "pause"}]
    assert await story(config, "twitch:m1") == "still waiting"
    store = build_store(config)
    await store.open()
    assert [person.name async for person in store.everyone()] == ["Ann"]
    await store.close()


@pytest.fixture
def ring(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The system's keyring, by key, which has a secret that a variable sets as well; without it, it is locked."""
    kept = {"obs.password": "of-the-keyring"}

    def get_password(service: str, key: str) -> str:
        if key not in kept:
            raise KeyringLocked
        return kept[key]

    monkeypatch.setattr(keyring, "get_password", get_password)
    monkeypatch.setenv("RELAY_OBS__PASSWORD", "of-the-service")
    (home / "relay.secrets.json").write_text(json.dumps({"file": {}, "keyring": [*kept]}), "utf-8")
    return kept


@pytest.mark.usefixtures("ring")
async def test_a_secret_of_the_keyring_is_kept_also_while_a_variable_goes_before_it(kept: Path, tmp_path: Path) -> None:
    restore(kept, tmp_path / "new" / "relay.toml", force=False)

    assert Secrets(tmp_path / "new" / "relay.toml").read() == {"obs.password": "of-the-keyring"}


async def test_a_secret_that_a_locked_keyring_has_is_told_to_be_left_out(
    ring: dict[str, str], config: Config, home: Path, tmp_path: Path
) -> None:
    ring.clear()

    told = await backup(config, home / "relay.toml", tmp_path / "kept.zip")

    assert [line for line in told if line.startswith("Not in it: obs.password is in the system's keyring")]


async def test_profiles_are_kept_with_what_they_name(home: Path, tmp_path: Path) -> None:
    settings, chess, new = home / "relay.toml", tmp_path / "chess", tmp_path / "new" / "mine.toml"
    chess.mkdir()
    (chess / "scenario.toml").write_text('name = "Chess"\n', "utf-8")
    profiles = Profiles(SettingsFile(settings))
    profiles.save("usual")
    text = settings.read_text("utf-8")
    settings.write_text(text.replace(str(tmp_path / "stories"), str(chess)), "utf-8")
    profiles.save("chess")
    (folder_of(settings) / "broken.toml").write_text("[companion\n", "utf-8")
    settings.write_text(text, "utf-8")

    told = await backup(load(settings), settings, tmp_path / "kept.zip")
    restore(tmp_path / "kept.zip", new, force=False)

    assert [line for line in told if "what profile broken names" in line]
    there = Profiles(SettingsFile(new))
    assert there.names() == ["broken", "chess", "usual"]
    assert there.current() == "usual"
    config = await there.switch("chess")
    assert config.companion.scenario is not None
    assert config.companion.scenario.is_relative_to(new.parent)
    assert (config.companion.scenario / "scenario.toml").read_text("utf-8") == 'name = "Chess"\n'
    assert config.relay.data_dir == new.parent / "data"


async def test_settings_that_windows_wrote_come_back_as_any_others(home: Path, tmp_path: Path) -> None:
    settings, new = home / "relay.toml", tmp_path / "new" / "mine.toml"
    profiles = Profiles(SettingsFile(settings))
    profiles.save("usual")
    for file in (settings, folder_of(settings) / "usual.toml"):
        file.write_text(file.read_text("utf-8"), "utf-16")
    await backup(load(settings), settings, tmp_path / "kept.zip")

    restore(tmp_path / "kept.zip", new, force=False)

    for written in (load(new), await Profiles(SettingsFile(new)).switch("usual")):
        assert written.relay.name == "mine"
        assert written.relay.data_dir == new.parent / "data"


FLEET = """
[relay]
data_dir = {data!r}
[inbox]
engine = "redis"
[twitch]
client_id = "app"
[companions.ann.twitch]
enabled = true
channels = ["ann"]
token_file = {ann!r}
[companions.ben]
twitch = {{ enabled = true, channels = ["ben"], token_file = {ben!r} }}
[companions.cleo.twitch]
enabled = true
channels = ["cleo"]
"""


def test_a_fleet_is_kept_with_what_each_companion_names(tmp_path: Path) -> None:
    settings, new = tmp_path / "fleet" / "relay.toml", tmp_path / "new" / "relay.toml"
    logins = {name: tmp_path / f"{name}.json" for name in ("ann", "ben")}
    (settings.parent / "data").mkdir(parents=True)
    for name, file in logins.items():
        file.write_text(name, "utf-8")
    ann, ben = map(str, logins.values())
    settings.write_text(FLEET.format(data=str(settings.parent / "data"), ann=ann, ben=ben), "utf-8")

    back_up(tmp_path / "kept.zip", settings)
    restore(tmp_path / "kept.zip", new, force=False)

    for name in logins:
        login = TWITCH.settings(load(new, name)).token_file
        assert login is not None
        assert login.is_relative_to(new.parent / "data")
        assert login.read_text("utf-8") == name
    assert TWITCH.settings(load(new, "cleo")).token_file is None
    assert load(new, "cleo").relay.data_dir == new.parent / "data"


async def test_what_lies_at_home_is_kept_and_what_is_not_there_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = home / "relay.toml"
    text = settings.read_text("utf-8").replace(str(tmp_path / "stories"), "~/stories")
    settings.write_text(f"{text}\n[scenario]\nsounds = '~/none'\n[memory]\npath = '~/memory.db'\n", "utf-8")

    told = await backup(load(settings), settings, tmp_path / "kept.zip")
    restore(tmp_path / "kept.zip", tmp_path / "new" / "relay.toml", force=False)

    scenario = load(tmp_path / "new" / "relay.toml").companion.scenario
    assert scenario is not None
    assert scenario.is_relative_to(tmp_path / "new")
    assert (scenario / "scenario.toml").is_file()
    assert [line for line in told if "not there" in line] == [
        f"Not in it: {tmp_path / 'none'}, which scenario.sounds names, is not there"
    ]


async def test_a_backup_and_what_comes_out_of_it_is_for_the_owner_alone(kept: Path, tmp_path: Path) -> None:
    restore(kept, tmp_path / "new" / "relay.toml", force=False)

    for file in (
        kept,
        tmp_path / "new" / ".env",
        tmp_path / "new" / "relay.secrets.json",
        tmp_path / "new" / "data" / "some-token.json",
    ):
        assert file.stat().st_mode & 0o777 == 0o600, file


async def test_a_relay_that_runs_hands_over_what_it_has_stored(config: Config, home: Path, tmp_path: Path) -> None:
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open()
    assert isinstance(inbox, Copyable)
    controls = Controls(Room(), Audit(tmp_path / "audit"))
    try:
        async with ControlServer(controls, no_metrics, config.control_file, inbox.copy_to):
            await inbox.append([message(2)])
            told = await backup(config, home / "relay.toml", tmp_path / "running.zip")
            assert await inbox.append([message(3)]) == [True], "it goes on"
    finally:
        await inbox.close()
    restore(tmp_path / "running.zip", tmp_path / "new" / "relay.toml", force=False)

    assert not [line for line in told if "in use" in line or str(home) in line]
    new = load(tmp_path / "new" / "relay.toml")
    assert await story(new, "twitch:m2") == "still waiting"
    assert await story(new, "twitch:m3") == "unknown"
    assert not new.control_file.exists()


async def test_nothing_there_is_overwritten_unless_it_is_moved_aside(kept: Path, home: Path) -> None:
    (home / "relay.toml").write_text("# newer", "utf-8")

    with pytest.raises(ConfigError, match=r"there is a relay already: .*--force"):
        restore(kept, home / "relay.toml", force=False)
    assert (home / "relay.toml").read_text("utf-8") == "# newer"

    told = restore(kept, home / "relay.toml", force=True)

    aside = [path for path in home.iterdir() if path.name.startswith("relay.toml.before-")]
    assert [path.read_text("utf-8") for path in aside] == ["# newer"]
    assert len([line for line in told if "What was there before" in line]) == 4
    assert await story(load(home / "relay.toml"), "twitch:m1") == "still waiting"


@pytest.fixture
def each_held_open_once(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """What has been moved: on Windows whoever has a file open, as scanners do with fresh ones, is in the way."""
    replace, tried = Path.replace, set[Path]()

    def held_open(self: Path, target: Path) -> Path:
        if self not in tried:
            tried.add(self)
            raise PermissionError(13, "Access is denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held_open)
    monkeypatch.setattr("relay.system.private_files.WAITS", (0.0,))
    return tried


async def test_files_that_are_open_for_a_moment_end_neither_a_backup_nor_its_restoring(
    config: Config, home: Path, tmp_path: Path, each_held_open_once: set[Path]
) -> None:
    kept = tmp_path / "kept.zip"
    await backup(config, home / "relay.toml", kept)
    restore(kept, home / "relay.toml", force=True)

    assert await story(load(home / "relay.toml"), "twitch:m1") == "still waiting"
    assert len(each_held_open_once) > 4


async def test_the_place_of_a_relay_that_runs_is_left_alone(kept: Path, home: Path) -> None:
    (home / "data" / "mine.alive").write_text("ok", "utf-8")

    with pytest.raises(ConfigError, match="a relay runs there: end it first"):
        restore(kept, home / "relay.toml", force=True)


async def test_what_a_variable_leads_elsewhere_is_told(
    config: Config, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".env").write_text(f"RELAY_RELAY__DATA_DIR={home / 'data'}\nRELAY_COMPANION__NAME=Nova\n", "utf-8")
    monkeypatch.setenv("RELAY_COMPANION__SCENARIO", str(tmp_path / "stories"))
    new = tmp_path / "new" / "relay.toml"
    await backup(load(home / "relay.toml"), home / "relay.toml", tmp_path / "kept.zip")

    told = restore(tmp_path / "kept.zip", new, force=False)

    elsewhere = [line for line in told if "goes before the settings" in line]
    assert len(elsewhere) == 2
    assert f"{new.with_name('.env')}: RELAY_RELAY__DATA_DIR" in elsewhere[0]
    assert str(new.parent / "data") in elsewhere[0]
    assert "environment variable RELAY_COMPANION__SCENARIO" in elsewhere[1]


async def test_a_backup_can_be_tried_out_beside_ones_own_relay(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "own_folder", lambda: tmp_path / "own")
    (tmp_path / "own" / "data").mkdir(parents=True)
    (tmp_path / "own" / "data" / "relay.alive").write_text("ok", "utf-8")

    restore(kept, tmp_path / "new" / "relay.toml", force=False)

    assert load(tmp_path / "new" / "relay.toml").relay.name == "mine"
    with pytest.raises(ConfigError, match="a relay runs there: end it first"):
        restore(kept, tmp_path / "own" / "relay.toml", force=True)


async def test_a_name_that_is_taken_stays(kept: Path, config: Config) -> None:
    before = kept.read_bytes()

    with pytest.raises(ConfigError, match="is there already"):
        await backup(config, None, kept)
    assert kept.read_bytes() == before


async def test_a_backup_does_not_hold_the_ones_before_it(config: Config, home: Path) -> None:
    first, second = home / "data" / "first.zip", home / "data" / "second.zip"
    await backup(config, home / "relay.toml", first)
    await backup(config, home / "relay.toml", second)

    with zipfile.ZipFile(second) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".zip")]


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The same backup with other contents."""
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    made = file.with_name("other.zip")
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return made


def listed(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        contents[LIST] = json.dumps(json.loads(contents[LIST]) | changes).encode()

    return change


def swapped(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda contents: contents.update({name: content})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swapped("data/some-token.json", b"other"), "some-token.json is not what was put in"),
        (lambda contents: contents.pop("data/some-token.json"), "data/some-token.json: .*no item"),
        (lambda contents: contents.pop(LIST), "it has no backup.json"),
        (swapped(LIST, b"{"), "backup.json cannot be read"),
        (swapped(LIST, b"[]"), "backup.json cannot be read"),
        (listed(version=2, made_by="9.9"), r"is of a newer relay \(9.9\): update"),
        (listed(digests={"../evil": "0"}), "'../evil' would lie outside"),
        (listed(digests={"data/../../evil": "0"}), "would lie outside"),
        (listed(digests={"/etc/evil": "0"}), "would lie outside"),
        (listed(digests={"data/C:\\evil": "0"}), "would lie outside"),
        (listed(digests={"evil": "0"}), "would lie outside"),
        (listed(places={"memory.path": "../../evil"}), "would lie outside"),
        (swapped("relay.toml", b"[relay"), "relay.toml is not what was put in"),
    ],
)
async def test_a_backup_that_was_changed_changes_nothing(
    kept: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        restore(rewritten(kept, change), tmp_path / "new" / "relay.toml", force=False)

    assert not [*tmp_path.glob("new/*"), *tmp_path.rglob("evil")]


@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.9, 0.999])
async def test_a_backup_that_was_cut_off_changes_nothing(kept: Path, tmp_path: Path, share: float) -> None:
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(ConfigError, match="is damaged, or no backup"):
        restore(kept, tmp_path / "new" / "relay.toml", force=False)
    assert not list(tmp_path.glob("new/*"))


async def test_a_database_that_was_broken_before_is_found(config: Config, home: Path, tmp_path: Path) -> None:
    (home / "data" / "other.db").write_bytes(b"no database at all" * 100)
    await backup(config, home / "relay.toml", tmp_path / "kept.zip")

    with pytest.raises(ConfigError, match=r"other\.db in the backup is broken"):
        restore(tmp_path / "kept.zip", tmp_path / "new" / "relay.toml", force=False)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        restore(tmp_path / "none.zip", tmp_path / f"new{time.time()}" / "relay.toml", force=False)
