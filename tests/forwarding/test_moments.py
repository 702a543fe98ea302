"""What has several moments, such as a poll: words for each, rules for some, and scripts that know which it is."""

import pytest
from pydantic import ValidationError

from relay.config import ForwardingSection
from relay.forwarding.policy import Policy
from relay.forwarding.rendering import Pick, Place, Renderer
from relay.model import AudienceMessage, Author, Forward, Kind, Role, SendAs

STREAMER = Author(id="1", name="Ann", roles=frozenset({Role.STREAMER}))


def happened(kind: Kind, moment: str | None, **over: object) -> AudienceMessage:
    fields = {"platform": "twitch", "id": "m", "channel": "c", "kind": kind, "author": STREAMER, "at": 0.0}
    return AudienceMessage.model_validate(fields | {"moment": moment, **over})


def told(message: AudienceMessage, **forwarding: object) -> Forward:
    settings = ForwardingSection.model_validate(forwarding)
    return Renderer(Policy(settings), 600).render([Pick(message, message.text)], Place("c", 0))[0]


POLL_ENDED = happened(Kind.POLL, "end", text="Best snack?", detail="apples", amount=60)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (happened(Kind.HYPE_TRAIN, "begin", detail="hype train", amount=1), "A hype train has started."),
        (happened(Kind.HYPE_TRAIN, "level", detail="hype train", amount=3), "The hype train has reached level 3."),
        (
            happened(Kind.POLL, "begin", text="Best snack?", detail="apples, pears"),
            'A poll has begun: "Best snack?" The choices are apples, pears.',
        ),
        (POLL_ENDED, 'The poll "Best snack?" has ended: apples won with 60% of the votes.'),
        (
            happened(Kind.PREDICTION, "end", text="Win?", detail="yes"),
            'The prediction "Win?" is decided: yes.',
        ),
        (happened(Kind.AD_BREAK, None, amount=60), "An ad break of 60 seconds begins."),
        (happened(Kind.GOAL, "reached", amount=100, detail="followers"), "The goal of 100 followers has been reached."),
        (
            happened(Kind.GOAL, "begin", amount=100, detail="followers", text="road"),
            'The stream has a new goal of 100 followers: "road"',
        ),
        (happened(Kind.SHOUTOUT, "given", detail="Ben"), "Ben has just got a shoutout from this channel."),
    ],
)
def test_each_moment_has_its_words(message: AudienceMessage, words: str) -> None:
    assert told(message).body == words


def test_one_moment_can_be_rephrased_and_the_others_keep_their_words() -> None:
    kinds = {"poll": {"moments": {"end": "{detail} it is!"}}}

    assert told(POLL_ENDED, kinds=kinds).body == "apples it is!"
    assert told(happened(Kind.POLL, "void", text="Snack?"), kinds=kinds).body == (
        'The poll "Snack?" has ended, and nobody voted.'
    )


def test_a_template_of_ones_own_is_for_all_moments_that_are_not_named() -> None:
    kinds = {"poll": {"template": "News: {text}", "moments": {"end": "{detail} it is!"}}}

    assert told(POLL_ENDED, kinds=kinds).body == "apples it is!"
    assert told(happened(Kind.POLL, "begin", text="Snack?"), kinds=kinds).body == "News: Snack?"


def test_a_rule_may_be_for_some_moments_alone() -> None:
    begun = happened(Kind.POLL, "begin", text="Snack?", detail="apples, pears")
    rule = {"kinds": ["poll"], "at": ["begin"], "send_as": "note", "template": "Asked: {text}"}

    assert told(begun, rules=[rule]).text == "/note Asked: Snack?"
    assert told(POLL_ENDED, rules=[rule]).send_as is SendAs.EVENT


def test_one_moment_can_be_turned_off() -> None:
    rule = {"kinds": ["poll"], "at": ["begin"], "send_as": "note", "template": "{text}", "enabled": False}
    policy = Policy(ForwardingSection.model_validate({"rules": [rule]}))

    assert not policy.wants(happened(Kind.POLL, "begin"))
    assert policy.wants(POLL_ENDED)


def test_a_moment_that_does_not_exist_is_a_mistake_that_names_those_that_do() -> None:
    with pytest.raises(ValidationError, match=r"kinds\.goal\.moments knows no begins; there are: begin, reached, end"):
        ForwardingSection.model_validate({"kinds": {"goal": {"moments": {"begins": "x"}}}})


def test_scripts_are_told_the_moment() -> None:
    [event] = told(POLL_ENDED).events

    assert (event.name, event.arguments["moment"], event.arguments["detail"]) == ("poll", "end", "apples")
    assert (event.arguments["text"], event.arguments["amount"]) == ("Best snack?", "60")
