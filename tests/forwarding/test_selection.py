import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import SelectionSection
from relay.forwarding.lanes import Ended
from relay.forwarding.selection import Selector
from relay.model import AudienceMessage, Author, Kind, Outcome, Role
from relay.moderation.features import features_of

LOUD = {"loud_per_minute": 0.001}
"""Any message makes the room loud."""
QUIET = {"loud_per_minute": 1e9}
FAVOURED: dict[str, Any] = {"addressed": True, "roles": frozenset({Role.SUBSCRIBER})}
WORDS = (
    "red", "green", "blue", "amber", "violet", "copper", "silver", "golden", "rusty", "misty", "stormy", "sunny",
)  # fmt: skip


def selector(**settings: Any) -> Selector:
    return Selector(SelectionSection.model_validate({"seed": 1} | settings), alike=lambda message: message.kind)


def message(number: int, text: str = "", *, author: str = "", at: float = 0.0, **over: Any) -> AudienceMessage:
    name = author or f"viewer{number}"
    roles = over.pop("roles", frozenset())
    fields = {
        "platform": "twitch",
        "id": str(number),
        "channel": "c",
        "kind": Kind.CHAT,
        "author": Author(id=name, name=name, roles=roles),
        "text": text or distinct(number),
        "at": at,
    }
    return AudienceMessage.model_validate(fields | over)


def distinct(number: int) -> str:
    """A sentence that is like no other number's."""
    return " ".join(random.Random(number).sample(WORDS, 6)) + f" number{number}"


def offer(chosen_by: Selector, *messages: AudienceMessage, now: float = 0.0) -> None:
    for each in messages:
        chosen_by.offer(each, each.text, features_of(each.text), now)


def ids(chosen_by: Selector, now: float = 0.0) -> list[str]:
    choice = chosen_by.choose(now)
    if choice is None:
        return []
    keys = [waiting.message.id for waiting in choice.picks]
    chosen_by.mark_sent(choice, {waiting.message.key for waiting in choice.picks}, now)
    return keys


def test_a_quiet_room_is_heard_one_by_one_in_order() -> None:
    quiet = selector(**QUIET)
    offer(quiet, *(message(number, at=float(number)) for number in range(4)), now=4.0)

    assert [ids(quiet, 4.0) for _ in range(5)] == [["0"], ["1"], ["2"], ["3"], []]


def test_a_loud_room_is_heard_several_at_a_time() -> None:
    loud = selector(**LOUD, picks=3)
    offer(loud, *(message(number) for number in range(8)))

    assert [len(ids(loud)) for _ in range(3)] == [3, 3, 2]


def test_moderators_go_first_then_events_then_chat() -> None:
    loud = selector(**LOUD)
    offer(loud, message(1), message(2, kind=Kind.RAID), message(3, roles=frozenset({Role.MODERATOR})))

    assert [ids(loud) for _ in range(3)] == [["3"], ["2"], ["1"]]


def test_waiting_events_go_together_and_chat_has_its_turn() -> None:
    loud = selector(**LOUD, events=2, events_in_a_row=2, picks=1)
    offer(loud, message(100), *(message(number, kind=Kind.RAID) for number in range(6)))

    assert [ids(loud) for _ in range(4)] == [["0", "1"], ["2", "3"], ["100"], ["4", "5"]]


def test_events_of_another_type_wait_for_their_own_forward() -> None:
    loud = selector(**LOUD)
    offer(loud, message(1, kind=Kind.RAID), message(2, kind=Kind.CHEER), message(3, kind=Kind.RAID))

    assert [ids(loud) for _ in range(2)] == [["1", "3"], ["2"]]


def test_what_many_say_is_heard_once_with_their_number() -> None:
    loud = selector(**LOUD)
    asked = "what is the song that plays right now?"
    offer(
        loud, *(message(number, asked + suffix) for number, suffix in enumerate(["", " ", "\u034f", "\U000e0000", "?"]))
    )

    choice = loud.choose(0.0)

    assert choice is not None
    assert [(waiting.message.id, len(waiting.viewers)) for waiting in choice.picks] == [("0", 4)]
    assert {ended.reason for ended in loud.take_ended()} == {"same as twitch:0"}


