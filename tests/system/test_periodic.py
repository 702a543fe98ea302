"""What each of many companions does again and again, a process wakes for once."""

import pytest

from relay.system.periodic import repeat
from tests.system.sleeping import goes_on_at


async def test_what_is_repeated_together_is_done_in_the_same_moment_whenever_it_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def look() -> None: ...

    for now in (1001.0, 1004.5):
        assert await goes_on_at(repeat(look, 5.0, "looking", together=True), now, monkeypatch) == 1005.0
        assert await goes_on_at(repeat(look, 5.0, "looking"), now, monkeypatch) == now + 5.0
