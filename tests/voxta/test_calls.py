"""A call is taken when something shows it, refused when an error says so, in doubt when nobody can tell any more."""

import asyncio
from functools import partial

import pytest

from relay.errors import VoxtaError, VoxtaForbidden, VoxtaUnavailable
from relay.voxta.calls import TRUST, Calls
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.support import PATIENCE


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes of a call is decided by what is told, however long that takes."""
    monkeypatch.setattr("relay.voxta.calls.PATIENCE", 3600.0)


HELLO = server.MessageUpdate(message_id="m", text="hello")


async def answered() -> None:
    """Voxta has queued it."""


def is_hello(message: WireMessage) -> bool:
    return isinstance(message, server.MessageUpdate) and message.text == "hello"


async def after_the_answer(*heard: WireMessage) -> None:
    """Make a call, and hear these once it was answered."""
    calls = Calls()
    making = asyncio.create_task(calls.make("send", answered, is_hello))
    await asyncio.sleep(0.01)
    assert not making.done(), "it waits for what becomes of it"
    for message in heard:
        calls.on_message(message)
    async with asyncio.timeout(PATIENCE):
        await making


async def test_what_shows_a_call_ends_the_waiting() -> None:
    await after_the_answer(server.MessageUpdate(message_id="n", text="hi"), HELLO)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (server.ErrorMessage(message="No such thing."), VoxtaError),
        (server.ChatSessionError(message="Forbidden: 'send' needs the scope role:user."), VoxtaForbidden),
        (server.ChatSessionError(message="Nope.", code=403), VoxtaForbidden),
        (server.ErrorMessage(message="You do not have permission."), VoxtaForbidden),
    ],
)
async def test_an_error_after_the_answer_refuses_a_call(error: WireMessage, kind: type[VoxtaError]) -> None:
    with pytest.raises(VoxtaError) as refused:
        await after_the_answer(error)

    assert type(refused.value) is kind


async def test_an_error_after_what_shows_a_call_does_not_concern_it() -> None:
    await after_the_answer(HELLO, server.ErrorMessage(message="Too late."))


async def test_a_cut_before_anything_shows_leaves_a_call_in_doubt() -> None:
    calls = Calls()
    making = asyncio.create_task(calls.make("send", answered, is_hello))
    await asyncio.sleep(0.01)
    calls.cut_off()

    with pytest.raises(VoxtaUnavailable):
        await making


async def test_where_nothing_comes_a_call_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.voxta.calls.PATIENCE", 0.01)

    await Calls().make("send", answered, is_hello)


async def test_an_error_between_two_calls_refuses_neither() -> None:
    calls = Calls()
    await calls.make("send", answered)
    calls.on_message(server.ErrorMessage(message="Whose is it?"))

    await calls.make("send", answered)


async def test_what_was_taken_again_and_again_is_not_waited_for_until_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = Calls()
    for _ in range(TRUST):
        await calls.make("script event", answered)
    monkeypatch.setattr("relay.voxta.calls.SHORT_PATIENCE", 3600.0)

    async with asyncio.timeout(PATIENCE):
        await calls.make("script event", answered)

    async def refused() -> None:
        calls.on_message(server.ErrorMessage(message="No such thing."))

    with pytest.raises(VoxtaError):
        await calls.make("script event", refused)
    waiting = asyncio.create_task(calls.make("script event", answered))
    await asyncio.sleep(0.01)
    assert not waiting.done(), "a refusal may come late again"
    waiting.cancel()


class TestTogether:
    """Calls of a kind that Voxta has taken before need not wait for each other."""

    async def trusted(self) -> Calls:
        calls = Calls()
        for _ in range(TRUST):
            await calls.make("send", answered, together=True)
        return calls

    async def test_go_in_order_and_each_ends_by_itself(self) -> None:
        calls, begun = await self.trusted(), list[int]()
        answers = [asyncio.Event() for _ in range(3)]

        async def call(number: int) -> None:
            begun.append(number)
            await answers[number].wait()

        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            made = [tasks.create_task(calls.make("send", partial(call, n), together=True)) for n in range(3)]
            await asyncio.sleep(0.01)
            assert begun == [0, 1, 2]
            answers[1].set()
            await made[1]
            assert not made[0].done() and not made[2].done()
            answers[0].set()
            answers[2].set()

    async def test_wait_for_one_that_goes_alone_and_it_for_them(self) -> None:
        calls, begun = await self.trusted(), list[str]()
        over = {name: asyncio.Event() for name in ("first", "alone", "last")}

        async def call(name: str) -> None:
            begun.append(name)
            await over[name].wait()

        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            for name in over:
                tasks.create_task(calls.make("send", partial(call, name), together=name != "alone"))
            for number, name in enumerate(over):
                await asyncio.sleep(0.01)
                assert begun == list(over)[: number + 1]
                over[name].set()

    async def test_an_error_refuses_the_oldest_of_which_nothing_is_known(self) -> None:
        calls = await self.trusted()
        texts = ("one", "two", "three")

        async with asyncio.timeout(PATIENCE):
            made = [
                asyncio.ensure_future(
                    calls.make("send", answered, partial(lambda text, told: told.text == text, text), together=True)
                )
                for text in texts
            ]
            await asyncio.sleep(0.01)
            calls.on_message(server.MessageUpdate(message_id="1", text="one"))
            calls.on_message(server.ErrorMessage(message="No such thing."))
            calls.on_message(server.MessageUpdate(message_id="3", text="three"))
            ends = await asyncio.gather(*made, return_exceptions=True)

        assert [type(end) for end in ends] == [type(None), VoxtaError, type(None)]

    async def test_what_shows_a_later_one_shows_those_before_it(self) -> None:
        calls = await self.trusted()

        async with asyncio.timeout(PATIENCE):
            silent = asyncio.ensure_future(calls.make("send", answered, lambda _: False, together=True))
            shown = asyncio.ensure_future(calls.make("send", answered, is_hello, together=True))
            await asyncio.sleep(0.01)
            calls.on_message(HELLO)
            await asyncio.gather(silent, shown)

    async def test_are_all_in_doubt_after_a_cut_and_go_alone_in_the_next_chat(self) -> None:
        calls = await self.trusted()
        made = [asyncio.ensure_future(calls.make("send", answered, is_hello, together=True)) for _ in range(2)]
        await asyncio.sleep(0.01)
        calls.cut_off()
        ends = await asyncio.gather(*made, return_exceptions=True)
        assert [type(end) for end in ends] == [VoxtaUnavailable, VoxtaUnavailable]

        begun = list[int]()

        async def call(number: int) -> None:
            begun.append(number)
            await asyncio.Event().wait()

        both = [asyncio.ensure_future(calls.make("send", partial(call, n), together=True)) for n in range(2)]
        await asyncio.sleep(0.01)
        assert begun == [0]
        for each in both:
            each.cancel()
        await asyncio.wait(both)

    async def test_one_that_is_forbidden_is_forbidden_to_all_behind_it(self) -> None:
        calls = await self.trusted()
        made = [asyncio.ensure_future(calls.make("send", answered, is_hello, together=True)) for _ in range(3)]
        await asyncio.sleep(0.01)
        calls.on_message(server.ChatSessionError(message="Nope.", code=403))
        calls.cut_off(VoxtaForbidden("Nope."))

        ends = await asyncio.gather(*made, return_exceptions=True)
        assert [type(end) for end in ends] == [VoxtaForbidden] * 3


class TestBegun:
    """Calls that nobody waits for one by one."""

    async def trusted(self) -> Calls:
        calls = Calls()
        for _ in range(TRUST):
            await calls.make("send", answered, together=True)
        return calls

    async def test_have_to_go_alone_until_voxta_took_others(self) -> None:
        assert Calls().begin("send", asyncio.get_running_loop().create_future) is None

    async def test_wait_behind_one_that_goes_alone(self) -> None:
        calls, may_end = await self.trusted(), asyncio.Event()

        async def alone() -> None:
            await may_end.wait()

        going = asyncio.create_task(calls.make("send", alone))
        await asyncio.sleep(0)
        assert calls.begin("send", asyncio.get_running_loop().create_future) is None
        may_end.set()
        await going

    async def test_end_when_they_are_answered_and_shown(self) -> None:
        calls, answer = await self.trusted(), asyncio.get_running_loop().create_future()
        over = calls.begin("send", lambda: answer, is_hello)
        assert over is not None
        answer.set_result(None)
        await asyncio.sleep(0.01)
        assert not over.done(), "a refusal may come yet"
        calls.on_message(HELLO)

        async with asyncio.timeout(PATIENCE):
            await over

    async def test_are_refused_the_oldest_first(self) -> None:
        calls = await self.trusted()
        answers = [asyncio.get_running_loop().create_future() for _ in range(2)]
        first, second = (calls.begin("send", partial(answers.__getitem__, n), is_hello) for n in range(2))
        assert first is not None and second is not None
        calls.on_message(server.ErrorMessage(message="Forbidden: no rights."))
        for answer in answers:
            answer.set_result(None)
        calls.on_message(HELLO)

        with pytest.raises(VoxtaForbidden):
            await first
        await second
        assert calls.begin("send", asyncio.get_running_loop().create_future) is None, "it may be refused again"

    async def test_are_in_doubt_when_the_line_is_cut(self) -> None:
        calls, answer = await self.trusted(), asyncio.get_running_loop().create_future()
        over = calls.begin("send", lambda: answer, is_hello)
        assert over is not None
        answer.set_result(None)
        calls.cut_off()

        with pytest.raises(VoxtaUnavailable):
            await over
