import pytest

from relay.model import AudienceMessage, Author, Kind
from tests.benchmarks.commands import MIX, commands, expected, run
from tests.support import PATIENCE


def use(number: int, text: str, at: float, author: str = "ann") -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id=str(number),
        channel="lobby",
        kind=Kind.CHAT,
        author=Author(id=author, name=author),
        text=text,
        at=at,
    )


def test_a_rest_is_for_one_viewer_or_for_everybody_and_is_told_once() -> None:
    uses = [
        use(1, "!lurk", 0), use(2, "!lurk", 9), use(3, "!lurk", 9.5), use(4, "!lurk", 9, "bob"), use(5, "!lurk", 10),
        use(6, "!song", 0), use(7, "!song", 1, "bob"), use(8, "!song", 1, "cleo"), use(9, "!song", 2, "cleo"),
    ]  # fmt: skip

    accepted, told = expected(uses, {"!lurk": (0.0, 10.0), "!song": (2.0, 0.0)})

    assert accepted == {f"twitch:{number}" for number in (1, 4, 5, 6, 9)}
    assert told == 2


def test_the_same_seed_writes_the_same_commands() -> None:
    first, second = (list(commands(seconds=6, per_minute=600, viewers=9, seed=5)) for _ in range(2))

    assert first == second and len(first) == 60
    assert {each.text for each in first} == set(MIX)


async def test_commands_beside_a_flood_are_answered_exactly_and_a_burst_is_stored_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.benchmarks.commands.WARM_UP", 0.0)  # a slow start may take all of so short a run
    monkeypatch.setattr("tests.benchmarks.commands.QUIET", PATIENCE)
    monkeypatch.setattr("relay.application.composition.DRAIN", PATIENCE)
    figures = await run(seconds=1, per_minute=9_000, viewers=10, burst=50)

    assert figures.commands == 150
    assert 0 < figures.answered < 150
    assert (figures.wrong_uses, figures.wrong_answers, figures.without_outcome, figures.burst_lost) == (0, 0, 0, 0)
    assert figures.jain_ratio == 1.0
    assert figures.p99_ms > 0
