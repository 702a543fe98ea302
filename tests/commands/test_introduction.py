"""What `!companion` answers."""

from collections.abc import Collection

import pytest

from relay.commands.definition import Command
from relay.commands.introduction import SHOWN, introduction, named
from relay.commands.table import CommandTable
from relay.config import CommandsSection
from tests.commands.surroundings import answer

NAMES = [f"c{number}" for number in range(SHOWN + 2)]


async def told(
    *, there: Collection[str] = ("Vox",), own: int = 0, acts: Collection[str] = (), knows: bool = False
) -> str:
    table = CommandTable(CommandsSection())
    for name in NAMES[:own]:
        table.register(Command(name), "settings")
    [command] = introduction(table, characters=lambda: there, acts=lambda: acts, remembers=lambda: knows)
    return await answer(command)


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (["Vox"], "Vox is an AI companion, and may answer what you write, here and aloud."),
        (["Vox", "Sam"], "Vox and Sam are AI companions, and may answer what you write"),
        (["Vox", "Sam", "Kim"], "Vox, Sam and Kim are AI companions, and may answer what you write"),
        ([], "The AI companion is away now; later it may answer what you write, here and aloud."),
    ],
)
async def test_who_is_there_is_named(there: list[str], words: str) -> None:
    assert (await told(there=there)).startswith(words)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "stream: c0. "),
        (SHOWN, f"stream: {', '.join(NAMES[:SHOWN])}. "),
        (SHOWN + 1, f"stream: {', '.join(NAMES[:SHOWN])}, and 1 more. "),
        (SHOWN + 2, f"{NAMES[SHOWN - 1]}, and 2 more. "),
    ],
)
async def test_as_much_as_there_is_room_for_is_named_of_what_it_can_do(count: int, words: str) -> None:
    assert words in await told(acts=NAMES[:count][::-1])
    assert words.replace("stream: c", "Commands: !c").replace(" c", " !c") in await told(own=count)


async def test_of_what_it_cannot_do_nothing_is_said() -> None:
    words = await told()

    assert "in the stream" not in words and "Commands" not in words and "  " not in words


async def test_what_is_kept_of_people_is_said() -> None:
    assert (await told(knows=True)).endswith("!remembered tells you yours, !forget me deletes it.")
    assert (await told(knows=False)).endswith("No notes are kept about who comes here.")


def test_a_companion_without_a_name_is_called_one() -> None:
    assert [named(()), named(["Vox"]), named(["Vox", "Sam"])] == ["the companion", "Vox", "Vox and Sam"]
