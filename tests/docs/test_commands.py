"""Every command that people are told to type is there and takes what they are told to give it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tests.docs.pages import PAGES, ROOT, blocks, name, spans
from tests.docs.program import Command, Group, program

PROGRAM = program()
SOURCES = sorted((ROOT / "relay").rglob("*.py"))
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""What typer's parser raises; it has a name of its own in each version of typer."""
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def in_blocks(page: Path) -> Iterator[list[str]]:
    """The commands of a page's shell blocks, word by word, from `relay` or `make` on."""
    for block in blocks(page):
        if block.language in ("sh", "powershell"):
            for command in re.split(r"&&|;|\n", block.code):
                words = shlex.split(command, comments=True)
                starts = [at for at, word in enumerate(words) if word in ("relay", "make")]
                if starts:
                    yield words[starts[0] :]


def in_lines(page: Path) -> Iterator[list[str]]:
    """The same in a page's code spans, up to an ellipsis."""
    for span in spans(page):
        if span.startswith(("relay ", "make ")):
            yield shlex.split(span.partition("…")[0])


def in_messages(source: Path) -> Iterator[list[str]]:
    """What the relay's own words tell people to run."""
    for command in re.findall(r"`(relay [^`{]+)`", source.read_text("utf-8")):
        yield shlex.split(command.partition("…")[0])


def parse(command: Command, words: list[str]) -> None:
    """Raises what the command line would say to the words."""
    if isinstance(command, Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            raise typer.BadParameter(f"there is no {words[0]}")
        return parse(command.commands[words[0]], words[1:])
    command.make_context("relay", words)


def mistake(words: list[str], *, whole: bool) -> str | None:
    """What is wrong with a command. Where it is not `whole`, arguments may be left out."""
    if words[0] == "make":
        return None if set(words[1:]) <= TARGETS else f"{' '.join(words)}: there is no such target"
    try:
        parse(PROGRAM, words[1:])
    except typer.Exit:
        return None
    except USAGE_ERROR as error:
        is_allowed = not whole and type(error).__name__ in ("MissingParameter", "NoArgsIsHelpError")
        return None if is_allowed else f"{' '.join(words)}: {error}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_in_a_block_can_be_typed_as_it_stands(page: Path) -> None:
    assert [wrong for words in in_blocks(page) if (wrong := mistake(words, whole=True))] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_in_a_line_is_there(page: Path) -> None:
    assert [wrong for words in in_lines(page) if (wrong := mistake(words, whole=False))] == []


def test_every_command_that_the_relay_tells_people_to_run_is_there() -> None:
    told = [words for source in SOURCES for words in in_messages(source)]

    assert ["relay", "auth", "twitch"] in told
    assert [wrong for words in told if (wrong := mistake(words, whole=False))] == []


def test_the_readme_passes_the_tests_as_every_change_does() -> None:
    steps = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    shown = [block.code.strip() for block in blocks(ROOT / "README.md")]

    assert [step for step in steps if "pytest" in step and step in shown]
