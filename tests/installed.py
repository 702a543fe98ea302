"""Tries a relay out as somebody has it who installed it: `python -m tests.installed PROGRAM`.

The program lies in no checkout: what it needs besides its code has to be with it.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
"""Seconds for each step."""

if sys.platform == "win32":
    _GROUP, _END = subprocess.CREATE_NEW_PROCESS_GROUP, signal.CTRL_BREAK_EVENT
else:
    _GROUP, _END = 0, signal.SIGINT


def main(program: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        began = time.monotonic()
        version = _told(program, home, "--version")
        print(f"relay {version.strip()} starts in {time.monotonic() - began:.1f} s")
        _converses(program, home)
        _knows_scenarios(program, home)
        _speaks_and_serves(program, home)


def _converses(program: Path, home: str) -> None:
    summary = json.loads(_told(program, home, "demo", "--seconds", "6", "--json"))
    assert summary["replies"] > 0, summary
    print(f"the demo gave {summary['replies']} answers")


def _knows_scenarios(program: Path, home: str) -> None:
    _told(program, home, "companion", "init", "mine")
    print(_told(program, home, "companion", "check", "mine").splitlines()[0])


def _speaks_and_serves(program: Path, home: str) -> None:
    """`relay run` without a platform, and every file that its pages name."""
    settings = Path(home) / "relay.toml"
    text = '[companion]\nport = 0\nspeech = "espeak"\n[web]\nport = {port}\n[speech]\nenabled = true\n'
    settings.write_text(text.format(port=_free_port()), "utf-8")
    found = json.loads(_told(program, home, "check", "--json", fails=True))["findings"]
    assert {"voice", "brain", "companion"} & {each["name"] for each in found}, found
    assert all(each["ok"] for each in found if each["name"] in ("voice", "companion", "speech", "inbox")), found
    with _running(program, home, settings) as address:
        pages = {path: _page(f"{address}{path}") for path in ("/", "/overlay")}
        files = {link for page in pages.values() for link in re.findall(r'(?:src|href)="(/[^"]+)"', page)}
        for path in sorted(files):
            _page(f"{address}{path}")
    print(f"its pages are there, with {len(files)} files")


@contextmanager
def _running(program: Path, home: str, settings: Path) -> Iterator[str]:
    port = re.findall(r"port = (\d+)", settings.read_text("utf-8"))[-1]
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [program, "run", "--plain"], cwd=home, env=_environment(home), stderr=subprocess.DEVNULL, creationflags=_GROUP
    )
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                _page(address)
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.1)
        yield address
        process.send_signal(_END)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def _page(address: str) -> str:
    request = urllib.request.Request(address, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return str(response.read().decode("utf-8", "replace"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _told(program: Path, home: str, *words: str, fails: bool = False) -> str:
    ended = subprocess.run(
        [program, *words], cwd=home, env=_environment(home), capture_output=True, text=True, timeout=2 * PATIENCE
    )
    assert ended.returncode == 0 or fails, f"relay {' '.join(words)}: {ended.stdout}{ended.stderr}"
    return ended.stdout


def _environment(home: str) -> dict[str, str]:
    """Without what a checkout or its user would add."""
    own = {"HOME": home, "XDG_CONFIG_HOME": home, "LOCALAPPDATA": home, "PYTHONUTF8": "1"}
    return {name: value for name, value in os.environ.items() if not name.startswith(("RELAY_", "PYTHON"))} | own


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
