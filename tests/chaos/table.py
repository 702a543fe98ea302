"""What became of the messages of each kind of fault."""

from dataclasses import dataclass
from typing import Final

RECOVERY: Final = 10.0
"""Seconds after the end of a fault within which messages have to flow again."""
PATIENCE: Final = 60.0
"""Seconds after the last fault within which every message has to have its outcome."""
HEADING: Final = f"{'fault':<46}{'times':>6}{'messages':>10}{'lost':>6}{'doubled':>9}{'stuck':>7}{'recovery s':>12}"


@dataclass
class Row:
    name: str
    forgets: bool = False
    """Whether losing what waited is no fault of the relay's."""
    faults: int = 0
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    unheard: int = 0
    """What the platform told nobody of, beside the messages."""
    recovery_s: float = 0.0
    """The worst."""
    ended: str = ""
    """Why the relay ended, which it must not."""

    @property
    def keeps_its_word(self) -> bool:
        """Nothing lost, told twice or stuck, however long it took."""
        lost = 0 if self.forgets else self.lost
        return not (lost or self.doubled or self.stuck or self.ended)

    @property
    def is_well(self) -> bool:
        return self.keeps_its_word and self.recovery_s < RECOVERY

    def __str__(self) -> str:
        figures = (
            f"{self.faults:>6}{self.messages:>10}{self.lost:>6}{self.doubled:>9}{self.stuck:>7}{self.recovery_s:>12.2f}"
        )
        unheard = f"  ({self.unheard} unheard)" if self.unheard else ""
        return f"{self.name:<46}{figures}{unheard}{'' if self.is_well else '  <-- ' + (self.ended or self._trouble)}"

    @property
    def _trouble(self) -> str:
        return "slow" if self.keeps_its_word else "wrong"
