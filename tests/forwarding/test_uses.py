"""Uses of viewers' commands among what waits: judged, taken, told, held and given up."""

from typing import Any

from relay.commands.gate import Finished
from relay.config.loading import Config
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick
from relay.forwarding.waiting import Waiting
from relay.model import AudienceMessage, Kind, Outcome, Role
from relay.moderation.budget import Budget
from relay.moderation.switches import Mode, Switches
from tests.commands.room import CommandRoom
from tests.forwarding.surroundings import config, message

NOW = 1_000.0
HUG: dict[str, Any] = {
    "name": "hug",
    "parameters": [{"name": "times", "type": "number", "optional": True}],
    "tell": {"send_as": "event", "template": "{author} hugs {times}."},
    "viewer_cooldown": 0,
}
ECHO: dict[str, Any] = {"name": "echo", "answer": "{text}", "viewer_cooldown": 0}


class Hall:
    """What waits, and the commands."""

    def __init__(self, *own: dict[str, Any], settings: Config | None = None) -> None:
        settings = settings or config()
        self.commands = CommandRoom(*own)
        policy = Policy(settings.forwarding, self.commands.gate.table)
        self.waiting = Waiting(
            settings,
            policy=policy,
            budget=Budget(settings.budget),
            commands=self.commands.gate,
            steady=lambda: NOW,
        )

    def admit(self, number: int, text: str, **over: Any) -> AudienceMessage:
        said = message(number, text, at=NOW, **over)
        self.waiting.admit([said], NOW)
        return said

    def ended(self) -> list[tuple[Outcome, str]]:
        return [(each.outcome, each.reason) for each in self.waiting.take_ended()]

    def told(self) -> list[str]:
        batch = self.waiting.next(NOW, floor_is_free=True)
        return [pick.text for pick in batch.picks] if batch else []


def test_what_goes_to_the_companion_waits_like_a_mention_without_the_commands_name() -> None:
    hall = Hall(HUG)
    hall.admit(1, "!hug 3")

    assert hall.told() == ["3"]
    assert hall.ended() == []


def test_two_commands_without_words_are_two() -> None:
    hall = Hall(HUG, HUG | {"name": "wave"})
    hall.admit(1, "!hug")
    hall.admit(2, "!wave", author="bob")

    assert len(hall.waiting) == 2


def test_what_the_relay_does_itself_ends_when_it_is_done() -> None:
    hall = Hall(ECHO)
    said = hall.admit(1, "!echo hello")
    assert (hall.told(), hall.ended()) == ([], [])
    hall.waiting.finish(Finished(said, Outcome.ANSWERED, "echo"))

    assert hall.ended() == [(Outcome.ANSWERED, "echo")]


def test_what_the_filters_mask_is_no_number_any_more() -> None:
    hall = Hall(HUG)
    hall.admit(1, "!hug +14155550123")

    assert hall.ended() == [(Outcome.REJECTED, "wrong arguments")]


def test_what_is_held_is_carried_out_once_it_is_approved() -> None:
    hall = Hall(ECHO)
    hall.admit(1, "!echo evil.example/now")
    [held] = hall.waiting.held()
    assert hall.commands.gate.accepted.empty()
    hall.waiting.approve(held.id, NOW)

    assert hall.commands.gate.accepted.get_nowait().text == "evil.example/now"


def test_a_command_that_is_gone_when_its_turn_comes_is_refused() -> None:
    hall = Hall(HUG)
    said = hall.admit(1, "!hug 3")
    batch = hall.waiting.next(NOW, floor_is_free=True)
    assert batch is not None
    hall.commands.gate.table.forget("settings")

    assert hall.waiting.recheck(batch.picks[0], said, NOW) is None
    assert hall.ended() == [(Outcome.REJECTED, "a command for a bot")]


def test_what_is_not_begun_is_given_up_with_the_rest() -> None:
    hall = Hall(ECHO, HUG)
    hall.admit(1, "!echo hello")
    hall.admit(2, "!hug", author="bob")

    assert hall.waiting.clear(Outcome.DROPPED, "the run ended") == 2
    assert hall.ended() == [(Outcome.DROPPED, "the run ended")] * 2


def test_a_cheer_whose_words_the_filters_refuse_is_still_a_cheer() -> None:
    song = {"name": "song", "bits": 100, "parameters": [{"name": "title"}], "answer": "{title}"}
    hall = Hall(song, settings=config(filters={"blocked_terms": ["badword"]}))
    hall.admit(1, "!song badword", kind=Kind.CHEER, amount=100)

    assert hall.ended() == []
    assert hall.told() == [""]


def test_a_cheer_whose_command_was_refused_is_told_as_a_cheer_also_when_its_turn_comes() -> None:
    hall = Hall(HUG | {"bits": 100, "least_role": "subscriber"})
    said = hall.admit(1, "!hug 3", kind=Kind.CHEER, amount=100)
    batch = hall.waiting.next(NOW, floor_is_free=True)
    assert batch is not None
    [pick] = batch.picks

    assert hall.waiting.recheck(pick, said, NOW) is pick