def test_what_was_heard_is_not_told_again_in_a_loud_room() -> None:
    loud = selector(**LOUD)
    offer(loud, message(1, "when does the next round begin, streamer?"))
    ids(loud)

    offer(loud, message(2, "when does the next round begin, streamer??"))

    assert ids(loud) == []
    assert [(e.outcome, e.reason) for e in loud.take_ended()] == [
        (Outcome.MERGED, "the companion was told the same before")
    ]


def test_shouts_are_counted_instead_of_picked() -> None:
    loud = selector(**LOUD, shout=3)
    offer(loud, message(0, "what do you think about this level?"))
    offer(loud, *(message(number, "LUL LUL") for number in range(1, 6)))

    choice = loud.choose(0.0)

    assert choice is not None
    assert [waiting.message.id for waiting in choice.picks] == ["0"]
    assert choice.digest == (("LUL LUL", 5),)


def test_a_shout_counts_viewers_and_not_how_often_one_of_them_shouts() -> None:
    loud = selector(**LOUD, shout=3)
    offer(loud, message(0, "what do you think about this level?"))
    offer(loud, *(message(number, "LUL LUL", author="ann") for number in range(1, 6)))
    offer(loud, *(message(number, "GG", author=f"v{number % 3}") for number in range(6, 18)))

    choice = loud.choose(0.0)

    assert choice is not None
    assert choice.digest == (("GG", 3),)


def test_of_many_shouts_the_two_that_most_viewers_shout_are_told() -> None:
    loud = selector(**LOUD, shout=2)
    offer(loud, message(0, "what do you think about this level?"))
    offer(loud, *(message(number, "LUL") for number in range(1, 4)))
    offer(loud, *(message(number, "GG") for number in range(4, 9)))
    offer(loud, *(message(number, "WOW") for number in range(9, 13)))

    choice = loud.choose(0.0)

    assert choice is not None
    assert choice.digest == (("GG", 5), ("WOW", 4))


def test_a_viewer_has_one_message_in_a_loud_pool_the_newest() -> None:
    loud = selector(**LOUD, picks=9)
    offer(loud, *(message(number, author="ann") for number in range(3)))

    assert ids(loud) == ["2"]
    assert [ended.reason for ended in loud.take_ended()] == ["the viewer wrote something newer"] * 2


def test_what_comes_too_old_is_not_taken_in_although_what_is_newer_came_before_it() -> None:
    room = selector(quiet_ttl=120, addressed_ttl=60)
    offer(room, message(1, at=1_000.0), now=1_000.0)
    offer(room, message(2, at=900.0, addressed=True), message(3, at=950.0), now=1_000.0)
    assert [(ended.message.id, ended.outcome) for ended in room.take_ended()] == [("2", Outcome.EXPIRED)]
    assert sorted([*ids(room, 1_000.0), *ids(room, 1_000.0)]) == ["1", "3"]


def test_chat_expires_sooner_in_a_loud_room_than_in_a_quiet_one_and_events_last_longest() -> None:
    for settings, chat_gone in ((LOUD, True), (QUIET, False)):
        room = selector(**settings, chat_ttl=25, quiet_ttl=120, event_ttl=600)
        offer(room, message(1), message(2, kind=Kind.RAID))
        room.expire(26.0)
        assert [ended.message.id for ended in room.take_ended()] == (["1"] if chat_gone else [])
        room.expire(599.0)
        assert len(room) == 1
        room.expire(600.0)
        assert len(room) == 0


def test_the_pool_is_bounded_and_what_makes_room_ends() -> None:
    loud = selector(**LOUD, pool=16)
    offer(loud, *(message(number) for number in range(100)))

    assert len(loud) == 16
    assert len(loud.take_ended()) == 84


