"""The contract of the inbox, held by every engine."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from relay.errors import InboxTaken
from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Edit, Outcome, Retraction, Settlement
from tests.contracts import victim
from tests.contracts.engines import Engine
from tests.contracts.samples import NOON, forward, message, messages, settlement, settlements
from tests.processes import lines_of_a_victim
from tests.support import PATIENCE


def keys(of: Sequence[AudienceMessage | Settlement]) -> list[str]:
    return [each.key for each in of]


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class TestOpening:
    async def test_is_refused_while_another_relay_has_the_store(self, engine: Engine) -> None:
        async with engine.opened() as first:
            await first.append([message(1)])
            second = engine.build()
            with pytest.raises(InboxTaken, match=r"is in use by another relay.* another relay\.name"):
                await second.open()
            await second.close()

            assert await first.claim(1, wait=0) == [message(1)]
            assert await first.begin([forward(message(1))]) == [True]

    async def test_is_possible_as_soon_as_the_other_relay_has_closed_it(self, engine: Engine) -> None:
        async with engine.opened() as first:
            await first.append([message(1)])

        async with engine.opened() as second:
            assert await second.claim(1, wait=0) == [message(1)]

    async def test_to_look_takes_nothing_from_whoever_had_it(self, engine: Engine) -> None:
        async with engine.opened() as first:
            await first.append([message(1)])
            await first.append([message(2)])
            await first.claim(1, wait=0)

        looking = engine.build()
        await looking.open(to_look=True)
        assert await looking.waiting() == 2
        assert await looking.why(message(1).key) is not None
        await looking.close()

        async with engine.opened() as second:
            assert await second.reclaim() == [message(1)]
            assert await second.claim(1, wait=0) == [message(2)]


class TestAppending:
    async def test_says_of_each_message_whether_it_is_new(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2))

        assert await inbox.append(messages(2, 3)) == [False, True]
        assert await inbox.newest(9) == messages(3, 2, 1)

    async def test_takes_the_first_of_duplicates_within_a_batch(self, inbox: Inbox) -> None:
        first, second = message(1, text="first"), message(1, text="second")

        stored = await inbox.append([first, second, message(2)])

        assert stored == [True, False, True]
        assert await inbox.claim(10, wait=0) == [first, message(2)]

    async def test_takes_one_of_duplicates_appended_at_the_same_time(self, inbox: Inbox) -> None:
        answers = await asyncio.gather(*(inbox.append(messages(1, 2)) for _ in range(40)))

        assert Counter(first for first, _ in answers) == {True: 1, False: 39}
        assert Counter(second for _, second in answers) == {True: 1, False: 39}
        assert await inbox.waiting() == 2

    async def test_refuses_what_has_been_settled_already(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])
        await inbox.settle([settlement(message(1))])

        assert await inbox.append([message(1)]) == [False]

    async def test_of_nothing_stores_nothing(self, inbox: Inbox) -> None:
        assert await inbox.append([]) == []
        assert await inbox.waiting() == 0

    async def test_keeps_the_same_id_of_two_platforms_apart(self, inbox: Inbox) -> None:
        assert await inbox.append([message(1), message(1, platform="discord")]) == [True, True]

    async def test_of_more_than_fit_one_page_keeps_all_in_order(self, inbox: Inbox) -> None:
        many = messages(*range(3_000))

        stored = await inbox.append(many)

        assert all(stored)
        assert await inbox.claim(3_000, wait=0) + await inbox.claim(3_000, wait=0) == many


class TestClaiming:
    async def test_gives_the_oldest_first_and_each_once(self, inbox: Inbox) -> None:
        for number in range(5):
            await inbox.append([message(number)])

        assert await inbox.claim(2, wait=0) == messages(0, 1)
        assert await inbox.claim(9, wait=0) == messages(2, 3, 4)
        assert await inbox.claim(9, wait=0) == []

    async def test_gives_at_most_the_limit_of_one_batch(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2, 3))

        assert await inbox.claim(2, wait=0) == messages(1, 2)
        assert await inbox.claim(2, wait=0) == messages(3)

    async def test_wakes_as_soon_as_something_is_appended(self, inbox: Inbox) -> None:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            claim = tasks.create_task(inbox.claim(1, wait=10 * PATIENCE))
            await asyncio.sleep(0.05)
            await inbox.append([message(1)])
            claimed = await claim

        assert claimed == [message(1)]

    async def test_gives_nothing_that_is_held_however_others_change_what_waits(self, inbox: Inbox) -> None:
        assert await inbox.claim(9, wait=0) == []
        await inbox.append(messages(1, 2))
        held = await inbox.claim(1, wait=0)

        await inbox.edit(Edit(platform="twitch", id="m2", text="better"))

        assert held == [message(1)]
        assert [each.text for each in await inbox.claim(9, wait=0)] == ["better"]

    async def test_gives_up_after_the_wait(self, inbox: Inbox) -> None:
        async with asyncio.timeout(PATIENCE):
            assert await inbox.claim(1, wait=0.05) == []

    async def test_by_several_at_once_gives_each_message_to_one(self, inbox: Inbox) -> None:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            claims = [tasks.create_task(inbox.claim(1, wait=10 * PATIENCE)) for _ in range(3)]
            await asyncio.sleep(0)
            await inbox.append(messages(1, 2, 3))

        assert sorted(key for claim in claims for key in keys(claim.result())) == keys(messages(1, 2, 3))

    async def test_that_is_cancelled_leaves_the_message_to_the_next(self, inbox: Inbox) -> None:
        cancelled = 0
        for number in range(60):
            claim = asyncio.ensure_future(inbox.claim(1, wait=10 * PATIENCE))
            append = asyncio.ensure_future(inbox.append([message(number)]))
            for _ in range(number % 12):  # a different moment every time
                await asyncio.sleep(0)
            claim.cancel()
            [claimed] = await asyncio.gather(claim, return_exceptions=True)
            await append
            if isinstance(claimed, asyncio.CancelledError):
                cancelled += 1
                claimed = await inbox.claim(1, wait=PATIENCE)

            assert claimed == [message(number)]
        assert cancelled

    async def test_passes_over_what_was_settled_while_it_waited(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2))
        await inbox.settle([settlement(message(1), Outcome.REJECTED)])

        assert await inbox.claim(9, wait=0) == [message(2)]


class TestReclaiming:
    async def test_gives_back_what_was_held_before_a_restart(self, engine: Engine) -> None:
        async with engine.opened() as before:
            await before.append(messages(1, 2, 3))
            await before.claim(3, wait=0)
            await before.settle([settlement(message(2))])

        async with engine.opened() as after:
            assert await after.reclaim() == messages(1, 3)
            assert await after.reclaim() == []
            assert await after.claim(9, wait=0) == []

    async def test_leaves_out_what_this_process_holds(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])
        await inbox.claim(1, wait=0)

        assert await inbox.reclaim() == []

    async def test_leaves_out_unfinished_forwards(self, engine: Engine) -> None:
        async with engine.opened() as before:
            await before.append(messages(1, 2))
            await before.claim(2, wait=0)
            await before.begin([forward(message(1))])

        async with engine.opened() as after:
            assert await after.reclaim() == [message(2)]

    async def test_after_a_restart_with_nothing_held_leaves_all_to_claim(self, engine: Engine) -> None:
        async with engine.opened() as before:
            await before.append(messages(1, 2))

        async with engine.opened() as after:
            assert await after.reclaim() == []
            assert await after.claim(9, wait=0) == messages(1, 2)


class TestForwards:
    async def test_are_unfinished_until_all_their_messages_are_settled(self, inbox: Inbox) -> None:
        both = forward(message(1), message(2))
        await inbox.append(messages(1, 2))
        await inbox.begin([both])

        await inbox.settle([settlement(message(1))])
        halfway = await inbox.unfinished()
        await inbox.settle([settlement(message(2), Outcome.MERGED)])

        assert halfway == [both]
        assert await inbox.unfinished() == []

    async def test_survive_a_restart(self, engine: Engine) -> None:
        async with engine.opened() as before:
            await before.append([message(1)])
            await before.begin([forward(message(1))])

        async with engine.opened() as after:
            assert await after.unfinished() == [forward(message(1))]

    async def test_cannot_carry_a_settled_message(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2))
        await inbox.settle([settlement(message(1))])

        assert await inbox.begin([forward(message(1), message(2))]) == [False]
        assert await inbox.unfinished() == []
        assert await inbox.begin([forward(message(2))]) == [True]

    async def test_cannot_carry_a_message_of_another_forward(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2))
        await inbox.begin([forward(message(1), id="first")])

        assert await inbox.begin([forward(message(1), message(2), id="second")]) == [False]

    async def test_cannot_carry_an_unknown_message(self, inbox: Inbox) -> None:
        assert await inbox.begin([forward(message(1))]) == [False]

    async def test_may_be_begun_again_after_a_doubtful_answer(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])

        assert await inbox.begin([forward(message(1))]) == [True]
        assert await inbox.begin([forward(message(1))]) == [True]
        assert await inbox.unfinished() == [forward(message(1))]

    async def test_are_begun_many_at_once_each_by_itself_and_known_in_that_order(self, engine: Engine) -> None:
        several = [forward(message(n, at=NOON + n), id=f"f{9 - n}") for n in range(5)]
        twice = forward(message(1), message(6), id="twice")
        async with engine.opened() as before:
            await before.append(messages(*range(7)))
            await before.settle([settlement(message(3))])

            begun = await before.begin([*several, twice])

            assert begun == [True, True, True, False, True, False]
            assert await before.begin([forward(message(6), id="alone")]) == [True]
            await before.settle([settlement(message(6))])
            assert await before.begin([]) == []

        async with engine.opened() as after:
            assert await after.unfinished() == [each for each in several if each != several[3]]

    async def test_that_are_abandoned_leave_their_messages_held_here(self, engine: Engine) -> None:
        async with engine.opened() as before:
            await before.append([message(1)])
            await before.claim(1, wait=0)
            await before.begin([forward(message(1))])

        async with engine.opened() as after:
            await after.abandon("f1")

            assert await after.unfinished() == []
            assert await after.current([message(1).key]) == {message(1).key: message(1)}
            assert await after.reclaim() == []
            assert await after.begin([forward(message(1), id="again")]) == [True]

    async def test_that_are_unknown_can_be_abandoned(self, inbox: Inbox) -> None:
        await inbox.abandon("never begun")

        assert await inbox.unfinished() == []


class TestSettling:
    async def test_lets_the_first_outcome_win(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])

        first = await inbox.settle([settlement(message(1), Outcome.EXPIRED, "too old")])
        second = await inbox.settle([settlement(message(1), Outcome.FORWARDED)])

        record = await inbox.why(message(1).key)
        assert (first, second) == ([True], [False])
        assert record is not None and record.settlement == settlement(message(1), Outcome.EXPIRED, "too old")

    async def test_lets_one_of_two_in_the_same_call_win(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])

        assert await inbox.settle(settlements([message(1), message(1)])) == [True, False]

    async def test_lets_one_of_many_at_the_same_time_win(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])

        answers = await asyncio.gather(*(inbox.settle([settlement(message(1))]) for _ in range(20)))

        assert Counter(first for [first] in answers) == {True: 1, False: 19}
        assert await inbox.outcomes() == {Outcome.FORWARDED: 1}

    async def test_of_an_unknown_message_is_refused(self, inbox: Inbox) -> None:
        assert await inbox.settle([settlement(message(1))]) == [False]
        assert await inbox.outcomes() == {}

    async def test_takes_the_message_out_of_what_is_current(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2))
        await inbox.settle([settlement(message(1))])

        assert await inbox.current([*keys(messages(1, 2)), "twitch:unknown"]) == {message(2).key: message(2)}

    async def test_is_counted_by_outcome(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2, 3, 4))

        await inbox.settle([settlement(message(1)), settlement(message(2)), settlement(message(3), Outcome.HELD)])

        assert await inbox.outcomes() == {Outcome.FORWARDED: 2, Outcome.HELD: 1}
        assert await inbox.waiting() == 1


class TestEditing:
    async def test_changes_what_waits(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])

        assert await inbox.edit(Edit(platform="twitch", id="m1", text="better"))
        assert await inbox.claim(1, wait=0) == [message(1, text="better")]

    async def test_changes_what_is_held(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])
        [held] = await inbox.claim(1, wait=0)

        assert await inbox.edit(Edit(platform="twitch", id="m1", text="better"))
        assert await inbox.current([held.key]) == {held.key: message(1, text="better")}

    @pytest.mark.parametrize("was", [True, False])
    @pytest.mark.parametrize("now", [True, False])
    async def test_says_whether_it_is_what_they_do_or_what_they_say(self, inbox: Inbox, was: bool, now: bool) -> None:
        await inbox.append([message(1, is_action=was)])

        await inbox.edit(Edit(platform="twitch", id="m1", text="better", is_action=now))

        assert await inbox.claim(1, wait=0) == [message(1, text="better", is_action=now)]

    async def test_of_what_they_say_cannot_pass_for_what_they_do(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])

        await inbox.edit(Edit(platform="twitch", id="m1", text="\x01waves"))

        [edited] = await inbox.claim(1, wait=0)
        assert not edited.is_action

    async def test_comes_too_late_for_a_begun_forward(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])
        await inbox.begin([forward(message(1))])

        assert not await inbox.edit(Edit(platform="twitch", id="m1", text="better"))

    async def test_comes_too_late_for_a_settled_message(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])
        await inbox.settle([settlement(message(1))])

        assert not await inbox.edit(Edit(platform="twitch", id="m1", text="better"))
        record = await inbox.why(message(1).key)
        assert record is not None and record.message == message(1)

    async def test_of_an_unknown_message_changes_nothing(self, inbox: Inbox) -> None:
        assert not await inbox.edit(Edit(platform="twitch", id="m1", text="better"))
        assert await inbox.append([message(1)]) == [True]
        assert await inbox.claim(1, wait=0) == [message(1)]


class TestRetracting:
    async def test_drops_one_message(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2))

        dropped = await inbox.retract(Retraction(platform="twitch", id="m1", reason="deleted"), at=NOON)

        record = await inbox.why(message(1).key)
        assert dropped == [settlement(message(1), Outcome.DROPPED, "deleted").model_copy(update={"at": NOON})]
        assert record is not None and [record.settlement] == dropped
        assert await inbox.claim(9, wait=0) == [message(2)]

    async def test_drops_all_of_an_author_waiting_or_held(self, inbox: Inbox) -> None:
        await inbox.append([message(1, author="bob"), message(2), message(3, author="bob")])
        await inbox.claim(1, wait=0)

        timed_out = Retraction(platform="twitch", author_id="bob", channel="home", reason="author timed out")
        assert sorted(keys(await inbox.retract(timed_out, at=NOON))) == ["twitch:m1", "twitch:m3"]
        assert await inbox.claim(9, wait=0) == [message(2)]
        assert await inbox.current(["twitch:m1"]) == {}

    async def test_drops_all_of_a_channel_and_of_no_other(self, inbox: Inbox) -> None:
        elsewhere, abroad = message(2, channel="elsewhere"), message(3, platform="discord")
        await inbox.append([message(1), elsewhere, abroad])

        cleared = Retraction(platform="twitch", channel="home", reason="chat cleared")
        assert keys(await inbox.retract(cleared, at=NOON)) == ["twitch:m1"]
        assert await inbox.claim(9, wait=0) == [elsewhere, abroad]

    async def test_leaves_begun_forwards_and_settled_messages_alone(self, inbox: Inbox) -> None:
        await inbox.append(messages(1, 2, 3))
        await inbox.begin([forward(message(1))])
        await inbox.settle([settlement(message(2))])

        assert await inbox.retract(Retraction(platform="twitch", id="m1", reason="deleted"), at=NOON) == []
        cleared = Retraction(platform="twitch", channel="home", reason="cleared")
        assert keys(await inbox.retract(cleared, at=NOON)) == ["twitch:m3"]
        assert await inbox.outcomes() == {Outcome.FORWARDED: 1, Outcome.DROPPED: 1}

    async def test_of_an_unknown_message_drops_nothing(self, inbox: Inbox) -> None:
        assert await inbox.retract(Retraction(platform="twitch", id="m1", reason="deleted"), at=NOON) == []


class TestTrimming:
    async def test_by_age_forgets_settled_messages_only(self, engine: Engine) -> None:
        clock = Clock()
        async with engine.opened(clock=clock) as inbox:
            await inbox.append(messages(1, 2, 3))
            clock.now += 10
            await inbox.append([message(4)])
            await inbox.settle(settlements(messages(1, 3, 4)))

            assert await inbox.trim(older_than=NOON + 10) == 2
            assert [await inbox.why(key) is not None for key in keys(messages(1, 2, 3, 4))] == [
                False,
                True,
                False,
                True,
            ]
            assert await inbox.outcomes() == {Outcome.FORWARDED: 1}
            assert await inbox.waiting() == 1
            assert await inbox.claim(9, wait=0) == [message(2)]

    async def test_by_count_forgets_the_oldest_settled_ones(self, engine: Engine) -> None:
        async with engine.opened(max_count=3, clock=lambda: NOON) as inbox:
            await inbox.append(messages(*range(6)))
            await inbox.settle(settlements(messages(1, 2, 3, 4)))

            assert await inbox.trim(older_than=0) == 3
            assert [await inbox.why(key) is not None for key in keys(messages(*range(6)))] == [
                True,
                False,
                False,
                False,
                True,
                True,
            ]

    async def test_by_count_never_forgets_what_has_no_outcome(self, engine: Engine) -> None:
        async with engine.opened(max_count=2, clock=lambda: NOON) as inbox:
            await inbox.append(messages(*range(5)))
            await inbox.claim(1, wait=0)

            assert await inbox.trim(older_than=NOON + 1_000) == 0
            assert await inbox.waiting() == 5
            assert await inbox.claim(9, wait=0) == messages(1, 2, 3, 4)

    async def test_lets_a_forgotten_message_come_again(self, engine: Engine) -> None:
        async with engine.opened(clock=lambda: NOON) as inbox:
            await inbox.append(messages(1, 2))
            await inbox.settle([settlement(message(1))])
            await inbox.trim(older_than=NOON + 1)

            assert await inbox.append([message(1)]) == [True]
            assert await inbox.claim(9, wait=0) in (messages(2, 1), messages(1, 2))
            assert await inbox.waiting() == 2

    async def test_forgets_a_finished_forward_with_its_messages(self, engine: Engine) -> None:
        async with engine.opened(clock=lambda: NOON) as inbox:
            await inbox.append([message(1)])
            await inbox.claim(1, wait=0)
            await inbox.begin([forward(message(1))])
            await inbox.settle([settlement(message(1))])

            assert await inbox.trim(older_than=NOON + 1) == 1
            assert await inbox.reclaim() == []
            assert await inbox.unfinished() == []


class TestAsking:
    async def test_why_an_unknown_message_is_answered_with_none(self, inbox: Inbox) -> None:
        assert await inbox.why("twitch:unknown") is None

    async def test_why_a_message_waits(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])

        record = await inbox.why(message(1).key)

        assert record is not None
        assert (record.message, record.settlement, record.forward_id) == (message(1), None, None)

    async def test_why_a_message_was_forwarded(self, inbox: Inbox) -> None:
        await inbox.append([message(1)])
        await inbox.begin([forward(message(1), id="f7")])
        await inbox.settle([settlement(message(1))])

        record = await inbox.why(message(1).key)

        assert record is not None
        assert (record.settlement, record.forward_id) == (settlement(message(1)), "f7")

    async def test_notes_outlive_a_restart(self, engine: Engine) -> None:
        async with engine.opened() as before:
            await before.set_note("chat", "one")
            await before.set_note("chat", "two")

        async with engine.opened() as after:
            assert await after.get_note("chat") == "two"
            assert await after.get_note("never set") is None
            assert await after.get_notes(["never set", "chat"]) == [None, "two"]


class TestForgettingAnAuthor:
    async def test_deletes_what_has_its_outcome_and_leaves_everybody_elses(self, engine: Engine) -> None:
        clock = Clock()
        mine = [message(n, author="bob") for n in (1, 2, 3)]
        theirs = [message(4), message(5, platform="discord", author="bob")]
        async with engine.opened(clock=clock) as inbox:
            await inbox.append([mine[0], theirs[0], mine[1]])
            await inbox.append([theirs[1], mine[2]])
            await inbox.claim(9, wait=0)
            await inbox.settle(settlements([*mine, *theirs]))
            clock.now += 1

            assert await inbox.forget({"twitch:bob": clock.now}) == 3
            assert await inbox.newest(9) == theirs[::-1]
            assert [await inbox.why(each.key) is None for each in (*mine, *theirs)] == [True, True, True, False, False]
            assert await inbox.outcomes() == {Outcome.FORWARDED: 2}
            assert await inbox.append([theirs[0], mine[0]]) == [False, True]
            assert await inbox.claim(9, wait=0) == [mine[0]]

    async def test_asks_each_author_for_a_time_of_its_own(self, engine: Engine) -> None:
        clock = Clock()
        async with engine.opened(clock=clock) as inbox:
            await inbox.append([message(1), message(2, author="bob")])
            clock.now += 10
            await inbox.append([message(3), message(4, author="bob")])
            await inbox.settle(settlements(messages(1, 2, 3, 4)))

            assert await inbox.forget({"twitch:ann": NOON + 5, "twitch:bob": NOON + 20}) == 3
            assert await inbox.newest(9) == [message(3)]
            assert await inbox.forget({}) == 0

    async def test_leaves_of_what_came_together_what_came_at_the_very_time_asked_for(self, engine: Engine) -> None:
        async with engine.opened(clock=lambda: NOON) as inbox:
            await inbox.append([message(1), message(2, author="bob")])
            await inbox.settle(settlements(messages(1, 2)))

            assert await inbox.forget({"twitch:ann": NOON, "twitch:bob": NOON + 5}) == 1
            assert await inbox.newest(9) == [message(1)]

    async def test_leaves_what_came_later(self, engine: Engine) -> None:
        clock = Clock()
        async with engine.opened(clock=clock) as inbox:
            await inbox.append([message(1)])
            clock.now += 10
            await inbox.append([message(2)])
            await inbox.settle(settlements(messages(1, 2)))

            assert await inbox.forget({"twitch:ann": NOON + 10}) == 1
            assert await inbox.newest(9) == [message(2)]

    async def test_gets_at_what_waited_when_it_is_asked_again(self, engine: Engine) -> None:
        clock = Clock()
        mine, theirs = message(1, author="bob"), message(2)
        async with engine.opened(clock=clock) as inbox:
            await inbox.append([mine, theirs, message(3, author="bob")])
            await inbox.claim(9, wait=0)
            await inbox.settle([settlement(mine)])
            clock.now += 1

            assert await inbox.forget({"twitch:bob": clock.now}) == 1
            assert await inbox.why(mine.key) is None
            assert await inbox.newest(9) == [message(3, author="bob"), theirs]
            assert set(await inbox.current([theirs.key, "twitch:m3"])) == {theirs.key, "twitch:m3"}

            await inbox.settle(settlements([theirs, message(3)]))
            assert await inbox.forget({"twitch:bob": clock.now}) == 1
            assert await inbox.newest(9) == [theirs]
            assert await inbox.waiting() == 0

    async def test_lets_what_stays_be_trimmed(self, engine: Engine) -> None:
        clock = Clock()
        async with engine.opened(clock=clock) as inbox:
            await inbox.append([message(1, author="bob"), message(2)])
            await inbox.settle(settlements(messages(1, 2)))
            clock.now += 1
            await inbox.forget({"twitch:bob": clock.now})
            clock.now += 10

            assert await inbox.trim(older_than=clock.now) == 1
            assert await inbox.newest(9) == []

    async def test_leaves_the_others_as_old_as_they_are(self, engine: Engine) -> None:
        clock = Clock()
        theirs, later = messages(1, 2), messages(3, 4)
        async with engine.opened(clock=clock, max_count=3) as inbox:
            await inbox.append([theirs[0], message(5, author="bob"), message(6, author="cleo"), theirs[1]])
            clock.now += 10
            await inbox.append(later)
            await inbox.settle(settlements([*messages(5, 6), *theirs, *later]))
            for author in ("bob", "cleo"):
                clock.now += 10
                assert await inbox.forget({f"twitch:{author}": clock.now}) == 1

            assert await inbox.newest(9) == [*later[::-1], *theirs[::-1]]
            assert await inbox.newest(3) == [*later[::-1], theirs[1]]
            assert await inbox.trim(older_than=NOON) == 1, "there is one too many"
            assert await inbox.why(theirs[0].key) is None
            assert await inbox.trim(older_than=NOON + 5) == 1
            assert await inbox.newest(9) == later[::-1]

    async def test_gets_at_an_author_again_after_another_who_wrote_at_the_same_time(self, engine: Engine) -> None:
        clock = Clock()
        async with engine.opened(clock=clock) as inbox:
            await inbox.append([message(1), message(2, author="bob")])
            await inbox.settle(settlements(messages(1, 2)))
            clock.now += 10

            assert await inbox.forget({"twitch:bob": clock.now}) == 1
            assert await inbox.forget({"twitch:ann": NOON + 5}) == 1
            assert await inbox.newest(9) == []

    async def test_knows_hostile_ids_and_a_long_history(self, engine: Engine) -> None:
        clock = Clock()
        odd = 'x"\\ü\U0001f600%\x1f'
        async with engine.opened(clock=clock) as inbox:
            crowd = [message(n, author=odd if n % 3 == 0 else "x") for n in range(600)]
            await inbox.append(crowd)
            await inbox.settle(settlements(crowd))
            clock.now += 1

            assert await inbox.forget({f"twitch:{odd}": clock.now, "twitch:y": clock.now}) == 200
            assert await inbox.newest(600) == [each for each in reversed(crowd) if each.author.id == "x"]
            assert await inbox.newest(2) == [crowd[599], crowd[598]]
            assert await inbox.forget({f"twitch:{odd}": clock.now, "twitch:y": clock.now}) == 0


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud83d", "\ufffd\ufffd"),
        ("\U0001f600\ud800", "\U0001f600\ufffd"),
        ("nul\x00nul", "nul\x00nul"),
        ("line\nbreak\r\u2028", "line\nbreak\r\u2028"),
        ("'; DROP TABLE messages; --", "'; DROP TABLE messages; --"),
        ("ä" * 100_000, "ä" * 100_000),
    ],
    ids=["half-surrogate", "only-halves", "pair-and-half", "nul", "breaks", "sql", "long"],
)
class TestHostileText:
    async def test_is_stored_as_unicode_beside_harmless_text(self, inbox: Inbox, written: str, stored: str) -> None:
        hostile, harmless = await asyncio.gather(inbox.append([message(1, text=written)]), inbox.append([message(2)]))

        assert hostile + harmless == [True, True]
        assert {each.text for each in await inbox.claim(2, wait=0)} == {stored, "text 2"}

    async def test_in_an_id_is_found_again(self, inbox: Inbox, written: str, stored: str) -> None:
        hostile = message(written)
        await inbox.append([hostile])

        assert await inbox.append([hostile]) == [False]
        assert list(await inbox.current([hostile.key])) == [hostile.key]
        assert await inbox.edit(Edit(platform="twitch", id=hostile.id, text=written))
        assert await inbox.begin([forward(hostile)]) == [True]
        assert await inbox.settle([settlement(hostile, reason=written)]) == [True]
        record = await inbox.why(hostile.key)
        assert record is not None and record.settlement is not None
        assert (record.message.text, record.settlement.reason) == (stored, stored)

    async def test_in_a_retraction_names_its_message(self, inbox: Inbox, written: str, stored: str) -> None:
        await inbox.append([message(written, author=written)])

        by_author = Retraction(platform="twitch", author_id=written, reason=written)
        [dropped] = await inbox.retract(by_author, at=NOON)
        assert dropped.reason == stored


async def test_many_at_once_hand_out_and_settle_each_message_once(inbox: Inbox) -> None:
    dice = random.Random(11)
    crowd = messages(*range(600))
    by_key = {each.key: each for each in crowd}
    handed: Counter[str] = Counter()
    first: Counter[str] = Counter()

    async def produce(batches: list[list[AudienceMessage]]) -> int:
        return sum([sum(await inbox.append(batch)) for batch in batches])

    async def consume() -> None:
        while sum(first.values()) < len(crowd):
            taken = await inbox.claim(dice.randint(1, 40), wait=0.1)
            handed.update(keys(taken))
            settling = keys(taken) + [key for key in keys(dice.sample(crowd, 2)) if handed[key]]
            answers = await inbox.settle([settlement(by_key[key]) for key in settling])
            first.update(key for key, won in zip(settling, answers, strict=True) if won)

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        producers = [
            tasks.create_task(produce([dice.sample(crowd, dice.randint(1, 50)) for _ in range(30)])) for _ in range(5)
        ]
        producers.append(tasks.create_task(produce([crowd])))
        for _ in range(3):
            tasks.create_task(consume())

    assert sum(producer.result() for producer in producers) == len(crowd)
    assert handed == first == Counter(keys(crowd))
    assert await inbox.outcomes() == {Outcome.FORWARDED: len(crowd)}


@pytest.mark.parametrize("moment", [40, 150])
async def test_a_killed_process_loses_nothing_and_settles_nothing_twice(
    engine: Engine, tmp_path: Path, moment: int
) -> None:
    said = await _live_and_die(engine, tmp_path, lines=moment * 5)
    appended = {key for word, *(key, *_) in said if word == "appended"}
    settled = {key for word, *(key, *_) in said if word == "settled"}

    async with engine.opened() as inbox:
        unfinished = [key for each in await inbox.unfinished() for key in each.keys]
        again = keys(await inbox.reclaim())
        while more := await inbox.claim(100, wait=0):
            again += keys(more)
        records = {key: await inbox.why(key) for key in appended}
        ended = [key for key, record in records.items() if record is not None and record.settlement is not None]

        assert None not in records.values()
        assert settled <= set(ended)
        assert appended <= {*ended, *unfinished, *again}
        assert Counter([*ended, *unfinished, *again]).most_common(1)[0][1] == 1
        assert sum((await inbox.outcomes()).values()) + await inbox.waiting() >= len(appended)


async def _live_and_die(engine: Engine, folder: Path, lines: int) -> list[list[str]]:
    """What a relay said until it was killed, after that many lines."""
    return [line.split() for line in await lines_of_a_victim(victim.live, engine, folder, lines)]


class TestCounting:
    async def test_goes_up_once_for_each_message(self, inbox: Inbox) -> None:
        assert [await inbox.count("deaths", key) for key in ("twitch:1", "twitch:2", "twitch:2", "twitch:1")] == [
            1, 2, 2, 1,
        ]  # fmt: skip
        assert await inbox.count("wins", "twitch:3") == 1

    async def test_outlives_a_restart_and_doubles_nothing_over_it(self, engine: Engine) -> None:
        async with engine.opened() as before:
            await before.append(messages(1, 2))
            await before.count("deaths", message(1).key)

        async with engine.opened() as after:
            assert await after.count("deaths", message(1).key) == 1
            assert await after.count("deaths", message(2).key) == 2

    async def test_of_many_at_once_gives_each_a_number_of_its_own(self, inbox: Inbox) -> None:
        numbers = await asyncio.gather(*(inbox.count("deaths", f"twitch:{number}") for number in range(50)))

        assert sorted(numbers) == list(range(1, 51))

    async def test_forgets_a_message_with_it_and_never_the_counter(self, engine: Engine) -> None:
        clock = Clock()
        async with engine.opened(clock=clock) as inbox:
            await inbox.append([message(1)])
            await inbox.count("deaths", message(1).key)
            await inbox.settle([settlement(message(1))])
            clock.now += 100
            await inbox.trim(clock.now)

            assert await inbox.count("deaths", message(1).key) == 2
