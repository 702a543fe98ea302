"""How what is remembered changes."""

from hypothesis import given
from hypothesis import strategies as st

from relay.memory.records import (
    VISIT_GAP,
    Acquaintance,
    Note,
    Sighting,
    linked,
    noted,
    seen,
    together,
    unlinked,
    without_notes,
)
from relay.model import Kind
from tests.contracts.remembering import known
from tests.hostile import TEXTS

SIGHTINGS = st.builds(
    Sighting,
    viewer=st.just("twitch:1"),
    name=TEXTS,
    at=st.floats(0, 1e7),
    kind=st.sampled_from(Kind),
    amount=st.integers(-5, 10**6),
    is_thanked=st.booleans(),
)


def after(*sightings: Sighting) -> Acquaintance:
    person = None
    for sighting in sightings:
        person = seen(person, sighting)
    assert person is not None
    return person


@given(st.lists(SIGHTINGS, min_size=1, max_size=8))
def test_what_is_told_twice_counts_once(sightings: list[Sighting]) -> None:
    in_order = sorted(sightings, key=lambda sighting: sighting.at)

    once = after(*in_order)

    assert after(*in_order, *in_order) == once
    assert Acquaintance.model_validate_json(once.model_dump_json()) == once


def test_who_comes_again_after_hours_comes_for_another_visit() -> None:
    person = after(
        Sighting("twitch:1", "Ann", 0.0), Sighting("twitch:1", "Ann", VISIT_GAP), Sighting("twitch:1", "Anna", 9e5)
    )

    assert (person.visits, person.came_before, person.first_seen, person.last_seen) == (2, VISIT_GAP, 0.0, 9e5)
    assert person.name == "Anna"


def test_thanks_add_up_and_only_those_that_were_given() -> None:
    def cheer(at: float, amount: int, *, thanked: bool = True) -> Sighting:
        return Sighting("twitch:1", "Ann", at, Kind.CHEER, amount, thanked)

    raid = Sighting("twitch:1", "Ann", 5.0, Kind.RAID, 7, is_thanked=True)
    smaller = Sighting("twitch:1", "Ann", 6.0, Kind.RAID, 3, is_thanked=True)
    person = after(cheer(1.0, 100), cheer(2.0, 50), cheer(3.0, 1_000, thanked=False), raid, smaller)

    assert {each.kind: (each.times, each.amount) for each in person.thanks} == {"cheer": (2, 150), "raid": (2, 7)}


def test_what_was_only_said_earns_no_thanks() -> None:
    assert after(Sighting("twitch:1", "Ann", 1.0, Kind.CHAT, 100, is_thanked=True)).thanks == ()


def test_the_oldest_note_makes_room_and_the_same_is_not_noted_twice() -> None:
    person = known("twitch:1", "one", "two", "three")

    person = noted(noted(person, Note(text="ONE", by="x", at=2.0), 3), Note(text="four", by="x", at=3.0), 3)

    assert [note.text for note in person.notes] == ["three", "ONE", "four"]


def test_notes_are_taken_back_by_a_part_of_them_or_all() -> None:
    person = known("twitch:1", "likes chess", "has a cat", summary=Note(text="A chess evening", by="summary", at=1.0))

    assert [note.text for note in without_notes(person, "CHESS").notes] == ["has a cat"]
    assert without_notes(person, "CHESS").summary is None
    assert without_notes(person, "cat").summary == person.summary
    assert without_notes(person, "").notes == ()


def test_linked_accounts_are_one_person_and_come_apart_as_they_were() -> None:
    ann, annie = known("twitch:1", "chess", visits=3), known("discord:2", "cat", visits=2, first_seen=100.0)

    both = linked([ann, annie])

    assert both["twitch:1"].accounts == both["discord:2"].accounts == {"twitch:1", "discord:2"}
    person = together([both["twitch:1"], both["discord:2"]])
    assert (person.visits, person.first_seen, [note.text for note in person.notes]) == (5, 100.0, ["chess", "cat"])
    assert unlinked(both.values(), "discord:2") == {"twitch:1": ann, "discord:2": annie}
