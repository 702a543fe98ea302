"""Redis over TLS, which wants certificates of its clients and gives the relay the rights that the page asks for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.bus.lease import Lease
from relay.bus.presence import Presence
from relay.bus.pubsub import PubSub
from relay.bus.stream import RedisStream
from relay.errors import ConfigError, InboxError
from relay.inbox.redis import RedisInbox
from relay.memory.redis import RedisMemory
from relay.model import Edit, Outcome, Retraction
from tests.contracts.remembering import known, put
from tests.contracts.samples import NOON, forward, message, messages, settlement
from tests.docs.pages import ROOT
from tests.doubles.certificates import Authority
from tests.doubles.redis_forms import TlsServer, tls_server
from tests.doubles.redis_server import connection_to
from tests.support import PATIENCE, alongside

PASSWORD = "s3cret"


@pytest.fixture(scope="module")
def tls() -> Iterator[TlsServer]:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    [line] = [line for line in page.splitlines() if line.startswith("ACL SETUSER relay")]
    with tls_server() as server:
        with server.server.admin as admin:
            admin.execute_command(*line.replace("PASSWORD", PASSWORD).split())
            admin.execute_command("ACL SETUSER default off")
        yield server


def as_relay(tls: TlsServer) -> str:
    return tls.url.replace("//", f"//relay:{PASSWORD}@")


async def test_the_rights_of_the_page_are_enough_for_all_of_an_inbox(tls: TlsServer) -> None:
    inbox = RedisInbox(connection_to(as_relay(tls), PATIENCE, **tls.settings), namespace="relay:anna", max_count=10)
    await inbox.open()
    assert await inbox.append(messages(1, 2, 3, 4)) == [True] * 4
    assert await inbox.claim(2, wait=0) == messages(1, 2)
    assert await inbox.reclaim() == []
    assert await inbox.edit(Edit(platform="twitch", id="m1", text="better"))
    assert (await inbox.current(["twitch:m1"]))["twitch:m1"].text == "better"
    assert await inbox.begin([forward(message(1), id="one"), forward(message(2), id="two")]) == [True, True]
    await inbox.abandon("two")
    assert [each.id for each in await inbox.unfinished()] == ["one"]
    assert await inbox.settle([settlement(message(1)), settlement(message(2), Outcome.EXPIRED)]) == [True, True]
    assert len(await inbox.retract(Retraction(platform="twitch", id="m3", reason="deleted"), at=NOON)) == 1
    assert (await inbox.why("twitch:m1")) is not None and len(await inbox.newest(9)) == 4
    assert await inbox.count("uses", "twitch:m1") == 1
    assert (await inbox.waiting(), len(await inbox.outcomes())) == (1, 3)
    assert await inbox.forget({"twitch:ann": 2 * NOON}) == 3
    assert await inbox.trim(older_than=2 * NOON) == 0
    await inbox.set_note("chat", "one")
    assert await inbox.get_note("chat") == "one"
    await inbox.close()


async def test_the_rights_of_the_page_are_enough_for_what_is_remembered_of_people(tls: TlsServer) -> None:
    store = RedisMemory(connection_to(as_relay(tls), PATIENCE, **tls.settings), namespace="relay:anna")
    await store.open()
    await put(store, known("twitch:1", last_seen=1.0), known("twitch:2"))
    assert await store.trim(older_than=2.0, most=10) == 1  # with the file written anew
    assert [person.viewer async for person in store.everyone()] == ["twitch:2"]
    await store.close()


async def test_the_rights_of_the_page_are_enough_for_what_processes_say_to_each_other(tls: TlsServer) -> None:
    connection = connection_to(as_relay(tls), PATIENCE, **tls.settings)
    pubsub = PubSub(connection)
    presence = Presence(connection, pubsub, "relay:anna")
    presence.offer("core")
    lease = Lease(connection, "relay:anna:posts")
    await lease.acquire()
    stream = RedisStream(connection, pubsub, "{relay:anna:posts}:outbound", lease)
    async with alongside(pubsub.run()), alongside(presence.run()):
        assert (await presence.find("core")).id == presence.id
        await stream.append([b"one"])
        [entry] = await stream.read(1, wait=0)
        await stream.acknowledge([entry.id])
        assert await stream.length() == 0
    await lease.release()
    await connection.close()


async def test_keys_of_other_programs_are_out_of_reach(tls: TlsServer) -> None:
    inbox = RedisInbox(connection_to(as_relay(tls), PATIENCE, **tls.settings), namespace="other", max_count=10)
    with pytest.raises(InboxError, match=r"does not allow this user what the relay needs"):
        await inbox.open()


@pytest.mark.parametrize("missing", ["tls_certificate", "tls_ca"])
async def test_a_server_that_cannot_be_trusted_or_does_not_trust_us_is_told_of(tls: TlsServer, missing: str) -> None:
    settings = {name: file for name, file in tls.settings.items() if not name.startswith(missing)}
    settings.pop("tls_key" if missing == "tls_certificate" else "", None)
    connection = connection_to(as_relay(tls), PATIENCE, **settings)
    with pytest.raises(ConfigError, match=r"inbox\.url: rediss://127\.0\.0\.1:\d+ and the relay do not trust"):
        await connection.open()
    await connection.close()


async def test_a_certificate_for_another_host_is_refused_unless_the_settings_say_otherwise(tls: TlsServer) -> None:
    elsewhere = as_relay(tls).replace("127.0.0.1", "localhost")
    strict = connection_to(elsewhere, PATIENCE, **tls.settings)
    with pytest.raises(ConfigError, match="do not trust each other"):
        await strict.open()
    await strict.close()

    lenient = connection_to(elsewhere, PATIENCE, **tls.settings, tls_check_host=False)
    await lenient.open()
    await lenient.close()


def test_files_that_are_none_are_named(tls: TlsServer, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.pem"
    with pytest.raises(ConfigError, match=r"inbox\.tls_ca: .*nothing\.pem is no file of certificates"):
        connection_to(tls.url, tls_ca=nothing)
    other = Authority(tmp_path).certify("other")
    with pytest.raises(ConfigError, match=r"inbox\.tls_certificate: .* with inbox\.tls_key cannot be used"):
        connection_to(tls.url, tls_certificate=tls.client.certificate, tls_key=other.key)
