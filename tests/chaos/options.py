"""What the commands of this folder can be told, and how they end."""

import argparse
import logging
import sys
from collections.abc import Iterable
from typing import NoReturn

from tests.chaos.table import Row


def options(command: str, *, times: int, kills: int) -> argparse.ArgumentParser:
    """What they can be told. So often each fault happens, and so often something is killed, unless told."""
    parser = argparse.ArgumentParser(prog=f"python -m {command}")
    parser.add_argument("--times", type=int, default=times, help="how often each fault happens")
    parser.add_argument("--kills", type=int, default=kills, help="how often each is killed that can be")
    parser.add_argument("--quick", action="store_true", help="what fits into a minute; only what is lost decides")
    parser.add_argument("--only", default="", help="the faults whose names hold this")
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    return parser


def given(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What it was told. From now on the relays of this process keep their errors, which are meant, to themselves."""
    logging.disable(logging.ERROR)
    return parser.parse_args()


def end(rows: Iterable[Row], *, quick: bool) -> NoReturn:
    """End the command as the rows tell; no time decides where it was quick."""
    sys.exit(0 if all(row.keeps_its_word if quick else row.is_well for row in rows) else 1)
