"""What is said aloud and is not for the companion."""

from collections.abc import Callable, Iterable

from relay.config import HearingSection
from relay.hearing.turns import addresses_somebody_else, is_backchannel


class Asides:
    """Tells them by their words."""

    def __init__(
        self, settings: HearingSection, names: Callable[[], Iterable[str]], people: Callable[[], Iterable[str]]
    ) -> None:
        """`names` are what people call the companion, `people` those who hear each other in the voice channel."""
        self._settings = settings
        self._names = names
        self._people = people

    def is_one(self, text: str, *, speaker: str, over: bool) -> bool:
        """Whether `speaker` does not say it to the companion. `over`: they began while the companion was speaking."""
        return (over and is_backchannel(text, self._settings.language)) or self.is_to_somebody(text, speaker=speaker)

    def is_to_somebody(self, text: str, *, speaker: str) -> bool:
        """Whether `speaker` says it to one of the others."""
        if self._settings.listen_to == "all":
            return False
        others = [name for name in self._people() if name != speaker]
        language = self._settings.language
        return addresses_somebody_else(text, companion=self._names(), others=others, language=language)
