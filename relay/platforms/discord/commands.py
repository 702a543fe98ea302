"""The slash commands: `/ask` for everybody, `/relay …` for those who look after the server."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from relay.model import AudienceMessage, ControlInfo
from relay.platforms.base import PlatformControls
from relay.platforms.discord.clock import DiscordClock
from relay.platforms.discord.controls import carry_out
from relay.platforms.discord.incoming import Listening, read_question
from relay.platforms.discord.interactions import ANSWER_WITHIN, Use, caller_of, is_unanswered, whisper
from relay.platforms.discord.mentions import names_in
from relay.platforms.discord.outgoing import FAILURES

log = logging.getLogger(__name__)

Accept = Callable[[AudienceMessage], asyncio.Future[None]]
"""Takes a question at once; the future is done when it is stored."""

Command = app_commands.Command[Any, ..., None]

SYNC_TIMEOUT: Final = 30.0
QUESTION_LIMIT: Final = 500
ARGUMENT_LIMIT: Final = 200


class Commands(app_commands.CommandTree[discord.Client]):
    """The command tree of one client."""

    def __init__(
        self,
        client: discord.Client,
        listening: Listening,
        accept: Accept,
        controls: PlatformControls,
        clock: DiscordClock,
        more: Sequence[Command] = (),
    ) -> None:
        """`more` are commands of other parts of the adapter."""
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self.add_command(_ask(listening, accept, clock))
        self.add_command(_relay(controls))
        for command in more:
            self.add_command(command)

    async def on_error(self, interaction: Use, error: app_commands.AppCommandError, /) -> None:
        cause = getattr(error, "original", error)
        log.warning("discord: a slash command failed: %s: %s", type(cause).__name__, cause)
        if is_unanswered(interaction):
            await whisper(interaction, "That did not work. The log of the relay says why.")

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


def _ask(listening: Listening, accept: Accept, clock: DiscordClock) -> Command:
    @app_commands.describe(question="What you would like to know")
    async def ask(interaction: Use, question: app_commands.Range[str, 1, QUESTION_LIMIT]) -> None:
        if not listening.covers(interaction.channel):
            places = ", ".join(f"<#{channel}>" for channel in sorted(listening.channels))
            return await whisper(interaction, f"I only listen in {places}. Please ask me there.")
        at = clock.arrived()
        stored = accept(read_question(interaction, question, await names_in(interaction, question), at))
        done, _ = await asyncio.wait({stored}, timeout=ANSWER_WITHIN)
        await whisper(interaction, "Asked! The answer comes here." if done else "Got it. This may take a moment.")

    return app_commands.Command(name="ask", description="Ask the companion a question", callback=ask)


def _relay(controls: PlatformControls) -> app_commands.Group:
    group = app_commands.Group(
        name="relay",
        description="Look after the relay between the audience and the companion",
        default_permissions=discord.Permissions(manage_guild=True),
    )
    for info in controls.commands():
        group.add_command(_control(info, controls))
    return group


def _control(info: ControlInfo, controls: PlatformControls) -> Command:
    async def bare(interaction: Use) -> None:
        await carry_out(interaction, controls, info.name)

    async def with_argument(interaction: Use, argument: app_commands.Range[str, 1, ARGUMENT_LIMIT]) -> None:
        await carry_out(interaction, controls, f"{info.name} {argument}")

    async def with_optional(
        interaction: Use, argument: app_commands.Range[str, 1, ARGUMENT_LIMIT] | None = None
    ) -> None:
        await carry_out(interaction, controls, f"{info.name} {argument or ''}".strip())

    if info.argument is None:
        return app_commands.Command(name=info.name, description=info.summary[:100], callback=bare)
    renamed = app_commands.rename(argument=info.argument)(with_argument if info.required else with_optional)
    described = app_commands.describe(argument=info.form[:100])(renamed)
    command: Command = app_commands.Command(name=info.name, description=info.summary[:100], callback=described)

    @command.autocomplete("argument")
    async def complete(interaction: Use, typed: str) -> list[app_commands.Choice[str]]:
        if not caller_of(interaction).may_control:
            return []
        found = controls.complete(info.name, typed)
        return [app_commands.Choice(name=each.label, value=each.value) for each in found]

    return command


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
