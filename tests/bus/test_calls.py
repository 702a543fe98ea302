import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from relay.bus.calls import RemoteCalls
from relay.bus.presence import Presence
from relay.bus.pubsub import PubSub
from relay.errors import ConfigError, InboxTaken, NobodyThere, PostRejected, RateLimited, SettingMistake, WrongSettings
from tests.bus.conftest import Process
from tests.support import PATIENCE
from tests.virtual_time import VirtualLoop

Two = tuple[Process, Process]


async def test_another_process_does_what_is_asked(processes: Two) -> None:
    here, there = processes

    async def double(argument: Any) -> Any:
        return argument * 2

    with there.calls.serving("sums", {"double": double}):
        there.presence.offer("sums")
        assert await here.calls.ask("sums", "double", 21) == 42


async def test_what_was_raised_there_is_raised_here(processes: Two) -> None:
    here, there = processes

    async def refuse(_: Any) -> Any:
        raise PostRejected("too long")

    async def slow_down(_: Any) -> Any:
        raise RateLimited("later", retry_after=3.0)

    with there.calls.serving("posts", {"post": refuse, "again": slow_down}):
        there.presence.offer("posts")
        with pytest.raises(PostRejected, match="too long"):
            await here.calls.ask("posts", "post")
        with pytest.raises(RateLimited) as limited:
            await here.calls.ask("posts", "again")
    assert limited.value.retry_after == 3.0


async def test_a_mistake_there_is_told_without_what_was_said(processes: Two) -> None:
    here, there = processes

    async def err(_: Any) -> Any:
        raise ValueError("what Ann said")

    with there.calls.serving("sums", {"err": err}):
        there.presence.offer("sums")
        with pytest.raises(Exception, match=r"a mistake of the relay \(ValueError\)"):
            await here.calls.ask("sums", "err")


async def test_of_two_in_one_process_that_serve_the_same_one_goes_on_when_the_other_ends(processes: Two) -> None:
    here, there = processes

    async def first(_: Any) -> Any:
        return "first"

    async def second(_: Any) -> Any:
        return "second"

    there.presence.offer("sums")
    with there.calls.serving("sums", {"who": first}):
        with there.calls.serving("sums", {"who": second}):
            assert await here.calls.ask("sums", "who") == "second"
        assert await here.calls.ask("sums", "who") == "first"


async def test_nobody_who_serves_it_is_told_when_time_is_up(processes: Two) -> None:
    here, _ = processes
    with pytest.raises(NobodyThere, match="no process answers for sums"):
        await here.calls.ask("sums", "double", 21, within=0.05)


