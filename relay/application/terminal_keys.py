"""What the keys of the live view mean, and what is asked back before something is destroyed."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from relay.model import Held
from relay.system.keyboard import DOWN, ENTER, ESCAPE, UP

SURE_FOR: Final = 4.0
"""Seconds in which a key pressed twice means it."""
QUIT: Final = "quit"
"""Stands for the end of the relay among the words of the controls."""
HINT: Final = "s silence · k skip · p pause · h held · c clear · q quit · ? help"
HELP: Final = (
    "s or Enter  the companion falls silent\n"
    "k           this answer ends, and the next begins\n"
    "p           pause, and go on again\n"
    "h           what is held: up and down to choose, a approves, r rejects, h or Esc goes back\n"
    "c           drop everything that waits (press twice)\n"
    "q           end the relay (press twice)\n"
    "?           this help"
)
_SURE: Final = {
    "c": ("clear", "c once more drops everything that waits"),
    "q": (QUIT, "q once more ends the relay"),
}
_AT_ONCE: Final = {"s": "interrupt", ENTER: "interrupt", "k": "skip"}


class KeyMeanings:
    """Turns keys into the words of the moderators' controls."""

    def __init__(
        self,
        held: Callable[[], Sequence[Held]],
        is_paused: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._held = held
        self._is_paused = is_paused
        self._clock = clock
        self._asked: tuple[str, float] | None = None
        """The key that was asked back about, and when."""
        self._chosen: str | None = None
        self.is_deciding = False
        """Whether the list of what is held is open, in which keys mean other things."""
        self.is_helping = False

    @property
    def chosen(self) -> Held | None:
        """What a decision would be about: it stays the same one while others come and go."""
        held = self._held()
        return next((each for each in held if each.id == self._chosen), held[0] if held else None)

    @property
    def question(self) -> str | None:
        """What is asked back."""
        if self._asked is None or self._clock() - self._asked[1] > SURE_FOR:
            return None
        return _SURE[self._asked[0]][1]

    def press(self, key: str) -> str | None:
        """The words to carry out, or QUIT; None when the key only changes what is shown, or means nothing."""
        key = key.lower() if len(key) == 1 else key
        asked, self._asked = self.question and self._asked, None
        if key == "?":
            self.is_helping = not self.is_helping
        elif key == ESCAPE:
            self.is_helping = self.is_deciding = False
        elif key == "h":
            self.is_deciding, self._chosen = not self.is_deciding, None
        elif self.is_deciding and key in (UP, DOWN, "a", "r"):
            return self._decide(key)
        elif key == "p":
            return "resume" if self._is_paused() else "pause"
        elif key in _SURE:
            if asked and asked[0] == key:
                return _SURE[key][0]
            self._asked = (key, self._clock())
        return _AT_ONCE.get(key)

    def _decide(self, key: str) -> str | None:
        held, chosen = self._held(), self.chosen
        if chosen is None:
            return None
        at = held.index(chosen)
        if key in (UP, DOWN):
            self._chosen = held[max(0, min(len(held) - 1, at + (1 if key == DOWN else -1)))].id
            return None
        self._chosen = held[at + 1].id if at + 1 < len(held) else None
        return f"{'approve' if key == 'a' else 'reject'} {chosen.id}"
