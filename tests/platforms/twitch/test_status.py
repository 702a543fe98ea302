"""Patience with what passes."""

from typing import Any

import pytest
from tenacity import AsyncRetrying

from relay.errors import PlatformUnavailable
from relay.platforms.twitch.status import PATIENCE, TwitchStatus


@pytest.mark.parametrize("away", [0.3, 3.0, 10.0, 80.0])
async def test_who_is_back_is_found_soon_however_long_they_were_away(
    away: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    async def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds

    async def step() -> float:
        if now < away:
            raise PlatformUnavailable("nobody there")
        return now

    def retrying(**how: Any) -> AsyncRetrying:
        return AsyncRetrying(sleep=pass_by, **how)

    monkeypatch.setattr("relay.platforms.twitch.status.AsyncRetrying", retrying)

    back = await TwitchStatus().patiently(step)

    assert back - away <= min(away + 1.0, PATIENCE)
