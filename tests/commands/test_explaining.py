"""What viewers read about their messages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import relay
from relay.commands.explaining import Halt, QueuePlace, ago, ended, waits
from relay.model import Outcome, Settlement
from relay.moderation.quiet import LEFT_OUT
from relay.moderation.wording import ANSWER_LIMIT

ROOMS = ("commands", "forwarding", "moderation")


def told(outcome: Outcome, reason: str) -> str:
    return ended(Settlement(key="twitch:1", outcome=outcome, reason=reason, at=0.0), "Vox", "!")


def reasons() -> Iterator[tuple[Outcome, str]]:
    """Every outcome and reason that the relay's policy writes, as it stands in the source."""
    for file in (file for room in ROOMS for file in sorted((Path(relay.__file__).parent / room).glob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[tuple[Outcome, str]]:
    called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    texts = [text for argument in node.args if (text := _text(argument)) is not None]
    outcomes = [a.attr for a in node.args if isinstance(a, ast.Attribute) and a.attr in Outcome.__members__]
    if called in ("_reject", "_against", "Refusal", "_once") and texts and texts[0] != "hold":
        yield Outcome.REJECTED, texts[-1 if called == "_against" else 0]
    if outcomes and texts and called in ("_end", "Ended", "Finished", "Verdict"):
        yield Outcome[outcomes[0]], texts[0]


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def test_no_reason_of_the_policy_is_left_without_words_of_its_own() -> None:
    written = set(reasons())
    assert {(Outcome.REJECTED, "caps"), (Outcome.EXPIRED, "waited too long"), (Outcome.MERGED, "same as x")} <= written

    vague = {told(outcome, "something new") for outcome in (Outcome.REJECTED, Outcome.HELD, Outcome.MERGED)}
    internal = {"a filter failed", "a command for the relay"}
    assert [
        reason for outcome, reason in sorted(written) if told(outcome, reason) in vague and reason not in internal
    ] == []


@pytest.mark.parametrize(
    ("outcome", "reason", "words"),
    [
        (Outcome.FORWARDED, "user", "Vox was told."),
        (Outcome.FORWARDED, "user, unconfirmed", "it probably arrived"),
        (Outcome.MERGED, "same as twitch:99", "Somebody had just written the same"),
        (Outcome.REJECTED, "rate: more than 4 a minute from one viewer", "faster than Vox listens to one person"),
        (Outcome.REJECTED, "rate: more than 4 a minute of kind.follow", "Too much of this kind"),
        (Outcome.REJECTED, "mode: only mentions", "only messages with its name"),
        (Outcome.REJECTED, LEFT_OUT, "hears you again after !listen"),
        (Outcome.REJECTED, "blocked term", "a word that is not passed on"),
        (Outcome.REJECTED, "Voxta refused it", "It was not passed on."),
        (Outcome.DROPPED, "author timed out on discord", "A moderator took your messages back"),
        (Outcome.DROPPED, "deleted on twitch", "It was deleted"),
        (Outcome.HELD, "nobody decided in time", "nobody came to it in time"),
        (Outcome.ANSWERED, "queue", "I answered it myself."),
    ],
)
def test_an_outcome_reads_as_people_talk(outcome: Outcome, reason: str, words: str) -> None:
    assert words in told(outcome, reason)


@given(st.sampled_from(Outcome), st.text(max_size=600))
def test_no_part_of_a_reason_is_repeated_and_every_answer_is_short(outcome: Outcome, reason: str) -> None:
    words = told(outcome, f"{reason} twitch:12345")
    assert "12345" not in words and len(words) <= ANSWER_LIMIT / 2


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (QueuePlace(20, 0, 3), "It is next to be told to Vox."),
        (QueuePlace(20, 1, 3), "One message goes before it. It is worth waiting for up to 20 seconds more."),
        (QueuePlace(150, 4, 4), "4 messages go before it. It is worth waiting for up to 2 minutes more."),
        (QueuePlace(20, None, 7), "It is in the draw with 7 others"),
        (QueuePlace(20, None, 1), "It is in the draw with one other"),
        (QueuePlace(0.2, 1, 1), "One message goes before it. It is worth waiting for up to a second more."),
        (QueuePlace(20, None, 0), "It is next to be told to Vox."),
        (QueuePlace(20, is_held=True), "It waits for a moderator to look at it."),
        (
            QueuePlace(20, 0, halt=Halt.PAUSED),
            "It waits: a moderator has paused what is told.",
        ),
    ],
)
def test_a_place_in_the_queue_reads_as_people_talk(place: QueuePlace, words: str) -> None:
    assert waits(place, "Vox").startswith(words)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (4.9, "just now"),
        (5, "5 seconds ago"),
        (20, "20 seconds ago"),
        (119, "119 seconds ago"),
        (120, "2 minutes ago"),
        (7_199, "119 minutes ago"),
        (7_200, "2 hours ago"),
        (172_799, "47 hours ago"),
        (172_800, "2 days ago"),
        (150, "2 minutes ago"),
        (200_000, "2 days ago"),
    ],
)
def test_times_are_told_roughly(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_words_take_no_format_from_a_name() -> None:
    assert re.search(
        r"\{name\} was told", ended(Settlement(key="k", outcome=Outcome.FORWARDED, reason="", at=0), "{name}", "!")
    )
