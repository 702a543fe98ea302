from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.application.events import Events
from relay.application.routing import ReplyRouter
from relay.config import OutboundSection
from relay.model import Origin, ReplyText, Retraction
from relay.moderation.outbound import Outbound
from relay.moderation.switching import WordsRefused
from relay.replies.replies import Replies
from relay.replies.reply import Reply
from relay.replies.screening import CAPACITY, Screening
from relay.system import clock

CODE = """Sure, Ann. Here:

- first
    - second

```python
def f(x):
    return x.real  # Yes. No?

```
Done."""


def released(text: str, **settings: object) -> list[str]:
    """What is let through of an answer."""
    found: list[ReplyText] = []
    screening = Screening(Outbound(OutboundSection.model_validate(settings)), found.append, hold_for=60.0)
    screening.screen(ReplyText(message_id="m", character="Vox", text=text))
    return [reply.text for reply in found]


def test_an_answer_keeps_its_white_space() -> None:
    assert released(CODE) == [CODE]


@given(st.text(st.sampled_from("aB .!\n\t`-")))
def test_nothing_is_lost_of_what_passes(text: str) -> None:
    assert "".join(released(text, links="pass")) == text.strip()


def test_a_mask_changes_its_line_alone() -> None:
    masked = released(CODE.replace("x.real", "evil.com "), blocked_terms=["second"], blocked_terms_are="mask")

    assert masked == [CODE.replace("x.real ", "(link)").replace("second", "***")]


def test_what_is_dropped_goes_with_its_white_space() -> None:
    assert released("One. badword! Two.\n\nbadword\nThree.", blocked_terms=["badword"], blocked_terms_are="drop") == [
        "One. Two.\n\nThree."
    ]
    assert released("badword. Badword!", blocked_terms=["badword"], blocked_terms_are="drop") == []


@pytest.mark.parametrize(
    "text",
    [
        "go and kill\nyourself",
        "kill\n\nyourself",
        "evil\n.\ncom",
        "k\ni\nl\nl\ny\no\nu\nr\ns\ne\nl\nf",
    ],
)
def test_what_is_spread_over_lines_is_found(text: str) -> None:
    assert released(text, blocked_terms=["kill yourself"], blocked_terms_are="hold", links="hold") == []


def test_of_what_was_spoken_is_judged_what_there_is_to_read() -> None:
    found: list[ReplyText] = []
    screening = Screening(Outbound(OutboundSection()), found.append, hold_for=60.0)

    screening.over(Reply("r1"))
    assert found == []
    spoken = Reply("r2", character="Vox")
    spoken.revise("See evil.com.")
    screening.over(spoken)

    assert [reply.text for reply in found] == ["See (link)."]


class Room:
    """Holds what has a link in it, and keeps what is let through."""

    def __init__(self, hold_for: float = 60.0, **settings: object) -> None:
        self.released: list[ReplyText] = []
        found = {"links": "hold", "blocked_terms": ["badword"]} | settings
        outbound = Outbound(OutboundSection.model_validate(found))
        self.screening = Screening(outbound, self.released.append, hold_for=hold_for)

    def says(self, text: str) -> None:
        self.screening.screen(ReplyText(message_id=text, character="Vox", text=text, origins=(LOBBY,)))

    @property
    def held(self) -> list[tuple[str, str, str]]:
        return [(held.who, held.text, held.reason) for held in self.screening.held()]

    @property
    def ids(self) -> list[str]:
        return [held.id for held in self.screening.held()]


