"""What is said aloud and is not for the companion."""

from relay.config import HearingSection
from relay.hearing.turns import is_backchannel


class Asides:
    """Tells them by their words."""

    def __init__(self, settings: HearingSection) -> None:
        self._settings = settings

    def is_one(self, text: str, *, over: bool) -> bool:
        """Whether nothing is to come of it. `over`: they began while the companion was speaking."""
        return over and is_backchannel(text, self._settings.language)
