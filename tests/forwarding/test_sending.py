"""What expects no answer goes in a window: many at once, in order, each with an end of its own."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from relay.errors import InboxError
from relay.forwarding.sending import RECORDED_WITHIN, WINDOW
from relay.inbox.retry import LONGEST_WAIT
from relay.model import AudienceMessage, Forward, Kind, Outcome
from relay.moderation.switches import Switches
from tests.forwarding.surroundings import Scene, Sending, Trouble, config, message

FREE = {"rates": {"all": 1e6, "viewer": 1e6}, "bursts": {"all": 10_000, "viewer": 10_000}}
TOLD = (Outcome.FORWARDED, "noreply")


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene(config(budget=FREE))
    try:
        scene.voxta.join()
        scene.wait()
        yield scene
    finally:
        scene.close()


def follows(scene: Scene, count: int) -> list[AudienceMessage]:
    """So many follow, one after the other."""
    at = scene.wall()
    return [message(n, kind=Kind.FOLLOW, author=f"v{n}", at=at) for n in range(count)]


def keys(messages: list[AudienceMessage]) -> list[str]:
    return [each.key for each in messages]


def arrived(scene: Scene) -> list[str]:
    return [key for forward in scene.voxta.arrived for key in forward.keys]


def outcome(scene: Scene, of: AudienceMessage) -> tuple[Outcome, str] | None:
    settlement = scene.outcome(of)
    return (settlement.outcome, settlement.reason) if settlement else None


def test_a_burst_keeps_a_window_under_way_goes_in_order_and_asks_the_store_for_many_at_once(scene: Scene) -> None:
    burst = follows(scene, 1_000)
    before = scene.writer.calls
    scene.give(*burst)
    scene.wait(1)

    assert arrived(scene) == keys(burst)
    assert {outcome(scene, each) for each in burst} == {TOLD}
    assert scene.voxta.most_under_way == WINDOW
    assert scene.writer.calls - before < 100


def test_what_comes_by_itself_goes_at_once(scene: Scene) -> None:
    scene.voxta.lag = 0.5
    first, second = follows(scene, 2)
    scene.give(first)
    scene.wait()
    scene.give(second)
    scene.wait()

    assert arrived(scene) == [first.key, second.key], "nobody waits for the answer to the one before"
    assert outcome(scene, first) is None


def test_what_expects_no_answer_is_sent_at_once_where_the_way_there_takes_it_without_waiting(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[str, object]] = []

    def begin_send(forward: Forward) -> asyncio.Future[None]:
        begun.extend((key, scene.voxta.chat) for key in forward.keys)
        over = asyncio.get_running_loop().create_future()
        over.set_result(None)
        return over

    monkeypatch.setattr(scene.voxta, "begin_send", begin_send)
    window = follows(scene, 2)
    scene.give(*window)
    scene.wait(1)

    assert begun == [(each.key, scene.voxta.chat) for each in window]
    assert {outcome(scene, each) for each in window} == {TOLD}


def test_what_asks_for_an_answer_goes_behind_all_that_is_under_way(scene: Scene) -> None:
    scene.voxta.lag = 0.5
    tells, asks = follows(scene, 3), message(9, at=scene.wall())
    scene.give(*tells)
    scene.wait()
    scene.give(asks)
    scene.wait()
    assert arrived(scene) == keys(tells)

    scene.wait(0.6)
    assert arrived(scene) == [*keys(tells), asks.key]
    assert scene.voxta.most_under_way == 3


def test_who_waits_for_all_that_is_under_way_does_not_wait_for_company_when_it_ends_one_after_the_other(
    scene: Scene,
) -> None:
    scene.voxta.lag = 0.5
    first, second = follows(scene, 2)
    for each in (first, second):
        scene.give(each)
        scene.wait()
        scene.voxta.lag += 0.005
    asks = message(9, at=scene.wall())
    scene.give(asks)
    scene.wait(1)

    *told, asked = [at for _, at in scene.voxta.attempted]
    assert arrived(scene) == [first.key, second.key, asks.key]
    assert asked - (told[1] + 0.505) < RECORDED_WITHIN / 4


def test_a_relay_that_is_ended_records_what_was_sent_so_that_the_next_one_neither_tells_of_it_nor_sends_it_again(
    scene: Scene,
) -> None:
    scene.voxta.next.extend([Sending.ARRIVES, Sending.REFUSED])
    window = follows(scene, 2)
    scene.give(*window)
    scene.wait()
    assert [outcome(scene, each) for each in window] == [None, None], "not recorded yet"

    scene.restart()
    assert [outcome(scene, each) for each in window] == [TOLD, (Outcome.REJECTED, "no such thing")]
    scene.voxta.join()
    scene.wait(1)
    assert len(scene.voxta.attempted) == 2
    assert scene.forwarded_keys == [window[0].key]


def test_two_that_read_the_same_are_never_under_way_together(scene: Scene) -> None:
    scene.voxta.lag = 0.5
    first, _, other = follows(scene, 3)
    scene.give(first, first.model_copy(update={"id": "again"}), other)
    scene.wait()
    assert arrived(scene) == [first.key]

    scene.wait(2)
    assert arrived(scene) == [first.key, "twitch:again", other.key]
    one, another, _ = scene.voxta.arrived
    assert [one.after_index, another.after_index] == [-1, 0]


class TestACutInTheWindow:
    @pytest.mark.parametrize("cut", [Sending.CUT_BEFORE, Sending.CUT_AFTER])
    @pytest.mark.parametrize("at", [0, 1, 5, 9])
    def test_loses_nothing_doubles_nothing_and_keeps_the_order(self, scene: Scene, at: int, cut: Sending) -> None:
        scene.voxta.lag = 0.5
        scene.voxta.next.extend([*[Sending.ARRIVES] * at, cut])
        window = follows(scene, 10)
        scene.give(*window)
        scene.wait(5)
        assert [outcome(scene, each) for each in window] == [None] * 10
        assert len(scene.voxta.attempted) == 10, "nothing more goes into a chat that was cut off"

        scene.voxta.leave()
        scene.voxta.join()
        scene.wait(5)
        assert arrived(scene) == keys(window)
        assert {outcome(scene, each) for each in window} <= {TOLD, (Outcome.FORWARDED, "noreply, found in the chat")}
        assert sorted(scene.forwarded_keys) == sorted(keys(window))

    def test_is_found_out_about_after_a_crash_as_well(self, scene: Scene) -> None:
        scene.voxta.lag = 0.5
        scene.voxta.next.extend([*[Sending.ARRIVES] * 4, Sending.CUT_BEFORE])
        window = follows(scene, 10)
        scene.give(*window)
        scene.wait(0.1)
        scene.crash()
        scene.voxta.join()
        scene.wait(5)

        assert arrived(scene) == keys(window)
        assert None not in [outcome(scene, each) for each in window]

    def test_leaves_the_lines_behind_it_in_their_order(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.CUT_BEFORE)
        many = follows(scene, 3 * WINDOW)
        scene.give(*many)
        scene.wait(5)
        scene.voxta.leave()
        scene.voxta.join()
        scene.wait(5)

        assert arrived(scene) == keys(many)


def test_a_refusal_ends_the_one_it_concerns_alone(scene: Scene) -> None:
    scene.voxta.lag = 0.5
    scene.voxta.next.extend([Sending.ARRIVES, Sending.REFUSED])
    window = follows(scene, 4)
    scene.give(*window)
    scene.wait(2)

    assert [outcome(scene, each) for each in window] == [TOLD, (Outcome.REJECTED, "no such thing"), TOLD, TOLD]


def test_what_may_not_be_sent_waits_in_its_order(scene: Scene) -> None:
    scene.voxta.lag = 0.5
    scene.voxta.next.extend([Sending.ARRIVES, *[Sending.FORBIDDEN] * 3])
    window = follows(scene, 4)
    scene.give(*window)
    scene.wait(2)
    assert [outcome(scene, each) for each in window] == [TOLD, None, None, None]

    scene.voxta.join()
    scene.wait(2)
    assert arrived(scene) == keys(window)
    assert {outcome(scene, each) for each in window} == {TOLD}


def test_another_chat_before_the_window_is_sent_has_all_of_it_sent_there(scene: Scene) -> None:
    scene.forwarder.follow(Switches(paused=True))
    window = follows(scene, 4)
    scene.give(*window)
    scene.wait()
    scene.disk.next.append(lambda: scene.voxta.join("elsewhere"))
    scene.forwarder.follow(Switches())
    scene.wait(5)

    assert arrived(scene) == keys(window)
    assert {forward.chat_id for forward in scene.voxta.arrived} == {"elsewhere"}


async def _nobody_knows() -> None:
    raise InboxError("the lease may be another's by now")


def test_nothing_is_sent_before_it_is_sure_that_the_store_is_ours(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.inbox, "make_sure", _nobody_knows)
    window = follows(scene, 4)
    scene.give(*window)
    scene.wait(5)
    assert scene.voxta.attempted == []

    monkeypatch.undo()
    scene.wait(5)
    assert arrived(scene) == keys(window)


def test_what_the_store_lets_nobody_begin_is_tried_slower_and_slower(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    async def refuse(forwards: Sequence[Forward]) -> list[bool]:
        tries.append(scene.wall())
        assert len(tries) < 100, "it is asked again and again"
        return [False] * len(forwards)

    monkeypatch.setattr(scene.inbox, "begin", refuse)
    [waits] = follows(scene, 1)
    scene.give(waits)
    scene.wait(20)
    assert tries[-1] - tries[-2] >= LONGEST_WAIT / 2

    monkeypatch.undo()
    scene.wait(2 * LONGEST_WAIT)
    assert outcome(scene, waits) == TOLD


def test_the_rates_of_forwards_count_each_of_a_window(scene: Scene) -> None:
    scene.forwarder.follow(Switches(paused=True, rates={"all": 60.0}))
    scene.give(*follows(scene, 40))
    scene.wait()
    scene.forwarder.waiting.judging._budget._bucket("all")._tokens = 5.0
    scene.forwarder.follow(Switches(rates={"all": 60.0}))
    scene.wait(0.1)
    assert len(arrived(scene)) == 5

    scene.wait(2)
    assert len(arrived(scene)) == 7


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.LATE])
@pytest.mark.parametrize("call", range(2))
def test_a_store_that_fails_at_any_call_delays_a_window_and_no_more(scene: Scene, call: int, trouble: Trouble) -> None:
    scene.forwarder.follow(Switches(paused=True))
    window = follows(scene, 6)
    scene.give(*window)
    scene.wait()
    scene.disk.next.extend([*[Trouble.NONE] * call, trouble])
    scene.forwarder.follow(Switches())
    scene.wait(10)

    assert not scene.disk.next
    assert arrived(scene) == keys(window)
    assert {outcome(scene, each) for each in window} == {TOLD}
    assert sorted(each.key for each in scene.told) == sorted(keys(window))


def test_what_a_session_sends_without_a_wait_has_its_outcome_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin_send(forward: Forward) -> asyncio.Future[None]:
        return scene.loop.create_task(scene.voxta.send(forward))

    monkeypatch.setattr(scene.voxta, "begin_send", begin_send)
    scene.voxta.next.extend([Sending.ARRIVES, Sending.REFUSED])
    window = follows(scene, 3)
    scene.give(*window)
    scene.wait(2)

    assert [outcome(scene, each) for each in window] == [TOLD, (Outcome.REJECTED, "no such thing"), TOLD]
