"""`relay run --open`, as the Start menu's entry calls it, and `relay run --only`, as supervisors do."""

import socket
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from relay import cli
from relay.application.settings import load


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, of starting a relay and opening a page."""
    done = []

    def serve(work: Coroutine[Any, Any, None]) -> None:
        work.close()
        done.append("started")

    monkeypatch.setattr(cli, "serve", serve)
    monkeypatch.setattr("relay.application.browser.open_page", done.append)
    return done


def with_a_sign_of_life(folder: Path, port: int) -> Path:
    config = folder / "relay.toml"
    config.write_text(f"[relay]\ndata_dir = {folder.as_posix()!r}\n[web]\nport = {port}\n", "utf-8")
    load(config).heartbeat_file.write_text("")
    return config


def test_the_page_of_a_relay_that_runs_is_opened(done: list[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as served:
        port = served.getsockname()[1]

        cli.run(with_a_sign_of_life(tmp_path, port), open_page=True)

    assert done == [f"http://127.0.0.1:{port}/"]


def test_a_sign_of_life_of_one_that_was_killed_opens_no_page(
    done: list[str], tmp_path: Path, unused_tcp_port: int
) -> None:
    cli.run(with_a_sign_of_life(tmp_path, unused_tcp_port), open_page=True)

    assert done == ["started"]


@pytest.mark.parametrize(
    ("companions", "asked", "ran"),
    [
        ([], None, "run_only"),
        (["ann"], None, "run_fleet"),
        (["ann", "ben"], None, "run_fleet"),
        (["ann", "ben"], "ben", "run_only"),
    ],
)
def test_a_kind_of_process_is_of_all_companions_unless_one_is_named(
    companions: list[str], asked: str | None, ran: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def serve(work: Any) -> None:
        started.append(work.__qualname__)
        work.close()

    monkeypatch.setattr(cli, "serve", serve)
    config = tmp_path / "relay.toml"
    config.write_text('[inbox]\nengine = "redis"\n' + "".join(f"[companions.{each}]\n" for each in companions), "utf-8")

    cli.run(config, companion=asked, only=["core"])

    assert started == [ran]
