"""What is judged, held, chosen and restored between the store and Voxta."""

from typing import Any

import pytest

from relay.commands.gate import CommandGate
from relay.config.loading import Config
from relay.forwarding import held as holding
from relay.forwarding import notices
from relay.forwarding.lanes import Batch
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick
from relay.forwarding.waiting import Waiting
from relay.model import DESK, AudienceMessage, Author, Kind, Outcome, Quoted, Role
from relay.moderation.budget import Budget
from relay.moderation.switches import Mode, Switches
from tests.commands.room import no_commands
from tests.forwarding.surroundings import config
from tests.forwarding.surroundings import message as written

NOW = 1_000.0
LINK = "look at evil.example"
FOLLOW: dict[str, Any] = {"kind": Kind.FOLLOW}
MOD: dict[str, Any] = {"role": Role.MODERATOR}


def message(number: int, text: str = "", **over: Any) -> AudienceMessage:
    fields: dict[str, Any] = {"at": NOW, "author": f"v{number}"}
    return written(number, text, **(fields | over))


def room(settings: Config | None = None, commands: CommandGate | None = None) -> Waiting:
    settings = settings or config()
    commands = commands or no_commands()
    policy = Policy(settings.forwarding, commands.table)
    return Waiting(settings, policy=policy, budget=Budget(settings.budget), commands=commands, steady=lambda: NOW)


def ended(waiting: Waiting) -> list[tuple[str, Outcome, str]]:
    return [(each.message.id, each.outcome, each.reason) for each in waiting.take_ended()]


def told(waiting: Waiting, now: float = NOW, *, floor_is_free: bool = True) -> list[str]:
    """The texts of what goes next, one after the other."""
    found = []
    while batch := waiting.next(now, floor_is_free=floor_is_free):
        found += [pick.text for pick in batch.picks]
    return found


class TestAdmitting:
    def test_sorts_by_what_becomes_of_each(self) -> None:
        waiting = room()
        waiting.admit(
            [message(1, "hi"), message(2, LINK), message(3, "!relay pause", **MOD), message(4, **FOLLOW)], NOW
        )

        assert ended(waiting) == [("3", Outcome.DROPPED, "a command for the relay")]
        assert [held.text for held in waiting.held()] == [LINK]
        assert len(waiting) == 2
        assert told(waiting, floor_is_free=False) == ["what about number 4"]
        assert told(waiting) == ["hi"]

    def test_tells_nothing_that_is_turned_off_and_counts_it_against_no_rate(self) -> None:
        kinds = {"follow": {"enabled": False}, "cheer": {"enabled": False}}
        rules = [
            {"kinds": ["cheer"], "send_as": "event", "template": "{author} cheered"},
            {"kinds": ["raid"], "roles": ["bot"], "enabled": False, "send_as": "note", "template": "x"},
        ]
        waiting = room(config(forwarding={"kinds": kinds, "rules": rules}, budget={"bursts": {"all": 1}}))

        waiting.admit(
            [
                message(1, **FOLLOW),
                message(2, kind=Kind.CHEER),
                message(3, kind=Kind.RAID, role=Role.BOT),
                message(4, kind=Kind.RAID),
            ],
            NOW,
        )

        turned_off = (Outcome.REJECTED, "turned off in the settings")
        assert ended(waiting) == [("1", *turned_off), ("2", *turned_off), ("3", *turned_off)]
        assert told(waiting) == ["what about number 4"]

    def test_leaves_out_what_a_reply_replies_to_where_that_could_not_be_told_itself(self) -> None:
        waiting = room(config(filters={"blocked_terms": ["badword"], "links": "reject"}))
        waiting.apply(Switches(muted=frozenset({"eve"})))
        replied = [
            Quoted.of(Author(id="2", name="Ben"), "a nice day"),
            Quoted.of(Author(id="2", name="Ben"), "call +49 170 1234567"),
            Quoted.of(Author(id="2", name="Ben"), "you b.a.d.w.o.r.d"),
            Quoted.of(Author(id="2", name="badword"), "hi"),
            Quoted.of(Author(id="3", name="Eve"), "hi"),
            Quoted.of(None, LINK),
        ]

        waiting.admit([message(number, replies_to=quoted, **MOD) for number, quoted in enumerate(replied)], NOW)

        quoted = []
        while batch := waiting.next(NOW, floor_is_free=True):
            quoted += [pick.message.replies_to and pick.message.replies_to.text for pick in batch.picks]
        assert quoted == ["a nice day", "call ***", None, None, None, None]

    def test_counts_against_the_rates_and_follows_the_mode(self) -> None:
        waiting = room(config(budget={"rates": {"all": 60.0, "viewer": 60.0}, "bursts": {"viewer": 1}}))
        waiting.apply(Switches(mode=Mode.MENTIONS))
        crowd = [
            message(1, author="ann"),
            message(2, author="bob", addressed=True),
            message(3, author="bob", addressed=True),
        ]
        waiting.admit(crowd, NOW)

        assert ended(waiting) == [
            ("1", Outcome.REJECTED, "mode: only mentions"),
            ("3", Outcome.REJECTED, "rate: more than 60 a minute from one viewer"),
        ]
        assert told(waiting) == ["what about number 2"]

    def test_tells_what_somebody_trusted_has_told_without_their_command(self) -> None:
        waiting = room()
        waiting.admit([message(1, "!event a dragon appears", **MOD)], NOW)

        assert told(waiting) == ["a dragon appears"]

    @pytest.mark.parametrize(("chatty", "other"), [("ann", "bob"), ("bob", "ann")])
    def test_notices_who_writes_even_what_is_refused(self, chatty: str, other: str) -> None:
        selection = {"loud_per_minute": 1.0, "picks": 1, "temperature": 1e-6, "chatty": 50.0}
        waiting = room(config(selection=selection, budget={"bursts": {"viewer": 100}}))
        waiting.admit([message(number, "!relay", author=chatty) for number in range(50)], NOW)
        waiting.admit([message(100, "hello from ann", author="ann"), message(200, "bob is here", author="bob")], NOW)

        first = {"ann": "hello from ann", "bob": "bob is here"}[other]
        assert (told(waiting)[0], ended(waiting)[50:]) == (first, []), "who writes a lot comes later"