async def test_what_nobody_waits_for_any_more_is_given_up(processes: Two) -> None:
    here, there = processes
    is_given_up = asyncio.Event()

    async def hang(_: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            is_given_up.set()

    with there.calls.serving("sums", {"hang": hang}):
        there.presence.offer("sums")
        async with asyncio.timeout(PATIENCE):
            while not is_given_up.is_set():  # one that is not there in time is not even begun
                with pytest.raises(NobodyThere):
                    await here.calls.ask("sums", "hang", within=0.3)


def alone(tell: Callable[..., Awaitable[None]]) -> RemoteCalls:
    """Those of a process that tells another one by this alone."""

    async def find(*_: object) -> object:
        return SimpleNamespace(id="there")

    presence = SimpleNamespace(id="here", find=find)
    return RemoteCalls(cast(PubSub, SimpleNamespace(tell=tell)), cast(Presence, presence))


def test_who_hears_nothing_asks_again_each_second_until_time_is_up() -> None:
    loop = VirtualLoop()
    told: list[int] = []

    async def tell(*_: object) -> None:
        told.append(round(loop.time()))

    calls = alone(tell)
    with pytest.raises(NobodyThere):
        loop.run(calls.ask("sums", "double", within=3.5))
    loop.close()
    assert told == [0, 1, 2, 3]
    calls._hear(b'{"id": "of that call", "result": 42}')  # which comes too late, and is no mistake


async def test_of_many_calls_the_last_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.bus.calls.REMEMBERED", 1)
    told = asyncio.Queue[tuple[str, bytes]]()
    done: list[str] = []

    async def note(argument: str) -> None:
        done.append(argument)

    async def tell(channel: str, answer: bytes) -> None:
        told.put_nowait((channel, answer))

    calls = alone(tell)
    with calls.serving("notes", {"note": note}):
        for id in ("one", "two", "two"):
            asked = {"id": id, "answer_to": "there", "service": "notes", "method": "note", "argument": id}
            calls._hear(json.dumps(asked).encode())
            assert await told.get() == ("relay-process:there", json.dumps({"id": id, "result": None}).encode())
    assert done == ["one", "two"]


async def test_however_many_others_are_known_what_is_still_done_is_not_done_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relay.bus.calls.REMEMBERED", 1)
    told = asyncio.Queue[str]()
    begun: list[str] = []
    may_end = asyncio.Event()

    async def note(argument: str) -> None:
        begun.append(argument)
        if argument == "long":
            await may_end.wait()

    async def tell(_: str, answer: bytes) -> None:
        told.put_nowait(json.loads(answer)["id"])

    calls = alone(tell)
    with calls.serving("notes", {"note": note}):
        for id in ("long", "short", "shorter", "long"):
            asked = {"id": id, "answer_to": "there", "service": "notes", "method": "note", "argument": id}
            calls._hear(json.dumps(asked).encode())
            if id != "long":
                assert await told.get() == id
        may_end.set()
        assert [await told.get(), await told.get()] == ["long", "long"]
    assert begun == ["long", "short", "shorter"]


async def test_who_ends_has_given_up_what_was_asked(processes: Two) -> None:
    here, there = processes
    begun, is_given_up = asyncio.Event(), False

    async def hang(_: Any) -> Any:
        nonlocal is_given_up
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            is_given_up = True

    with there.calls.serving("sums", {"hang": hang}):
        there.presence.offer("sums")
        call = asyncio.create_task(here.calls.ask("sums", "hang"))
        await begun.wait()
        await there.calls._end()
        assert is_given_up
    call.cancel()
    await asyncio.wait({call})


async def test_a_call_that_takes_longer_than_asking_again_is_carried_out_once(
    processes: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.calls.AGAIN", 0.01)
    here, there = processes
    done, heard, asked, told = 0, 0, asyncio.Event(), asyncio.Event()

    async def work(_: Any) -> Any:
        nonlocal done
        done += 1
        await told.wait()
        return "done"

    def count(_: bytes | None) -> None:
        nonlocal heard
        heard += 1
        if heard > 3:
            asked.set()

    with (
        there.pubsub.heard_by(f"relay-process:{there.presence.id}", count),
        there.calls.serving("slow", {"work": work}),
    ):
        there.presence.offer("slow")
        call = asyncio.create_task(here.calls.ask("slow", "work"))
        await asked.wait()
        told.set()
        assert await call == "done"
    assert done == 1


async def test_who_finds_that_another_has_taken_over_leaves_the_call_to_that_one(
    processes: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.calls.AGAIN", 0.05)
    here, there = processes

    async def wake(_: Any) -> Any:
        there.presence.withdraw("core")
        here.presence.offer("core")
        raise InboxTaken("by another process")

    async def answer(_: Any) -> Any:
        return "here"

    there.presence.offer("core")
    with there.calls.serving("core", {"who": wake}), here.calls.serving("core", {"who": answer}):
        assert await here.calls.ask("core", "who") == "here"


async def test_who_has_taken_it_back_meanwhile_answers_when_asked_again(
    processes: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.calls.AGAIN", 0.05)
    here, there = processes
    asked = 0

    async def answer(_: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise InboxTaken("by another process")
        return "there again"

    there.presence.offer("core")
    with there.calls.serving("core", {"who": answer}):
        assert await here.calls.ask("core", "who") == "there again"


async def test_who_takes_over_answers_a_call_made_before(processes: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.bus.calls.AGAIN", 0.05)
    here, there = processes

    async def answer(_: Any) -> Any:
        return "here"

    call = asyncio.create_task(here.calls.ask("core", "who"))
    there.presence.offer("core")  # and does not answer
    async with here.presence.changed:
        await here.presence.changed.wait_for(lambda: there.presence.id in here.presence.living)
    there.presence.withdraw("core")
    with here.calls.serving("core", {"who": answer}):
        here.presence.offer("core")
        assert await call == "here"


async def test_of_those_who_serve_the_same_the_one_that_suits_is_asked_while_there_is_one(processes: Two) -> None:
    here, there = processes
    second = max(processes, key=lambda process: process.presence.id)

    def tells(process: Process) -> dict[str, Any]:
        async def who(_: Any) -> Any:
            return process.presence.id

        return {"who": who}

    with here.calls.serving("posts", tells(here)), there.calls.serving("posts", tells(there)):
        here.presence.offer("posts", here is second)
        there.presence.offer("posts", there is second)
        async with here.presence.changed:
            await here.presence.changed.wait_for(lambda: len(list(here.presence.of("posts"))) == 2)
        suiting = await here.calls.ask("posts", "who", suits=lambda sign: bool(sign.services["posts"]))
        any_other = await here.calls.ask("posts", "who", suits=lambda _: False)
    assert suiting == second.presence.id
    assert any_other in (here.presence.id, there.presence.id)


async def test_what_is_not_understood_costs_nobody_else_what_is_told(processes: Two) -> None:
    here, there = processes

    async def answer(_: Any) -> Any:
        return "here"

    subscribed = asyncio.Event()
    with there.pubsub.heard_by("news", lambda _: subscribed.set()):
        await subscribed.wait()
    await here.pubsub.tell(f"relay-process:{there.presence.id}", b"of another version")
    with there.calls.serving("core", {"who": answer}):
        there.presence.offer("core")
        assert await here.calls.ask("core", "who") == "here"


async def test_an_error_that_is_made_of_more_than_a_text_is_raised_as_what_it_is_a_kind_of(processes: Two) -> None:
    here, there = processes

    async def reload(_: Any) -> Any:
        raise WrongSettings([SettingMistake("web.port", "no port", "web.port: no port")])

    with there.calls.serving("core", {"reload": reload}):
        there.presence.offer("core")
        with pytest.raises(ConfigError, match=r"web\.port: no port"):
            await here.calls.ask("core", "reload")


async def test_a_process_of_another_version_says_at_once_what_it_does_not_know(processes: Two) -> None:
    here, there = processes
    with there.calls.serving("core", {}):
        there.presence.offer("core")
        with pytest.raises(NobodyThere, match="of another version"):
            await here.calls.ask("core", "dance", within=600.0)
