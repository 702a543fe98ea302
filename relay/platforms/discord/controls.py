"""Moderators' controls on Discord: who may, what they see, and the buttons that decide on held messages."""

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any, Final, Self

import discord

from relay.model import Caller, Held, Role
from relay.platforms.base import PlatformControls
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.settings import TEXT_LIMIT

log = logging.getLogger(__name__)

ANSWER_WITHIN: Final = 2.0
"""Seconds to wait for the relay; Discord gives up on a command after three."""
ROWS: Final = 5
"""Rows of buttons a message may have."""
HELD: Final = "held"

Use = discord.Interaction[discord.Client]


def caller_of(interaction: Use) -> Caller:
    """Who uses a command, by what this server lets them do. `whisper` answers them alone."""
    permissions, user = interaction.permissions, interaction.user
    roles = set()
    if interaction.guild is not None and interaction.guild.owner_id == user.id:
        roles.add(Role.STREAMER)
    if permissions.manage_guild or permissions.moderate_members:
        roles.add(Role.MODERATOR)
    name, id = user.display_name, str(user.id)
    return Caller(source="discord", name=name, id=id, roles=frozenset(roles), in_private=True)


async def carry_out(interaction: Use, controls: PlatformControls, words: str) -> None:
    """Do what the words say; only the person who asked sees the answer."""
    # a server's own settings can hand the command to anyone, so what the caller may is checked by the controls too
    answer = await _answer(interaction, controls, words)
    shown = controls.held()[:ROWS] if words == HELD and caller_of(interaction).may_control else ()
    await whisper(interaction, answer, buttons(shown) if shown else None)


async def whisper(interaction: Use, text: str, view: discord.ui.View | None = None) -> None:
    """Answer so that only the person who used the command sees it."""
    try:
        if view is None:
            await interaction.response.send_message(text[:TEXT_LIMIT], ephemeral=True)
        else:
            await interaction.response.send_message(text[:TEXT_LIMIT], ephemeral=True, view=view)
    except FAILURES as error:  # too late, or already answered before a resume repeated the event
        log.info("discord: a command could not be answered: %s", error)


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
        answer = await _answer(interaction, controls, self._words)
        if not caller_of(interaction).may_control:
            return await whisper(interaction, answer)
        left = controls.held()[:ROWS]
        try:
            await interaction.response.edit_message(content=answer[:TEXT_LIMIT], view=buttons(left) if left else None)
        except FAILURES as error:
            log.info("discord: a button could not be answered: %s", error)


async def _answer(interaction: Use, controls: PlatformControls, words: str) -> str:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return await controls.run(words, caller_of(interaction)) or "There is nothing to tell."
    except TimeoutError:
        return "The relay is too busy to answer; `/relay status` shows what is set."
