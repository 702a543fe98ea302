from pathlib import Path

from pydantic import SecretStr

from relay.config import InboxSection
from relay.inbox.build import build
from relay.inbox.redis import RedisInbox
from relay.inbox.sqlite import SqliteInbox
from tests.contracts.samples import message
from tests.doubles.redis_server import RedisServer


async def test_sqlite_is_the_default_and_lies_where_it_is_told(tmp_path: Path) -> None:
    inbox = build(InboxSection(), "home", tmp_path / "home.db")
    await inbox.open()
    await inbox.close()

    assert isinstance(inbox, SqliteInbox)
    assert (tmp_path / "home.db").exists()


async def test_a_restart_of_the_same_relay_finds_its_leftovers_in_redis_at_once(
    shared_server: RedisServer, tmp_path: Path
) -> None:
    settings = InboxSection(engine="redis", url=SecretStr(shared_server.url))
    before = build(settings, "home", tmp_path / "unused.db")
    await before.open()
    await before.append([message(1)])
    await before.claim(1, wait=0)
    await before.close()

    after = build(settings, "home", tmp_path / "unused.db")
    await after.open()
    leftovers = await after.reclaim()
    await after.close()

    assert isinstance(after, RedisInbox)
    assert leftovers == [message(1)]
