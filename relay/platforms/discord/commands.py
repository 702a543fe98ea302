"""The slash commands: the viewers' for everybody, `/relay …` for those who look after the server."""

import asyncio
import logging
import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import discord
from discord import app_commands

from relay.model import ControlInfo
from relay.platforms.base import PlatformControls
from relay.platforms.discord.controls import carry_out
from relay.platforms.discord.interactions import SlashCommand, Use, caller_of, is_unanswered, whisper
from relay.platforms.discord.offers import EVERYWHERE, Offers
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.slash import UNTOLD, Slash

log = logging.getLogger(__name__)

SYNC_TIMEOUT: Final = 30.0
ARGUMENT_LIMIT: Final = 200
MAX_COMMANDS: Final = 100
"""Commands of one application ("Application Commands", "Registering a Command")."""
SETTLES_IN: Final = 5.0
"""Seconds in which further changes are waited for, since a scenario brings its commands one by one."""
NOT_OFFERED: Final = "That is not to be had at the moment."
"""To who uses a command that this session does not have, or not yet."""
AGAIN_IN: Final = (1_800.0, 3_600.0)
"""Seconds, at random between, until commands are registered that could not be."""


class Commands(app_commands.CommandTree[discord.Client]):
    """The command tree of one client."""

    def __init__(self, client: discord.Client, slash: Slash, offers: Offers, *, registers: bool) -> None:
        """One client of the bot `registers` them with Discord; all carry them out."""
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._slash = slash
        self._registers = registers
        self._viewers = offers.viewers
        self._offers = offers
        fixed: list[SlashCommand | app_commands.Group] = [_relay(offers.controls), *offers.more]
        for each in fixed:
            self.add_command(each)
        self._fixed = frozenset(each.name for each in fixed)
        self._revision = 0
        self._is_whole = False
        self._offer()

    def _offer(self) -> None:
        """Have the commands that viewers are offered now, as far as that is known."""
        for command in self.get_commands():
            if command.name not in self._fixed:
                self.remove_command(command.name)
        self._is_whole = self._viewers is None
        if self._viewers is None:
            return
        self._revision, infos = self._viewers.revision, self._viewers.offered()
        self._is_whole = infos is not None
        offered = self._slash.offered(infos if infos is not None else UNTOLD)
        free = [command for command in offered if command.name not in self._fixed]
        room = MAX_COMMANDS - len(self._fixed)
        for command in free[:room]:
            self.add_command(command)
        if left_out := free[room:]:
            log.warning("discord: %d commands are too many for Discord, and work only in chat", len(left_out))

    async def on_error(self, interaction: Use, error: app_commands.AppCommandError, /) -> None:
        if isinstance(error, app_commands.CommandNotFound):
            await whisper(interaction, NOT_OFFERED)
            return
        cause = getattr(error, "original", error)
        log.warning("discord: a slash command failed: %s: %s", type(cause).__name__, cause)
        if is_unanswered(interaction):
            await whisper(interaction, "That did not work. The log of the relay says why.")

    def is_fixed(self, name: str) -> bool:
        """Whether it is the name of a command that is always there."""
        return name in self._fixed

    async def follow(self, *, is_registered: bool) -> None:
        """Register what viewers are offered everywhere, whenever that changes; until cancelled."""
        while self._viewers is not None or not is_registered:
            try:
                async with asyncio.timeout(None if is_registered else random.uniform(*AGAIN_IN)):
                    await (self._viewers.changed(self._revision) if self._viewers is not None else _never())
                self._offer()  # Discord may know them from an earlier run, and people use them
                await asyncio.sleep(SETTLES_IN)
                self._offer()
            except TimeoutError:
                log.info("discord: registering the slash commands again")
            is_registered = await self.sync_changes()

    async def sync_changes(self) -> bool:
        """Register what is offered everywhere. False when that has to wait."""
        return await self.register(None, is_whole=self._is_whole) if self._registers else True

    async def register(self, server: discord.Object | None, *, is_whole: bool) -> bool:
        """Register the commands, only where Discord knows others: it allows few a day. False when that has to wait.

        Those of a server, or those that are offered everywhere. Until they are the whole of it none is taken back.
        """
        id = server.id if server is not None else EVERYWHERE
        wanted = _essences([command.to_dict(self) for command in self.get_commands(guild=server)], id)
        if server is not None and self._offers.registered.get(id) == wanted:
            return True
        try:
            async with asyncio.timeout(SYNC_TIMEOUT):
                known = _essences(await self._known(server), id)
                names, known_names = ({command["name"] for command in each} for each in (wanted, known))
                if not is_whole and known_names - names:
                    return True
                if known != wanted:
                    new = names - known_names
                    if not self._offers.creations[id].take(len(new)):
                        log.warning("discord: too many new slash commands for one day; they work in chat meanwhile")
                        return False
                    await self.sync(guild=server)
        except (*FAILURES, app_commands.AppCommandError) as error:
            log.warning("discord: the slash commands could not be registered: %s: %s", type(error).__name__, error)
            return False
        self._offers.registered[id] = wanted
        return True

    async def _known(self, server: discord.Object | None) -> Sequence[Mapping[str, Any]]:
        """What Discord knows, as it sends that: fetch_commands() of discord.py 2.7 loses the contexts."""
        http, application = self.client.http, self.client.application_id or 0
        if server is None:
            return await http.get_global_commands(application)
        return await http.get_guild_commands(application, server.id)


async def _never() -> None:
    await asyncio.Event().wait()


def _relay(controls: PlatformControls) -> app_commands.Group:
    group = app_commands.Group(
        name="relay",
        description="Look after the relay between the audience and the companion",
        default_permissions=discord.Permissions(manage_guild=True),
    )
    for info in controls.commands():
        group.add_command(_control(info, controls))
    return group


def _control(info: ControlInfo, controls: PlatformControls) -> SlashCommand:
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
    command: SlashCommand = app_commands.Command(name=info.name, description=info.summary[:100], callback=described)

    @command.autocomplete("argument")
    async def complete(interaction: Use, typed: str) -> list[app_commands.Choice[str]]:
        if not (by := caller_of(interaction)).may_control:
            return []
        found = await controls.complete(info.name, typed, by)
        return [app_commands.Choice(name=each.label, value=each.value) for each in found]

    return command


_ASSIGNED: Final = frozenset({"id", "application_id", "version", "dm_permission", "guild_id"})
"""Set by Discord, or said again by `contexts`."""
_ELSEWHERE: Final = frozenset({"contexts", "integration_types"})
"""What only commands that are offered everywhere have ("Application Command Object")."""


def _essences(commands: Sequence[Mapping[str, Any]], server: int) -> list[dict[str, Any]]:
    left_out = _ASSIGNED | _ELSEWHERE if server != EVERYWHERE else _ASSIGNED
    return sorted((_essence(command, left_out) for command in commands), key=lambda command: str(command["name"]))


def _essence(command: Mapping[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    """A command without what Discord adds and without empty fields, which it may or may not give back."""
    kept = {key: value for key, value in command.items() if value and key not in left_out}
    if "options" in kept:
        kept["options"] = [_essence(option, left_out) for option in kept["options"]]
    if "default_member_permissions" in kept:
        kept["default_member_permissions"] = int(kept["default_member_permissions"])
    return kept