class TestHolding:
    def test_ends_with_a_decision_or_with_its_time(self) -> None:
        waiting = room()
        waiting.admit([message(number, f"{LINK}/{number}") for number in (1, 2, 3)], NOW)
        first, second, _ = (held.id for held in waiting.held())

        assert waiting.approve(first, NOW + 49)
        assert waiting.reject(second, "rejected by a moderator")
        assert not waiting.approve(first, NOW + 49)
        assert not waiting.reject("h99", "rejected by a moderator")
        assert ended(waiting) == [("2", Outcome.REJECTED, "rejected by a moderator")]

        waiting.expire(NOW + 49.9)
        assert ended(waiting) == []
        waiting.expire(NOW + 50)
        assert ended(waiting) == [("3", Outcome.HELD, "nobody decided in time")]
        assert told(waiting, NOW + 49 + 39) == [f"{LINK}/1"], "its time begins with the approval"

    def test_lasts_as_long_as_the_newest_settings_say(self) -> None:
        waiting = room()
        waiting.adopt(config(filters={"hold_for": 5.0}))
        waiting.admit([message(1, LINK)], NOW)

        waiting.expire(NOW + 5)
        assert ended(waiting) == [("1", Outcome.HELD, "nobody decided in time")]

    def test_is_bounded_and_ends_with_the_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(holding, "CAPACITY", 2)
        waiting = room()
        waiting.admit([message(number, f"{LINK}/{number}") for number in (1, 2, 3)], NOW)
        assert ended(waiting) == [("1", Outcome.HELD, "nobody decided, and more came")]

        waiting.give_up_held("the run ended")
        assert ended(waiting) == [("2", Outcome.HELD, "the run ended"), ("3", Outcome.HELD, "the run ended")]
        assert waiting.held() == []

    def test_an_id_means_the_same_in_the_next_run_and_nothing_else_once_the_words_are_others(self) -> None:
        before, after = room(), room()
        before.admit([message(number, f"{LINK}/{number}") for number in (1, 2, 3)], NOW)
        _, second, third = (held.id for held in before.held())

        after.admit([message(2, f"{LINK}/2"), message(3, f"{LINK}/other")], NOW)

        shown = after.held_message(second)
        assert shown is not None and shown.text == f"{LINK}/2"
        assert after.held_message(third) is None

    def test_is_not_touched_when_all_that_waits_is_cleared(self) -> None:
        waiting = room()
        waiting.admit([message(1), message(2, LINK), message(3, **FOLLOW)], NOW)

        assert waiting.clear(Outcome.DROPPED, "cleared") == 2
        assert sorted(ended(waiting)) == [("1", Outcome.DROPPED, "cleared"), ("3", Outcome.DROPPED, "cleared")]
        assert len(waiting) == 0
        assert len(waiting.held()) == 1


