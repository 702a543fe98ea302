"""The slash commands: `/ask` for everybody, `/relay …` for those who look after the server."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import discord
from discord import app_commands

from relay.model import ControlInfo, Settlement
from relay.platforms.base import PlatformControls, ViewerCommands
from relay.platforms.discord.controls import carry_out
from relay.platforms.discord.interactions import Use, caller_of, is_unanswered, whisper
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.slash import Slash
from relay.platforms.discord.uses import Uses

log = logging.getLogger(__name__)

Command = app_commands.Command[Any, ..., None]

SYNC_TIMEOUT: Final = 30.0
ARGUMENT_LIMIT: Final = 200
MAX_COMMANDS: Final = 100
"""Commands of one application ("Application Commands", "Registering a Command")."""
CREATED_A_DAY: Final = 150
"""New commands in 24 hours; Discord takes 200, and somebody may restart the relay."""
DAY: Final = 86_400.0
SETTLES_IN: Final = 5.0
"""Seconds in which further changes are waited for, since a scenario brings its commands one by one."""
AGAIN_IN: Final = (1_800.0, 3_600.0)
"""Seconds, at random between, until commands are registered that could not be."""


class Creations:
    """How many commands may still be created; outlives the sessions of one run. Pure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._created: deque[tuple[float, int]] = deque()

    def take(self, count: int) -> bool:
        """Create so many now, if that many may be."""
        now = self._clock()
        while self._created and self._created[0][0] <= now - DAY:
            self._created.popleft()
        may = sum(each for _, each in self._created) + count <= CREATED_A_DAY
        if may and count:
            self._created.append((now, count))
        return may


@dataclass
class Offers:
    """What the adapter offers as slash commands in each of its sessions."""

    controls: PlatformControls
    more: Sequence[Command] = ()
    """Those of other parts of the adapter."""
    viewers: ViewerCommands | None = None
    """Those that come and go."""
    creations: Creations = field(default_factory=Creations)
    uses: Uses = field(default_factory=Uses)

    def explained(self, settlement: Settlement) -> str:
        """What became of a use, in words for who it was."""
        return self.viewers.explained(settlement) if self.viewers is not None else "The companion was not told."


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
        self._creations = offers.creations
        fixed: list[Command | app_commands.Group] = [slash.ask(), _relay(offers.controls), *offers.more]
        for each in fixed:
            self.add_command(each)
        self._fixed = frozenset(each.name for each in fixed)
        self._revision = 0
        self._offer()

    def _offer(self) -> None:
        """Have the commands that viewers are offered now."""
        for command in self.get_commands():
            if command.name not in self._fixed:
                self.remove_command(command.name)
        if self._viewers is None:
            return
        self._revision = self._viewers.revision
        offered = self._slash.offered(self._viewers.offered(), self._viewers.written)
        free = [command for command in offered if command.name not in self._fixed]
        room = MAX_COMMANDS - len(self._fixed)
        for command in free[:room]:
            self.add_command(command)
        if left_out := free[room:]:
            log.warning("discord: %d commands are too many for Discord, and work only in chat", len(left_out))

    async def on_error(self, interaction: Use, error: app_commands.AppCommandError, /) -> None:
        cause = getattr(error, "original", error)
        log.warning("discord: a slash command failed: %s: %s", type(cause).__name__, cause)
        if is_unanswered(interaction):
            await whisper(interaction, "That did not work. The log of the relay says why.")

    async def follow(self, *, is_registered: bool) -> None:
        """Register what viewers are offered, whenever that changes; until cancelled."""
        while self._viewers is not None:
            try:
                async with asyncio.timeout(None if is_registered else random.uniform(*AGAIN_IN)):
                    await self._viewers.changed(self._revision)
                await asyncio.sleep(SETTLES_IN)
                self._offer()
            except TimeoutError:
                log.info("discord: registering the slash commands again")
            is_registered = await self.sync_changes()

    async def sync_changes(self) -> bool:
        """Register the commands, only where Discord knows others: it allows few a day. False when that has to wait."""
        if not self._registers:
            return True
        try:
            async with asyncio.timeout(SYNC_TIMEOUT):
                # fetch_commands() of discord.py 2.7 loses the contexts, so this reads what Discord sent
                known = await self.client.http.get_global_commands(self.client.application_id or 0)
                wanted = [command.to_dict(self) for command in self.get_commands()]
                if _essences(known) == _essences(wanted):
                    return True
                new = {command["name"] for command in wanted} - {command["name"] for command in known}
                if not self._creations.take(len(new)):
                    log.warning("discord: too many new slash commands for one day; they work in chat meanwhile")
                    return False
                await self.sync()
        except (*FAILURES, app_commands.AppCommandError) as error:
            log.warning("discord: the slash commands could not be registered: %s: %s", type(error).__name__, error)
            return False
        return True


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
        if not (by := caller_of(interaction)).may_control:
            return []
        found = await controls.complete(info.name, typed, by)
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
