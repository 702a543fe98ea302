"""The wish to be left out, kept in a real store."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from relay.errors import InboxError
from relay.moderation import quiet as quiet_viewers
from relay.moderation.quiet import QuietViewers
from tests.commands.surroundings import opened


async def test_a_wish_outlives_a_restart_until_it_is_taken_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:
        quiet = QuietViewers(inbox)
        assert await quiet.leave_out("twitch:1")
        assert await quiet.leave_out("discord:1")
        await quiet.leave_out("twitch:2")
        await quiet.listen_to("twitch:2")
        assert ("twitch:1" in quiet, "twitch:2" in quiet, "twitch:3" in quiet) == (True, False, False)

    async with opened(tmp_path) as inbox:
        again = QuietViewers(inbox)
        assert "twitch:1" not in again
        await again.restore()
        assert [viewer in again for viewer in ("twitch:1", "discord:1", "twitch:2")] == [True, True, False]
        await again.listen_to("twitch:1")
        assert "twitch:1" not in again and len(again) == 1


async def test_all_wishes_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as inbox:
        asked: list[int] = []
        get_notes = inbox.get_notes

        async def counted(names: Sequence[str]) -> list[str | None]:
            asked.append(len(names))
            return await get_notes(names)

        monkeypatch.setattr(inbox, "get_notes", counted)
        await QuietViewers(inbox).restore()
        assert len(asked) == 1


async def test_there_is_an_end_to_how_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_viewers, "MOST", 2)
    async with opened(tmp_path) as inbox:
        quiet = QuietViewers(inbox)
        kept = [await quiet.leave_out(f"twitch:{number}") for number in (1, 2, 3, 1)]
        assert kept == [True, True, False, True]
        assert "twitch:3" not in quiet


async def test_where_more_are_kept_than_there_is_room_for_no_other_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as inbox:
        quiet = QuietViewers(inbox)
        for number in (1, 2, 3):
            await quiet.leave_out(f"twitch:{number}")
        monkeypatch.setattr(quiet_viewers, "MOST", 2)

        assert not await quiet.leave_out("twitch:4")
        assert "twitch:4" not in quiet and len(quiet) == 3


async def test_a_wish_counts_at_once_even_when_the_store_does_not_answer(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:
        quiet = QuietViewers(inbox)
    with pytest.raises(InboxError):
        await quiet.leave_out("twitch:1")
    assert "twitch:1" in quiet
