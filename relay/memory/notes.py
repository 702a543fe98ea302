"""What may be remembered: a note is judged as if its viewer had written it, and made harmless."""

from collections.abc import Callable, Container
from typing import Final

from relay.config import FiltersSection
from relay.model import AudienceMessage, Author, Kind
from relay.moderation.inbound import Inbound, LiveSettings
from relay.text.masking import masked
from relay.text.personal_data import personal_data
from relay.text.sanitise import sanitise
from relay.text.unicode import one_line

NOTE_LENGTH: Final = 200
"""Characters a note may have: a sentence."""


class NoteFilter:
    """The filters for what comes in, with what moderators have added meanwhile. Never keeps a text.

    `quiet` are viewers who asked to be left out, as `platform:id`.
    """

    def __init__(self, settings: FiltersSection, live: Callable[[], LiveSettings], quiet: Container[str] = ()) -> None:
        self._inbound = Inbound(settings)
        self._live = live
        self._quiet = quiet

    def adopt(self, settings: FiltersSection) -> None:
        """Judge by these from now on."""
        self._inbound.adopt(settings)

    def __call__(self, viewer: str, name: str, text: str) -> str | None:
        """One harmless line, without what is private; None when the filters refuse it, or nothing is left.

        What is private is masked whether or not the filters are on, and a text that is read again stays as it is.
        """
        if viewer in self._quiet:
            return None
        written = _written(viewer, name, one_line(text))
        kept = self._kept(written)
        if kept and kept != written.text:
            kept = self._kept(written.model_copy(update={"text": kept}))  # what is left by itself may be refused
        return kept or None

    def allows(self, viewer: str, name: str) -> bool:
        """Whether anything may be kept or told of them.

        Not of who asked to be left out, is muted or blocked, or has a name nobody may read.
        """
        is_readable = self._inbound.readable(_written(viewer, name, ""), self._live()) is not None
        return is_readable and viewer not in self._quiet

    def _kept(self, written: AudienceMessage) -> str:
        """What may stay of it; "" when that is nothing."""
        line = one_line(self._inbound.readable(written, self._live()) or "")
        return sanitise(masked(line, personal_data(line), "***"), NOTE_LENGTH)


def _written(viewer: str, name: str, text: str) -> AudienceMessage:
    """As if that person had written it."""
    platform, _, id = viewer.partition(":")
    author = Author(id=id, name=name)
    return AudienceMessage(platform=platform, id="", channel="", kind=Kind.CHAT, author=author, text=text, at=0.0)
