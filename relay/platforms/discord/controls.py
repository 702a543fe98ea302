"""Moderators' controls on Discord: who may, what they see, and the buttons that decide on held messages."""

import logging
import re
from collections.abc import Sequence
from typing import Any, Final, Self

import discord

from relay.model import Held
from relay.platforms.base import PlatformControls
from relay.platforms.discord.interactions import TOO_SLOW, Use, caller_of, in_time, whisper
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.settings import TEXT_LIMIT

log = logging.getLogger(__name__)

ROWS: Final = 5
"""Rows of buttons a message may have."""
HELD: Final = "held"


async def carry_out(use: Use, controls: PlatformControls, words: str) -> None:
    """Do what the words say; only the person who asked sees the answer."""
    # a server's own settings can hand the command to anyone, so what the caller may is checked by the controls too
    answer = await in_time(use, _answer(use, controls, words), TOO_SLOW)
    by = caller_of(use)
    shown = (await controls.held(by))[:ROWS] if words == HELD and by.may_control else ()
    await whisper(use, answer, buttons(shown) if shown else None)


def buttons(held: Sequence[Held]) -> discord.ui.View:
    """A row of two buttons for each held message. They work as long as the message is held, also after a restart."""
    view = discord.ui.View(timeout=None)
    for row, each in enumerate(held):
        for name in ("approve", "reject"):
            view.add_item(Decision(name, each.id, row))
    return view


class Decision(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(r"relay:(?P<name>approve|reject):(?P<id>[hr]\d{1,9})"),
):
    """Approves or rejects one held message. `client.controls` carries it out."""

    def __init__(self, name: str, held_id: str, row: int | None = None) -> None:
        self._words = f"{name} {held_id}"
        style = discord.ButtonStyle.success if name == "approve" else discord.ButtonStyle.danger
        label = f"{name.capitalize()} {held_id}"
        super().__init__(discord.ui.Button(label=label, style=style, custom_id=f"relay:{name}:{held_id}", row=row))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["name"], match["id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        controls: PlatformControls = interaction.client.controls
        by = caller_of(interaction)
        asking = _answer(interaction, controls, self._words)
        answer = await in_time(interaction, asking, TOO_SLOW, updates=by.may_control)
        if not by.may_control:
            return await whisper(interaction, answer)
        left = (await controls.held(by))[:ROWS]
        await _update(interaction, answer[:TEXT_LIMIT], buttons(left) if left else None)


async def _update(use: Use, text: str, view: discord.ui.View | None) -> None:
    """Change the message whose button was pressed."""
    try:
        if use.response.is_done():
            await use.edit_original_response(content=text, view=view)
        else:
            await use.response.edit_message(content=text, view=view)
    except FAILURES as error:
        log.info("discord: a button could not be answered: %s", error)


async def _answer(use: Use, controls: PlatformControls, words: str) -> str:
    return await controls.run(words, caller_of(use)) or "There is nothing to tell."
