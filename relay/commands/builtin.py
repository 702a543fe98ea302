"""The commands the relay brings along."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Final

from relay.commands.definition import Command, Use
from relay.commands.gate import CommandGate
from relay.commands.table import CommandTable
from relay.config import ParameterSection, Telling
from relay.model import Role
from relay.moderation.roles import rank

OWNER = "relay"
"""Who brings these along."""
PAGE: Final = 330
"""Characters of a list of names in one answer, which has to say besides where there is more."""


def register(commands: CommandGate, asked: Telling) -> None:
    """Offer them all; a name that the settings use for something else is theirs. `asked` is how questions are told."""
    offered = [ask(asked)] if asked.enabled else []
    for command in (*offered, *_lists(commands)):
        commands.table.register(command, OWNER)


def ask(asked: Telling) -> Command:
    """Puts a question to the companion."""
    return Command(
        name="ask",
        summary="Ask the companion something",
        tell=asked,
        parameters=(ParameterSection(name="question", max_length=500),),
        is_question=True,
    )


def _lists(commands: CommandGate) -> Iterable[Command]:
    async def answer(use: Use) -> str:
        name = use.arguments["name"]
        if name and not (name.isdecimal() and commands.table.named(name) is None):
            return _explained(commands, name)
        return _listed(commands.table, use.message.author.roles, int(name or 1))

    yield Command(
        name="commands",
        aliases=("help",),
        summary="What there is, or how one of them is used",
        do=answer,
        parameters=(ParameterSection(name="name", optional=True),),
        viewer_cooldown=5.0,
        is_general=True,
        completes="name",
    )


def _listed(table: CommandTable, roles: frozenset[Role], page: int) -> str:
    """What somebody with these roles may use, as much as has room on a page."""
    found = [f"{table.prefix}{command.name}" for command in table if rank(roles) >= rank({command.least_role})]
    pages = wrap(" ".join(found), PAGE, break_long_words=False, break_on_hyphens=False)
    page = max(1, min(page, len(pages)))
    more = f": {table.prefix}commands {page + 1} shows more" if page < len(pages) else ""
    return f"Commands: {pages[page - 1]}" + (f" ({page} of {len(pages)}{more})" if len(pages) > 1 else "")


def _explained(commands: CommandGate, name: str) -> str:
    command = commands.table.named(name)
    if command is None:
        return f"There is no such command. All of them: {commands.table.prefix}commands"
    return f"Use: {commands.usage(command)}" + (f" ({command.summary})" if command.summary else "")
