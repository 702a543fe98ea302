"""What viewers decide about themselves, with a real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.commands.forgetting import Forgetting
from relay.commands.latest import LatestMessages
from relay.commands.wishes import FULL, LATER, SELDOM, ViewerWishes
from relay.errors import InboxError
from relay.inbox.sqlite import SqliteInbox
from relay.model import Retraction
from relay.moderation.quiet import LEFT_OUT, QuietViewers
from tests.commands.room import no_commands
from tests.commands.surroundings import answer, named, opened


class Desk:
    def __init__(self, inbox: SqliteInbox) -> None:
        table = no_commands().table
        self.quiet, self.forgetting, self.latest = QuietViewers(inbox), Forgetting(inbox), LatestMessages(table)
        self.waiting: dict[str, list[str]] = {}
        self.taken_back: list[Retraction] = []
        self.forgotten: list[str] = []
        self.wishes = ViewerWishes(
            table,
            self.quiet,
            self.forgetting,
            self.latest,
            waiting_of=lambda viewer: self.waiting.get(viewer, []),
            take_back=self.take_back,
            name=lambda: "Vox",
            noted=self,
        )

    async def take_back(self, retraction: Retraction) -> None:
        self.taken_back.append(retraction)

    async def forget(self, viewer: str) -> None:
        self.forgotten.append(viewer)

    async def use(self, name: str) -> str:
        return await answer(named(self.wishes.commands(), name))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as inbox:
        yield Desk(inbox)


@pytest.mark.parametrize(("name", "reason"), [("quiet", LEFT_OUT), ("forget", "the viewer asked to be forgotten")])
async def test_what_waits_is_taken_back(desk: Desk, name: str, reason: str) -> None:
    desk.waiting = {"twitch:ann": ["twitch:m1"]}
    await desk.use(name)

    assert desk.taken_back == [Retraction(platform="twitch", id="m1", reason=reason)]


def test_a_viewer_may_change_their_mind_now_and_then(desk: Desk) -> None:
    assert {each.name: each.viewer_cooldown for each in desk.wishes.commands()} == {
        "quiet": SELDOM, "listen": SELDOM, "forget": 60.0
    }  # fmt: skip


async def test_who_is_heard_already_is_told_so(desk: Desk) -> None:
    assert (await desk.use("listen")).startswith("Vox may hear you already.")
    await desk.use("quiet")
    assert await desk.use("unquiet") == "Vox may hear you again."
    assert "twitch:ann" not in desk.quiet


async def test_who_is_quiet_stays_so_when_forgotten_and_is_told(desk: Desk) -> None:
    await desk.use("quiet")
    assert "stays noted" in await desk.use("forget")
    assert "twitch:ann" in desk.quiet


async def test_who_has_linked_accounts_is_forgotten_in_all_of_them(desk: Desk) -> None:
    class Linked:
        def __init__(self) -> None:
            self.forgotten: list[str] = []

        async def accounts(self, viewer: str) -> frozenset[str]:
            return frozenset({viewer, "discord:7"})

        async def forget(self, viewer: str) -> None:
            self.forgotten.append(viewer)

    desk.waiting = {"discord:7": ["discord:m1"]}
    desk.wishes.memory = memory = Linked()
    await desk.use("forget")

    assert desk.taken_back == [Retraction(platform="discord", id="m1", reason="the viewer asked to be forgotten")]
    assert set(desk.forgetting._wishes) == {"twitch:ann", "discord:7"}
    assert desk.forgotten == ["twitch:ann", "discord:7"]
    assert memory.forgotten == ["twitch:ann"]


async def test_a_memory_that_is_away_keeps_no_message_from_being_deleted(desk: Desk) -> None:
    class Away:
        async def accounts(self, viewer: str) -> frozenset[str]:
            raise InboxError("away")

        async def forget(self, viewer: str) -> None:
            raise InboxError("away")

    desk.wishes.memory = Away()
    with pytest.raises(InboxError):
        await desk.use("forget")
    assert "twitch:ann" in desk.forgetting._wishes
    assert desk.forgotten == ["twitch:ann"]


async def test_who_cannot_be_served_is_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.moderation.quiet.MOST", 0)
    monkeypatch.setattr("relay.commands.forgetting.MOST", 0)
    assert [await desk.use("quiet"), await desk.use("forget")] == [FULL, LATER]
