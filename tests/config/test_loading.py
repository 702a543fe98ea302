import re
import tomllib
from pathlib import Path

import pytest

from relay.application.settings import load, settings_model
from relay.application.settings.catalogue import model_of
from relay.config import RelaySection
from relay.errors import ConfigError
from relay.model import Kind, SendAs
from relay.platforms import listed
from relay.platforms.twitch.info import TWITCH

EXAMPLE = Path(__file__).parents[2] / "config" / "relay.example.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "relay.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_example_file_holds_the_defaults() -> None:
    assert load(EXAMPLE) == load(relay=RelaySection(data_dir=EXAMPLE.with_name("data")))


def test_the_example_file_names_every_setting() -> None:
    text = EXAMPLE.read_text("utf-8")
    for section, field in settings_model(listed.PLATFORMS).model_fields.items():
        model = model_of(field)
        part = re.split(rf"\n(?:# \[)?\[{section}\]", text)[1].split("\n[")[0] if section != "forwarding" else text
        missing = [
            name
            for name in model.model_fields
            if name not in ("kinds", "rules", "own") and f"\n{name} =" not in part.replace("# ", "")
        ]
        assert not missing, f"[{section}] lacks {missing}"
    assert set(tomllib.loads(text)["forwarding"]["kinds"]) == set(Kind)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, '[twitch]\nclient_id = "file"\nchannels = ["a"]\n')
    monkeypatch.setenv("RELAY_TWITCH__CLIENT_ID", "environment")

    config = load(path)

    twitch = TWITCH.settings(config)
    assert twitch.client_id == "environment"
    assert twitch.channels == ("a",)


def test_a_tilde_leads_home_in_every_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    config = load(write(tmp_path, '[inbox]\npath = "~/inbox.db"\n[twitch]\ntoken_file = "~nobody-of-this-name/t"\n'))

    assert config.inbox_path == tmp_path / "inbox.db"
    assert TWITCH.settings(config).token_file == Path("~nobody-of-this-name/t"), "there is no such home"


