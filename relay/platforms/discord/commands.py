"""The slash commands: `/ask` for everybody, `/relay status` for those who may manage the server."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from relay.model import AudienceMessage
from relay.platforms.base import Controls
from relay.platforms.discord.incoming import Listening, read_question
from relay.platforms.discord.outgoing import FAILURES, TEXT_LIMIT

log = logging.getLogger(__name__)

Accept = Callable[[AudienceMessage], asyncio.Future[None]]
"""Takes a question at once; the future is done when it is stored."""

ANSWER_WITHIN: Final = 2.0
"""Seconds to wait for the relay; Discord gives up on a command after three."""
SYNC_TIMEOUT: Final = 30.0
QUESTION_LIMIT: Final = 500

Use = discord.Interaction[discord.Client]


class Commands(app_commands.CommandTree[discord.Client]):
    """The command tree of one client."""

    def __init__(self, client: discord.Client, listening: Listening, accept: Accept, controls: Controls) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self.add_command(_ask(listening, accept))
        self.add_command(_relay(controls))

    async def on_error(self, interaction: Use, error: app_commands.AppCommandError, /) -> None:
        cause = getattr(error, "original", error)
        log.warning("discord: a slash command failed: %s: %s", type(cause).__name__, cause)
        if not interaction.response.is_done():
            await _whisper(interaction, "That did not work. The log of the relay says why.")

    async def sync_changes(self) -> None:
        """Register the commands, only where Discord knows others: it allows few registrations a day."""
        try:
            async with asyncio.timeout(SYNC_TIMEOUT):
                # fetch_commands() of discord.py 2.7 loses the contexts, so this reads what Discord sent
                known = await self.client.http.get_global_commands(self.client.application_id or 0)
                wanted = [command.to_dict(self) for command in self.get_commands()]
                if _essences(known) != _essences(wanted):
                    await self.sync()
        except (*FAILURES, app_commands.AppCommandError) as error:
            log.warning("discord: the slash commands could not be registered: %s: %s", type(error).__name__, error)


def _ask(listening: Listening, accept: Accept) -> app_commands.Command[Any, ..., None]:
    @app_commands.describe(question="What you would like to know")
    async def ask(interaction: Use, question: app_commands.Range[str, 1, QUESTION_LIMIT]) -> None:
        if not listening.covers(interaction.channel):
            places = ", ".join(f"<#{channel}>" for channel in sorted(listening.channels))
            return await _whisper(interaction, f"I only listen in {places}. Please ask me there.")
        stored = accept(read_question(interaction, question))
        done, _ = await asyncio.wait({stored}, timeout=ANSWER_WITHIN)
        await _whisper(interaction, "Asked! The answer comes here." if done else "Got it. This may take a moment.")

    return app_commands.Command(name="ask", description="Ask the companion a question", callback=ask)


def _relay(controls: Controls) -> app_commands.Group:
    group = app_commands.Group(
        name="relay",
        description="Look after the relay between the audience and the companion",
        default_permissions=discord.Permissions(manage_guild=True),
    )

    @group.command(name="status", description="What is connected, and what waits")
    async def status(interaction: Use) -> None:
        # a server's own settings can hand the command to anyone, so it is checked here too
        if not interaction.permissions.manage_guild:
            return await _whisper(interaction, "You need the permission Manage Server for this.")
        await _whisper(interaction, await _status(controls))

    return group


async def _status(controls: Controls) -> str:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return (await controls.status())[:TEXT_LIMIT] or "There is nothing to tell."
    except TimeoutError:
        return "The relay is too busy to answer right now."


async def _whisper(interaction: Use, text: str) -> None:
    """Answer so that only the person who used the command sees it."""
    try:
        await interaction.response.send_message(text, ephemeral=True)
    except FAILURES as error:  # too late, or already answered before a resume repeated the event
        log.info("discord: a command could not be answered: %s", error)


_ASSIGNED: Final = frozenset({"id", "application_id", "version", "dm_permission"})
"""Set by Discord, or said again by `contexts`."""


def _essences(commands: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return sorted((_essence(command) for command in commands), key=lambda command: str(command["name"]))


def _essence(command: Mapping[str, Any]) -> dict[str, Any]:
    """A command without what Discord adds and without empty fields, which it may or may not give back."""
    kept = {key: value for key, value in command.items() if value and key not in _ASSIGNED}
    if "options" in kept:
        kept["options"] = [_essence(option) for option in kept["options"]]
    if "default_member_permissions" in kept:
        kept["default_member_permissions"] = int(kept["default_member_permissions"])
    return kept
