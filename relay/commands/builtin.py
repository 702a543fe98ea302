"""The commands the relay brings along."""

from collections.abc import Iterable

from relay.commands.definition import Command, Use
from relay.commands.gate import CommandGate
from relay.config import ParameterSection, Telling

OWNER = "relay"
"""Who brings these along."""


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
        if name := use.arguments["name"]:
            return _explained(commands, name)
        prefix = commands.table.prefix
        return f"Commands: {' '.join(f'{prefix}{command.name}' for command in commands.table)}"

    yield Command(
        name="commands",
        aliases=("help",),
        summary="What there is, or how one of them is used",
        do=answer,
        parameters=(ParameterSection(name="name", optional=True),),
        viewer_cooldown=5.0,
        is_general=True,
    )


def _explained(commands: CommandGate, name: str) -> str:
    command = commands.table.named(name)
    if command is None:
        return f"There is no such command. All of them: {commands.table.prefix}commands"
    return f"Use: {commands.usage(command)}" + (f" ({command.summary})" if command.summary else "")
