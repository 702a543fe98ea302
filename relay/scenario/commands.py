"""Commands that a scenario offers viewers while it runs: the act `relay.command`, and how long they last."""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, Final, Protocol

from pydantic import Field, TypeAdapter, ValidationError

from relay.acts import Act, ActRefused, Arguments
from relay.commands.definition import Command, script_event
from relay.commands.table import CommandTable
from relay.config import ParameterSection
from relay.config.commands import CommandName
from relay.inbox.retry import with_retries
from relay.model import Value
from relay.wire import server
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

NAME: Final = "relay.command"
OWNER: Final = "scenario"
MAX_COMMANDS: Final = 50
OFF: Final = "off"
"""Instead of the arguments: the command is taken back."""
NOTE: Final = "scenario commands"
"""The note that keeps them over a restart of the relay: the scenario goes on meanwhile, and offers none anew."""
_PARAMETER: Final = re.compile(r"(\w+):(text|number|choice|viewer)(?:\(([^()]*)\))?(\?)?", re.ASCII)
_BOUNDS: Final = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?", re.ASCII)


class CommandArguments(Arguments):
    name: CommandName
    arguments: str = Field("", max_length=500)
    """Such as `whom:viewer times:number(1..5)? style:choice(slow|fast)?`; `off` takes the command back."""
    summary: str = Field("", max_length=100)
    cooldown: float = Field(0.0, ge=0)
    """Seconds, for everybody."""
    viewer_cooldown: float = Field(5.0, ge=0)
    """Seconds, for each viewer."""


class Offered(Value):
    """A command, and in which chat it was offered."""

    chat_id: str | None
    """None before the chat was joined that it belongs to."""
    arguments: CommandArguments


class CommandNotes(Protocol):
    """Where they are kept."""

    async def get_note(self, name: str) -> str | None: ...

    async def set_note(self, name: str, value: str) -> None: ...


class ScenarioCommands:
    """Offers them in the table for as long as their chat lasts. `chat_id` tells which chat is joined, None for none."""

    def __init__(self, table: CommandTable, notes: CommandNotes, chat_id: Callable[[], str | None]) -> None:
        self.act = Act(NAME, CommandArguments, self._offer)
        self._table = table
        self._notes = notes
        self._chat_id = chat_id
        self._offered: dict[str, Offered] = {}
        self._changed = asyncio.Event()

    async def restore(self) -> None:
        """What was offered before the relay was restarted waits for its chat to be joined again."""
        kept = await self._notes.get_note(NOTE)
        if kept is None:
            return
        try:
            offered = _KEPT.validate_json(kept)
        except ValidationError:
            log.warning("the commands that the scenario offered before the restart cannot be read: they are left out")
        else:
            self._offered = {each.arguments.name: each for each in offered}
            self._follow()

    def chat_changed(self) -> None:
        """A chat was joined or left: those of another chat are over."""
        self._follow()

    def on_message(self, message: WireMessage) -> None:
        """Take one message from Voxta: a chat that was closed takes its commands with it."""
        if isinstance(message, server.ChatClosed) and message.chat_id:
            self._keep({name: each for name, each in self._offered.items() if each.chat_id != message.chat_id})

    async def run(self) -> None:
        """Keep them in the store, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            kept = _KEPT.dump_json(list(self._offered.values())).decode()
            await with_retries(self._notes.set_note, NOTE, kept)

    async def _offer(self, asked: CommandArguments) -> str:
        others = {name: each for name, each in self._offered.items() if name != asked.name}
        if asked.arguments == OFF:
            self._keep(others)
            return f"the command {asked.name} is gone"
        if len(others) >= MAX_COMMANDS:
            raise ActRefused(f"{NAME}: there are {MAX_COMMANDS} already; take one back with {OFF!r}")
        command = _command(asked)
        if not self._table.is_free(asked.name, OWNER):
            self._keep(others)
            raise ActRefused(f"{NAME}: name: {asked.name!r} is taken or left to other bots; use another")
        self._table.register(command, OWNER)
        self._keep(others | {asked.name: Offered(chat_id=self._chat_id(), arguments=asked)})
        return f"the command {asked.name} is there"

    def _follow(self) -> None:
        chat_id = self._chat_id()
        if chat_id is not None:
            here = (each for each in self._offered.values() if each.chat_id in (None, chat_id))
            self._keep({each.arguments.name: each.model_copy(update={"chat_id": chat_id}) for each in here})

    def _keep(self, offered: dict[str, Offered]) -> None:
        """These and no others."""
        for name in self._offered.keys() - offered.keys():
            self._table.forget(OWNER, name)
        for each in offered.values():
            if self._table.named(each.arguments.name) is None:
                self._table.register(_command(each.arguments), OWNER)
        if offered != self._offered:
            self._offered = offered
            self._changed.set()


_KEPT: Final = TypeAdapter(list[Offered])


def _command(asked: CommandArguments) -> Command:
    parameters = tuple(map(_parameter, asked.arguments.split()))
    return Command(
        name=asked.name,
        summary=asked.summary,
        tell=script_event(f"command.{asked.name}", parameters),
        parameters=parameters,
        cooldown=asked.cooldown,
        viewer_cooldown=asked.viewer_cooldown,
    )


def _parameter(word: str) -> ParameterSection:
    """What stands for one argument, such as `times:number(1..5)?`. Raises ActRefused."""
    match = _PARAMETER.fullmatch(word)
    if match is None:
        raise ActRefused(f"{NAME}: arguments: {word!r:.60} is none; write name:text, name:viewer, name:choice(a|b) …")
    name, kind, limits, optional = match.groups()
    fields: dict[str, Any] = {"name": name, "type": kind, "optional": optional is not None}
    if kind == "choice":
        fields["choices"] = (limits or "").split("|")
    elif limits is not None:
        bounds = _BOUNDS.fullmatch(limits)
        if bounds is None or kind != "number":
            raise ActRefused(f"{NAME}: arguments: {word!r:.60} has limits that are none; write name:number(1..5)")
        fields |= {"min": bounds[1], "max": bounds[2]}
    try:
        return ParameterSection.model_validate(fields)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ActRefused(f"{NAME}: arguments: {word!r:.60}: {problem['msg'].removeprefix('Value error, ')}") from None
