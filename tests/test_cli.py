"""The commands as a person types them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import command_of_a_wheel, command_without_hurry, relay

ROOT = Path(__file__).parents[1]


def test_the_demo_shows_every_type_and_accounts_for_every_message() -> None:
    for seconds in ("4", "16", "64"):  # the slower the machine is, the longer it takes until each was there
        ended = relay("demo", "--seconds", seconds, "--json", program=command_without_hurry)
        assert ended.returncode == 0, ended.stderr
        summary = json.loads(ended.stdout)
        assert summary["received"] == sum(summary["outcomes"].values())
        if has_all := all(summary["forwarded"][send_as] > 0 for send_as in ("user", "event", "noreply")):
            break

    assert has_all
    assert summary["replies"] > 0
    assert sum(summary["posted"].values()) > 0


def test_a_fault_of_ours_ends_with_a_traceback_that_steers_no_terminal() -> None:
    program = """
from relay import cli
def app():
    raise ValueError("\\x1b[2J of a viewer")
cli.app = app
cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert ended.stderr.endswith("ValueError: \\x1b[2J of a viewer\n")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[twitch]\nenabled = true\n", "client_id is missing"),
        ("[twitch]\nenabeld = true\n", "twitch.enabeld: there is no such setting"),
        ("[inbox]\ntimeout = 'soon'\n", "inbox.timeout: write a number, without quotes"),
    ],
)
def test_a_mistake_ends_with_one_clear_line(tmp_path: Path, text: str, complaint: str) -> None:
    config = tmp_path / "relay.toml"
    config.write_text(text, "utf-8")

    ended = relay("run", "--config", str(config))

    assert ended.returncode == 1
    assert complaint in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


NOT_FOR_CHAT = {"av", "keyring", "num2words", "numpy", "openai", "quickjs_rs", "redis", "wasmtime"}
NOT_FOR_CHAT |= {"discord", "relay.companion.voice.local", "sherpa_onnx", "twitchio"}
"""What takes long to load and much memory, and is for speech, scripts, or a platform that the settings do not name."""


def test_a_relay_starts_with_nothing_loads_what_chat_needs_and_says_where_it_is_set_up(tmp_path: Path) -> None:
    env = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "APPDATA": str(tmp_path)}
    env |= {"RELAY_WEB__PORT": "0", "RELAY_COMPANION__PORT": "0", "RELAY_RELAY__DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-X", "importtime", "-m", "relay", "run"]
    loaded = []
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=env) as started:
        assert started.stderr is not None
        for told in started.stderr:
            if not told.startswith("import time:"):
                break
            loaded.append(told.rpartition("|")[2].strip())
        started.terminate()

    assert re.search(r"no platform is enabled: set twitch\.enabled .* or set it up at http://127\.0\.0\.1:\d+/", told)
    listed = {"relay.inbox.sqlite", "relay.application.runs", "relay.companion.voice.build"}
    assert listed.issubset(loaded), "this is the list"
    assert not NOT_FOR_CHAT.intersection(loaded)
    assert "prometheus_client" not in loaded[: loaded.index("relay.application.runs")], "nor for who wants none"


def test_check_tries_each_connection_and_says_what_to_do(tmp_path: Path) -> None:
    config = tmp_path / "relay.toml"
    config.write_text(
        f"[relay]\ndata_dir = {str(tmp_path)!r}\n"
        "[inbox]\nengine = 'redis'\nurl = 'redis://:hunter2@127.0.0.1:1/0'\ntimeout = 1\n"
        "[voxta]\nmode = 'server'\nurl = 'http://127.0.0.1:1'\ntimeout = 1\n"
        "[twitch]\nenabled = true\nclient_id = 'abc'\nchannels = ['ann']\n"
        "[discord]\nenabled = true\nchannels = [1]\nconnect_to = '127.0.0.1:1'\n"
        "[obs]\nenabled = true\nurl = 'ws://127.0.0.1:1'\n[web]\nport = 0\n",
        "utf-8",
    )

    secrets = {"RELAY_DISCORD__TOKEN": "hunter2", "RELAY_OBS__PASSWORD": "hunter2"}
    ended = relay("check", "--config", str(config), env=secrets)

    assert ended.returncode == 1
    lines = [line for line in ended.stdout.splitlines() if line.startswith("FAIL")]
    names = ["inbox", "voxta", "twitch", "discord", "obs"]
    assert [line.split(":")[0] for line in lines] == [f"FAIL {name}" for name in names]
    fixes = ("start Redis", "start Voxta", "run `relay auth twitch`", "connect_to", "start OBS")
    for line, fix in zip(lines, fixes, strict=True):
        assert fix in line
    assert "hunter2" not in ended.stdout + ended.stderr


