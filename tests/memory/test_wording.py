"""What the character, and people themselves, are told of what is remembered."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from relay.memory.notes import NOTE_LENGTH
from relay.memory.records import THANKED, Note, Thanks
from relay.memory.wording import PAGE, ago, briefing, for_viewer, pages
from relay.moderation.switches import Switches
from tests.contracts.remembering import known
from tests.hostile import LONG_TEXTS, TEXTS
from tests.memory.stage import DAY, NOW, note_filter

STORED = st.builds(
    lambda notes, summary, name: known(
        "twitch:1",
        *notes,
        name=name,
        last_seen=NOW - 3 * DAY,
        thanks=(Thanks(kind="cheer", amount=5, at=1.0), Thanks(kind="of-tomorrow", at=1.0)),
        summary=Note(text=summary, by="summary", at=1.0),
    ),
    st.lists(TEXTS | LONG_TEXTS, max_size=4),
    TEXTS,
    TEXTS,
)
"""People whose notes came into the store unfiltered, as from a file that somebody edited."""


def told(*people: object, length: int = 800, **filters: object) -> tuple[str, ...]:
    return briefing(
        [(person, "Ann") for person in people],  # type: ignore[misc]
        label=str.capitalize,
        clean=note_filter(**filters),  # type: ignore[arg-type]
        now=NOW,
        length=length,
    )


@given(st.lists(STORED, max_size=5), st.integers(100, 4_000))
def test_whatever_is_stored_what_is_told_is_short_and_harmless(people: list[object], length: int) -> None:
    lines = told(*people, length=length)

    assert sum(map(len, lines)) <= length
    for line in lines:
        assert line.startswith("Ann (Twitch) is known: ")
        assert "{{" not in line
        assert "}}" not in line
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)
        assert line.count('"') % 2 == 0


@given(TEXTS | LONG_TEXTS)
@example("!</s>")
def test_a_note_is_one_harmless_line_and_stays_as_it_is(text: str) -> None:
    clean = note_filter(caps_from=10_000, max_repeats=10_000, links="allow", emote_only=True)

    kept = clean("twitch:1", "Ann", text)

    if kept is not None:
        assert 0 < len(kept) <= NOTE_LENGTH
        assert kept[0] not in "/[*"
        assert not any(sign in kept for sign in ('"', "{", "[", "\n"))
        assert clean("twitch:1", "Ann", kept) == kept


def test_a_regular_is_told_of_with_what_matters_first() -> None:
    ann = known(
        "twitch:1",
        "likes chess",
        "has a cat",
        first_seen=NOW - 200 * DAY,
        last_seen=NOW - 3 * DAY,
        visits=13,
        thanks=(Thanks(kind="cheer", times=2, amount=1_500, at=1.0), Thanks(kind="raid", amount=1, at=1.0)),
        summary=Note(text="asked about openings", by="summary", at=1.0),
    )

    [line] = told(ann)

    assert line.startswith("Ann (Twitch) is known: first here on ")
    assert ", visit 14, before that 3 days ago." in line
    assert line.endswith(
        'Ann has cheered 1500 bits, raided once with up to 1 viewer. Noted about Ann: "has a cat". '
        'Noted about Ann: "likes chess". Last time: "asked about openings".'
    )
    assert told(ann, length=150) == (line.partition(" Noted")[0],)


def test_terms_that_moderators_block_later_are_not_told() -> None:
    [line] = told(known("twitch:1", "loves spoilers", "has a cat"), switches=Switches(blocked_terms=("spoilers",)))

    assert "spoilers" not in line
    assert "has a cat" in line


def test_of_who_is_muted_or_has_a_name_nobody_may_read_nothing_is_told() -> None:
    assert told(known(), switches=Switches(muted=frozenset({"twitch:1"}))) == ()
    assert told(known(name="Spoilers"), blocked_terms=("spoilers",)) == ()


def test_people_are_told_of_where_the_filters_let_through_one_script_alone() -> None:
    [line] = told(known("twitch:1", "любит шахматы", "likes chess"), scripts=("cyrillic",))

    assert line.endswith('Noted about Ann: "любит шахматы".')


def test_people_are_told_all_that_is_remembered_of_them() -> None:
    ann = known(
        "twitch:1",
        "likes chess",
        thanks=(Thanks(kind="subscribe", times=2, at=1.0), Thanks(kind="resubscribe", amount=12, at=1.0)),
        linked=("discord:2",),
        summary=Note(text="asked about openings", by="summary", at=1.0),
    )

    known_since, *rest = for_viewer(ann, label=str.capitalize)

    assert known_since.endswith("(1 visit, linked with Discord).")
    assert rest == [
        "You have subscribed 2 times, subscribed for 12 months.",
        "Noted: likes chess.",
        "Last time: asked about openings.",
    ]


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=220), max_size=12))
def test_what_does_not_fit_into_one_answer_goes_on_in_the_next(sentences: list[str]) -> None:
    shown = pages(sentences)

    assert " ".join(shown).split() == sentences
    assert all(len(page) <= PAGE for page in shown)


def test_times_are_told_as_people_say_them() -> None:
    assert [ago(days * DAY) for days in (0.2, 1.1, 59, 100)] == [
        "earlier today",
        "1 day ago",
        "59 days ago",
        "3 months ago",
    ]


def test_there_are_words_for_all_that_people_are_thanked_for() -> None:
    ann = known("twitch:1", thanks=tuple(Thanks(kind=kind, at=1.0) for kind in THANKED))

    assert len(for_viewer(ann, label=str.capitalize)[1].split(", ")) == len(THANKED)
