"""Nothing is looked for while no page is open, and pages are told of everything that is found."""

from relay.web.desk.topics import Topic, Topics
from tests.support import alongside, turns


async def test_what_nobody_tells_of_is_looked_for_from_when_the_first_page_watches_to_when_the_last_one_goes() -> None:
    looks: list[str] = []
    topics, one, other = Topics(), _topic("one", looks), _topic("other", looks)
    topics.add(one, other)
    async with alongside(topics.keep_looking(0.0)):
        await turns()
        assert looks == []

        ends = [topics.watch(one, lambda: None), topics.watch(other, lambda: None)]
        await turns()
        assert {*looks} == {"one", "other"}

        ends[0]()
        looks.clear()
        await turns()
        assert {*looks} == {"other"}

        ends[1]()
        await turns()
        looks.clear()
        await turns()
        assert looks == []


async def test_what_a_page_was_told_as_it_opened_is_taken_back_although_it_came_and_went_between_two_looks() -> None:
    held, told = list[str](), list[str]()
    topic = Topic("held", held.copy, lambda: 0.0, every=0.0, mark=held.copy)
    topic.watch(lambda: told.append("changed"))
    topic.look()

    held.append("h1")
    assert "h1" in topic.news(None)
    told.clear()
    held.clear()
    topic.look()
    assert told == ["changed"]
    assert "h1" not in topic.news(topic.revision)


async def test_a_page_that_opens_right_after_another_is_told_what_is_so_now() -> None:
    held = ["h1"]
    topic = Topic("held", held.copy, lambda: 0.0, mark=held.copy)
    assert "h1" in topic.news(None)

    held.clear()

    assert "h1" not in topic.news(None)


def _topic(name: str, looks: list[str]) -> Topic:
    """Notes when it is looked at."""
    return Topic(name, dict, lambda: 0.0, every=0.0, mark=lambda: looks.append(name))
