"""The claimed messages among which the next forward is chosen: bounded, in order of arrival, expiring by age."""

from collections import OrderedDict
from collections.abc import Iterable

from relay.config import ForwardingSection
from relay.model import AudienceMessage, Kind

CAPACITY = 512
"""Messages held; beyond that the oldest chat is passed over, so that arrival never waits for the companion."""


class Window:
    """Two lanes: messages that will be answered, and so wait for the floor, and those that need not."""

    def __init__(self, settings: ForwardingSection) -> None:
        self._settings = settings
        self._asking: OrderedDict[str, AudienceMessage] = OrderedDict()
        self._telling: OrderedDict[str, AudienceMessage] = OrderedDict()

    def __len__(self) -> int:
        return len(self._asking) + len(self._telling)

    def add(self, messages: Iterable[AudienceMessage], *, in_front: bool = False) -> list[AudienceMessage]:
        """Take messages in. Returns those passed over because there are more than fit."""
        for message in messages:
            lane = self._lane(message)
            lane[message.key] = message
            if in_front:
                lane.move_to_end(message.key, last=False)
        return [self._pass_over() for _ in range(len(self) - CAPACITY)]

    def next(self, *, floor_is_free: bool) -> AudienceMessage | None:
        """The oldest message that may go now; it stays until `remove`."""
        lanes = (self._asking, self._telling) if floor_is_free else (self._telling,)
        heads = [next(iter(lane.values())) for lane in lanes if lane]
        return min(heads, key=lambda message: message.at, default=None)

    def remove(self, key: str) -> None:
        """Forget a message that is settled or on its way."""
        self._asking.pop(key, None)
        self._telling.pop(key, None)

    def clear(self) -> list[AudienceMessage]:
        """Take everything out."""
        everything = [*self._asking.values(), *self._telling.values()]
        self._asking.clear()
        self._telling.clear()
        return everything

    def expired(self, now: float) -> list[AudienceMessage]:
        """Take out the messages that are too old at `now`, in seconds since the epoch."""
        gone = [m for m in (*self._asking.values(), *self._telling.values()) if self._expires_at(m) <= now]
        for message in gone:
            self.remove(message.key)
        return gone

    def next_expiry(self) -> float | None:
        """When the next message will be too old, in seconds since the epoch."""
        return min(map(self._expires_at, (*self._asking.values(), *self._telling.values())), default=None)

    def _lane(self, message: AudienceMessage) -> OrderedDict[str, AudienceMessage]:
        answered = self._settings.kinds[message.kind].send_as.expects_reply
        return self._asking if answered else self._telling

    def _expires_at(self, message: AudienceMessage) -> float:
        chat = message.kind in (Kind.CHAT, Kind.ASK)
        return message.at + (self._settings.max_age if chat else self._settings.event_max_age)

    def _pass_over(self) -> AudienceMessage:
        everything = (*self._asking.values(), *self._telling.values())
        chosen = next((m for m in everything if m.kind is Kind.CHAT), everything[0])
        self.remove(chosen.key)
        return chosen
