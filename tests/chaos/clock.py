"""The machine's wall clock, which can be moved for this process alone; importing this puts it in place."""

import time

_machine = time.time
_ahead = 0.0


def move(seconds: float) -> None:
    """Move it forward, or back when negative."""
    global _ahead
    _ahead += seconds


time.time = lambda: _machine() + _ahead
