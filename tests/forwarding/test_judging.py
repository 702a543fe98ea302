"""Whether a message may be told, and in which words."""

from relay.forwarding.judging import Judging
from relay.forwarding.policy import Policy
from relay.moderation.budget import Budget
from relay.moderation.switches import Switches
from tests.commands.room import no_commands
from tests.forwarding.surroundings import config, message


def judging(**sections: dict[str, object]) -> Judging:
    settings = config(**sections)
    policy = Policy(settings.forwarding, no_commands().table)
    return Judging(settings, policy=policy, budget=Budget(settings.budget), steady=lambda: 0.0)


def test_what_may_be_about_to_be_said_is_told_as_it_would_be() -> None:
    court = judging(filters={"blocked_terms": ["badword"]})

    foreseen = [
        court.foreseen(message(number, text, at=0.0)) for number, text in enumerate(("call ann@mail.com", "badword"))
    ]
    assert [pick and pick.text for pick in foreseen] == ["call ***", None]

    court.apply(Switches(paused=True))
    assert court.foreseen(message(1, "hello", at=0.0)) is None


def test_other_settings_count_for_what_is_judged_from_then_on() -> None:
    court = judging(filters={"blocked_terms": ["badword"]})

    court.adopt(config(filters={"blocked_terms": ["othername"]}))

    foreseen = [court.foreseen(message(number, text, at=0.0)) for number, text in enumerate(("othername", "badword"))]
    assert [pick and pick.text for pick in foreseen] == [None, "badword"]
