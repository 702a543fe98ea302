"""What is understood of somebody while they speak."""

from typing import Final

from relay.hearing.base import HEARING_RATE

STEADY: Final = 0.3
"""Seconds of sound in which a partial result has to stay as it is to count: recognisers take words back."""
_STEADY_BYTES: Final = round(2 * HEARING_RATE * STEADY)


class PartialText:
    """The partial result of one turn."""

    def __init__(self) -> None:
        self.text = ""
        self.is_settled = False
        """It was all, and is dealt with. For who has found it so to set."""
        self._unchanged = 0
        """Bytes of sound since the text last changed."""

    def becomes(self, text: str) -> bool:
        """This is understood by now. Whether that is news."""
        if text == self.text:
            return False
        self.text, self._unchanged = text, 0
        return True

    def stays(self, sound: int) -> bool:
        """So many more bytes of sound have left it as it is. Whether it counts from now on: that is so once."""
        before, self._unchanged = self._unchanged, self._unchanged + sound
        return bool(self.text) and not self.is_settled and before < _STEADY_BYTES <= self._unchanged