@pytest.mark.parametrize("over", [{"kind": Kind.RAID}, {"roles": frozenset({Role.MODERATOR})}])
def test_of_more_events_or_words_of_moderators_than_may_wait_the_oldest_is_passed_over(over: dict[str, Any]) -> None:
    chosen_by = selector(pool=16, events=50)
    offer(chosen_by, *(message(number, at=float(number), **over) for number in range(18)), now=17.0)

    assert len(chosen_by) == 16
    assert [(ended.message.id, ended.outcome) for ended in chosen_by.take_ended()] == [
        ("0", Outcome.EXPIRED),
        ("1", Outcome.EXPIRED),
    ]


def test_a_message_that_did_not_arrive_goes_first() -> None:
    loud = selector(**LOUD, picks=1)
    offer(loud, *(message(number) for number in range(20)))
    lost = message(99)

    loud.restore(lost, lost.text, features_of(lost.text))

    assert ids(loud) == ["99"]


def test_in_a_quiet_room_it_is_known_what_goes_before_each() -> None:
    quiet = selector(**QUIET)
    waiting = {
        "3": message(3, at=2.0),
        "1": message(1, at=1.0),
        "4": message(4, at=3.0, addressed=True),
        "raid": message(5, at=4.0, kind=Kind.RAID),
        "follow": message(6, at=5.0, kind=Kind.FOLLOW),
        "mod": message(7, at=6.0, roles=frozenset({Role.MODERATOR})),
    }
    offer(quiet, *waiting.values(), now=10.0)

    places = {name: quiet.place_of(each.key, 10.0) for name, each in waiting.items()}
    assert {name: place and (place.ahead, place.others) for name, place in places.items()} == {
        "mod": (0, 5), "raid": (1, 5), "follow": (2, 5), "1": (3, 5), "3": (4, 5), "4": (5, 5)
    }  # fmt: skip
    assert places["1"] is not None and places["1"].seconds_left == 111.0
    assert quiet.oldest() == 1.0


def test_in_a_loud_room_chat_is_drawn_and_what_goes_at_once_is_not() -> None:
    loud = selector(**LOUD)
    said, mod = message(1, at=1.0), message(2, at=1.0, roles=frozenset({Role.MODERATOR}))
    offer(loud, said, mod, now=10.0)

    drawn, first = loud.place_of(said.key, 10.0), loud.place_of(mod.key, 10.0)

    assert drawn is not None and (drawn.ahead, drawn.others, drawn.seconds_left) == (None, 1, 16.0)
    assert first is not None and (first.ahead, first.others) == (0, 1)


def test_nothing_is_known_of_what_does_not_wait() -> None:
    empty = selector()

    assert (empty.place_of("twitch:1", 0.0), empty.of("twitch:ann"), empty.oldest()) == (None, [], None)


def test_what_waits_of_a_viewer_is_known() -> None:
    quiet = selector(**QUIET)
    offer(quiet, message(1, author="ann"), message(2, author="bob"), message(3, author="ann", kind=Kind.FOLLOW))

    assert sorted(quiet.of("twitch:ann")) == ["twitch:1", "twitch:3"]


def test_the_same_seed_makes_the_same_choices() -> None:
    def played() -> list[list[str]]:
        loud = selector(**LOUD, seed=7)
        offer(loud, *(message(number) for number in range(60)))
        return [ids(loud) for _ in range(8)]

    assert played() == played()


@pytest.mark.parametrize(
    ("better", "over"),
    [("mentions", {"addressed": True}), ("supporters", {"roles": frozenset({Role.SUBSCRIBER})})],
)
def test_a_better_score_is_heard_more_often_but_not_always(better: str, over: dict[str, Any]) -> None:
    wins = 0
    for seed in range(400):
        loud = selector(**LOUD, seed=seed, picks=1)
        offer(loud, message(1, **over), message(2))
        wins += ids(loud) == ["1"]

    assert 210 < wins < 390, f"{better} won {wins} of 400"


def a_question(pool: Selector) -> None:
    offer(pool, message(1), message(2, "which of these two doors would you open first?"))


def who_has_waited_longer(pool: Selector) -> None:
    pool.noticed(message(2), 0.0)
    pool.noticed(message(1), 60.0)
    offer(pool, message(1, at=60.0), message(2, at=60.0), now=60.0)


def what_several_say(pool: Selector) -> None:
    offer(pool, message(1), message(2), message(3, distinct(2)))


