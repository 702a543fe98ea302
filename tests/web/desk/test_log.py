"""A topic that grows: what a page is told that has seen some of it, and what is kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.web.desk import log
from relay.web.desk.log import LogTopic
from relay.web.desk.topics import Age


@dataclass(eq=False)
class Line:
    id: str
    text: str = ""
    number: int = -1

    @property
    def words(self) -> tuple[str, ...]:
        return (self.text,)

    def shown(self) -> dict[str, object]:
        return {"text": self.text, "age": Age(90.0)}


def topic(kept: int = 1_000) -> LogTopic[Line]:
    return LogTopic("lines", lambda: 100.0, kept=kept)


def told(lines: LogTopic[Line], seen: int | None) -> tuple[bool, list[int]]:
    frame: dict[str, Any] = json.loads(lines.news(seen))
    return frame["anew"], [row["n"] for row in frame["rows"]]


def filled(count: int, kept: int = 1_000) -> LogTopic[Line]:
    lines = topic(kept)
    for number in range(count):
        lines.add(Line(str(number)))
    return lines


def test_who_has_seen_nothing_is_told_the_newest_rows_in_their_order() -> None:
    anew, numbers = told(filled(500), None)

    assert (anew, numbers) == (True, list(range(300, 500)))


def test_who_has_seen_some_is_told_what_has_come_and_changed_since() -> None:
    lines = filled(300)
    seen = lines.revision
    lines.add(Line("new"))
    lines.touch(next(line for line in lines if line.id == "7"))

    assert told(lines, seen) == (False, [7, 300])
    assert told(lines, lines.revision) == (False, [])


def test_the_total_is_of_all_rows_that_count_however_few_are_told() -> None:
    lines = LogTopic[Line]("lines", lambda: 100.0, counts=lambda line: line.text == "open")
    for number in range(500):
        lines.add(Line(str(number), "open" if number < 300 else "done"))

    assert json.loads(filled(500).news(None))["total"] == 500
    assert json.loads(lines.news(None))["total"] == 300


def test_who_has_missed_too_much_is_told_the_newest_anew() -> None:
    lines = filled(300)
    seen = lines.revision
    for number in range(log.AT_ONCE + 1):
        lines.add(Line(f"more {number}"))

    assert told(lines, seen) == (True, list(range(301, 501)))


def test_the_oldest_are_forgotten_and_change_no_more() -> None:
    lines = topic(kept=3)
    first = Line("first")
    lines.add(first)
    for number in range(3):
        lines.add(Line(str(number)))
    before = lines.revision
    lines.touch(first)

    assert lines.get("first") is None
    assert lines.revision == before
    assert [line.id for line in lines] == ["2", "1", "0"]


def test_rows_from_before_come_before_what_is_there_and_pages_are_told_anew() -> None:
    lines = filled(3)
    seen = lines.revision
    lines.restore([Line("before"), Line("1", "known already"), Line("shortly before")])

    assert told(lines, seen) == (True, [0, 1, 2, 3, 4])
    assert [line.id for line in lines] == ["2", "1", "0", "shortly before", "before"]
    assert [line.text for line in lines.before(9, 9)] == [""] * 5

    seen = lines.revision
    lines.add(Line("new"))
    assert told(lines, seen) == (False, [5])


def test_of_rows_from_before_no_more_are_kept_than_there_is_room_for() -> None:
    lines = filled(2, kept=3)

    lines.restore([Line("before"), Line("shortly before")])

    assert [line.id for line in lines] == ["1", "0", "shortly before"]


def test_older_rows_are_found_by_their_number() -> None:
    lines = filled(50, kept=40)

    assert [line.number for line in lines.before(20, 5)] == [15, 16, 17, 18, 19]
    assert [line.number for line in lines.before(12, 5)] == [10, 11]
    assert [line.number for line in lines.before(40, 3, lambda line: line.number % 10 == 0)] == [10, 20, 30]
    assert lines.before(5, 5) == []


def test_ages_are_told_as_seconds() -> None:
    lines = filled(1)

    assert json.loads(lines.news(None))["rows"] == [{"id": "0", "n": 0, "text": "", "age": 10.0}]
    assert lines.told(lines.before(1, 1)) == [{"id": "0", "n": 0, "text": "", "age": 10.0}]


STEPS = st.lists(st.sampled_from(["add", "touch", "look"]) | st.integers(0, 30), max_size=60)


@given(STEPS)
def test_a_page_that_looks_now_and_then_ends_up_with_what_is_there(steps: Sequence[str | int]) -> None:
    lines, seen, page = topic(kept=20), None, dict[str, str]()

    def look() -> None:
        nonlocal seen
        before, seen = seen, lines.revision
        frame = json.loads(lines.news(before))
        if frame["anew"]:
            page.clear()
        page.update({row["id"]: row["text"] for row in frame["rows"]})

    for number, step in enumerate(steps):
        if step == "add":
            lines.add(Line(str(number), "new"))
        elif step == "look":
            look()
        elif rows := list(lines):
            row = rows[hash(step) % len(rows)]
            row.text = f"changed {number}"
            lines.touch(row)
    look()

    assert {line.id: line.text for line in lines}.items() <= page.items()
