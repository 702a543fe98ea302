"""Who ticked off what, as the store has it."""

import pytest

from relay.application.desk.ticks import NOTE, Ticks


class Notes:
    def __init__(self, kept: str) -> None:
        self.kept: dict[str, str] = {NOTE: kept}

    async def get_note(self, name: str) -> str | None:
        return self.kept.get(name)

    async def set_note(self, name: str, value: str) -> None:
        self.kept[name] = value


@pytest.mark.parametrize("kept", ["{", "[]", '{"twitch:1": 2}', "\x00"])
async def test_a_damaged_note_is_none_and_the_next_tick_makes_it_whole(kept: str) -> None:
    notes = Notes(kept)
    ticks = Ticks(notes)

    assert await ticks.all() == {}

    await ticks.set("twitch:1", "Ann")
    assert await Ticks(notes).all() == {"twitch:1": "Ann"}
