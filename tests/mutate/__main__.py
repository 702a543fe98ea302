"""Breaks the core on purpose, one place at a time, and shows which breaks no test notices.

    python -m tests.mutate [--sample N] [--seed S] [--jobs J] [ROOM…]

Places inside functions are drawn at random, and for each one way to break it. Of the room's tests the quick ones run
first, and of these the ones next to the module.
"""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from tests.mutate.mutants import ROOMS, draw
from tests.mutate.trials import Fate, Trial, prepare, try_all


def report(rooms: Sequence[tuple[str, Sequence[Trial]]]) -> None:
    """A table by room and module, and every break that no test noticed."""
    tried = [trial for _, trials in rooms for trial in trials]
    width = max(len(trial.mutant.path) for trial in tried)
    print(f"\n{'':{width}}  mutants  killed  stuck  survived  noticed")
    for room, trials in rooms:
        for path in sorted({trial.mutant.path for trial in trials}):
            print(f"{path:{width}}  {_row([trial for trial in trials if trial.mutant.path == path])}")
        print(f"{room:{width}}  {_row(trials)}\n")
    for trial in tried:
        if trial.fate is Fate.SURVIVED:
            print(f"{trial.mutant.path}:{trial.mutant.line}  {trial.mutant.name}  {trial.mutant.change}")


def _row(trials: Sequence[Trial]) -> str:
    fates = Counter(trial.fate for trial in trials)
    share = 1 - fates[Fate.SURVIVED] / fates.total()
    numbers = f"{fates[Fate.KILLED]:6}  {fates[Fate.STUCK]:5}  {fates[Fate.SURVIVED]:8}"
    return f"{fates.total():7}  {numbers}  {share:7.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all of them without")
    parser.add_argument("--sample", type=int, default=30, help="breaks for each room (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (default: one for each core)")
    options = parser.parse_args()
    names = options.rooms or list(ROOMS)
    if unknown := set(names) - set(ROOMS):
        parser.error(f"there is no room {', '.join(unknown)}: give some of {', '.join(ROOMS)}")
    prepare()
    with tempfile.TemporaryDirectory() as parent, ThreadPoolExecutor(options.jobs) as pool:

        def attempt(share: tuple[str, int]) -> list[Trial]:
            room, number = share
            mutants = draw(room, options.sample, options.seed)[number :: options.jobs]
            folder = Path(parent, f"{room} {number}")
            folder.mkdir()
            trials = []
            for trial in try_all(ROOMS[room].tests, mutants, folder):
                print(f"{trial.fate:8}", f"{trial.mutant.path}:{trial.mutant.line}", f"by {trial.test}", flush=True)
                trials.append(trial)
            return trials

        shares = list(product(names, range(options.jobs)))
        tried = list(zip(shares, pool.map(attempt, shares), strict=True))
    report([(name, [trial for (room, _), trials in tried if room == name for trial in trials]) for name in names])


if __name__ == "__main__":
    main()