class TestRechecking:
    def pick(self, waiting: Waiting) -> Batch:
        waiting.admit([message(1, "hi")], NOW)
        batch = waiting.next(NOW, floor_is_free=True)
        assert batch is not None
        return batch

    def test_leaves_what_was_not_edited_as_it_is(self) -> None:
        waiting = room()
        [pick] = self.pick(waiting).picks

        assert waiting.recheck(pick, message(1, "hi", at=NOW + 5), NOW) is pick

    def test_tells_the_new_text_unless_it_is_refused_or_held(self) -> None:
        waiting = room()
        waiting.apply(Switches(blocked_terms=("pineapple",)))
        [pick] = self.pick(waiting).picks

        edited = waiting.recheck(pick, message(1, "hello"), NOW)
        assert edited is not None
        assert (edited.text, edited.message.text) == ("hello", "hello")
        assert waiting.recheck(pick, message(1, "pineapple"), NOW) is None
        assert ended(waiting) == [("1", Outcome.REJECTED, "blocked term")]
        assert waiting.recheck(pick, message(1, LINK), NOW) is None
        assert [held.text for held in waiting.held()] == [LINK]

    def test_counts_nobody_to_words_that_only_their_author_has_written(self) -> None:
        waiting = room()
        waiting.admit([message(1, "hi there you"), message(2, "hi there you")], NOW)
        batch = waiting.next(NOW, floor_is_free=True)
        assert batch is not None
        [pick] = batch.picks
        assert pick.others == 1

        edited = waiting.recheck(pick, message(1, "hello"), NOW)
        assert edited is not None
        assert (edited.text, edited.others) == ("hello", 0)

    @pytest.mark.parametrize("other_words", [None, "hi there"])
    def test_holds_an_approved_first_message_again_once_its_author_has_changed_it(
        self, other_words: str | None
    ) -> None:
        waiting = room(config(filters={"first_message": "hold"}))
        waiting.admit([message(1, "hi")], NOW)
        [shown] = waiting.held()
        assert waiting.approve(shown.id, NOW, other_words)
        batch = waiting.next(NOW, floor_is_free=True)
        assert batch is not None
        [pick] = batch.picks

        assert waiting.recheck(pick, message(1, "hi"), NOW) is pick
        assert waiting.recheck(pick, message(1, "hey you"), NOW) is None
        [again] = waiting.held()
        assert (again.text, again.reason) == ("hey you", "first message")
        assert waiting.approve(again.id, NOW)
        assert told(waiting) == ["hey you"], "the moderator was shown these"


class TestRestoring:
    @pytest.mark.parametrize("over", [{}, {"role": Role.MODERATOR}, {"kind": Kind.RAID}, FOLLOW])
    def test_puts_what_was_chosen_first_again_in_its_order(self, over: dict[str, Any]) -> None:
        waiting = room(config(selection={"events": 2}))
        waiting.admit([message(number, **over) for number in (1, 2)], NOW)
        chosen: list[Pick] = []
        while batch := waiting.next(NOW, floor_is_free=True):
            chosen += batch.picks
        waiting.admit([message(3, **over)], NOW)
        waiting.restore(chosen)

        assert told(waiting) == [f"what about number {number}" for number in (1, 2, 3)]

    def test_passes_the_oldest_over_when_there_is_no_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(notices, "CAPACITY", 1)
        waiting = room()
        waiting.admit([message(1, **FOLLOW)], NOW)
        batch = waiting.next(NOW, floor_is_free=False)
        assert batch is not None
        waiting.admit([message(2, **FOLLOW)], NOW)
        waiting.restore(batch.picks)

        assert ended(waiting) == [("1", Outcome.EXPIRED, "passed over: too many were waiting")]
        assert told(waiting) == ["what about number 2"]


def test_what_only_tells_expires_by_its_age_and_the_next_expiry_is_the_first_of_all() -> None:
    waiting = room()
    assert waiting.next_expiry(NOW) is None
    waiting.admit([message(1, **FOLLOW), message(2, **FOLLOW, at=NOW - 30), message(3)], NOW)
    assert waiting.next_expiry(NOW) == NOW + 40.0
    assert waiting.next_expiry(NOW) == NOW + 40.0
    waiting.expire(NOW + 40)
    assert ended(waiting) == [("3", Outcome.EXPIRED, "waited too long")]

    assert waiting.next_expiry(NOW + 40) == NOW + 60.0
    waiting.expire(NOW + 60)
    assert ended(waiting) == [("2", Outcome.EXPIRED, "waited too long")]
    assert waiting.next_expiry(NOW + 60) == NOW + 90.0


def test_the_next_expiry_may_be_that_of_what_nobody_decided_about() -> None:
    waiting = room()
    waiting.adopt(config(filters={"hold_for": 5.0}))
    waiting.admit([message(1, LINK), message(2, LINK, at=NOW - 2), message(3)], NOW)

    assert waiting.next_expiry(NOW) == NOW + 3.0
    waiting.expire(NOW + 3)
    assert ended(waiting) == [("2", Outcome.HELD, "nobody decided in time")]
    assert waiting.next_expiry(NOW + 3) == NOW + 5.0


def test_of_too_many_that_only_tell_the_oldest_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "CAPACITY", 2)
    waiting = room()
    waiting.admit([message(number, **FOLLOW) for number in (1, 2, 3)], NOW)

    assert ended(waiting) == [("1", Outcome.EXPIRED, "passed over: too many were waiting")]
    assert told(waiting) == ["what about number 2", "what about number 3"]


