"""What the settings want done when a reward is redeemed."""

from typing import Any

import pytest

from relay.application.settings import load
from relay.commands.answers import Answers
from relay.commands.definition import Use
from relay.commands.gate import CommandGate, Refusal
from relay.commands.resting import AnswerWatch
from relay.commands.rewards import RewardTable
from relay.config import CommandsSection, OutboundSection, RewardSection
from relay.errors import ConfigError
from relay.forwarding.policy import Policy
from relay.model import AudienceMessage, Kind, Outcome, Reward, SendAs, Settlement
from relay.moderation.outbound import Outbound
from tests.contracts.samples import NOON, message

SING = Reward(id="r1", title="Sing!", awaits_outcome=True)
TELL = {"send_as": "note", "template": "{author} wants a song{quote}"}


def section(**over: Any) -> RewardSection:
    return RewardSection.model_validate({"reward": "Sing!", "tell": TELL} | over)


def gate(*sections: RewardSection) -> CommandGate:
    settings = CommandsSection()
    said: list[str] = []
    answers = Answers(settings, Outbound(OutboundSection()), lambda origin, text: said.append(text))
    return CommandGate(settings, answers, sections)


def redeemed(number: int = 1, *, author: str = "ann", after: float = 0.0, reward: Reward = SING) -> AudienceMessage:
    return message(number, author=author, kind=Kind.REDEMPTION, reward=reward, detail=reward.title, at=NOON + after)


def meet(gate: CommandGate, asked: AudienceMessage) -> Use | Refusal:
    return gate.meet(asked, asked.text, lambda message: None)


@pytest.mark.parametrize("name", ["Sing!", "sing!", "r1", "R1"])
def test_an_entry_is_found_by_title_or_id(name: str) -> None:
    assert RewardTable([section(reward=name)]).section(SING) is not None
    assert RewardTable([section(reward="Song")]).section(SING) is None


def test_an_id_goes_before_a_title() -> None:
    table = RewardTable([section(reward="Sing!"), section(reward="r1", settle=False)])
    found = table.section(SING)
    assert found is not None and not found.settle


def test_a_reward_without_a_title_has_no_entry_for_none() -> None:
    assert RewardTable([section()]).section(Reward(id="r2")) is None


def test_an_entry_tells_the_companion_in_its_own_way_and_others_as_ever() -> None:
    policy = Policy(load().forwarding, gate(section()).table)

    assert policy.rule(redeemed()).send_as is SendAs.NOTE
    assert policy.rule(redeemed(reward=Reward(id="r2", title="Hydrate"))).send_as is SendAs.EVENT


def test_a_script_event_is_told_who_redeemed_what() -> None:
    policy = Policy(load().forwarding, gate(section(tell=None, script="confetti")).table)
    rule = policy.rule(redeemed())

    assert (rule.send_as, rule.script) == (SendAs.SCRIPT, "confetti")
    assert set(rule.arguments) == {"author", "platform", "text", "detail"}


def test_chat_that_was_paid_for_may_have_an_entry_too() -> None:
    table = gate(section(reward="send_highlighted_message")).table
    highlighted = message(1, text="!ask hm", reward=Reward(id="send_highlighted_message", title="Highlight"))

    call = table.call(highlighted)
    assert call is not None
    assert call.text == "!ask hm", "all of it: no command is called"


def test_who_redeems_too_early_is_refused_and_told_in_the_rewards_own_name() -> None:
    rewards = gate(section(cooldown=60))
    assert isinstance(meet(rewards, redeemed(1)), Use)
    refused = meet(rewards, redeemed(2, author="ben", after=59))

    assert isinstance(refused, Refusal)
    assert refused.answer == "Ready again in 1 s: Sing!."
    assert isinstance(meet(rewards, redeemed(3, author="ben", after=60)), Use)


def test_a_cooldown_may_count_from_the_end_of_the_answer() -> None:
    rewards = gate(section(cooldown=60, cooldown_from="speech"))
    assert isinstance(meet(rewards, redeemed(1)), Use)
    assert isinstance(meet(rewards, redeemed(2, author="ben", after=100)), Refusal), "she still speaks"
    rewards.over(redeemed(1).key, NOON + 120)

    assert isinstance(meet(rewards, redeemed(3, author="ben", after=179)), Refusal)
    assert isinstance(meet(rewards, redeemed(4, author="ben", after=180)), Use)


def test_the_end_of_another_answer_changes_no_cooldown() -> None:
    rewards = gate(section(cooldown=60, cooldown_from="speech"))
    meet(rewards, redeemed(1))
    rewards.over("twitch:another", NOON)
    assert isinstance(meet(rewards, redeemed(2, author="ben", after=100)), Refusal)


@pytest.mark.parametrize(
    ("settle", "awaits_outcome"), [(True, True), (False, True), (True, False)], ids=["relay", "streamer", "Twitch"]
)
def test_a_cooldown_counts_from_the_end_of_the_answer_whoever_settles(settle: bool, awaits_outcome: bool) -> None:
    rewards = gate(section(settle=settle, cooldown=60, cooldown_from="speech"))
    watch = AnswerWatch(rewards, lambda: False, lambda: NOON + 10)
    asked = redeemed(1, reward=SING.model_copy(update={"awaits_outcome": awaits_outcome}))
    assert isinstance(meet(rewards, asked), Use)

    watch.settled([Settlement(key=asked.key, outcome=Outcome.FORWARDED, reason="", at=NOON)])

    assert isinstance(meet(rewards, redeemed(2, author="ben", after=69)), Refusal)
    assert isinstance(meet(rewards, redeemed(3, author="ben", after=70)), Use)


def test_where_nothing_is_done_the_streamer_settles() -> None:
    assert section().is_settled
    assert not section(tell=None).is_settled
    assert not section(settle=False).is_settled


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([{"reward": "Sing"}, {"reward": "sing"}], "two entries are for the reward 'sing'; leave one out"),
        ([{"reward": "Sing", "answer": "{nick}"}], r"uses nick; known fields are"),
        ([{"reward": "Sing", "create": {"cost": 0}}], "rewards.0.create.cost: write a number of 1 or more"),
        ([{"reward": "Sing", "cooldown_from": "start"}], "rewards.0.cooldown_from"),
        ([{"answer": "hi"}], "rewards.0.reward"),
    ],
)
def test_mistakes_in_the_settings_are_named(entries: list[dict[str, Any]], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(None, rewards=entries)
