"""Many companions in one settings file."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from relay.application.settings import Fleet, load, load_fleet, refuse_companions, whereabouts
from relay.application.settings.file import SettingsFile
from relay.config import companions
from relay.errors import ConfigError
from relay.model import Kind
from relay.platforms.discord.info import DISCORD
from relay.platforms.twitch.info import TWITCH

SHARED = """
[voxta]
mode = "server"
url = "http://voxta.example:5384"
api_key = "the-agency's-key"

[twitch]
enabled = true
client_id = "abc"

[discord]
enabled = true
token = "bot"

[budget]
rates = { all = 12 }
"""
ANN = '\n[companions.ann.twitch]\nchannels = ["Ann"]\n'
BEN = "\n[companions.ben.discord]\nchannels = [5]\n"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "relay.toml"
        path.write_text(text, "utf-8")
        return path

    return written


def mistake(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_fleet(path)
    return str(caught.value)


def test_each_companion_has_its_own_settings_over_the_shared_ones(write: Write) -> None:
    own = "\n[companions.ann.budget.rates]\nviewer = 2\n\n[companions.ann.forwarding.kinds.follow]\nenabled = false\n"

    fleet = load_fleet(write(SHARED + ANN + own + BEN))

    ann, ben = fleet.companions["ann"], fleet.companions["ben"]
    assert (ann.relay.name, ben.relay.name) == ("ann", "ben")
    assert ann.budget.rates == {"all": 12, "viewer": 2, "speaker": 20}
    assert ben.budget.rates == {"all": 12, "viewer": 4, "speaker": 20}
    assert not ann.forwarding.kinds[Kind.FOLLOW].enabled
    assert ann.forwarding.kinds[Kind.RAID] == ben.forwarding.kinds[Kind.RAID]
    assert ben.forwarding.kinds[Kind.FOLLOW].enabled


def test_files_and_names_in_redis_follow_from_the_companions_name(write: Write) -> None:
    path = write('relay.data_dir = "kept"\n' + SHARED + ANN + BEN)
    fleet = load_fleet(path)

    kept = path.with_name("kept")
    assert [config.inbox_path for config in fleet.companions.values()] == [kept / "ann.db", kept / "ben.db"]
    assert fleet.process.relay.name == "relay"


def test_login_and_bot_account_are_shared_and_a_platform_without_channels_is_off(write: Write) -> None:
    fleet = load_fleet(write(SHARED + ANN + BEN))

    twitch = {name: TWITCH.settings(config) for name, config in fleet.companions.items()}
    discord = {name: DISCORD.settings(config) for name, config in fleet.companions.items()}
    assert (twitch["ann"].enabled, twitch["ann"].client_id, twitch["ann"].channels) == (True, "abc", ("ann",))
    assert (twitch["ben"].enabled, discord["ann"].enabled, discord["ben"].enabled) == (False, False, True)
    assert discord["ben"].token == DISCORD.settings(fleet.process).token


def test_a_companion_says_what_the_shared_settings_ask_for(write: Write) -> None:
    shared = SHARED.replace('mode = "server"', 'mode = "server"\njoin = "character"')
    fits = '\n[companions.ann.voxta]\ncharacter_id = "vox"\n'

    assert load_fleet(write(shared + ANN + fits)).companions["ann"].voxta.character_id == "vox"
    assert 'companions.ben.voxta: join = "character" needs character_id' in mistake(write(shared + ANN + fits + BEN))


def test_models_of_what_the_shared_settings_leave_out_are_made_once(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(SHARED + ANN)
    fleet = load_fleet(path)
    monkeypatch.delattr(companions, "create_model")

    assert load_fleet(path) == fleet


def test_what_several_sections_ask_of_one_another_is_asked_of_each_companion(write: Write) -> None:
    with_memory = "\n[memory]\nenabled = true\nsummaries = true\n" + SHARED
    able = '\n[companions.ann.companion]\nbrain = "openai"\n'

    assert load_fleet(write(with_memory + ANN + able)).companions["ann"].memory.summaries
    assert "companions.ben: memory.summaries needs a model" in mistake(write(with_memory + ANN + able + BEN))


def test_a_key_that_is_shared_goes_to_the_shared_address_alone(write: Write) -> None:
    own = '\n[companions.ann.voxta]\nurl = "http://ann.example:5384"\n\n[companions.ben.voxta]\njoin = "open"\n'

    fleet = load_fleet(write(SHARED + ANN + own + BEN))

    assert fleet.companions["ann"].voxta.api_key is None
    assert fleet.companions["ben"].voxta.api_key == fleet.process.voxta.api_key is not None


def test_sections_that_a_companion_does_not_touch_are_the_shared_objects(write: Write) -> None:
    fleet = load_fleet(write(SHARED + ANN + BEN))

    own = {
        name for name, section in dict(fleet.companions["ann"]).items() if section is not getattr(fleet.process, name)
    }
    assert own == {"relay", "web", "twitch", "discord", "companion"}


@pytest.mark.parametrize(
    ("web", "address"),
    [
        ("port = 8090", "http://localhost:8090/c/ann"),
        (f'public_url = "https://relay.example.com"\ntoken = "{"t" * 16}"', "https://relay.example.com/c/ann"),
    ],
)
def test_the_pages_of_a_companion_are_below_its_name(write: Write, web: str, address: str) -> None:
    fleet = load_fleet(write(f"{SHARED}[web]\n{web}\n{ANN}{BEN}"))

    assert fleet.companions["ann"].web.address == address
    assert fleet.companions["ann"].companion is fleet.companions["ben"].companion


def test_embedded_companions_take_a_free_port_each(write: Write) -> None:
    fleet = load_fleet(write(ANN + '\n[companions.ben.companion]\nname = "Bee"\n'))

    assert [(each.companion.port, each.companion.name) for each in fleet.companions.values()] == [
        (0, "Vox"),
        (0, "Bee"),
    ]


@pytest.mark.parametrize("beside", [False, True], ids=["environment", ".env"])
def test_the_environment_goes_before_what_the_file_says_of_a_companion(
    beside: bool, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"RELAY_COMPANIONS__ANN_B__VOXTA__API_KEY": "ann's", "RELAY_COMPANIONS__ANN_B__TWITCH__CHANNELS": "x,y"}
    if beside:
        (tmp_path / ".env").write_text("".join(f'{name}="{value}"\n' for name, value in variables.items()), "utf-8")
    else:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    in_file = ANN.replace(".ann.", ".ann-b.") + "\n[companions.ann-b.speech]\nvolume = 0.5\n"
    fleet = load_fleet(write(SHARED + in_file + BEN))

    assert fleet.companions["ann-b"].speech.volume == 0.5
    key = fleet.companions["ann-b"].voxta.api_key
    assert key is not None and key.get_secret_value() == "ann's"
    assert TWITCH.settings(fleet.companions["ann-b"]).channels == ("x", "y")
    assert fleet.companions["ben"].voxta.api_key == fleet.process.voxta.api_key


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("companions.ann.budget.rates = 12", "companions.ann.budget.rates: this has names and values"),
        ("companions.ann.budget.rates.everyone = 12", "companions.ann.budget.rates.everyone: 'everyone' is no rate"),
        ("companions.ann.voxta.url = 'ann'", "companions.ann.voxta.url: write an address that begins with http://"),
        ("companions.ann.twich.channels = []", "companions.ann.twich: there is no such setting; did you mean twitch?"),
        ("companions.ann.budget.rats = 1", "companions.ann.budget.rats: there is no such setting; did you mean rates?"),
        ("companions.ann.channels = []", "companions.ann.channels: there is no such setting by itself; write it below"),
        ("companions.ann.relay.data_dir = 'x'", "companions.ann.relay: this is the same for all companions: write it"),
        (
            "companions.ann.web.port = 1",
            "companions.ann.web: this is the same for all companions: write",
        ),
        ("companions.ann.inbox.keep = 1", "companions.ann.inbox: this is the same for all companions"),
        ("companions.'a b'.voxta.mode = 'server'", "companions.a b: name it with at most 40 letters and digits"),
        ("companions.a__b.voxta.mode = 'server'", "companions.a__b: name it with at most 40 letters and digits"),
        (f"companions.{'a' * 41}.voxta.mode = 'server'", "name it with at most 40 letters and digits"),
        (
            "companions.ann.voxta = {}\ncompanions.Ann.voxta = {}",
            "companions.Ann: ann has the same files and",
        ),
        (
            "companions.a-b.voxta = {}\ncompanions.a_b.voxta = {}",
            "companions.a_b: a-b has the same files and",
        ),
        ("companions.relay.voxta = {}", "companions.relay: relay.name is 'relay', and files bear both names"),
        ("companions = ['ann']", "companions: write [companions.NAME] on a line of its own"),
        ("companions.ann = true", "companions.ann: this is a section: write [companions.ann] on a line of its own"),
        ("budget.rates = 12\ncompanions.ann.voxta = {}", "toml: budget.rates: this has names and values"),
        (
            "twich.channels = []\ncompanions.ann.voxta = {}",
            "toml: twich: there is no such setting; did you mean twitch?",
        ),
        (
            "web.host = '0.0.0.0'\ncompanions.ann.voxta = {}",
            "toml: web: host is '0.0.0.0', which other machines can reach",
        ),
    ],
)
def test_a_mistake_names_the_companion_the_setting_and_the_fix(write: Write, text: str, complaint: str) -> None:
    told = mistake(write(text))

    assert complaint in told
    assert "relay.toml" in told
    assert len(told.splitlines()) == 1


def test_a_mistake_in_a_companions_variable_names_it_and_shows_no_secret(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAY_COMPANIONS__ANN_B__VOXTA__MODE", "hub")
    assert mistake(write(SHARED + ANN.replace(".ann.", ".ann-b."))).startswith(
        "environment variable RELAY_COMPANIONS__ANN_B__VOXTA__MODE: companions.ann-b.voxta.mode: write 'embedded', "
    )

    monkeypatch.setenv("RELAY_COMPANIONS__ANN_B__VOXTA__SCOPE", '["hunter2"')
    assert "hunter2" not in (told := mistake(write(SHARED + ANN.replace(".ann.", ".ann-b."))))
    assert "RELAY_COMPANIONS__ANN_B__VOXTA__SCOPE: not valid JSON" in told


def test_the_mistakes_of_all_companions_are_told_at_once(write: Write) -> None:
    told = mistake(write("companions.ann.voxta.timeout = 0\ncompanions.ben.speech.volume = 9"))

    assert [line.split(": ")[1] for line in told.splitlines()] == [
        "companions.ann.voxta.timeout",
        "companions.ben.speech.volume",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            SHARED + ANN + BEN + '[companions.ben.twitch]\nchannels = ["x", "ann"]',
            "companions.ann.twitch.channels: ann ",
        ),
        (SHARED + ANN + BEN + "[companions.ann.discord]\nchannels = [5]", "companions.ann.discord.channels: 5 "),
        (
            'twitch = { enabled = true, client_id = "a", channels = ["x"] }\ncompanions.ann = {}\ncompanions.ben = {}',
            "companions.ann.twitch.channels: x ",
        ),
        ("voice.channels = [7]\ncompanions.ann = {}\ncompanions.ben = {}", "companions.ann.voice.channels: 7 "),
        ("inbox.path = 'all.db'\ncompanions.ann = {}\ncompanions.ben = {}", "companions.ann.inbox.path: all.db "),
        (
            "companion.database = 'all.db'\ncompanions.ann = {}\ncompanions.ben = {}",
            "companions.ann.companion.database: all.db ",
        ),
        (
            "memory = { enabled = true, path = 'all.db' }\ncompanions.ann = {}\ncompanions.ben = {}",
            "companions.ann.memory.path: all.db ",
        ),
        (
            "companions.ann.companion.port = 6000\ncompanions.ben.companion.port = 6000",
            "companions.ann.companion.port: port 6000 ",
        ),
    ],
)
def test_what_only_one_can_have_names_both_who_claim_it(write: Write, text: str, complaint: str) -> None:
    path = write(text)
    told = mistake(path).replace(f"{path.parent}{os.sep}", "")

    assert f"{complaint}can be only one companion's, and ben would have it as well" in told
    assert len(told.splitlines()) == 1


LISTENING = 'processes.listen = "10.0.0.5:{}"\n[companions.ann]\n[companions.ben]\n'


def test_who_leads_several_companions_has_a_port_for_the_pages_of_each(write: Write) -> None:
    with pytest.raises(ConfigError) as refused:
        load_fleet(write(LISTENING.format(8090)), to_lead=True)

    assert "companions.ann.processes.listen: port 8090 can be only one companion's" in str(refused.value)
    assert str(refused.value).endswith("and ben would have it as well; with port 0 each takes a free one")
    assert load_fleet(write(LISTENING.format(0)), to_lead=True)
    assert load_fleet(write(f"web.enabled = false\n{LISTENING.format(8090)}"), to_lead=True), "which serves no pages"


def test_who_leads_one_companion_may_have_the_port_that_others_have_on_their_machines(write: Write) -> None:
    path = write(LISTENING.format(8090))

    assert load(path, "ann").processes.port == load(path, "ben").processes.port == 8090
    assert list(load_fleet(path).companions) == ["ann", "ben"]


def test_files_of_two_logins_have_different_names_also_in_different_folders(write: Write) -> None:
    of_ann = '[companions.ann.twitch]\nchannels = ["ann"]\ntoken_file = "ann/token.json"\n'
    of_ben = of_ann.replace("s.ann", "s.ben").replace('"ann', '"ben')

    told = mistake(write(SHARED + of_ann + of_ben))

    assert "companions.ben.twitch.token_file" in told and "has the name of ann's" in told and "otherwise" in told
    assert load_fleet(write(SHARED + of_ann + of_ben.replace("token.json", "ben-token.json")))
    assert load_fleet(write(SHARED + of_ann + of_ben.replace("ben/", "ann/")))


def test_a_platform_that_is_off_claims_no_channels(write: Write) -> None:
    text = SHARED + ANN + '\n[companions.ben.twitch]\nenabled = false\nchannels = ["ann"]\n'

    assert list(load_fleet(write(text)).companions) == ["ann", "ben"]


def test_a_file_without_companions_is_what_it_was(write: Write) -> None:
    path = write('[twitch]\nenabled = true\nclient_id = "abc"\nchannels = ["ann"]\n')

    assert load_fleet(path) == Fleet(load(path), {})
    assert "twitch: channels is empty" in mistake(write("[twitch]\nenabled = true\nclient_id = 'abc'\n"))


def test_the_settings_of_one_are_had_by_name(write: Write) -> None:
    path = write(SHARED + ANN + BEN)

    assert load(path, "ben") == load_fleet(path).companions["ben"]
    assert whereabouts(path, "ben").control_file == path.with_name("data") / "ben.control"
    assert whereabouts(path).control_file == path.with_name("data") / "relay.control"


def test_the_only_companion_needs_no_name(write: Write) -> None:
    assert load(write(SHARED + ANN)).relay.name == "ann"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (None, "has several companions: name one with --companion: ann, ben"),
        ("bne", "has no companion 'bne'; there are: ann, ben"),
    ],
)
def test_a_name_that_is_missing_or_wrong_is_told_with_those_there_are(
    name: str | None, complaint: str, write: Write
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(write(SHARED + ANN + BEN), name)


@pytest.mark.parametrize("asked", [load, whereabouts])
def test_who_names_a_companion_where_there_are_none_is_told_so(asked: Callable[..., object], write: Write) -> None:
    with pytest.raises(ConfigError, match=r"it has none: write \[companions.ann\] there"):
        asked(write(""), "ann")


async def test_the_page_changes_what_is_shared_and_leaves_the_companions_as_they_are(write: Write) -> None:
    path = write(SHARED + ANN + BEN)

    config = await SettingsFile(path).set({"speech.volume": 0.5})

    assert config.speech.volume == 0.5
    fleet = load_fleet(path)
    assert {each.speech.volume for each in fleet.companions.values()} == {0.5}
    assert path.read_text("utf-8").startswith(SHARED) and ANN in path.read_text("utf-8")


async def test_a_change_that_a_companion_cannot_have_is_refused(write: Write) -> None:
    path = write(SHARED + ANN + BEN)

    with pytest.raises(ConfigError, match=r"companions\.ann\.inbox\.path: .*all\.db can be only one companion's"):
        await SettingsFile(path).set({"inbox.path": "all.db"})

    assert path.read_text("utf-8") == SHARED + ANN + BEN


def test_one_relay_is_not_run_by_the_settings_of_many(write: Write) -> None:
    refuse_companions(write("[twitch"))
    refuse_companions(write(SHARED))

    with pytest.raises(ConfigError, match=r"is for companions \(ann, ben\): `relay fleet` runs them"):
        refuse_companions(write(SHARED + ANN + BEN))
