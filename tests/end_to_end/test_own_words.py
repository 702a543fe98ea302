"""What the streamer and games say to the companion, by whatever way, stands in the feed with its answer."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from relay.companion.serving.server import CompanionServer
from tests.companion.raw import connected
from tests.end_to_end.test_desk import DeskStage, desk_stage


async def fed(stage: DeskStage, count: int) -> list[dict[str, Any]]:
    """The rows of the feed, once there are so many and all answers are whole."""
    await stage.page.show("feed")
    rows = await stage.page.rows_until(
        "feed", lambda rows: len(rows) == count and all(row.get("phase", "done") == "done" for row in rows)
    )
    return list(rows.values())


async def test_what_is_said_or_typed_in_voxta_stands_with_its_answer(
    tmp_path: Path, companion: CompanionServer
) -> None:
    async with desk_stage(tmp_path, companion) as stage, connected(companion.url) as voxtas_own_page:
        await voxtas_own_page.enter()
        await voxtas_own_page.say("Where were we?")

        said, answer = await fed(stage, 2)
        assert stage.relay.session.chat is not None
        streamer = stage.relay.session.chat.user_name

    assert (said["type"], said["who"], said["text"]) == ("own", streamer, "Where were we?")
    assert (said["reply"], [each["id"] for each in answer["asked"]]) == (answer["id"], [said["id"]])
    assert answer["text"] == "You said: Where were we?"


async def test_what_is_said_on_the_desk_stands_with_its_answer_and_only_once(
    tmp_path: Path, companion: CompanionServer
) -> None:
    async with desk_stage(tmp_path, companion) as stage:
        await stage.page.ask("say", text="Where were we?")

        said, answer = await fed(stage, 2)

    assert (said["type"], said["text"]) == ("own", "Where were we?")
    assert said["reply"] == answer["id"]


async def test_what_a_game_says_stands_with_its_answer_under_no_ones_name(
    tmp_path: Path, companion: CompanionServer
) -> None:
    async with desk_stage(tmp_path, companion) as stage, aiohttp.ClientSession() as http:
        body = {"text": "The gate opens", "source": "game", "author": "Guard", "immediate_reply": True}
        async with http.post(f"{stage.url}/dialogue", json=body) as response:
            assert response.status == 200

        said, answer = await fed(stage, 2)

    assert (said["who"], said["text"]) == ("", 'Guard (Game): "The gate opens"')
    assert said["reply"] == answer["id"]


@pytest.mark.parametrize("send_as", ["user", "message"])
async def test_what_the_audience_says_is_no_word_of_the_streamers(
    tmp_path: Path, companion: CompanionServer, send_as: str
) -> None:
    chat = {"send_as": send_as, "template": "{author} says -- {text}", "message": {"role": "User"}}
    async with desk_stage(tmp_path, companion, forwarding={"kinds": {"chat": chat}}) as stage:
        await stage.say("hello there")
        await stage.relay.quiet(empty=True)
        await stage.page.ask("say", text="That is all.")

        rows = await fed(stage, 4)

    assert [row["type"] for row in rows] == ["message", "reply", "own", "reply"]
