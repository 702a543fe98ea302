"""What another way of giving a command writes is read as it was given."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from relay.commands.definition import Command
from relay.commands.parsing import read, written
from relay.commands.table import CommandTable
from relay.config import ActionSection, CommandsSection, ParameterSection
from relay.text.unicode import one_line

PARAMETERS = (
    ParameterSection(name="whom", type="viewer"),
    ParameterSection(name="size", type="choice", choices=("small", "large"), optional=True, default="small"),
    ParameterSection(name="times", type="number", min=-5, max=5, optional=True, default="1"),
    ParameterSection(name="why", optional=True),
)
WORDS = st.text(max_size=60).filter(lambda text: len(one_line(text)) <= 60)


@given(WORDS.filter(lambda text: any(map(str.isalnum, one_line(text)))), st.sampled_from(["", "large"]), WORDS)
def test_every_argument_is_found_again_but_for_its_quotation_marks(whom: str, size: str, why: str) -> None:
    line = written(PARAMETERS, {"whom": f"x{whom}", "size": size, "times": "-2", "why": why})
    found = read(PARAMETERS, one_line(line))

    plain = "".join("'" if mark in '"“”„«»' else mark for mark in one_line(f"x{whom}"))
    assert (found["whom"], found["size"], found["times"]) == (plain.strip(), size or "small", "-2")
    assert found["why"] == one_line(why)


def test_what_is_left_out_at_the_end_is_not_written() -> None:
    assert written(PARAMETERS, {"whom": "Ann"}) == '"Ann"'
    assert written(PARAMETERS, {"whom": "Ann", "why": 'a "b" c'}) == '"Ann" "" "" a "b" c'
    assert written((), {}) == ""


async def test_who_offers_commands_hears_of_every_change_also_of_one_that_came_before_it_listened() -> None:
    table = CommandTable(CommandsSection())
    table.register(Command(name="one", do=ActionSection(answer="1")), "script")
    await table.changed(0)
    revision = table.revision
    waiting = asyncio.create_task(table.changed(revision))
    await asyncio.sleep(0)
    assert not waiting.done()
    table.forget("nobody")
    await asyncio.sleep(0)
    assert not waiting.done()
    table.forget("script")
    await waiting
    assert table.offered() == []


def test_what_costs_bits_is_offered_to_nobody_who_cannot_cheer() -> None:
    table = CommandTable(CommandsSection())
    table.register(Command(name="free", do=ActionSection(answer="1")), "script")
    table.register(Command(name="dear", do=ActionSection(answer="1"), bits=100), "script")

    assert [info.name for info in table.offered()] == ["free"]
    assert table.written("free", {}) == "!free"
