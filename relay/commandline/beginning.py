"""`relay` without more words: the way in for somebody who has just installed it."""

import sys
from typing import Final

import typer

from relay.application.console import show
from relay.config import places

DEMO: Final = "1"
SET_UP: Final = "2"
HELP: Final = "3"
_CHOICES: Final = f"""Voxta Relay has no settings yet. What shall it do?

  {DEMO}  show itself: an invented audience talks to a companion; no account is needed (relay demo)
  {SET_UP}  be set up, on a page in your browser (relay run --open)
  {HELP}  list all commands (relay --help)
"""
_HINT: Final = "\nThere are no settings yet: try `relay demo`, or set it up on the page that `relay run` serves."


def choose(context: typer.Context) -> str:
    """What somebody wants who did not say: one of the choices. Help is shown already."""
    has_settings = places.find(None) is not None
    if not has_settings and sys.stdin.isatty() and sys.stdout.isatty():
        show(_CHOICES)
        answer = ""
        while answer not in (DEMO, SET_UP, HELP):
            answer = str(typer.prompt("1, 2 or 3", default=DEMO)).strip()
        if answer != HELP:
            return answer
    show(context.get_help() + ("" if has_settings else _HINT))
    return HELP
