"""`relay auth forget`: who takes the relay off a machine leaves no secret there."""

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from typer.testing import CliRunner, Result

from relay.application.settings.secrets import Secrets
from relay.cli import app
from tests.application.settings.test_file import InMemory


@pytest.fixture
def ring() -> Iterator[InMemory]:
    usual, ring = keyring.get_keyring(), InMemory()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(usual)


@pytest.fixture
def secrets(tmp_path: Path, ring: InMemory) -> Secrets:
    """One in the keyring, and one that was kept while that was locked."""
    secrets = Secrets(tmp_path / "relay.toml")
    secrets.keep({"obs.password": "hunter2"})
    ring.is_locked = True
    secrets.keep({"web.token": "swordfish"})
    ring.is_locked = False
    return secrets


def forget(folder: Path) -> Result:
    (folder / "relay.toml").touch()
    return CliRunner().invoke(app, ["auth", "forget", "--config", os.fspath(folder / "relay.toml")])


def test_all_that_was_given_on_the_desk_is_gone(tmp_path: Path, secrets: Secrets, ring: InMemory) -> None:
    ended = forget(tmp_path)

    assert ended.stdout == "Forgotten: obs.password, web.token\n"
    assert ring.kept == {}
    assert not secrets.file.exists()
    assert forget(tmp_path).stdout == "No secrets are kept beside these settings\n"


def test_what_a_locked_keyring_has_is_told_and_stays_known(tmp_path: Path, secrets: Secrets, ring: InMemory) -> None:
    ring.is_locked = True

    ended = forget(tmp_path)

    assert ended.exit_code != 0 and "unlock it" in str(ended.exception)
    assert secrets.kept() == {"obs.password", "web.token"}


def test_what_is_gone_from_the_keyring_already_is_in_nobodys_way(
    tmp_path: Path, secrets: Secrets, ring: InMemory
) -> None:
    ring.kept.clear()

    assert forget(tmp_path).exit_code == 0
    assert secrets.kept() == set()