def test_one_rule_can_change_without_writing_the_others(tmp_path: Path) -> None:
    config = load(write(tmp_path, '[forwarding.kinds.follow]\nsend_as = "event"\n'))

    assert config.forwarding.kinds[Kind.FOLLOW].send_as is SendAs.EVENT
    assert config.forwarding.kinds[Kind.FOLLOW].template == "{author} just followed on {platform}{quote}"
    assert config.forwarding.kinds[Kind.RAID].send_as is SendAs.EVENT


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[twich]\nenabled = true", "twich: there is no such setting; did you mean twitch?"),
        ("[twitch]\nclientid = 1", "twitch.clientid: there is no such setting"),
        (
            "[inbox]\nkeep = 'long'",
            "inbox.keep: write a number, without quotes (got 'long')",
        ),
        ("[inbox]\nengine = 'mysql'", "inbox.engine: write 'sqlite' or 'redis' (got 'mysql')"),
        ('[web]\npublic_url = "relay.example.com"', "web.public_url: write the address of the relay's pages"),
        (
            '[web]\npublic_url = "https://relay.example.com"',
            "web: public_url is 'https://relay.example.com', which other",
        ),
        ("[discord]\nenabled = true\nchannels = [1]", "discord: token is missing: set RELAY_DISCORD__TOKEN"),
        ("[twitch]\nenabled = true", "twitch: client_id is missing"),
        ("[voxta]\njoin = 'chat'", 'voxta: join = "chat" needs chat_id'),
        ("[voxta]\nurl = 'localhost:5384'", "voxta.url: write an address that begins with http:// or https://"),
        ("[relay]\nname = 'My Relay'", "relay.name: write 1 to 40 letters, digits, - and _ (got 'My Relay')"),
        ("[twitch]\nchannels = 'ann'", 'twitch.channels: this is a list, so write ["ann"]'),
        (
            "[twitch]\nchannels = ['a nn']",
            "twitch.channels.0: write the channel's name, as behind twitch.tv/ (got 'a nn')",
        ),
        ("[twitch]\nenabled = 'oui'", "twitch.enabled: write true or false, without quotes (got 'oui')"),
        ("[discord]\nchannels = ['general']", "discord.channels.0: write the channel's id, a number: Copy Channel ID"),
        ("[twitch]\nclient_id = abc", 'text stands in quotes: client_id = "…"'),
        ("[twitch]\nchannels = [ann]", 'each text in a list stands in quotes: ["one", "two"]'),
        ('[relay]\ndata_dir = "C:\\Users\\ann"', "a \\ in quotes is special: write folders with /"),
        ('[avatar]\nfolder = "C:\\new\\temp"', "avatar.folder: a \\ in quotes is special: write folders with /"),
        ("[twitch]\nenabled = yes", "write enabled = true"),
        ('[relay]\nname = "live', "a quote is missing"),
        ("[relay]\n[web]\n[relay]", "each section stands there once"),
        ("[forwarding.kinds.chat]\ntemplate = '/event {text}'", "must not be empty nor begin with /"),
        ("[forwarding.kinds.chat]\ntemplate = '{nick}'", "uses nick; known fields are a"),
        ("[forwarding.kinds.chat]\ntemplate = '{author.id}'", "uses author.id;"),
        ("[forwarding.kinds.chat]\ntemplate = 'x {text:>9}'", "uses a format such as"),
        ("[forwarding.kinds.chat]\ntemplate = 'x {'", "is no template"),
        ("[forwarding.kinds.dance]\nsend_as = 'user'", "forwarding.kinds.dance"),
        ("keys without = [", "not valid TOML"),
        ("[companion]\nname = “Vox”", 'write straight quotes: "…"'),
        ("[web]\nport: 8081", "write = instead of :"),
        ("[web]\nport = 1\nport = 2", "this is set twice: keep one of the lines"),
        ("[web\nport = 1", "a ] is missing"),
        ("[obs]\nthreshold = -40,5", "a number has a point: 0.5"),
        ("[speech]\nvolume = 80%", "0.8 is 80 %"),
        ("[companion]\nscenario = None", "leave the line out"),
        ("web = 8081", "web: this is a section: write [web] on a line of its own"),
        ("[[web]]\nport = 8081", "web: this is a section: write [web]"),
        ("[budget]\nrates = 12", "budget.rates: this has names and values, so write it as { name = value }"),
        ("[budget]\nrates = { everyone = 12 }", "budget.rates.everyone: 'everyone' is no rate"),
        ("client_id = 'abc'", "client_id: there is no such setting by itself; write it below [twitch]"),
        ("[web]\nprot = 1", "web.prot: there is no such setting; did you mean port?"),
        ("[speech]\nvolume = 80", "speech.volume: write a number of 2 or less (got 80)"),
        ("[voxta]\ntimeout = 0", "voxta.timeout: write a number above 0 (got 0)"),
        ("[companion]\nname = ''", "companion.name: write at least 1 character(s)"),
        ("[forwarding.kinds.follow]\nscript = 'a b'", "follow.script: write the name of a listener"),
        ("[speech]\nsinks = ['overly']", "speech.sinks.0: write 'discord' or 'overlay' (got 'overly')"),
    ],
)
def test_a_mistake_gives_one_clear_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert complaint in str(caught.value)
    assert "relay.toml" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_mistake_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_INBOX__ENGINE", "mysql")

    with pytest.raises(ConfigError, match="environment variable RELAY_INBOX__ENGINE"):
        load()


def test_a_mistake_is_the_variables_where_that_names_the_setting_and_else_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[budget.rates]\nviewer = -1\n")
    monkeypatch.setenv("RELAY_BUDGET", '{"rates": {"all": -1}}')

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert "environment variable RELAY_BUDGET: budget.rates.all" in str(caught.value)
    assert f"{path}: budget.rates.viewer" in str(caught.value)


def test_a_list_in_the_environment_is_json_or_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    for written in ('["ann", "ben"]', "ann, ben", "ann,ben,"):
        monkeypatch.setenv("RELAY_TWITCH__CHANNELS", written)

        assert load().model_dump()["twitch"]["channels"] == ("ann", "ben")


