"""When the answer to a command is over, from which its cooldown counts."""

import pytest

from relay.commands.resting import AnswerWatch
from relay.model import AudienceMessage, Forward, Kind, Origin, Outcome, SendAs, Settlement
from tests.commands.room import NOON, CommandRoom, written

TOLD = {
    "name": "tell",
    "tell": {"send_as": "note", "template": "{author}"},
    "cooldown": 10,
    "viewer_cooldown": 0,
    "cooldown_from": "speech",
}


def told(message: AudienceMessage) -> Forward:
    """What the companion is told of it."""
    return Forward(
        id="f1",
        keys=(message.key,),
        send_as=SendAs.NOTE,
        body="Ann",
        origins=(Origin.of(message),),
        chat_id="c",
        after_index=0,
    )


class Stage:
    """Ann uses the command at noon; time and whether the companion answers are set."""

    def __init__(self) -> None:
        self.room = CommandRoom(TOLD)
        self.now = 0.0
        self.is_answering = True
        self.watch = AnswerWatch(self.room.gate, lambda: self.is_answering, lambda: NOON + self.now)
        assert self.room.say("!tell") == ""
        self.message = written("!tell")

    def asks(self, message: AudienceMessage) -> None:
        self.watch.asking(told(message))

    def ends(self, outcome: Outcome) -> None:
        self.watch.settled([Settlement(key=self.message.key, outcome=outcome, reason="", at=NOON)])

    @property
    def free_at(self) -> float:
        """When it may be used again, as far as is known."""
        refused = self.room.say("!tell", author="bob", at=self.now)
        return self.now + float(refused.removeprefix("cooldown, ").removesuffix(" s"))


def test_it_rests_from_the_end_of_what_is_said() -> None:
    stage = Stage()
    stage.asks(stage.message)
    stage.ends(Outcome.FORWARDED)

    stage.now = 20.0
    stage.watch.look()
    assert stage.free_at > 900.0, "the companion still answers"
    stage.is_answering = False
    stage.watch.look()
    assert stage.free_at == 30.0

    stage.now = 25.0
    stage.watch.look()
    assert stage.free_at == 30.0


@pytest.mark.parametrize("outcome", [Outcome.FORWARDED, Outcome.EXPIRED])
def test_it_rests_from_its_end_where_nothing_is_answered(outcome: Outcome) -> None:
    stage = Stage()
    stage.now = 5.0

    stage.ends(outcome)

    assert stage.free_at == 15.0


def test_what_is_refused_on_its_way_is_not_waited_for() -> None:
    stage = Stage()
    stage.asks(stage.message)
    stage.now = 5.0

    stage.ends(Outcome.DROPPED)

    assert stage.free_at == 15.0


def test_the_end_of_something_else_ends_no_rest() -> None:
    stage = Stage()
    stage.asks(written("hello"))
    stage.is_answering = False
    stage.now = 5.0

    stage.watch.look()

    assert stage.free_at > 900.0


class Once:
    """What may be used once in a stream was used by Ann."""

    def __init__(self) -> None:
        self.room = CommandRoom(TOLD | {"per_stream": 1, "cooldown": 0})
        self.watch = AnswerWatch(self.room.gate, lambda: False, lambda: NOON)
        self.at = 0.0
        self.use()

    def use(self) -> None:
        assert self.room.say("!tell", at=self.at) == ""
        self.message = written("!tell", at=self.at)

    def ends(self, outcome: Outcome) -> None:
        self.watch.settled([Settlement(key=self.message.key, outcome=outcome, reason="", at=NOON)])

    def is_used_up(self) -> bool:
        self.at += 1.0
        return self.room.say("!tell", author="bob", at=self.at) == "used up"


@pytest.mark.parametrize("outcome", Outcome)
def test_what_may_be_used_a_number_of_times_in_a_stream_is_used_by_what_is_done_alone(outcome: Outcome) -> None:
    once = Once()
    assert once.is_used_up()

    once.ends(outcome)
    assert once.is_used_up() == (outcome in (Outcome.FORWARDED, Outcome.MERGED, Outcome.ANSWERED))
    assert once.is_used_up()


def test_what_was_told_and_is_stopped_before_its_answer_may_be_used_again() -> None:
    once = Once()
    once.ends(Outcome.FORWARDED)
    for _ in range(2):
        once.watch.given_up(told(once.message))

    assert not once.is_used_up()
    assert once.is_used_up()


def test_a_use_of_the_stream_before_that_is_not_carried_out_gives_none_to_this_one() -> None:
    once = Once()
    before = once.message
    once.room.gate.stream_changed(written("", kind=Kind.ONLINE, at=1))
    once.at = 2.0
    once.use()
    once.watch.given_up(told(before))

    assert once.is_used_up()
