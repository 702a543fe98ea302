"""Logging in to Voxta by a code, and what the check tells of a server."""

import asyncio
import logging
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.application.connect import key_of
from relay.application.settings import load
from relay.config import VoxtaSection
from relay.config.loading import Config
from relay.errors import AuthError, ConfigError, ProtocolError, VoxtaUnavailable
from relay.voxta.check import check
from relay.voxta.login import log_in
from tests.doubles.voxta import KeyRule, Rights, Switches, VoxtaDouble
from tests.support import PATIENCE, eventually
from tests.voxta.test_session import joined

LOCKED = Switches(key=KeyRule.REFUSED)


@pytest.fixture
async def voxta() -> AsyncIterator[VoxtaDouble]:
    async with VoxtaDouble(LOCKED) as voxta:
        yield voxta


def section(voxta: VoxtaDouble, **over: Any) -> VoxtaSection:
    return VoxtaSection.model_validate({"mode": "server", "url": voxta.url, "timeout": PATIENCE, **over})


def config(folder: Path, voxta: VoxtaDouble, **over: Any) -> Config:
    return load(None, relay={"data_dir": str(folder)}, voxta={"mode": "server", "url": voxta.url, **over})


class Person:
    """Logs in, and reads what they are told."""

    def __init__(self, voxta: VoxtaDouble, file: Path, **over: Any) -> None:
        self.lines: list[str] = []
        self.looks = 0
        self.login = asyncio.create_task(log_in(section(voxta, **over), file, self.lines.append, sleep=self._sleep))

    async def _sleep(self, seconds: float) -> None:
        assert seconds == 1.0
        self.looks += 1
        await asyncio.sleep(0.005)

    async def code(self) -> str:
        """The code they are shown, once there is one and nobody has confirmed it at first."""
        await eventually(lambda: self.looks > 1 or self.login.done())
        [line] = [line for line in self.lines if "confirm the code" in line]
        return line.rpartition(" ")[2].rstrip(".")


async def test_a_person_logs_in_with_a_code_and_the_key_is_used(voxta: VoxtaDouble, tmp_path: Path) -> None:
    settings = config(tmp_path, voxta)
    await voxta.open_elsewhere()
    person = Person(voxta, settings.voxta_token_file)
    key = voxta.access.approve(await person.code())
    await person.login

    assert f"{voxta.url}/device" in person.lines[0]
    assert key not in " ".join(person.lines)
    secret = key_of(settings).api_key
    assert secret is not None and secret.get_secret_value() == key
    async with joined(voxta.url, api_key=secret) as session:
        assert session.chat is not None


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
async def test_the_key_is_kept_for_its_owner_alone_and_replaced_by_the_next_login(
    voxta: VoxtaDouble, tmp_path: Path
) -> None:
    settings = config(tmp_path, voxta)
    for _ in range(2):
        person = Person(voxta, settings.voxta_token_file)
        key = voxta.access.approve(await person.code())
        await person.login

        assert stat.S_IMODE(settings.voxta_token_file.stat().st_mode) == 0o600
        assert key in settings.voxta_token_file.read_text()
        assert [file.name for file in tmp_path.iterdir()] == ["voxta-token.json"]


async def test_a_key_in_the_settings_wins_and_a_key_is_shown_to_its_own_server_alone(
    voxta: VoxtaDouble, tmp_path: Path
) -> None:
    person = Person(voxta, config(tmp_path, voxta).voxta_token_file)
    voxta.access.approve(await person.code())
    await person.login

    own = key_of(config(tmp_path, voxta, api_key="mine")).api_key
    assert own is not None and own.get_secret_value() == "mine"
    assert key_of(config(tmp_path, voxta, url="http://localhost:1")).api_key is None


async def test_a_code_that_runs_out_saves_nothing(voxta: VoxtaDouble, tmp_path: Path) -> None:
    person = Person(voxta, tmp_path / "key.json")
    voxta.access.expire(await person.code())

    with pytest.raises(AuthError, match="run `relay auth voxta` again"):
        await person.login
    assert list(tmp_path.iterdir()) == []


async def test_a_key_that_is_not_good_is_not_saved(voxta: VoxtaDouble, tmp_path: Path) -> None:
    person = Person(voxta, tmp_path / "key.json")
    code = await person.code()
    del voxta.access.keys[voxta.access.approve(code)]

    with pytest.raises(AuthError, match="does not take it"):
        await person.login
    assert list(tmp_path.iterdir()) == []


async def test_a_cancelled_login_saves_nothing_and_says_so(voxta: VoxtaDouble, tmp_path: Path) -> None:
    person = Person(voxta, tmp_path / "key.json")
    await person.code()
    person.login.cancel()
    await asyncio.wait({person.login})

    assert person.lines[-1] == "Cancelled; nothing was saved."
    assert list(tmp_path.iterdir()) == []


async def test_a_server_that_is_not_there_or_offers_no_login_is_told(tmp_path: Path, voxta: VoxtaDouble) -> None:
    with pytest.raises(ProtocolError, match=r"set voxta\.api_key instead"):
        await log_in(section(voxta, url=f"{voxta.url}/elsewhere"), tmp_path / "key.json", print)
    with pytest.raises(VoxtaUnavailable, match="cannot be reached"):
        await log_in(section(voxta, url="http://127.0.0.1:1"), tmp_path / "key.json", print)


def test_a_damaged_login_is_named_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / "voxta-token.json").write_text('{"url": 3}')

    with pytest.raises(ConfigError, match="damaged; delete it and run `relay auth voxta`"):
        key_of(load(None, relay={"data_dir": str(tmp_path)}, voxta={"mode": "server"}))


async def test_the_check_says_what_it_is_who_we_are_what_we_may_and_which_chats_are_open(voxta: VoxtaDouble) -> None:
    chat = await voxta.open_elsewhere()

    line = await check(section(voxta, api_key=voxta.key))

    assert line == (
        f"Voxta 1.0.0-double at {voxta.url}, API 2025-11 (known), we are Streamer with a key, "
        "asked for role:app role:user role:inspector role:admin, "
        f"open chats: Catherine ({chat.chat_id})"
    )


async def test_the_check_names_an_unknown_api_and_what_little_rights_are_good_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    switches = Switches(key=KeyRule.REFUSED, rights=Rights.APP_ONLY, api_version="2031-01")
    async with VoxtaDouble(switches) as voxta:
        with caplog.at_level(logging.ERROR):
            line = await check(section(voxta, api_key=voxta.key))

    assert "API 2031-01 (the relay knows 2025-08 and 2025-11)" in line
    assert "asked for role:app (it may be refused to talk in chats that others opened: then let the relay" in line
    assert "open chats: none" in line


@pytest.mark.parametrize("rule", [KeyRule.REFUSED, KeyRule.ASKED])
async def test_the_check_names_the_login_where_a_key_is_needed(rule: KeyRule) -> None:
    async with VoxtaDouble(Switches(key=rule)) as voxta:
        with pytest.raises((AuthError, VoxtaUnavailable), match="run `relay auth voxta`"):
            await check(section(voxta))