def test_who_writes_too_much_to_the_companion_may_still_ask_the_relay() -> None:
    hall = Hall(HUG, ECHO, settings=config(budget={"rates": {"all": 60.0, "viewer": 1.0}, "bursts": {"viewer": 1}}))
    for number, text in enumerate(("!hug", "!hug", "!echo hello")):
        hall.admit(number, text)

    assert [reason for _, reason in hall.ended()] == ["rate: more than 1 a minute from one viewer"]
    assert hall.commands.gate.accepted.qsize() == 1


def test_who_uses_a_command_addresses_the_companion() -> None:
    hall = Hall(HUG)
    hall.admit(1, "!hug 3")

    batch = hall.waiting.next(NOW, floor_is_free=True)

    assert batch is not None
    assert [pick.message.addressed for pick in batch.picks] == [True]


class TestEdits:
    """A viewer edits what waits."""

    def edits(self, hall: Hall, before: str, after: str, **over: Any) -> Pick | None:
        """What is told of it when its turn comes."""
        hall.admit(1, before, **over)
        batch = hall.waiting.next(NOW, floor_is_free=True)
        assert batch is not None
        [pick] = batch.picks
        return hall.waiting.recheck(pick, message(1, after, at=NOW, **over), NOW)

    def test_who_may_not_use_a_command_does_not_get_it_by_an_edit_either(self) -> None:
        hall = Hall(HUG | {"least_role": "subscriber"})

        assert self.edits(hall, "hi", "!hug 3") is None
        assert hall.ended() == [(Outcome.REJECTED, "only from subscriber up")]

    def test_who_may_use_it_waits_for_it_as_if_it_were_written_now(self) -> None:
        hall = Hall(HUG | {"cooldown": 600})

        assert self.edits(hall, "hi", "!hug 3") is None
        assert hall.told() == ["3"]
        hall.admit(2, "!hug", author="bob")
        assert hall.ended() == [(Outcome.REJECTED, "cooldown, 600.0 s")]

    def test_a_command_that_an_edit_has_made_another_one_rests_no_longer_than_its_cooldown(self) -> None:
        resting = HUG | {"cooldown": 1, "cooldown_from": "speech"}
        hall = Hall(resting, resting | {"name": "wave"})

        assert self.edits(hall, "!hug 3", "!wave") is None
        hall.waiting.admit([message(2, "!hug", at=NOW + 5, author="bob")], NOW + 5)
        assert hall.ended() == []

    def test_a_command_that_becomes_an_ordinary_line_is_there_for_others(self) -> None:
        hall = Hall(HUG | {"per_stream": 1, "cooldown": 1, "cooldown_from": "speech"})

        assert self.edits(hall, "!hug 3", "hello all") is None
        hall.waiting.admit([message(2, "!hug", at=NOW + 5, author="bob")], NOW + 5)
        assert hall.ended() == []

    def test_what_the_relay_does_itself_is_done_and_not_told(self) -> None:
        hall = Hall(ECHO)

        assert self.edits(hall, "hi", "!echo hello") is None
        assert (hall.told(), hall.commands.gate.accepted.get_nowait().text) == ([], "hello")

    def test_other_words_behind_the_same_name_are_the_same_use(self) -> None:
        hall = Hall(HUG | {"cooldown": 600})
        edited = self.edits(hall, "!hug 3", "!hug 4")

        assert edited is not None and edited.text == "4"

    def test_other_words_that_the_command_does_not_take_are_refused_as_when_they_are_written_at_once(self) -> None:
        hall = Hall(HUG)

        assert self.edits(hall, "!hug 3", "!hug you all") is None
        assert hall.ended() == [(Outcome.REJECTED, "wrong arguments")]
        assert hall.commands.posted == ["TIMES has to be a number, not 'you'. Use: !hug [TIMES]"]

    def test_a_command_that_becomes_an_ordinary_line_needs_what_such_a_line_needs(self) -> None:
        hall = Hall(HUG)
        hall.waiting.apply(Switches(mode=Mode.MENTIONS))

        assert self.edits(hall, "!hug 3", "hello all") is None
        assert hall.ended() == [(Outcome.REJECTED, "mode: only mentions")]

    def test_what_a_moderator_mends_to_an_order_is_not_told_to_the_character(self) -> None:
        hall = Hall()

        assert self.edits(hall, "relay skip", "!relay skip", role=Role.MODERATOR) is None
        assert hall.ended() == [(Outcome.DROPPED, "a command for the relay")]

    def test_what_was_called_off_meanwhile_is_not_told_after_an_edit(self) -> None:
        hall = Hall(HUG)
        hall.admit(1, "hi")
        batch = hall.waiting.next(NOW, floor_is_free=True)
        assert batch is not None
        hall.waiting.chosen.hold(batch.picks)
        assert hall.waiting.drop("twitch:1", Outcome.DROPPED, "dropped by a moderator")

        assert hall.waiting.recheck(batch.picks[0], message(1, "!hug 3", at=NOW), NOW) is None
        assert (hall.told(), hall.ended()) == ([], [(Outcome.DROPPED, "dropped by a moderator")])
