"""Which message each viewer wrote last, so that they can ask what became of it."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from relay.commands.table import CommandTable
from relay.model import AudienceMessage, Kind
from relay.moderation.controls import command_in
from relay.system.bounded import remember

REMEMBERED: Final = 20_000
"""Viewers whose last message is known."""
_WRITTEN: Final = frozenset({Kind.CHAT, Kind.ASK, Kind.VOICE, Kind.CHEER, Kind.REDEMPTION})


class LatestMessages:
    """Knows keys, no texts. What viewers ask of the relay itself is none of their messages."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table
        self._keys: OrderedDict[str, str] = OrderedDict()

    def saw(self, message: AudienceMessage) -> None:
        """Somebody wrote this."""
        if not self._is_theirs(message):
            return
        remember(self._keys, message.viewer, message.key, REMEMBERED)

    def _is_theirs(self, message: AudienceMessage) -> bool:
        """One that was written, and to the companion."""
        if message.kind not in _WRITTEN or command_in(message) is not None:
            return False
        call = self._table.call(message)
        return call is None or call.command.do is None

    def restore(self, messages: Iterable[AudienceMessage]) -> None:
        """What was written before the restart, in any order."""
        latest: dict[str, AudienceMessage] = {}
        for message in sorted(messages, key=lambda each: each.at, reverse=True):
            if message.viewer not in latest and self._is_theirs(message):
                latest[message.viewer] = message
        for message in reversed(latest.values()):
            self.saw(message)

    def of(self, viewer: str) -> str | None:
        """The key of what a viewer wrote last."""
        return self._keys.get(viewer)

    def forget(self, viewer: str) -> None:
        self._keys.pop(viewer, None)