def test_check_can_be_read_by_programs(tmp_path: Path) -> None:
    config = tmp_path / "relay.toml"
    config.write_text(f"[relay]\ndata_dir = {str(tmp_path)!r}\n[web]\nport = 0\n[companion]\nport = 0\n", "utf-8")

    ended = relay("check", "--config", str(config), "--json")

    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    assert [each["name"] for each in told["findings"] if not each["ok"]] == ["platforms"]
    assert not told["ok"]


def test_check_tries_the_defaults_where_there_are_no_settings_yet_as_a_run_takes_them(tmp_path: Path) -> None:
    own = {"XDG_CONFIG_HOME": str(tmp_path), "RELAY_WEB__PORT": "0", "RELAY_RELAY__DATA_DIR": str(tmp_path)}

    ended = relay("check", env=own)

    lines = ended.stdout.splitlines()
    assert "ok   inbox: sqlite answers, 0 messages wait" in lines
    assert [line.partition(":")[0] for line in lines if line.startswith("FAIL")] == ["FAIL platforms"]
    assert not [*tmp_path.glob("voxta-relay/*")], "and it leaves nothing there"


def test_health_and_why_answer_without_a_running_relay(tmp_path: Path) -> None:
    env = {"RELAY_RELAY__DATA_DIR": str(tmp_path)}

    assert relay("health", env=env).returncode == 1
    assert "unknown, or forgotten" in relay("why", "twitch:1", env=env).stdout


def test_what_people_wrote_cannot_steer_the_terminal_of_a_command(tmp_path: Path) -> None:
    attack = "\x1b[2J\x1b]52;c;ZXZpbA==\x07\x9b2J"
    recording = tmp_path / "chat.jsonl"
    line = {"at": 0, "platform": "twitch", "author": {"id": "1", "name": "bob"}, attack: 1}
    recording.write_text(json.dumps(line, ensure_ascii=False), "utf-8")
    env = {"RELAY_RELAY__DATA_DIR": str(tmp_path)}

    for ended in (relay("why", f"twitch:{attack}", env=env), relay("replay", str(recording), env=env)):
        assert "\\x1b[2J\\x1b]52;" in ended.stdout + ended.stderr
        assert not {"\x1b", "\x07", "\x9b"}.intersection(ended.stdout + ended.stderr)


def test_a_scenario_is_made_checked_and_served(tmp_path: Path) -> None:
    folder = tmp_path / "mine"

    made = relay("companion", "init", str(folder))
    good = relay("companion", "check", str(folder))
    (folder / "scenario.toml").write_text('name = "Test"\n[[characters]]\nnam = "Vox"\n', "utf-8")
    bad = relay("companion", "check", str(folder))
    refused = relay("companion", "--scenario", str(folder), "--port", "0")

    assert (made.returncode, good.returncode, bad.returncode, refused.returncode) == (0, 0, 1, 1)
    assert "relay companion --scenario" in made.stdout
    assert good.stdout.startswith("Friday night stream: no mistakes")
    assert "characters[0].nam: there is no such key" in bad.stderr
    assert refused.stderr == bad.stderr


def test_a_checkout_measures() -> None:
    ended = relay("bench", "flood", "--seconds", "10", "--per-minute", "60", "--json", cwd=ROOT)

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["messages"] == 10


def test_without_a_checkout_bench_says_in_one_line_what_it_needs() -> None:
    ended = relay("bench", "flood", program=command_of_a_wheel)

    assert ended.returncode == 1
    assert ended.stderr == "relay bench measures with the servers that the tests play: run it from a checkout\n"
