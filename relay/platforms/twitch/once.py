"""What Twitch tells again and again although it has happened once."""

from relay.model import AudienceMessage, Incoming, Kind
from relay.platforms.intake import Seen

REMEMBERED = 2_000
"""Moments of polls, hype trains and the like; the store knows those from before."""


class News:
    """Knows what has been told already, beyond notifications that are delivered twice."""

    def __init__(self) -> None:
        self._moments = Seen(REMEMBERED)
        self._titles: dict[str, tuple[str, str | None]] = {}
        """The title and category of each channel."""

    def is_new(self, incoming: Incoming) -> bool:
        """Whether it is worth telling; false from the second time on."""
        if not isinstance(incoming, AudienceMessage):
            return True
        if incoming.kind is Kind.CHANNEL_UPDATE:  # comes for a new language or label, too
            before = self._titles.get(incoming.channel)
            self._titles[incoming.channel] = (incoming.text, incoming.detail)
            return before != (incoming.text, incoming.detail)
        return incoming.moment is None or self._moments.add(incoming.id)