def a_platform_not_heard_for_longer(pool: Selector) -> None:
    offer(pool, message(3))
    assert ids(pool) == ["3"]
    offer(pool, message(1), message(2, platform="discord"))


def who_was_not_heard_lately(pool: Selector) -> None:
    offer(pool, message(3, author="viewer1"))
    assert ids(pool) == ["3"]
    offer(pool, message(1), message(2))


def who_writes_less(pool: Selector) -> None:
    for _ in range(30):
        pool.noticed(message(1), 0.0)
    offer(pool, message(1), message(2))


def what_is_newer(pool: Selector) -> None:
    offer(pool, message(1), message(2, at=10.0), now=10.0)


@pytest.mark.parametrize(
    "happens",
    [
        a_question, who_has_waited_longer, what_several_say, a_platform_not_heard_for_longer, who_was_not_heard_lately,
        who_writes_less, what_is_newer,
    ],
)  # fmt: skip
def test_where_nothing_is_left_to_chance_the_better_is_heard(happens: Callable[[Selector], None]) -> None:
    for seed in range(6):
        pool = selector(**LOUD, seed=seed, picks=1, temperature=1e-6)
        happens(pool)

        assert ids(pool, 60.0 if happens is who_has_waited_longer else 10.0) == ["2"]


def heard_by_flooders(seed: int, *, greedy: bool) -> float:
    """The share of slots that five flooders get among 300 viewers, 20 slots long."""
    room = selector(**LOUD, seed=seed, picks=1, **({"temperature": 1e-9, "heard": 0, "chatty": 0} if greedy else {}))
    source, numbers, heard = random.Random(seed), itertools.count(), Counter[str]()
    for slot in range(20):
        now = slot * 8.0
        writers = [f"viewer{source.randrange(300)}" for _ in range(40)] + [f"flooder{n}" for n in range(5)] * 12
        source.shuffle(writers)
        for writer in writers:
            number = next(numbers)
            shown: dict[str, Any] = (
                {"addressed": True, "roles": frozenset({Role.SUBSCRIBER})} if "flooder" in writer else {}
            )
            said = message(number, author=writer, at=now, **shown)
            room.noticed(said, now)
            offer(room, said, now=now)
        room.expire(now)
        choice = room.choose(now)
        assert choice is not None
        room.mark_sent(choice, {waiting.message.key for waiting in choice.picks}, now)
        heard.update("flooder" if "flooder" in w.message.author.id else "viewer" for w in choice.picks)
    return heard["flooder"] / heard.total()


def test_five_flooders_own_a_greedy_choice_and_not_this_one() -> None:
    assert heard_by_flooders(3, greedy=True) > 0.7
    assert sum(heard_by_flooders(seed, greedy=False) for seed in range(2)) / 2 < 0.1


VARIANTS: dict[str, dict[str, Any]] = {
    "event": {"kind": Kind.RAID},
    "mod": {"roles": frozenset({Role.MODERATOR})},
}
ACTIONS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["chat", "event", "mod", "choose", "expire"]), st.floats(0, 20)),
    max_size=60,
)


@given(ACTIONS, st.booleans())
def test_every_message_ends_exactly_once_whatever_happens(actions: list[tuple[int, str, float]], loud: bool) -> None:
    room = selector(**(LOUD if loud else QUIET), pool=16, picks=2)
    now, offered, told = 0.0, [], Counter[str]()
    ended: list[Ended] = []
    for number, (topic, action, pause) in enumerate(actions):
        now += pause
        if action == "choose":
            if (choice := room.choose(now)) is not None:
                told.update(waiting.message.id for waiting in choice.picks)
                room.mark_sent(choice, {waiting.message.key for waiting in choice.picks}, now)
        elif action == "expire":
            room.expire(now)
        else:
            said = message(number, distinct(topic), author=f"v{topic % 5}", at=now, **VARIANTS.get(action, {}))
            offered.append(str(number))
            offer(room, said, now=now)
        ended += room.take_ended()
    told.update(each.id for each in room.clear())
    told.update(each.message.id for each in (*ended, *room.take_ended()))

    assert told == Counter(offered)
