"""The settings file as the page changes it, with its secrets."""

import json
import os
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from relay.application.settings import load
from relay.application.settings.file import BACKUP, SettingsFile
from relay.application.settings.secrets import Secrets, working_keyring
from relay.errors import ConfigError, WrongSettings


class InMemory(KeyringBackend):
    """A keyring that works, until it is locked, or waits for its password to be typed."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False
        self.asked: list[str] = []
        """What was to be changed, whether or not it was."""
        self.typed = threading.Event()
        self.typed.set()

    def get_password(self, service: str, username: str) -> str | None:
        self.typed.wait()
        if self.is_locked:
            raise KeyringLocked
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked.append(f"set {username}")
        self.typed.wait()
        if self.is_locked:
            raise KeyringLocked
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.asked.append(f"delete {username}")
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[InMemory]:
    usual, ring = keyring.get_keyring(), InMemory()
    keyring.set_keyring(ring)
    yield ring
    ring.typed.set()
    keyring.set_keyring(usual)


@pytest.fixture
def no_ring() -> Iterator[None]:
    from keyring.backends.fail import Keyring

    usual = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(usual)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    path = tmp_path / "relay.toml"
    path.write_text("# mine\n[web]\nport = 1 # a port\n", "utf-8")
    path.chmod(0o640)
    return SettingsFile(path)


async def test_what_is_set_stands_in_the_file_and_what_was_there_beside_it(file: SettingsFile) -> None:
    config = await file.set({"web.port": 2, "twitch.channels": ["https://twitch.tv/Ann"], "voice.streamer": "9" * 18})

    assert config == file.load()
    assert config.web.port == 2
    assert file.text() == (
        '# mine\n[web]\nport = 2 # a port\n\n[twitch]\nchannels = ["https://twitch.tv/Ann"]\n\n'
        "[voice]\nstreamer = 999999999999999999\n"
    )
    before = file.path.with_name(file.path.name + BACKUP)
    assert before.read_text("utf-8") == "# mine\n[web]\nport = 1 # a port\n"
    if os.name == "posix":
        assert (file.path.stat().st_mode & 0o777, before.stat().st_mode & 0o777) == (0o640, 0o600)


async def test_what_is_taken_out_has_its_default_again(file: SettingsFile) -> None:
    config = await file.set({"web.port": None})

    assert config.web.port == 8081
    assert file.text() == "# mine\n[web]\n# port: a port\n"


@pytest.mark.parametrize(
    ("values", "key", "complaint"),
    [
        ({"web.port": "soon"}, "web.port", "write a number, without quotes (got 'soon')"),
        ({"web.port": 70_000}, "web.port", "write a number of 65535 or less"),
        ({"web.prt": 1}, "web.prt", "there is no such setting"),
        ({"web": {}}, "web", "there is no such setting"),
        ({"../x": 1}, "../x", "there is no such setting"),
        ({"twitch.enabled": True}, "twitch", "client_id is missing"),
        ({"obs.password": 5}, "obs.password", "write a text"),
        ({"web.token": "short"}, "web.token", "needs 16 to 200 letters"),
        ({"relay.name": "a\nb = 1"}, "relay.name", "1 to 40 letters"),
        ({"forwarding.nicknames": [{"a": 1}]}, "forwarding.nicknames.0", "write a text, in quotes"),
    ],
)
async def test_what_does_not_fit_is_named_and_nothing_is_changed(
    file: SettingsFile, values: dict[str, object], key: str, complaint: str
) -> None:
    with pytest.raises(WrongSettings) as wrong:
        await file.set(values)

    [mistake] = wrong.value.mistakes
    assert mistake.key == key
    assert complaint in mistake.text
    assert file.text() == "# mine\n[web]\nport = 1 # a port\n"
    assert sorted(each.name for each in file.path.parent.iterdir()) == ["relay.toml"]


async def test_a_file_that_is_no_toml_is_named_with_the_fix_and_left_alone(file: SettingsFile) -> None:
    file.path.write_text("[obs\n", "utf-8")

    with pytest.raises(ConfigError, match=r"relay\.toml: not valid TOML.*a \] is missing"):
        await file.set({"web.port": 2})

    assert file.text() == "[obs\n"


async def test_tables_are_written_as_they_stand_in_a_file(file: SettingsFile) -> None:
    own = "[[commands.own]] # mine\nname = 'lurk'\nanswer = 'Enjoy!'\n"
    config = await file.set({"commands.own": own, "budget.rates": "[budget.rates]\nall = 1.5\nviewer = 1\n"})

    assert [command.name for command in config.commands.own] == ["lurk"]
    assert config.budget.rates == {"all": 1.5, "viewer": 1, "speaker": 20.0}
    assert "[[commands.own]] # mine" in file.text()


@pytest.mark.parametrize(
    ("variable", "said", "key", "value"),
    [
        ("RELAY_WEB__PORT", "3", "web.port", 2),
        ("relay_web__port", "3", "web.port", 2),
        ("RELAY_WEB", '{"port": 3}', "web.port", 2),
        ("RELAY_BUDGET__RATES", '{"all": 5}', "budget.rates", "[budget.rates]\nall = 30.0"),
        ("RELAY_BUDGET__RATES__ALL", "5", "budget.rates", "[budget.rates]\nall = 30.0"),
        ("RELAY_REWARDS", "[]", "rewards", '[[rewards]]\nreward = "Honk"\ncount = "honks"'),
    ],
)
async def test_what_the_environment_sets_is_not_set_in_vain(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch, variable: str, said: str, key: str, value: object
) -> None:
    monkeypatch.setenv(variable, said)

    with pytest.raises(WrongSettings, match=f"(?i)environment variable {variable} sets this and goes before the file"):
        await file.set({key: value})


async def test_a_variable_that_holds_a_table_leaves_what_it_does_not_name_to_the_file(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAY_WEB", '{"port": 3}')

    web = (await file.set({"web.host": "127.0.0.2"})).web

    assert (web.host, web.port) == ("127.0.0.2", 3)


@pytest.mark.usefixtures("no_ring")
async def test_a_secret_goes_into_a_file_for_its_owner_where_there_is_no_keyring(file: SettingsFile) -> None:
    file.path.write_text("[obs]\npassword = 'old-one' # shown there\n", "utf-8")
    assert working_keyring() is None

    await file.set({"obs.password": "hunter2"})

    password = load(file.path).obs.password
    assert password is not None and password.get_secret_value() == "hunter2"
    assert file.text() == "[obs]\n# password: shown there\n"
    assert json.loads(file.secrets.file.read_text("utf-8")) == {"file": {"obs.password": "hunter2"}, "keyring": []}
    assert file.secrets.where() == str(file.secrets.file)
    if os.name == "posix":
        assert file.secrets.file.stat().st_mode & 0o777 == 0o600


async def test_a_secret_goes_into_the_keyring_and_nowhere_else(file: SettingsFile, ring: InMemory) -> None:
    await file.set({"obs.password": "hunter2"})

    password = load(file.path).obs.password
    assert password is not None and password.get_secret_value() == "hunter2"
    assert list(ring.kept.values()) == ["hunter2"]
    assert "hunter2" not in "".join(each.read_text("utf-8") for each in file.path.parent.iterdir())
    assert "in the system's keyring" in file.secrets.where()

    await file.set({"obs.password": None})
    assert load(file.path).obs.password is None
    assert ring.kept == {}
    assert not file.secrets.file.exists()


async def test_a_keyring_that_takes_nothing_leaves_the_secret_to_the_file(file: SettingsFile, ring: InMemory) -> None:
    ring.is_locked = True

    await file.set({"obs.password": "hunter2"})

    assert file.secrets.read() == {"obs.password": "hunter2"}


async def test_a_keyring_that_is_locked_later_says_what_to_do(file: SettingsFile, ring: InMemory) -> None:
    await file.set({"obs.password": "hunter2"})
    ring.is_locked = True

    with pytest.raises(ConfigError, match=r"obs\.password is in the system's keyring, which cannot be asked .*unlock"):
        load(file.path)


async def test_a_keyring_that_waits_for_its_password_is_given_up_and_said_to_be_what_is_wrong(
    file: SettingsFile, ring: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await file.set({"obs.password": "hunter2"})
    ring.typed.clear()
    monkeypatch.setattr("relay.application.settings.secrets.PATIENCE", 0.01)

    with pytest.raises(
        ConfigError, match=r"obs\.password is in the system's keyring, .*no answer within 0\.01 s\): unlock"
    ):
        load(file.path)

    Secrets(file.path).keep({"web.token": "swordfish"})
    assert json.loads(file.secrets.file.read_text("utf-8"))["file"] == {"web.token": "swordfish"}


async def test_a_keyring_that_waits_for_its_password_is_waited_for_once_whatever_is_to_be_kept(
    file: SettingsFile, ring: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.secrets.keep({"obs.password": "hunter2"})
    ring.typed.clear()
    ring.asked.clear()
    monkeypatch.setattr("relay.application.settings.secrets.PATIENCE", 0.01)

    file.secrets.keep({"obs.password": "hunter3", "web.token": "swordfish", "twitch.client_secret": "open sesame"})

    assert ring.asked == ["set obs.password"]
    assert set(file.secrets.read()) == {"obs.password", "web.token", "twitch.client_secret"}


async def test_a_keyring_is_not_asked_for_what_the_environment_sets(file: SettingsFile, ring: InMemory) -> None:
    await file.set({"obs.password": "hunter2"})
    ring.is_locked = True
    file.path.with_name(".env").write_text("RELAY_OBS__PASSWORD=of-the-env-file\n", "utf-8")

    password = load(file.path).obs.password

    assert password is not None and password.get_secret_value() == "of-the-env-file"


@pytest.mark.usefixtures("no_ring")
async def test_environment_then_env_file_then_secrets_then_settings(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def password() -> str | None:
        found = load(file.path).obs.password
        return found.get_secret_value() if found is not None else None

    file.path.write_text("[obs]\npassword = 'of-the-settings'\n", "utf-8")
    Secrets(file.path).keep({"obs.password": "of-the-secrets"})
    assert password() == "of-the-secrets"

    file.path.with_name(".env").write_text("RELAY_OBS__PASSWORD=of-the-env-file\n", "utf-8")
    assert password() == "of-the-env-file"

    monkeypatch.setenv("RELAY_OBS__PASSWORD", "of-the-environment")
    assert password() == "of-the-environment"


@pytest.mark.usefixtures("no_ring")
async def test_a_file_that_cannot_be_written_keeps_the_old_secret(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    await file.set({"obs.password": "old"})

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("relay.application.settings.file.write_private", full)
    with pytest.raises(ConfigError, match="No space left on device; nothing was changed"):
        await file.set({"obs.password": "new", "web.port": 5})

    assert file.secrets.read() == {"obs.password": "old"}


async def test_a_damaged_file_of_secrets_says_so_without_them(file: SettingsFile) -> None:
    file.secrets.file.write_text('{"file": {"obs.password": "hunter2"', "utf-8")

    with pytest.raises(ConfigError, match="is damaged: remove it") as damaged:
        load(file.path)

    assert "hunter2" not in str(damaged.value)


async def test_the_first_setting_makes_the_file_for_its_owner_alone(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "own" / "relay.toml")

    await file.set({"companion.name": "Vivi"})

    assert file.text() == '[companion]\nname = "Vivi"\n'
    if os.name == "posix":
        assert file.path.stat().st_mode & 0o777 == 0o600


async def test_what_is_exported_holds_no_secret_not_even_in_a_comment_or_an_address(file: SettingsFile) -> None:
    file.path.write_text(
        "[web]\ntoken = 'hunter2-hunter2-hunter2'\nport = 8082 # my port\n"
        '# api_key = "hunter2"\n'
        "[voxta]\nurl = 'http://ann:hunter2@voxta.example:5384'\n",
        "utf-8",
    )

    exported = file.export()

    assert "hunter2" not in exported
    assert tomllib.loads(exported) == {"web": {"port": 8082}, "voxta": {"url": "http://voxta.example:5384"}}
    assert "# my port" in exported


async def test_a_file_of_windows_is_taken_with_the_ends_of_lines_that_all_others_have(file: SettingsFile) -> None:
    await file.replace('[companion]\r\npersona = """one\r\ntwo"""\r\n')

    assert b"\r" not in file.path.read_bytes()
    assert file.load().companion.persona == "one\ntwo"
