import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from relay.bus.script import Script
from relay.errors import ConfigError, InboxError
from relay.inbox import appending, ledger
from relay.inbox.claiming import LOOK_EVERY
from relay.inbox.pages import Standing
from relay.inbox.redis import RedisInbox
from relay.inbox.retry import with_retries
from relay.inbox.scripts import APPEND
from relay.model import AudienceMessage, Edit, Outcome, Retraction
from tests.contracts.samples import forward, message, messages, settlement, settlements
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import RedisServer, connection_to, redis_server
from tests.inbox.opening import opened
from tests.support import PATIENCE, eventually

DELETED = Retraction(platform="twitch", reason="deleted", id="m1")
_READ = ("info", "xautoclaim", "xreadgroup", "xrevrange")


async def test_what_came_through_this_process_is_claimed_with_one_script_and_looked_for_no_more(
    shared_server: RedisServer, namespace: str
) -> None:
    async with opened(shared_server, namespace, lease=60.0) as inbox, Redis.from_url(shared_server.url) as admin:

        async def scripts() -> int:
            return int((await admin.info("commandstats"))["cmdstat_evalsha"]["calls"])

        await inbox.claim(9, wait=0)
        await inbox.append(messages(1, 2))
        before = await scripts()

        assert await inbox.claim(9, wait=0.01) == messages(1, 2)
        assert await inbox.claim(9, wait=0.01) == []
        assert await inbox.current(["twitch:m1"]) == {"twitch:m1": message(1)}

        assert await scripts() == before + 1


async def test_who_takes_over_asks_for_nothing_that_is_known(shared_server: RedisServer, namespace: str) -> None:
    """What server it is, what nobody holds, and what comes after the last page."""
    connection = connection_to(shared_server.url, 2 * PATIENCE)
    await connection.open()
    async with opened(shared_server, namespace, lease=60.0) as before:
        await before.append([message(1)])

    async with Redis.from_url(shared_server.url) as admin:

        async def asked() -> Counter[str]:
            stats = await admin.info("commandstats")
            return Counter({name: stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in _READ})

        known = await asked()
        inbox = RedisInbox(connection, namespace=namespace, max_count=10)
        await inbox.open()
        assert await inbox.reclaim() == []
        assert await inbox.newest(9) == [message(1)]
        assert await asked() - known == Counter(info=1, xautoclaim=1, xrevrange=1), "our own look is the info"
        await inbox.close()
    await connection.close()


class _LateAnswer:
    """To the first append: the server has stored what it brings, and tells nobody until the end of the block."""

    def __init__(self, inbox: RedisInbox, failure: Exception | None = None) -> None:
        self._ask = inbox._pages.run_once
        self._failure = failure
        self._is_asked = False
        self.is_stored, self.is_told = asyncio.Event(), asyncio.Event()

    async def run_once(self, script: Script, *arguments: object) -> object:
        answer = await self._ask(script, *arguments)
        if script is APPEND and not self._is_asked:
            self._is_asked = True
            self.is_stored.set()
            await self.is_told.wait()
            if self._failure is not None:
                raise self._failure
        return answer


