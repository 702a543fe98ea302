"""When a redemption counts as done, and when it is paid back."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.model import Outcome, Retraction, Reward, SendAs, Settlement
from relay.replies.replies import Replies
from relay.replies.reply import Reply
from relay.rewards.redemptions import POSTING, Redemption, Redemptions
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.contracts.samples import forward, message, settlement
from tests.support import examples

PATIENCE = 30.0
REWARD = Reward(id="r1", title="Ask", cost=300, awaits_outcome=True)
ASKED = message(1, reward=REWARD)


class Evening:
    """One redemption after the other on its way to an answer."""

    def __init__(self, *, is_posted: bool = True) -> None:
        self.is_away = False
        self.redemptions = Redemptions(patience=PATIENCE, is_posted=lambda: is_posted, is_away=lambda: self.is_away)
        self.replies = Replies()
        self.now = 100.0

    def redeemed(self, asked: Any = ASKED) -> None:
        redemption = Redemption.of(asked)
        assert redemption is not None
        self.redemptions.add(redemption)

    def ends(self, outcome: Outcome, asked: Any = ASKED) -> None:
        self.redemptions.settled([settlement(asked, outcome)], self.now)

    def told(self, *asked: Any, send_as: SendAs = SendAs.EVENT) -> None:
        """It was forwarded."""
        sent = forward(*(asked or (ASKED,))).model_copy(update={"send_as": send_as})
        if sent.expects_reply:
            self.redemptions.told(sent)
            self.replies.asked(sent)
        self.redemptions.told(sent)
        for each in asked or (ASKED,):
            self.ends(Outcome.FORWARDED, each)

    def hears(self, what: WireMessage) -> Reply:
        """Something of an answer comes from Voxta."""
        step = self.replies.apply(what)
        assert step is not None
        self.redemptions.replied(step.reply, self.now)
        return step.reply

    def answer(self, text: str = "Hello there.", *, is_voiced: bool = True) -> Reply:
        """A whole answer, none of it heard yet."""
        reply = self.hears(server.ReplyGenerating(message_id="a1"))
        self.hears(server.ReplyChunk(message_id="a1", text=text, start_index=0, end_index=len(text)))
        if is_voiced:
            reply.say(text)
            reply.is_voiced = True
        self.hears(server.ReplyEnd(message_id="a1"))
        return reply

    def after(self, seconds: float) -> None:
        self.now += seconds
        self.redemptions.look(self.now)

    @property
    def verdicts(self) -> list[bool | None]:
        self.redemptions.look(self.now)
        return [redemption.is_fulfilled for redemption in self.redemptions.all()]


@pytest.fixture
def evening() -> Evening:
    evening = Evening()
    evening.redeemed()
    return evening


def test_nothing_is_decided_before_it_has_ended(evening: Evening) -> None:
    evening.after(3_600)
    assert evening.verdicts == [None]


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.FORWARDED, Outcome.ANSWERED}))
def test_what_the_companion_was_not_told_is_paid_back(evening: Evening, outcome: Outcome) -> None:
    evening.ends(outcome)
    assert evening.verdicts == [False]


def test_what_the_relay_did_itself_is_fulfilled(evening: Evening) -> None:
    evening.ends(Outcome.ANSWERED)
    assert evening.verdicts == [True]


@pytest.mark.parametrize("send_as", [SendAs.NOTE, SendAs.NOREPLY, SendAs.SCRIPT])
def test_what_needs_no_answer_is_fulfilled_when_it_was_told(evening: Evening, send_as: SendAs) -> None:
    evening.told(send_as=send_as)
    assert evening.verdicts == [True]


def test_a_spoken_answer_counts_when_it_was_heard_to_its_end(evening: Evening) -> None:
    evening.told()
    reply = evening.answer()
    assert evening.verdicts == [None]

    reply.finish()

    assert evening.verdicts == [True]


def test_speech_may_take_as_long_as_it_takes(evening: Evening) -> None:
    evening.told()
    reply = evening.answer()
    for _ in range(10):
        evening.after(PATIENCE - 1)
    reply.finish()

    assert evening.verdicts == [True]


def test_a_text_counts_when_it_was_posted(evening: Evening) -> None:
    evening.told()
    evening.answer(is_voiced=False)
    assert evening.verdicts == [None]

    evening.redemptions.posted(["twitch:another"])
    assert evening.verdicts == [None]
    evening.redemptions.posted([ASKED.key])
    assert evening.verdicts == [True]


def test_an_answer_that_nobody_followed_counts_when_it_was_posted(evening: Evening) -> None:
    """The connection was lost meanwhile, and the next chat had it."""
    evening.told()
    evening.redemptions.posted([ASKED.key])
    assert evening.verdicts == [True]


def test_an_answer_counts_that_was_posted_before_the_store_knew_that_it_was_asked_for(evening: Evening) -> None:
    """After a cut the next chat has both, and the post may be the faster one."""
    evening.redemptions.posted([ASKED.key])
    evening.told()
    assert evening.verdicts == [True]


def test_a_companion_that_is_away_is_waited_for_and_has_a_moment_when_it_is_back(evening: Evening) -> None:
    evening.told()
    evening.is_away = True
    evening.after(1)
    evening.after(PATIENCE)
    evening.after(PATIENCE - 1)
    evening.is_away = False
    evening.after(0.5)
    evening.after(PATIENCE - 1)
    assert evening.verdicts == [None]

    evening.redemptions.posted([ASKED.key])
    assert evening.verdicts == [True]


@pytest.mark.parametrize("comes_back", [False, True])
def test_but_not_for_ever(evening: Evening, comes_back: bool) -> None:
    evening.told()
    evening.is_away = True
    for _ in range(5):
        evening.after(PATIENCE)
    evening.is_away = not comes_back
    evening.after(PATIENCE)
    assert evening.verdicts == [False]


def test_a_text_that_could_not_be_posted_is_paid_back(evening: Evening) -> None:
    evening.told()
    evening.answer(is_voiced=False)
    evening.after(0)
    evening.after(POSTING - 1)
    assert evening.verdicts == [None]
    evening.after(1)
    assert evening.verdicts == [False]


def test_where_nothing_is_posted_an_answer_counts_when_it_is_complete() -> None:
    evening = Evening(is_posted=False)
    evening.redeemed()
    evening.told()
    evening.answer(is_voiced=False)
    assert evening.verdicts == [True]


def test_without_an_answer_it_is_paid_back_when_it_has_waited_long_enough(evening: Evening) -> None:
    evening.told()
    evening.after(PATIENCE - 0.1)
    assert evening.verdicts == [None]
    assert evening.redemptions.next_at() == pytest.approx(evening.now + 0.1)
    evening.after(0.1)
    assert evening.verdicts == [False]


def test_an_answer_that_never_ends_is_paid_back(evening: Evening) -> None:
    evening.told()
    evening.after(PATIENCE - 1)
    evening.hears(server.ReplyGenerating(message_id="a1"))
    evening.after(PATIENCE - 1)
    assert evening.verdicts == [None]
    evening.after(1)
    assert evening.verdicts == [False]


def test_an_answer_that_is_thought_about_for_long_is_waited_for(evening: Evening) -> None:
    evening.told()
    evening.hears(server.ReplyGenerating(message_id="a1"))
    for _ in range(3):
        evening.after(PATIENCE - 1)
        evening.hears(server.ReplyThink(message_id="a1"))
    assert evening.verdicts == [None]


@pytest.mark.parametrize("is_posted", [False, True])
def test_an_answer_of_which_nothing_was_heard_when_the_chat_was_lost_counts_if_the_next_one_has_it(
    evening: Evening, is_posted: bool
) -> None:
    evening.told()
    evening.answer()
    assert evening.replies.forget() == []
    if is_posted:
        evening.redemptions.posted([ASKED.key])
    evening.after(PATIENCE)
    assert evening.verdicts == [is_posted]


def test_a_person_who_interrupts_leaves_it_fulfilled_if_some_of_it_was_heard(evening: Evening) -> None:
    evening.told()
    reply = evening.answer()
    reply.parts[0].share = 0.9
    reply.cut()
    assert evening.verdicts == [True]


def test_an_answer_of_which_nothing_was_heard_is_paid_back(evening: Evening) -> None:
    evening.told()
    evening.answer().cut()
    assert evening.verdicts == [False]


def test_what_a_moderator_cut_off_is_paid_back(evening: Evening) -> None:
    evening.told()
    reply = evening.answer()
    reply.parts[0].share = 0.9
    reply.is_stopped = True
    reply.cut()
    assert evening.verdicts == [False]


def test_that_the_audience_reads_how_far_it_came_changes_nothing_for_what_a_moderator_cut_off(evening: Evening) -> None:
    evening.told()
    reply = evening.answer()
    reply.parts[0].share = 0.9
    reply.is_stopped = True
    reply.cut()
    evening.redemptions.posted([ASKED.key])
    assert evening.verdicts == [False]


def test_what_was_deleted_while_it_was_answered_is_paid_back(evening: Evening) -> None:
    evening.told()
    evening.answer()
    evening.replies.retracted(Retraction(platform="twitch", reason="deleted", id=ASKED.id))
    assert evening.verdicts == [False]


def test_several_that_are_answered_together_end_together() -> None:
    evening, asked = Evening(), [message(number, reward=REWARD) for number in range(3)]
    for each in asked:
        evening.redeemed(each)
    evening.told(*asked[:2])
    evening.answer().finish()
    assert evening.verdicts == [None, True, True]


def test_a_decision_stands(evening: Evening) -> None:
    evening.ends(Outcome.EXPIRED)
    evening.ends(Outcome.ANSWERED)
    evening.redeemed()
    assert evening.verdicts == [False]


def test_only_what_a_platform_waits_for_is_followed() -> None:
    assert Redemption.of(message(1)) is None
    assert Redemption.of(message(1, reward=REWARD.model_copy(update={"awaits_outcome": False}))) is None


HAPPENINGS: dict[str, Callable[["Evening", int], None]] = {
    "redeemed": lambda evening, number: evening.redeemed(message(number, reward=REWARD)),
    "told": lambda evening, number: evening.told(message(number, reward=REWARD)),
    "noted": lambda evening, number: evening.told(message(number, reward=REWARD), send_as=SendAs.NOTE),
    "rejected": lambda evening, number: evening.ends(Outcome.REJECTED, message(number, reward=REWARD)),
    "done": lambda evening, number: evening.ends(Outcome.ANSWERED, message(number, reward=REWARD)),
    "begins": lambda evening, number: _hear(evening, server.ReplyGenerating(message_id=f"a{number}")),
    "goes on": lambda evening, number: _hear(
        evening, server.ReplyChunk(message_id=f"a{number}", text="Yes. ", start_index=0, end_index=5)
    ),
    "ends": lambda evening, number: _hear(evening, server.ReplyEnd(message_id=f"a{number}")),
    "heard": lambda evening, number: _with(evening, number, _heard),
    "stopped": lambda evening, number: _with(evening, number, _stopped),
    "posted": lambda evening, number: evening.redemptions.posted([message(number).key]),
    "later": lambda evening, number: evening.after(number * 10.0),
}


def _hear(evening: Evening, what: WireMessage) -> None:
    if (step := evening.replies.apply(what)) is not None:
        evening.redemptions.replied(step.reply, evening.now)


def _with(evening: Evening, number: int, do: Callable[[Reply], None]) -> None:
    if (reply := evening.replies.get(f"a{number}")) is not None:
        do(reply)


def _heard(reply: Reply) -> None:
    reply.is_voiced = True
    reply.finish()


def _stopped(reply: Reply) -> None:
    reply.is_stopped = True
    reply.cut()


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.integers(0, 3)), max_size=30))
def test_whatever_happens_each_is_decided_once_and_fulfilled_only_for_a_reason(
    story: list[tuple[str, int]],
) -> None:
    evening = Evening()
    decisions: dict[str, bool] = {}
    happened: set[str] = set()
    for what, number in story:
        happened.add(what)
        HAPPENINGS[what](evening, number)
        evening.redemptions.look(evening.now)
        for each in evening.redemptions.decided():
            assert decisions.setdefault(each.key, bool(each.is_fulfilled)) is each.is_fulfilled
            assert not each.is_fulfilled or happened & {"noted", "done", "heard", "posted"}
        keys = [each.key for each in evening.redemptions.all()]
        assert len(keys) == len(set(keys)) == len(evening.redemptions)

    for key in list(evening.redemptions.all()):
        evening.redemptions.settled(
            [Settlement(key=key.key, outcome=Outcome.DROPPED, reason="the run ends", at=0.0)], evening.now
        )
    assert all(each.is_fulfilled is not None for each in evening.redemptions.all()), "nothing stays undecided"