def test_json_in_the_environment_that_is_none_names_the_variable_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RELAY_TWITCH__CHANNELS", '["hunter2"')

    with pytest.raises(ConfigError, match="environment variable RELAY_TWITCH__CHANNELS: not valid JSON") as mistake:
        load()

    assert "hunter2" not in str(mistake.value)


@pytest.mark.parametrize(
    "written", ["Ann", "#ann", "@Ann", "twitch.tv/ann", "https://www.twitch.tv/Ann/", "https://m.twitch.tv/ann?sr=a"]
)
def test_a_channel_is_its_name_or_its_address(tmp_path: Path, written: str) -> None:
    path = write(tmp_path, f"[twitch]\nchannels = ['{written}']\n")

    assert load(path).model_dump()["twitch"]["channels"] == ("ann",)


@pytest.mark.parametrize("written", ["12", "'12'", "'https://discord.com/channels/1/12'"])
def test_a_text_channel_is_its_id_or_its_address(tmp_path: Path, written: str) -> None:
    path = write(tmp_path, f"[discord]\nchannels = [{written}]\n")

    assert load(path).model_dump()["discord"]["channels"] == (12,)


def test_a_missing_file_says_how_to_make_it_also_where_no_page_would(tmp_path: Path) -> None:
    """In a container, say, whose file is written outside of it."""
    path = tmp_path / "relay.toml"

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert str(caught.value) == (
        f"{path}: there is no such file; write it, such as from relay.example.toml, "
        "or make your settings on the page that `relay run` serves without --config"
    )


def test_a_secret_is_shown_nowhere(tmp_path: Path) -> None:
    path = write(tmp_path, '[discord]\ntoken = "hunter2"\n[voxta]\napi_key = "hunter2"\n')

    assert "hunter2" not in repr(load(path))

    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, '[inbox]\nurl = 5\n[discord]\ntoken = ["hunter2"]\n'))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "streaming-pc"])
@pytest.mark.parametrize("key", [None, "", "sesame"])
def test_the_companion_is_open_to_other_machines_only_with_a_key(host: str, key: str | None) -> None:
    with pytest.raises(ConfigError, match="set RELAY_COMPANION__ACCESS_KEY to 16 characters or more"):
        load(companion={"host": host, "access_key": key})

    assert load(companion={"host": host, "access_key": "open-sesame-12345"}).companion.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_companion_needs_no_key_on_this_machine_alone(host: str) -> None:
    assert load(companion={"host": host}).companion.access_key is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_as_editors_of_windows_write_it(tmp_path: Path, encoding: str) -> None:
    config = tmp_path / "relay.toml"
    config.write_bytes("[companion]\r\n\tname\t=\t'Zoë'\r\n".encode(encoding))

    assert load(config).companion.name == "Zoë"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_variables_in_a_file_are_read_as_shells_of_windows_write_it(tmp_path: Path, encoding: str) -> None:
    config = tmp_path / "relay.toml"
    config.write_text("")
    config.with_name(".env").write_bytes("RELAY_COMPANION__NAME=Zoë\r\n".encode(encoding))

    assert load(config).companion.name == "Zoë"


def test_variables_that_are_no_text_in_utf8_are_told_with_their_file(tmp_path: Path) -> None:
    config = tmp_path / "relay.toml"
    config.write_text("")
    config.with_name(".env").write_bytes("RELAY_COMPANION__NAME=Zoë".encode("latin-1"))

    with pytest.raises(ConfigError, match=r"\.env: this is not text in UTF-8"):
        load(config)


@pytest.mark.parametrize("content", ["[companion]\nname = 'Zoë'".encode("latin-1"), "[web]".encode("utf-16-le")])
def test_what_is_no_text_in_utf8_is_told_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    config = tmp_path / "relay.toml"
    config.write_bytes(content)

    with pytest.raises(ConfigError, match="not text in UTF-8; save it as UTF-8"):
        load(config)
