"""`!companion`: who it is, and what it can do."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from relay.commands.definition import Command, Use
from relay.commands.table import CommandTable

SHOWN: Final = 8
"""Commands, and acts, named; a chat message has no room for more."""


def introduction(
    table: CommandTable,
    *,
    characters: Callable[[], Collection[str]],
    acts: Callable[[], Collection[str]],
    remembers: Callable[[], bool],
) -> Iterable[Command]:
    """`characters` are in the chat, `acts` is what the scenario may do in the stream, `remembers`: people, that is."""

    async def answer(use: Use) -> str:
        there = list(characters())
        who = f"{_and(there)} {'is an AI companion' if len(there) == 1 else 'are AI companions'}, and may"
        prefix = table.prefix
        own = [f"{prefix}{command.name}" for command in table]
        remembered = (
            f"Who comes here is remembered: {prefix}remembered tells you yours, {prefix}forget me deletes it."
            if remembers()
            else "No notes are kept about who comes here."
        )
        sentences = [
            f"{who if there else 'The AI companion is away now; later it may'} answer what you write, here and aloud.",
            f"Commands: {_some(own)}." if own else "",
            f"By itself it can do this in the stream: {_some(sorted(acts()))}." if acts() else "",
            remembered,
        ]
        return " ".join(filter(None, sentences))

    yield Command(
        name="companion", summary="Who answers here, and what it can do", do=answer, cooldown=5.0, is_general=True
    )


def named(characters: Collection[str]) -> str:
    """What to call the companion in a sentence."""
    return _and(list(characters)) if characters else "the companion"


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join([*names[:SHOWN], *([f"and {more} more"] if more > 0 else [])])
