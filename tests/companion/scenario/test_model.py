"""What a scenario is made of, as apps hand it over while the companion runs."""

import pytest

from tests.companion.play import playing


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("((a{900}){900}){900}", "repeats too much; make it simpler"),
        ("(" * 400 + ")" * 400, "has too many brackets inside each other"),
    ],
)
async def test_a_pattern_that_would_take_the_companion_down_is_refused(pattern: str, problem: str) -> None:
    async with playing() as play:
        actions = [{"name": "wave", "match": pattern}]
        completion = await play.client.in_chat("updateContext", contextKey="k", actions=actions)
        assert "actions[0].match: " in completion["error"]
        assert problem in completion["error"]
        await play.ask("Are you there?")


async def test_patterns_with_counts_of_everyday_are_not_refused() -> None:
    async with playing() as play:
        patterns = [r"\d{4}-\d{2}-\d{2}", r"https?://\S{2,256}\.[a-z]{2,6}\b", "(ha){3,}", "a{,5}"]
        actions = [{"name": f"a{number}", "match": pattern} for number, pattern in enumerate(patterns)]
        completion = await play.client.in_chat("updateContext", contextKey="k", actions=actions)
        assert "error" not in completion