class TestWhatWasClaimedBeforeItsAppendWasAnswered:
    async def test_is_not_handed_out_again_when_another_page_brings_it(
        self, shared_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(shared_server, namespace, lease=60.0) as inbox:
            answer = _LateAnswer(inbox)
            monkeypatch.setattr(inbox._pages, "run_once", answer.run_once)
            append = asyncio.ensure_future(inbox.append([message(1)]))
            await answer.is_stored.wait()
            assert await inbox.claim(9, wait=0) == [message(1)]
            answer.is_told.set()
            assert await append == [True]

            assert await inbox.append(messages(1, 2)) == [False, True]

            assert await inbox.claim(9, wait=0) == [message(2)]

    async def test_is_not_handed_out_again_once_it_was_settled_and_the_answer_was_lost(
        self, shared_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(shared_server, namespace, lease=60.0) as inbox:
            answer = _LateAnswer(inbox, ConnectionError("reset by peer"))
            monkeypatch.setattr(inbox._pages, "run_once", answer.run_once)
            append = asyncio.ensure_future(inbox.append([message(1)]))
            await answer.is_stored.wait()
            assert await inbox.claim(9, wait=0) == [message(1)]
            await inbox.settle([settlement(message(1))])
            answer.is_told.set()
            assert await append == [True]

            assert await inbox.append(messages(1, 2)) == [False, True]

            assert await inbox.claim(9, wait=0) == [message(2)]


async def test_what_another_process_stored_first_is_claimed_as_soon_as_this_one_hears_it_too(
    shared_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(shared_server, namespace, lease=60.0) as inbox:
        looks, look = 0, inbox._claims._next

        async def counted(limit: int) -> list[AudienceMessage]:
            nonlocal looks
            looks += 1
            return await look(limit)

        monkeypatch.setattr(inbox._claims, "_next", counted)
        waiting = asyncio.ensure_future(inbox.claim(9, wait=10 * PATIENCE))
        await eventually(lambda: not inbox._claims._may_have_more and not inbox._claims._reading.locked())
        elsewhere = RedisInbox(connection_to(shared_server.url, PATIENCE), namespace=namespace, max_count=1_000)
        await elsewhere.open(to_look=True)
        elsewhere._appending.start()
        assert await elsewhere.append([message(1)]) == [True]
        await elsewhere.close()

        assert await inbox.append([message(1)]) == [False]

        async with asyncio.timeout(LOOK_EVERY / 2):
            assert await waiting == [message(1)]
        assert looks == 2


async def test_what_is_rewritten_while_it_is_claimed_stands_as_it_was_rewritten(
    shared_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(shared_server, namespace) as inbox:
        await inbox.append([message(1)])
    async with opened(shared_server, namespace) as inbox:
        look_up = inbox._pages.standing

        async def rewritten_meanwhile(keys: Iterable[str]) -> list[Standing]:
            found = await look_up(keys)
            await inbox.edit(Edit(platform="twitch", id="m1", text="better"))
            return found

        monkeypatch.setattr(inbox._pages, "standing", rewritten_meanwhile)
        assert await inbox.claim(9, wait=0) == [message(1)]
        monkeypatch.undo()

        current = await inbox.current([message(1).key])
    assert [each.text for each in current.values()] == ["better"]


@pytest.mark.parametrize("pages", [[messages(1, 2, 3)], [[message(number)] for number in (1, 2, 3)]])
async def test_what_waits_behind_others_that_have_their_outcomes_is_claimed_at_once(
    shared_server: RedisServer, namespace: str, pages: list[list[AudienceMessage]]
) -> None:
    async with opened(shared_server, namespace) as inbox:
        for page in pages:
            await inbox.append(page)
    async with opened(shared_server, namespace) as inbox:
        await inbox.settle([settlement(message(1)), settlement(message(2))])

        assert await inbox.claim(2, wait=0) == [message(3)]


class TestARestartOfTheServer:
    async def test_loses_nothing_that_was_appended_claimed_or_settled(
        self, server: RedisServer, namespace: str
    ) -> None:
        async with opened(server, namespace) as inbox:
            await inbox.append(messages(1, 2, 3))
            await inbox.claim(1, wait=0)
            await inbox.settle([settlement(message(2), Outcome.HELD)])

            server.stop()
            server.start()

            assert await inbox.append(messages(2, 4)) == [False, True]
            assert list(await inbox.current(["twitch:m1", "twitch:m2"])) == ["twitch:m1"]
            assert await inbox.claim(9, wait=0) == [message(3)]
            assert await inbox.claim(9, wait=PATIENCE) == [message(4)]
            assert await inbox.outcomes() == {Outcome.HELD: 1}

    async def test_while_a_claim_waits_is_not_noticed_by_it(self, server: RedisServer, namespace: str) -> None:
        async with opened(server, namespace) as inbox, asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            claim = tasks.create_task(inbox.claim(1, wait=60))
            await inbox.waiting()
            server.stop()
            server.start()
            await inbox.append([message(1)])

            assert await claim == [message(1)]

    async def test_while_messages_are_appended_doubles_and_loses_none(
        self, server: RedisServer, namespace: str
    ) -> None:
        crowd = messages(*range(2_000))

        async def produce(inbox: RedisInbox) -> None:
            for start in range(0, len(crowd), 10):
                await inbox.append(crowd[start : start + 10])

        async with opened(server, namespace) as inbox, asyncio.timeout(PATIENCE):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(produce(inbox))
                while await inbox.waiting() < 100:
                    pass
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)

            assert await inbox.waiting() == len(crowd)
            taken = []
            while more := await inbox.claim(500, wait=0):
                taken += more
            assert taken == crowd

    async def test_that_comes_back_empty_lets_work_go_on(self, server: RedisServer, namespace: str) -> None:
        async with opened(server, namespace) as inbox:
            await inbox.append([message(1)])
            async with Redis.from_url(server.url) as admin:
                await admin.flushall()
                await admin.script_flush()

            assert await inbox.append([message(2)]) == [True]
            assert await inbox.claim(9, wait=0) == [message(2)]

    async def test_that_comes_back_empty_has_nothing_left_of_what_could_not_be_begun(
        self, server: RedisServer, namespace: str
    ) -> None:
        async with opened(server, namespace) as inbox:
            await inbox.append([message(1)])
            assert await inbox.claim(9, wait=0) == [message(1)]
            async with Redis.from_url(server.url) as admin:
                await admin.flushall()

            assert await inbox.begin([forward(message(1))]) == [False]
            assert await inbox.current([message(1).key]) == {}


class TestAServerThatIsGone:
    async def test_fails_every_call_in_time_and_loses_nothing(self, server: RedisServer, namespace: str) -> None:
        async with opened(server, namespace, timeout=0.3) as inbox:
            await with_retries(inbox.append, [message(1)])
            server.stop()
            async with asyncio.timeout(PATIENCE):
                for call in (
                    inbox.append([message(2)]),
                    inbox.claim(1, wait=0),
                    inbox.reclaim(),
                    inbox.begin([forward(message(1))]),
                    inbox.settle([settlement(message(1))]),
                    inbox.waiting(),
                ):
                    with pytest.raises(InboxError, match=r"redis\.sock"):
                        await call

            server.start()

            assert await with_retries(inbox.claim, 9, wait=PATIENCE) == [message(1)]

    async def test_after_each_read_of_what_is_new_fails_the_claim_soon(
        self, server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reads = 0

        async def break_off(*_: object) -> None:
            nonlocal reads
            reads += 1
            assert reads < 100, "it is read again and again"
            raise ConnectionError("the line is cut")

        async with opened(server, namespace) as inbox:
            await inbox.append([message(1)])
            with monkeypatch.context() as broken:
                broken.setattr(inbox._pages, "run_once", break_off)
                with pytest.raises(InboxError, match="breaks off"):
                    await inbox.claim(9, wait=0)

            assert await inbox.claim(9, wait=0) == [message(1)]

    async def test_cannot_be_opened(self, server: RedisServer, namespace: str) -> None:
        server.stop()

        inbox = RedisInbox(connection_to(server.url, 0.3), namespace=namespace, max_count=10)
        with pytest.raises(InboxError):
            await inbox.open()
        await inbox.close()


@asynccontextmanager
async def _through(proxy: FaultyProxy, namespace: str) -> AsyncIterator[RedisInbox]:
    url = f"redis://127.0.0.1:{proxy.port}/0"
    seconds = itertools.count(1_700_000_000)
    inbox = RedisInbox(
        connection_to(url, PATIENCE),
        namespace=namespace,
        max_count=1_000,
        lease=10 * PATIENCE,
        clock=lambda: float(next(seconds)),
    )
    await with_retries(inbox.open)
    try:
        yield inbox
    finally:
        await inbox.close()


@asynccontextmanager
async def _answers_lost(proxy: FaultyProxy, server: RedisServer, namespace: str, until: int) -> AsyncIterator[None]:
    """The server's answers to what is asked in the block are lost; its connections end when so many messages wait."""
    looking = RedisInbox(connection_to(server.url, PATIENCE), namespace=namespace, max_count=1_000)
    await looking.open(to_look=True)
    proxy.swallow_answers()
    yield
    async with asyncio.timeout(PATIENCE):
        while await looking.waiting() != until:
            pass
    proxy.drop()
    await looking.close()


@contextmanager
def _given_up(inbox: RedisInbox) -> Iterator[None]:
    """What is asked in the block is not answered in time; it is sent all the same."""
    with pytest.MonkeyPatch.context() as hasty, pytest.raises(InboxError, match="did not answer"):
        hasty.setattr(inbox.connection, "_timeout", 0.1)
        yield


@pytest.fixture
async def proxied(namespace: str) -> AsyncIterator[tuple[RedisServer, FaultyProxy]]:
    with redis_server(tcp=True) as server:
        async with FaultyProxy(server.port) as proxy:
            yield server, proxy


Proxied = tuple[RedisServer, FaultyProxy]


class TestALostAnswer:
    async def test_to_an_append_is_told_when_the_connection_is_back(self, proxied: Proxied, namespace: str) -> None:
        server, proxy = proxied
        async with _through(proxy, namespace) as inbox:
            await inbox.append([message(1)])
            async with _answers_lost(proxy, server, namespace, until=2):
                append = asyncio.ensure_future(inbox.append([message(1), message(2)]))

            assert await append == [False, True]
            assert await inbox.append([message(2)]) == [False]

    async def test_to_an_append_that_failed_is_told_to_the_next_try(self, proxied: Proxied, namespace: str) -> None:
        server, proxy = proxied
        async with _through(proxy, namespace) as inbox:
            await inbox.append([message(1)])
            async with _answers_lost(proxy, server, namespace, until=2):
                with _given_up(inbox):
                    await inbox.append([message(1), message(2)])

            assert await inbox.append([message(1), message(2), message(2)]) == [False, True, False]
            assert await inbox.append([message(2)]) == [False]

    async def test_to_a_settling_is_told_when_the_connection_is_back(self, proxied: Proxied, namespace: str) -> None:
        server, proxy = proxied
        async with _through(proxy, namespace) as inbox:
            await inbox.append(messages(1, 2, 3))
            await inbox.settle([settlement(message(1), Outcome.EXPIRED)])
            async with _answers_lost(proxy, server, namespace, until=1):
                settle = asyncio.ensure_future(inbox.settle(settlements(messages(1, 2))))

            assert await settle == [False, True]
            assert await inbox.settle(settlements(messages(2))) == [False]

    async def test_to_a_settling_that_failed_is_told_to_the_next_try(self, proxied: Proxied, namespace: str) -> None:
        server, proxy = proxied
        async with _through(proxy, namespace) as inbox:
            await inbox.append(messages(1, 2, 3))
            await inbox.settle([settlement(message(1), Outcome.EXPIRED)])
            async with _answers_lost(proxy, server, namespace, until=1):
                with _given_up(inbox):
                    await inbox.settle(settlements(messages(1, 2)))

            assert await inbox.settle(settlements(messages(1, 2, 2))) == [False, True, False]
            assert await inbox.settle(settlements(messages(2))) == [False]

    async def test_to_a_retraction_is_told_when_the_connection_is_back(self, proxied: Proxied, namespace: str) -> None:
        server, proxy = proxied
        async with _through(proxy, namespace) as inbox:
            await inbox.append(messages(1, 2))
            await inbox.retract(DELETED.model_copy(update={"id": "unknown"}), 4.0)  # the server has the script
            async with _answers_lost(proxy, server, namespace, until=1):
                retract = asyncio.ensure_future(inbox.retract(DELETED, 5.0))

            assert list(await retract) == [ledger.dropped(message(1).key, DELETED, 5.0)]
            assert list(await inbox.retract(DELETED, 6.0)) == []

    async def test_to_a_retraction_that_failed_is_told_to_the_next_try(self, proxied: Proxied, namespace: str) -> None:
        server, proxy = proxied
        async with _through(proxy, namespace) as inbox:
            await inbox.append(messages(1, 2))
            await inbox.retract(DELETED.model_copy(update={"id": "unknown"}), 4.0)  # the server has the script
            async with _answers_lost(proxy, server, namespace, until=1):
                with _given_up(inbox):
                    await inbox.retract(DELETED, 5.0)

            assert list(await inbox.retract(DELETED, 6.0)) == [ledger.dropped(message(1).key, DELETED, 5.0)]
            assert list(await inbox.retract(DELETED, 7.0)) == []


async def test_an_inbox_that_is_closed_answers_with_an_error(shared_server: RedisServer, namespace: str) -> None:
    async with opened(shared_server, namespace) as inbox:
        pass

    with pytest.raises(InboxError, match="is not open"):
        await inbox.append([message(1)])


async def test_a_server_on_a_port_with_a_password_serves_as_well(namespace: str) -> None:
    with redis_server(password="s3cret", tcp=True) as server:
        assert server.url.startswith("redis://:s3cret@127.0.0.1:")
        async with opened(server, namespace) as inbox:
            assert await inbox.append([message(1)]) == [True]
            assert await inbox.claim(1, wait=0) == [message(1)]


class TestSeveralProcesses:
    async def test_take_over_what_was_held_under_the_name_of_a_relay(
        self, shared_server: RedisServer, namespace: str
    ) -> None:
        async with opened(shared_server, namespace) as before, Redis.from_url(shared_server.url) as admin:
            await before.append(messages(1, 2, 3))
            await before.begin([forward(message(3))])
            await admin.xreadgroup("forwarders", "as early versions had it", {f"{{{namespace}}}:log": ">"})

        async with opened(shared_server, namespace) as after:
            assert await after.claim(9, wait=0) == []
            assert await after.reclaim() == messages(1, 2)
            assert await after.unfinished() == [forward(message(3))]

    async def test_with_other_namespaces_see_nothing_of_each_other(
        self, shared_server: RedisServer, namespace: str
    ) -> None:
        async with opened(shared_server, namespace) as one, opened(shared_server, f"{namespace}:b") as other:
            await one.append([message(1)])

            assert await other.append([message(1)]) == [True]
            assert await one.waiting() == 1


class TestPages:
    async def test_hold_what_came_in_one_moment_until_one_is_full_or_long(
        self, shared_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(appending, "PAGE_MESSAGES", 3)
        async with opened(shared_server, namespace) as inbox, Redis.from_url(shared_server.url) as admin:
            log = f"{{{namespace}}}:log"
            await asyncio.gather(*(inbox.append(messages(*some)) for some in ([0], [1, 2, 3], [4])))
            assert await admin.xlen(log) == 2

            await inbox.append(messages(*range(5, 12)))
            assert await admin.xlen(log) == 4

            monkeypatch.setattr(appending, "PAGE_BYTES", 1)
            await inbox.append(messages(12, 13))
            assert await admin.xlen(log) == 6
            assert await inbox.claim(99, wait=0) == messages(*range(14))

    async def test_are_acknowledged_when_all_of_them_is_settled(
        self, shared_server: RedisServer, namespace: str
    ) -> None:
        async with opened(shared_server, namespace) as inbox, Redis.from_url(shared_server.url) as admin:
            await inbox.append(messages(1, 2))
            await inbox.claim(1, wait=0)
            log = f"{{{namespace}}}:log"

            await inbox.settle([settlement(message(1))])
            halfway = (await admin.xpending(log, "forwarders"))["pending"]
            await inbox.settle([settlement(message(2))])

            assert halfway == 1
            assert (await admin.xpending(log, "forwarders"))["pending"] == 0

    async def test_that_were_settled_before_they_were_claimed_leave_nothing_pending(
        self, shared_server: RedisServer, namespace: str
    ) -> None:
        async with opened(shared_server, namespace) as inbox, Redis.from_url(shared_server.url) as admin:
            await inbox.append(messages(1, 2))
            await inbox.settle(settlements(messages(1, 2)))

            assert await inbox.claim(9, wait=0) == []
            assert (await admin.xpending(f"{{{namespace}}}:log", "forwarders"))["pending"] == 0

    async def test_that_are_forgotten_leave_nothing_behind(self, shared_server: RedisServer, namespace: str) -> None:
        url = shared_server.url
        async with opened(shared_server, namespace, lease=60.0) as inbox, Redis.from_url(url) as admin:
            await inbox.append(messages(1, 2))
            await inbox.begin([forward(message(1))])
            await inbox.append([message(3), message(4, author="bob")])
            await inbox.settle(settlements(messages(1, 2, 3, 4)))

            assert await inbox.forget({"twitch:bob": time.time() + 60}) == 1
            assert await inbox.trim(older_than=time.time() + 60) == 3
            left = [key.decode() async for key in admin.scan_iter(match=f"{{{namespace}}}:*")]
            assert sorted(key.rpartition(":")[2] for key in left) == [
                "lease",
                "log",
                "newest",
                "outcomes",
                "owner",
                "version",
            ]
            assert await admin.xlen(f"{{{namespace}}}:log") == 0


class TestSecrets:
    async def test_never_show_in_an_error(self, namespace: str) -> None:
        with redis_server(password="s3cret") as server:
            wrong = server.url.replace("s3cret", "wr0ng")
            inbox = RedisInbox(connection_to(wrong, 5), namespace=namespace, max_count=10)
            with pytest.raises(ConfigError, match=r"inbox\.url: unix://.*refuses the user or password") as refused:
                await inbox.open()
            await inbox.close()
            async with opened(server, namespace) as right:
                assert await right.append([message(1)]) == [True]
                server.stop()
                short = RedisInbox(connection_to(server.url, 0.2), namespace=namespace, max_count=10)
                with pytest.raises(InboxError) as unreachable:
                    await short.open()
                await short.close()

        assert "wr0ng" not in str(refused.value)
        assert "s3cret" not in str(unreachable.value)

    async def test_that_are_changed_on_the_server_are_waited_for(self, namespace: str) -> None:
        with redis_server(password="s3cret") as server:
            async with opened(server, namespace, timeout=5.0) as inbox, Redis.from_url(server.url) as admin:
                await admin.config_set("requirepass", "another")
                await admin.client_kill_filter(skipme=True)
                with pytest.raises(InboxError, match="refuses the user or password"):
                    await inbox.append([message(1)])

                await admin.config_set("requirepass", "s3cret")
                assert await inbox.append([message(1)]) == [True]

    @pytest.mark.parametrize(
        "url",
        [
            "http://me:s3cret@host/0",
            "redis://me:s3cret@host:port/0",
            "redis://:s3cret:host:6379/0",
            "redis://:s3cret#@host:6379/0",
            "redis://:#s3cret@host:6379/0",
            "redis://:12/s3cret@host:6379/0",
            "redis://:12?s3cret@host:6379/0",
            "redis:/:s3cret@host:6379/0",
            "redis:///:s3cret@host:6379/0",
            "redis//:s3cret@host:6379/0",
            "redis://me:s3cret host:6379/0",
            "redis://[s3cret",
            "redis://host:6379/s3cret",
            "unix://:s3cret@",
            "unix:///run/:s3cret@redis.sock",
            "s3cret",
        ],
    )
    def test_never_show_in_the_complaint_about_an_address(self, url: str) -> None:
        with pytest.raises(ConfigError, match="write redis://host:port/0") as complaint:
            RedisInbox(connection_to(url, 1), namespace="x", max_count=10)

        assert "s3cret" not in str(complaint.value)

    @pytest.mark.parametrize(
        "url",
        [
            "redis://host",
            "rediss://host:6380/2",
            "redis://:p%23w@host:6379/0",
            "redis://me:pw@[::1]:6379/0?health_check_interval=5",
            "unix:///run/redis.sock",
            "unix://me:pw@/run/redis.sock?db=1",
        ],
    )
    async def test_in_an_address_as_it_should_be_are_taken(self, url: str) -> None:
        inbox = RedisInbox(connection_to(url, 1), namespace="x", max_count=10)
        await inbox.close()


async def test_what_cannot_be_sent_fails_whoever_asks_it_alone(shared_server: RedisServer) -> None:
    connection = connection_to(shared_server.url, PATIENCE)
    await connection.open()
    length, found = connection.client.llen, connection.client.hget

    answers: list[object] = await asyncio.gather(
        connection.ask(length, "none"),
        connection.ask(found, "none", "\ud800"),
        connection.ask(length, "none"),
        return_exceptions=True,
    )

    assert answers[::2] == [0, 0]
    assert isinstance(answers[1], InboxError)
    await connection.close()


async def test_what_is_asked_in_one_moment_shares_a_connection_and_outlives_that() -> None:
    with redis_server(tcp=True) as server:
        async with FaultyProxy(server.port) as way:
            connection = connection_to(f"redis://127.0.0.1:{way.port}", PATIENCE)
            await connection.open()
            length = connection.client.llen
            async with Redis.from_url(server.url) as admin:
                known = (await admin.info("stats"))["total_connections_received"]
                assert await asyncio.gather(*(connection.ask(length, "none") for _ in range(5))) == [0] * 5
                assert (await admin.info("stats"))["total_connections_received"] == known

            way.desert()
            assert connection._pipelining is not None
            connection._pipelining._within = 0.5

            assert await asyncio.gather(*(connection.ask(length, "none") for _ in range(5))) == [0] * 5
            await connection.close()


async def test_what_the_release_before_left_waiting_is_told_by_this_one(
    shared_server: RedisServer, namespace: str
) -> None:
    """Written down as that one wrote it, which put down no version."""
    at, text = 1_700_000_000_000, AudienceMessage.model_dump_json
    key = f"{{{namespace}}}:"
    async with Redis.from_url(shared_server.url) as admin:
        page = f"{at}-0"
        waiting = messages(1, 2, 3)
        await admin.xadd(f"{key}log", {"m": f"[{','.join(map(text, waiting))}]"}, id=page)
        await admin.xgroup_create(f"{key}log", "forwarders", id="0")
        await admin.xreadgroup("forwarders", "relay", {f"{key}log": ">"})
        await admin.xadd(f"{key}log", {"m": f"[{text(message(4))}]"}, id=f"{at}-1")
        await admin.set(f"{key}newest", f"{at}-1")
        for each in waiting:
            await admin.hset(f"{key}where", each.key, page)
        await admin.hset(f"{key}where", message(4).key, f"{at}-1")
        await admin.hset(f"{key}open", mapping={page: 2, f"{at}-1": 1})
        done = settlement(message(3))
        await admin.hset(f"{key}done", message(3).key, done.model_dump_json())
        await admin.hset(f"{key}outcomes", done.outcome.value, 1)
        begun = forward(message(2), id="of the release before")
        await admin.hset(f"{key}begun", message(2).key, begun.id)
        await admin.hset(f"{key}forwards", begun.id, begun.model_dump_json())
        await admin.hset(f"{key}left", begun.id, 1)
        await admin.set(f"{key}owner", "0123456789ab, process 1 on host")

    async with opened(shared_server, namespace) as inbox:
        assert await inbox.reclaim() == [message(1)]
        assert await inbox.unfinished() == [begun]
        assert await inbox.claim(9, wait=0) == [message(4)]
        assert await inbox.append(messages(1, 3, 5)) == [False, False, True]
        assert await inbox.outcomes() == {done.outcome: 1}


async def test_what_a_newer_release_wrote_is_left_alone(shared_server: RedisServer, namespace: str) -> None:
    async with Redis.from_url(shared_server.url) as admin:
        version = f"{{{namespace}}}:version"
        await admin.set(version, 99)
        inbox = RedisInbox(connection_to(shared_server.url), namespace=namespace, max_count=10)
        with pytest.raises(ConfigError, match=r"written by a newer relay \(layout 99, this one knows \d+\)"):
            await inbox.open()
        assert [key async for key in admin.scan_iter(match=f"{{{namespace}}}:*")] == [version.encode()]
