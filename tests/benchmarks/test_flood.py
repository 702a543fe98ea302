from relay.model import Kind
from tests.benchmarks.crowd import VIEWERS, crowd, is_spam
from tests.benchmarks.flood import run


def test_the_same_seed_plays_the_same_room() -> None:
    first, second = (list(crowd(seconds=6, seed=5)) for _ in range(2))

    assert first == second
    assert len(first) == 1000


def test_the_room_has_floods_spam_and_a_few_events() -> None:
    room = list(crowd(seconds=60))

    assert 0.08 < sum(map(is_spam, room)) / len(room) < 0.16
    assert sum(message.kind is not Kind.CHAT for message in room) == 3
    assert len({message.author.id for message in room}) > VIEWERS / 2


def test_a_loud_minute_is_heard_fairly_and_every_message_has_its_outcome() -> None:
    figures = run(seconds=60, seed=3)

    assert figures.messages == 10_000
    assert figures.without_outcome == 0
    assert figures.duplicates == 0
    assert figures.viewers_heard >= 30
    assert figures.jain >= 0.9
    assert figures.spam_share <= 0.1
    assert figures.age_p95_s <= 25
