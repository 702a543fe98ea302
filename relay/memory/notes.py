"""What may be remembered: a note is judged as if its viewer had written it, and made harmless."""

from collections.abc import Callable
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
    """The filters for what comes in, with what moderators have added meanwhile. Never keeps a text."""

    def __init__(self, settings: FiltersSection, live: Callable[[], LiveSettings]) -> None:
        self._inbound = Inbound(settings)
        self._live = live

    def __call__(self, viewer: str, name: str, text: str) -> str | None:
        """One harmless line, without what is private; None when the filters refuse it, or nothing is left.

        What is private is masked whether or not the filters are on, and a text that is read again stays as it is.
        """
        platform, _, id = viewer.partition(":")
        # Kinds other than chat are judged without a look at what the same viewer wrote before.
        written = AudienceMessage(
            platform=platform,
            id="",
            channel="",
            kind=Kind.ASK,
            author=Author(id=id, name=name),
            text=one_line(text),
            at=0.0,
        )
        kept = self._kept(written)
        if kept and kept != written.text:
            kept = self._kept(written.model_copy(update={"text": kept}))  # what is left by itself may be refused
        return kept or None

    def _kept(self, written: AudienceMessage) -> str:
        """What may stay of it; "" when that is nothing."""
        judgement = self._inbound.judge(written, self._live(), 0.0)
        if judgement.verdict is not None:
            return ""
        line = one_line(judgement.text)
        return sanitise(masked(line, personal_data(line), "***"), NOTE_LENGTH)