def test_who_was_told_of_has_been_heard() -> None:
    waiting = room(config(selection={"loud_per_minute": 1.0, "picks": 1, "temperature": 1e-6, "heard": 50.0}))
    waiting.admit([message(1, author="ann")], NOW)
    batch = waiting.next(NOW, floor_is_free=True)
    assert batch is not None
    waiting.told(batch, batch.picks, NOW)
    waiting.admit([message(2, author="ann"), message(3, author="bob")], NOW)

    assert told(waiting)[0] == "what about number 3"


def test_what_is_pretended_is_never_told_together_with_what_somebody_said() -> None:
    waiting = room(config(selection={"loud_per_minute": 1e-9, "picks": 5}))
    said = "what do you think of the new boss"
    waiting.admit([message(1, said), message(2, said, platform=DESK), message(3, f"{said} then", platform=DESK)], NOW)

    batches = [waiting.next(NOW, floor_is_free=True) for _ in range(2)]

    told = {frozenset(pick.message.platform for pick in batch.picks) for batch in batches if batch is not None}
    assert told == {frozenset({"twitch"}), frozenset({DESK})}
    assert ended(waiting) == []


def test_of_each_that_waits_it_is_known_how_and_whose_it_is() -> None:
    waiting = room()
    follows = [message(number, author="ann", **FOLLOW) for number in (1, 2, 7)]
    waiting.admit([*follows, message(3, author="ann"), message(4, LINK, author="ann"), message(5, author="bob")], NOW)

    assert sorted(waiting.of("twitch:ann")) == [f"twitch:{number}" for number in (1, 2, 3, 4, 7)]
    first, second, said, held, other, none = (waiting.place_of(f"twitch:{number}", NOW + 1) for number in range(1, 7))
    assert first is not None and second is not None
    assert (first.ahead, second.ahead, second.others) == (0, 1, 2)
    assert first.seconds_left == second.seconds_left > 0.0
    assert said is not None and (said.ahead, said.is_held) == (0, False)
    assert held is not None and held.is_held
    assert other is not None and other.ahead == 0
    assert none is None


def test_what_is_told_again_is_not_judged_anew() -> None:
    waiting = room()
    waiting.apply(Switches(mode=Mode.MENTIONS))

    waiting.admit([message(1, LINK, told_again=True)], NOW)

    assert ended(waiting) == []
    assert told(waiting) == [LINK]


def test_how_long_people_wait_is_known() -> None:
    waiting = room()
    assert waiting.oldest() is None

    waiting.admit([message(1, "hi", at=NOW - 5), message(2, "hello there")], NOW)
    assert waiting.oldest() == NOW - 5


def test_whether_the_next_asks_for_an_answer_is_known_before_it_goes() -> None:
    waiting = room()

    def asks(*, floor_is_free: bool = True, spoken_first: bool = False) -> bool:
        return waiting.asks_next(floor_is_free=floor_is_free, spoken_first=spoken_first)

    assert not asks(spoken_first=True), "nothing waits"

    waiting.admit([message(1)], NOW)
    assert asks()
    assert not asks(floor_is_free=False)

    waiting.admit([message(2, **FOLLOW)], NOW)
    assert not asks(), "what only tells goes first"
    waiting.put_first("twitch:1")
    assert asks()

    waiting.admit([message(3, kind=Kind.VOICE)], NOW)
    assert [asks(floor_is_free=False, spoken_first=may) for may in (False, True)] == [False, True]


@pytest.mark.parametrize(("moderators", "rate"), [({}, 60), ({"viewer": 30.0}, 30)])
def test_the_newest_settings_say_how_much_is_heard_but_for_what_moderators_say(
    moderators: dict[str, float], rate: int
) -> None:
    waiting = room()
    waiting.apply(Switches(rates=moderators))
    waiting.adopt(config(budget={"rates": {"all": 60.0, "viewer": 60.0}, "bursts": {"viewer": 1}}))

    waiting.admit([message(number, author="ann") for number in (1, 2)], NOW)

    assert ended(waiting) == [("2", Outcome.REJECTED, f"rate: more than {rate} a minute from one viewer")]


def test_what_was_chosen_before_says_what_it_is_told_together_with() -> None:
    waiting = room(config(selection={"loud_per_minute": 1e-9, "picks": 5}))
    waiting.admit([message(1, "what do you think of the boss")], NOW)
    batch = waiting.next(NOW, floor_is_free=True)
    assert batch is not None

    waiting.restore(batch.picks)
    waiting.admit([message(2, "and of that new sword", platform=DESK)], NOW)

    assert told(waiting) == ["what do you think of the boss", "and of that new sword"]
