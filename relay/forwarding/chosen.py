"""What was chosen and is not on its way yet: it stands in no queue meanwhile, and may still be called off."""

from collections.abc import Callable, Iterable

from relay.forwarding.lanes import Ended
from relay.forwarding.rendering import Pick
from relay.model import AudienceMessage, Outcome


class Chosen:
    """Serves what waits and the forwarder. One that was called off ends when it would wait again."""

    def __init__(self) -> None:
        self._messages: dict[str, AudienceMessage] = {}
        self._called_off: dict[str, Ended] = {}

    def hold(self, picks: Iterable[Pick]) -> None:
        """These are told next. What was chosen before them has been told by now, or is over, or waits again."""
        self._messages = {pick.message.key: pick.message for pick in picks}
        self._called_off.clear()

    def let_go(self, key: str) -> Ended | None:
        """This one is on its way, or over, or waits again, unless it was called off: then how it ends."""
        self._messages.pop(key, None)
        return self._called_off.pop(key, None)

    def call_off(self, concerns: Callable[[AudienceMessage], bool], outcome: Outcome, reason: str) -> int:
        """None of these may be told. How many they are."""
        concerned = [each for each in self._messages.values() if concerns(each)]
        for each in concerned:
            del self._messages[each.key]
            self._called_off[each.key] = Ended(each, outcome, reason)
        return len(concerned)

    def of(self, viewer: str) -> list[str]:
        """The keys of what was chosen of a viewer, and not called off."""
        return [key for key, message in self._messages.items() if message.viewer == viewer]

    @property
    def is_called_off(self) -> bool:
        """Whether something of it may not be told any more."""
        return bool(self._called_off)
