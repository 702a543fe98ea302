"""What people do with the relay, from end to end, whatever Voxta is behind it."""

from collections.abc import Awaitable, Callable
from typing import Final

from relay.model import Kind
from tests.stories.backstage import TALE, UTTERANCE, WELCOME
from tests.stories.theatre import Theatre, caller
from tests.support import eventually

STORY: Final = " ".join(TALE)


async def a_question_is_answered_where_it_was_asked(stage: Theatre) -> None:
    await stage.asks("hello")

    assert len([post for post in stage.posts() if "hello" in post]) == 1
    assert stage.count("hello") == 2, "the question and the answer"


async def an_answer_is_heard_to_its_end_and_then_posted(stage: Theatre) -> None:
    await stage.asks("tell us a story")

    assert stage.posts()[-1] == STORY
    assert stage.backstage.texts()[-1] == STORY


async def who_talks_on_ends_the_answer_and_the_next_question_is_answered(stage: Theatre) -> None:
    stage.speaker.is_held = True
    told = stage.posts().count(STORY)
    await stage.writes("another story")
    await eventually(lambda: bool(stage.speaker.queue) or stage.posts().count(STORY) > told)
    if stage.speaker.queue:
        stage.speaker.advance(0.01)
        stage.talks()
        await eventually(lambda: not stage.speaker.queue)
        stage.stops()
        await eventually(stage.is_free)
        assert stage.posts().count(STORY) == told, "what was cut off is not posted whole"
    stage.speaker.is_held = False
    await stage.settled()
    await stage.asks("and now?")

    assert stage.count("and now?") == 2


async def what_happens_on_stream_is_acted_upon_by_the_scenario(stage: Theatre) -> None:
    await stage.writes("", Kind.RAID)
    await stage.posted(WELCOME)
    await stage.settled()

    assert stage.posts().count(WELCOME) == 1


async def nothing_is_lost_or_doubled_when_the_connection_is(stage: Theatre) -> None:
    """Also when another call was under way, whose answer stays out before the message is sent."""
    stage.proxy.swallow_answers()
    await stage.writes("is this one taken")
    await eventually(lambda: stage.count("is this one taken") > 0 or not stage.is_joined())
    stage.proxy.drop()
    await stage.writes("and this one")
    await stage.settled()

    users = [text for text in stage.backstage.texts() if not text.startswith("You said")]
    assert len([text for text in users if "is this one taken" in text]) == 1
    assert len([text for text in users if "and this one" in text]) == 1


async def a_caller_of_the_gateway_talks_and_reads_along(stage: Theatre) -> None:
    async with caller(stage.web) as (http, events):
        async with http.post("/dialogue", json={"text": "Hi from a game"}) as response:
            assert response.status == 200
        await eventually(lambda: "sentence_ready" in [event["type"] for event in events])
        await stage.settled()
        said = [event["data"] for event in events if event["type"] == "dialogue_received"]

    told = sorted((data["source"], data["text"]) for data in said)
    assert told == [("ai", "You said: Hi from a game"), ("user", "Hi from a game")]


async def a_person_who_speaks_is_answered_once(stage: Theatre) -> None:
    await eventually(lambda: stage.microphone.is_open)
    stage.microphone.say(6)
    await eventually(lambda: stage.count(UTTERANCE) == 2)
    await stage.settled()

    assert stage.count(UTTERANCE) == 2, "what was said and the answer"


STORIES: Final[tuple[Callable[[Theatre], Awaitable[None]], ...]] = (
    a_question_is_answered_where_it_was_asked,
    an_answer_is_heard_to_its_end_and_then_posted,
    who_talks_on_ends_the_answer_and_the_next_question_is_answered,
    what_happens_on_stream_is_acted_upon_by_the_scenario,
    a_caller_of_the_gateway_talks_and_reads_along,
    a_person_who_speaks_is_answered_once,
    nothing_is_lost_or_doubled_when_the_connection_is,
)
