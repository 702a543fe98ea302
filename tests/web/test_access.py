"""Links for moderators and press-once addresses, as they are kept."""

import asyncio
import json
from pathlib import Path

import pytest

from relay.errors import ConfigError, InboxError
from relay.web import access
from relay.web.access import NOTED_EVERY, AccessLinks, FixedAct, SharedLinks

SKIP = FixedAct(do="skip")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "relay.links.json"


async def test_a_link_outlives_the_relay_and_its_secret_is_written_nowhere(file: Path) -> None:
    made, secret = await AccessLinks(file).create("Mia", FixedAct(do="say", fields={"text": "Hi!"}))

    again = AccessLinks(file)

    assert again.find(secret) == made
    assert again.all() == [made]
    assert len(secret) >= 43, "256 bits that nobody guesses"
    assert secret not in file.read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o600


async def test_no_other_secret_finds_it(file: Path) -> None:
    links = AccessLinks(file)
    made, secret = await links.create("Mia")

    for other in ("", secret[:-1], secret + "x", made.digest, made.id, "\ud800", "ä"):
        assert links.find(other) is None


async def test_what_is_withdrawn_is_gone_for_good_and_ends_what_is_open(file: Path) -> None:
    links = AccessLinks(file)
    made, secret = await links.create("Mia")
    other, other_secret = await links.create("Ben")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as use:
            with links.in_use(made, use):
                assert await links.withdraw(made.id) == made
                await asyncio.Event().wait()

    assert links.find(secret) is None
    assert AccessLinks(file).all() == [other]
    assert links.find(other_secret) == other
    assert await links.withdraw(made.id) is None


async def test_what_was_closed_before_is_left_alone(file: Path) -> None:
    links = AccessLinks(file)
    made, _ = await links.create("Mia")
    async with asyncio.timeout(None) as use:
        with links.in_use(made, use):
            await asyncio.sleep(0)

    await links.withdraw(made.id)

    assert not use.expired()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "1 to 40 characters"),
        (" \n ", "1 to 40 characters"),
        ("x" * 41, "1 to 40 characters"),
        ("mIA", "a link named 'mIA' already"),
    ],
)
async def test_a_name_that_the_audit_log_could_not_tell_apart_is_refused(file: Path, name: str, told: str) -> None:
    links = AccessLinks(file)
    await links.create("Mia")

    with pytest.raises(ValueError, match=told):
        await links.create(name)

    assert len(links.all()) == 1


async def test_there_is_an_end_to_how_many_there_are(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MAX_LINKS", 1)
    links = AccessLinks(file)
    await links.create("Mia")

    with pytest.raises(ValueError, match="withdraw one"):
        await links.create("Ben", SKIP)


async def test_a_link_that_cannot_be_kept_is_none(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be", "utf-8")
    links = AccessLinks(tmp_path / "elsewhere" / "relay.links.json")
    (tmp_path / "elsewhere").write_text("as well", "utf-8")

    with pytest.raises(OSError):
        await links.create("Mia")

    assert links.all() == []


async def test_when_it_was_used_is_kept_though_not_each_time(file: Path) -> None:
    times = iter([1_000.0, 1_100.0, 1_100.0 + NOTED_EVERY - 1, 1_100.0 + NOTED_EVERY])
    links = AccessLinks(file, wall=lambda: next(times))
    made, _ = await links.create("Mia")
    shown = []
    for _ in range(3):
        await links.note_use(made)
        shown.append((links.all()[0].used, json.loads(file.read_text("utf-8"))["links"][0]["used"]))

    assert shown == [(1_100.0, 1_100.0), (1_159.0, 1_100.0), (1_160.0, 1_160.0)]


async def test_a_use_after_the_withdrawal_brings_nothing_back(file: Path) -> None:
    links = AccessLinks(file)
    made, _ = await links.create("Mia")
    await links.withdraw(made.id)

    await links.note_use(made)

    assert links.all() == AccessLinks(file).all() == []


@pytest.mark.parametrize("text", ["", "[]", '{"links": [{}]}', '{"links": [{"id": "a", "name": "b", "digest": "ä"}]}'])
def test_a_damaged_file_is_named_with_what_to_do(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text, "utf-8")

    with pytest.raises(ConfigError, match=r"relay\.links\.json is damaged: remove it"):
        AccessLinks(file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        AccessLinks(tmp_path)


class Store(dict[str, str]):
    """What the machines of one relay share; `is_away` while it does not answer."""

    is_away = False

    async def get_note(self, name: str) -> str | None:
        return self.get(name)

    async def set_note(self, name: str, value: str) -> None:
        if self.is_away:
            raise InboxError("Redis does not answer")
        self[name] = value


async def shared(file: Path, store: Store) -> SharedLinks:
    links = SharedLinks(file, store)
    await links.read()
    return links


async def test_links_of_a_relay_on_several_machines_are_the_same_on_each(tmp_path: Path) -> None:
    store, here, there = Store(), tmp_path / "here.json", tmp_path / "there.json"
    made, secret = await (await shared(here, store)).create("Mia")

    links = await shared(there, store)
    assert links.find(secret) == made
    await links.withdraw(made.id)

    assert (await shared(here, store)).all() == []
    assert not here.exists() and not there.exists()


async def test_what_a_machine_kept_for_itself_moves_to_what_all_of_them_have(file: Path, tmp_path: Path) -> None:
    store = Store()
    other, _ = await (await shared(tmp_path / "there.json", store)).create("Ben")
    made, _ = await AccessLinks(file).create("Mia")

    links = await shared(file, store)
    assert links.all() == [other, made]
    await links.withdraw(made.id)

    assert (await shared(file, store)).all() == [other]


async def test_a_link_that_the_store_does_not_take_is_none(file: Path) -> None:
    store = Store()
    links = await shared(file, store)
    store.is_away = True

    with pytest.raises(OSError, match="Redis does not answer"):
        await links.create("Mia")

    assert links.all() == []