LOBBY = Origin(platform="twitch", channel="lobby", reply_to="1")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is, to be set."""
    times = [1_000.0]
    monkeypatch.setattr(clock, "now", lambda: times[-1])
    return times


def test_what_is_held_is_dropped_when_what_it_answers_is_taken_back(now: list[float]) -> None:
    room = Room()
    for number in (1, 2):
        answer = ReplyText(message_id="m", character="Vox", text="See evil.example/a.", keys=(f"twitch:{number}",))
        room.screening.screen(answer)

    nobody: Any = None
    router = ReplyRouter(Replies(), nobody, room.screening, Events(), name_of=nobody, record=nobody, is_known=nobody)

    first, second = room.ids

    router.retract(Retraction(platform="twitch", reason="deleted", id="1"))

    assert room.ids == [second]
    assert not room.screening.approve(first)


def test_what_is_held_is_shown_with_its_reason_and_let_out_whole_where_it_belongs(now: list[float]) -> None:
    room = Room()
    room.says("One. See evil.example/a and evil.example/b. Two.")

    assert room.held == [("Vox", "One. See evil.example/a and evil.example/b. Two.", "link")]
    assert [held.at for held in room.screening.held()] == [1_000.0]
    assert room.released == []

    [id] = room.ids
    assert room.screening.approve(id)
    [reply] = room.released
    assert (reply.text, reply.origins) == ("One. See evil.example/a and evil.example/b. Two.", (LOBBY,))
    assert room.held == []
    assert not room.screening.approve(id)


def test_what_was_held_before_a_restart_lends_its_id_to_nothing_else(now: list[float]) -> None:
    before, after = Room(), Room()
    before.says("see evil.example/seen")
    [seen] = before.ids

    after.says("see evil.example/unseen")

    assert not after.screening.approve(seen)
    assert after.released == []


def test_what_is_held_can_be_let_out_in_other_words_and_not_in_forbidden_ones(now: list[float]) -> None:
    room = Room(blocked_terms_are="drop")
    room.says("see evil.example")
    [id] = room.ids

    with pytest.raises(WordsRefused, match="blocked term"):
        room.screening.approve(id, "a badword")
    assert room.released == []
    assert room.screening.approve(id, "see for yourself")

    assert [(reply.text, reply.origins) for reply in room.released] == [("see for yourself", (LOBBY,))]
    assert room.held == []


def test_other_words_keep_their_white_space_beside_a_mask(now: list[float]) -> None:
    room = Room(blocked_terms_are="hold", links="mask")
    room.says("a badword")
    [id] = room.ids

    assert room.screening.approve(id, CODE.replace("x.real", "evil.com "))

    assert [reply.text for reply in room.released] == [CODE.replace("x.real ", "(link)")]


def test_other_words_are_refused_for_one_forbidden_sentence(now: list[float]) -> None:
    room = Room(blocked_terms=["bad word"], blocked_terms_are="drop")
    room.says("see evil.example")
    [id] = room.ids

    with pytest.raises(WordsRefused, match=r"as well: blocked term\."):
        room.screening.approve(id, "One. Bad\nword! Two.")

    assert room.ids == [id]


def test_what_is_rejected_is_never_said(now: list[float]) -> None:
    room = Room()
    room.says("see evil.example")
    [id] = room.ids

    assert room.screening.reject(id)
    assert not room.screening.reject(id)
    assert not room.screening.approve(id)
    assert room.released == []


def test_what_nobody_decides_on_in_time_is_dropped(now: list[float]) -> None:
    room = Room(hold_for=60.0)
    room.says("see evil.example/1")
    now.append(1_030.0)
    room.says("see evil.example/2")
    first, second = room.ids

    now.append(1_060.0)
    assert not room.screening.approve(first)
    assert room.ids == [second]
    now.append(1_089.9)
    assert room.ids == [second]
    now.append(1_090.0)
    assert room.held == []
    assert room.released == []


def test_of_too_many_held_the_oldest_is_dropped(now: list[float]) -> None:
    room = Room()
    for number in range(CAPACITY + 1):
        room.says(f"see evil.example/{number}")

    assert [text for _, text, _ in room.held] == [f"see evil.example/{number}" for number in range(1, CAPACITY + 1)]
    assert len(set(room.ids)) == CAPACITY
