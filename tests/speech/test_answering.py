import pytest

from relay.model import Forward, Origin, Retraction, SendAs
from relay.speech.answering import MAX_OPEN, Answering

FORWARD = Forward(
    id="f1",
    keys=("twitch:m1", "twitch:m2"),
    send_as=SendAs.USER,
    body="Ann (Twitch): hello",
    origins=(Origin(platform="twitch", channel="lobby"),),
    authors=("twitch:ann", "twitch:bob"),
    chat_id="c",
    after_index=0,
)

TAKEN_BACK = [
    Retraction(platform="twitch", reason="deleted", id="m2"),
    Retraction(platform="twitch", reason="banned", author_id="bob"),
    Retraction(platform="twitch", reason="chat cleared", channel="lobby"),
]
OTHERS = [
    Retraction(platform="discord", reason="deleted", id="m2"),
    Retraction(platform="twitch", reason="deleted", id="m3"),
    Retraction(platform="twitch", reason="banned", author_id="eve"),
    Retraction(platform="twitch", reason="chat cleared", channel="other"),
]


@pytest.mark.parametrize("retraction", TAKEN_BACK)
def test_what_is_taken_back_leads_to_the_reply_that_answers_it(retraction: Retraction) -> None:
    answering = Answering()
    answering.asked(FORWARD)
    answering.began("r1")
    answering.began("r2")

    assert answering.retracted(retraction) == ["r1"], "r2 was not asked for"


@pytest.mark.parametrize("retraction", TAKEN_BACK)
def test_a_reply_that_has_not_begun_is_found_too_and_only_once(retraction: Retraction) -> None:
    answering = Answering()
    answering.asked(FORWARD)

    assert answering.retracted(retraction) == [None]
    assert answering.retracted(retraction) == []


@pytest.mark.parametrize("retraction", OTHERS)
def test_what_concerns_others_is_left_alone(retraction: Retraction) -> None:
    answering = Answering()
    answering.asked(FORWARD)
    answering.began("r1")

    assert answering.retracted(retraction) == []


def test_a_reply_that_is_over_is_not_stopped_any_more() -> None:
    answering = Answering()
    answering.asked(FORWARD)
    answering.began("r1")

    answering.over("r1")

    assert answering.retracted(TAKEN_BACK[0]) == []


def test_replies_that_never_end_are_forgotten() -> None:
    answering = Answering()
    for number in range(MAX_OPEN + 1):
        answering.asked(FORWARD)
        answering.began(f"r{number}")

    assert len(answering.retracted(TAKEN_BACK[0])) == MAX_OPEN
