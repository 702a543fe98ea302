"""The `relay` command as a tree of commands, with the benchmarks that a checkout has."""

from collections.abc import Iterator
from typing import Any

import typer

from relay.cli import app
from tests.benchmarks.cli import bench

Group = typer.core.TyperGroup
Command = Any
"""Typer keeps the class that groups and commands have in common to itself."""


def program() -> Group:
    """`relay` itself."""
    tree, benchmarks = typer.main.get_command(app), typer.main.get_command(bench)
    assert isinstance(tree, Group)
    tree.commands["bench"] = benchmarks
    return tree


def commands(group: Group, path: str = "relay") -> Iterator[str]:
    """Everything that can be called."""
    for name, command in group.commands.items():
        if getattr(command, "invoke_without_command", True):
            yield f"{path} {name}"
        if isinstance(command, Group):
            yield from commands(command, f"{path} {name}")
