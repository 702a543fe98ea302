from relay.application.statistics import REASONS, ActivityLine, PipelineStage, Statistics
from relay.model import DESK, AudienceMessage, Author, Kind, Outcome, Settlement


def ended(number: int, outcome: Outcome, reason: str) -> Settlement:
    return Settlement(key=f"twitch:{number}", outcome=outcome, reason=reason, at=0.0)


def test_many_that_ended_alike_are_one_line_and_all_are_counted() -> None:
    lines: list[ActivityLine] = []
    statistics = Statistics(lines.append)

    statistics.settled([ended(n, Outcome.EXPIRED, "passed over: too many were waiting") for n in range(300)])
    statistics.settled(
        [ended(n, Outcome.MERGED, f"same as twitch:{n % 2}") for n in range(3)]
        + [ended(4, Outcome.REJECTED, "caps"), ended(5, Outcome.FORWARDED, "user")]
    )

    assert lines == [
        ActivityLine(PipelineStage.OUT, "expired", "300 messages: passed over: too many were waiting"),
        ActivityLine(PipelineStage.OUT, "merged", "3 messages: same as"),
        ActivityLine(PipelineStage.OUT, "rejected", "twitch:4: caps"),
    ]
    assert statistics.outcomes == {Outcome.EXPIRED: 300, Outcome.MERGED: 3, Outcome.REJECTED: 1, Outcome.FORWARDED: 1}


def test_reasons_without_end_are_counted_together() -> None:
    statistics = Statistics()

    statistics.settled([ended(n, Outcome.REJECTED, f"Voxta refused {n}") for n in range(2 * REASONS)])
    statistics.settled([ended(0, Outcome.REJECTED, "Voxta refused 0")])

    assert len(statistics.reasons) == REASONS + 1
    assert statistics.reasons[Outcome.REJECTED, "another reason"] == REASONS
    assert statistics.reasons[Outcome.REJECTED, "Voxta refused 0"] == 2


def test_what_is_pretended_is_shown_as_such_and_not_counted() -> None:
    lines: list[ActivityLine] = []
    statistics = Statistics(lines.append)
    said = AudienceMessage(
        platform=DESK, id="1", channel=DESK, kind=Kind.CHAT, author=Author(id="ann", name="Ann"), text="hi", at=0.0
    )

    statistics.message(said, is_new=True)
    statistics.settled([Settlement(key=said.key, outcome=Outcome.REJECTED, reason="caps", at=0.0)])

    assert lines[0] == ActivityLine(PipelineStage.IN, "Ann (pretended)", "hi")
    assert (statistics.received, statistics.outcomes) == (0, {})
