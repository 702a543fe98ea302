"""What is large travels whole, and what is too large is refused with the limit, while the page stays connected."""

import json
from typing import Final

import aiohttp
import pytest
from playwright.async_api import FilePayload, Page, expect

from relay.application.settings.file import MAX_TEXT
from relay.web.desk.desk import Desk
from relay.web.desk.socket import MAX_FRAME
from tests.support import PATIENCE
from tests.web.desk.office import Office
from tests.web.desk.page import opened
from tests.web.stage import staged

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN: Final = "a-token-nobody-guesses"
SCRIPT: Final = "\N{HIRAGANA LETTER HI}"
"""Three bytes."""

MIA: Final = {"id": "7", "name": "Mia"}


def large(size: int) -> str:
    return json.dumps({"id": 1, "do": "import", "with": {"text": SCRIPT * size}}, ensure_ascii=False)


async def test_a_streamer_may_bring_a_whole_settings_file_in_any_script_and_a_moderator_nothing_as_large() -> None:
    async with staged(token=TOKEN, desk=Desk()) as stage:
        _, mia = await stage.links.create("Mia")
        async with (
            opened(stage.url, Authorization=f"Bearer {TOKEN}") as own,
            opened(stage.url, Authorization=f"Bearer {mia}") as others,
        ):
            assert (await own.raw(large(MAX_TEXT)))["code"] == "unknown"

            await others.socket.send_str(large(MAX_FRAME))
            assert (await others.socket.receive(PATIENCE)).type is aiohttp.WSMsgType.CLOSE
            assert others.socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def bring(page: Page, *texts: str) -> None:
    """Choose a recording that has these."""
    lines = [
        json.dumps({"at": 0, "platform": "twitch", "author": MIA, "text": text}, ensure_ascii=False) for text in texts
    ]
    file = FilePayload(name="chat.jsonl", mimeType="text/plain", buffer="\n".join(lines).encode())
    await page.get_by_label("File").set_input_files(file)


async def test_a_recording_in_any_script_is_brought_in_pieces_that_fit_a_moderators_frame(desk: Office) -> None:
    async with desk.page("/#try") as page:
        sizes: list[int] = []
        page.on(
            "websocket", lambda socket: socket.on("framesent", lambda frame: sizes.append(len(str(frame).encode())))
        )
        await page.reload()
        await bring(page, *[SCRIPT * 400] * 200)

        await expect(page.get_by_text("200 lines,")).to_be_visible()
        assert max(sizes) < MAX_FRAME
        await bring(page, "hi")
        await expect(page.get_by_text("1 line,")).to_be_visible()


async def test_what_is_too_large_for_any_frame_is_said_to_be_and_what_was_there_stays(desk: Office) -> None:
    async with desk.page("/#try") as page:
        await bring(page, "one", "two")
        await expect(page.get_by_text("2 lines,")).to_be_visible()

        await bring(page, "x" * 3_000_000)
        await expect(page.get_by_text("the relay takes 2,097 kB at once")).to_be_visible()
        await expect(page.get_by_text("2 lines,")).to_be_visible()
