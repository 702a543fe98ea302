"""What viewers can ask of the memory: to see what is remembered of them, and to link their accounts."""

from collections.abc import Iterable
from typing import Final

from relay.commands.definition import Answer, Command, Confidential, Use
from relay.commands.gate import CommandGate
from relay.config import ParameterSection
from relay.errors import MemoryUnavailable
from relay.memory.codes import MINUTES, LinkRefused
from relay.memory.memory import Memory
from relay.memory.wording import explanation, for_viewer, pages
from relay.system.clock import now

OWNER: Final = "memory"
YES: Final = "yes"
AWAY: Final = "I cannot look that up at the moment. Try again in a minute."


def register(commands: CommandGate, memory: Memory) -> None:
    """Offer them; a name that the settings use for something else is theirs."""
    for command in _commands(commands, memory):
        commands.table.register(command, OWNER)


def _commands(commands: CommandGate, memory: Memory) -> Iterable[Command]:
    prefix = commands.table.prefix

    async def remembered(use: Use) -> Answer:
        try:
            known = await memory.get(use.viewer)
        except MemoryUnavailable:
            return AWAY
        if known is None:
            return f"I remember nothing about you. {explanation(prefix)}"
        shown = pages(for_viewer(known, label=memory.context.label))
        page = min(int(float(use.arguments["page"])), len(shown))
        more = f"{prefix}remembered {page + 1} shows more" if page < len(shown) else "that is all"
        return Confidential(
            f"{shown[page - 1]} ({page} of {len(shown)}: {more}; {prefix}forget me deletes it)",
            f"I remember you, with {_notes(len(known.notes))}; not here, where everybody reads along. "
            f"/remembered, where this chat has it, shows it to you alone; else ask the streamer. "
            f"{prefix}forget me deletes it.",
        )

    async def link(use: Use) -> str:
        try:
            return await _link(memory, use, prefix)
        except LinkRefused as refused:
            return str(refused)
        except MemoryUnavailable:
            return AWAY

    async def unlink(use: Use) -> str:
        try:
            was_linked = await memory.unlink(use.viewer)
        except MemoryUnavailable:
            return AWAY
        return "This account is on its own again." if was_linked else "This account is linked with no other."

    yield Command(
        name="remembered",
        summary="What I remember about you",
        do=remembered,
        parameters=(ParameterSection(name="page", type="number", min=1, max=99, optional=True, default="1"),),
        viewer_cooldown=3.0,
    )
    yield Command(
        name="link",
        summary="Have me know you on two platforms as one person",
        do=link,
        parameters=(ParameterSection(name="code", max_length=20, optional=True),),
        viewer_cooldown=3.0,
    )
    yield Command(name="unlink", summary="Take that back", do=unlink, viewer_cooldown=5.0)


async def _link(memory: Memory, use: Use, prefix: str) -> str:
    """Raises LinkRefused, MemoryUnavailable."""
    code, codes = use.arguments["code"].strip(), memory.codes
    await memory.know(use.viewer, use.message.author.name)
    if not code:
        code = codes.offer(use.viewer, now(), in_private=is_private(use))
        return f"Within {MINUTES:g} minutes, write {prefix}link {code} on the other platform."
    other = codes.confirm(use.viewer, now()) if code.casefold() == YES else codes.use(code, use.viewer, now())
    if other is None:
        return f"Now write {prefix}link {YES} where you got the code."
    await memory.link(use.viewer, other)
    return f"Done: I know you here and on {memory.context.label(other.partition(':')[0])} as one person."


def is_private(use: Use) -> bool:
    """Whether it is certain that nobody but the viewer reads the answer, as with a slash command."""
    return use.message.is_unseen


def _notes(count: int) -> str:
    return {0: "no notes", 1: "one note"}.get(count, f"{count} notes")
