"""One reply of a character, from its first sign to its last word. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from relay.model import Forward, ReplyText
from relay.replies.heard_text import HeardSentence, common_beginning, heard_text
from relay.replies.stream import SentenceStream

CUT_OFF: Final = " \u2014"
"""Ends the text of a reply that was cut off."""


class Phase(StrEnum):
    """How far a reply is. It never goes back."""

    GENERATING = "generating"
    """Its text is still coming; some of it may be heard already."""
    SPEAKING = "speaking"
    """Its text is complete, and is being said or about to be."""
    DONE = "done"
    """All of it was said, or nobody could hear the rest."""
    CUT = "cut"
    """It was given up; what still comes of it does not count."""


@dataclass(frozen=True)
class Sentence:
    """One chunk of a reply, as it may be said."""

    message_id: str
    text: str
    start_index: int
    end_index: int
    url: str
    """Where its audio is; empty when it has none or must not be spoken."""
    gap: float = 0.0
    """Seconds of silence there have to be, at least, since the clip before it ended."""
    affect: str = ""
    """The emotion it is said with, as Voxta names it; empty when that is not told."""


@dataclass(eq=False)
class Reply:
    """What is known of one reply. The text is posted, the sentences are said; each part of the relay reads it here."""

    id: str
    """The id of its message in Voxta."""
    forward: Forward | None = None
    """What it answers; None when nobody in the audience asked."""
    is_narration: bool = False
    """It reads aloud what stands in the chat already: it is never posted."""
    sender_id: str | None = None
    """The character's id, as its first sentence tells it."""
    character: str = ""
    """The character's name."""
    phase: Phase = Phase.GENERATING
    sentences: SentenceStream = field(default_factory=SentenceStream, repr=False)
    """The text as it came in chunks."""
    parts: list[HeardSentence] = field(default_factory=list)
    """What was given to the voice, in order, and how much of it was heard."""
    lacks_beginning: bool = False
    """It had begun before anybody listened: only its message tells the text, and the voice says nothing of it."""
    is_voiced: bool = False
    """Somebody could hear some of it."""
    is_silenced: bool = False
    """Nothing more of it is said, and nobody waits for its end; its text may still be complete one day."""
    is_stopped: bool = False
    """Somebody gave it up on purpose: a moderator, or because its question was taken back."""
    is_withheld: bool = False
    """What it answers was taken back: nothing of it is posted."""
    is_owed: bool = False
    """Voxta waits to be told that nothing more of it will be heard."""
    is_reported: bool = False
    """Voxta was told so."""
    cut_due: float | None = None
    """When Voxta is told to end its text where the voice did, unless it does so by itself before; None for never."""
    _revised: str | None = None

    @property
    def text(self) -> str:
        """As far as it is known; its message has the last word."""
        came = "" if self.lacks_beginning else self.sentences.text
        return (came if self._revised is None else self._revised).strip()

    @property
    def is_open(self) -> bool:
        """Whether more of it may come or be heard."""
        return self.phase in (Phase.GENERATING, Phase.SPEAKING)

    @property
    def is_voicing(self) -> bool:
        """Whether some of it is being said, or about to be."""
        return self.is_voiced and self.is_open

    @property
    def heard(self) -> str:
        """What was really heard: a beginning of the text, up to the last word that was heard whole."""
        return common_beginning(heard_text(self.parts)[0].lstrip(), self.text).rstrip()

    @property
    def unheard(self) -> str:
        """What was given to the voice and not heard."""
        return heard_text(self.parts)[1]

    @property
    def said_length(self) -> int:
        """Characters that were given to the voice, at least."""
        return sum(map(len, heard_text(self.parts)))

    @property
    def public(self) -> ReplyText | None:
        """What the audience reads of it when it is over: all of it, or as far as it was heard. None for nothing."""
        text, heard = self.text, self.heard
        if self.phase is Phase.CUT:
            text = heard if heard in ("", text) else f"{heard}{CUT_OFF}"
        if not text or self.is_narration or self.is_withheld:
            return None
        told = ReplyText(message_id=self.id, character=self.character, text=text)
        asked = self.forward
        if asked is None:
            return told
        return told.model_copy(update={"origins": asked.origins, "keys": asked.keys, "authors": asked.authors})

    # What happens to it

    def revise(self, text: str) -> None:
        """Its message tells the text."""
        self._revised = text

    def say(self, text: str) -> HeardSentence:
        """Give a sentence to the voice. The part is where to write down how much of it was heard."""
        self.parts.append(part := HeardSentence(text))
        return part

    def complete(self) -> bool:
        """All of its text is known. Whether it is over by that, since nothing of it is said."""
        if self.is_voicing:
            self.phase = Phase.SPEAKING
        is_over = self.is_open and not self.is_voiced
        if is_over:
            self.finish()
        return is_over

    def finish(self) -> None:
        """All was said that could be heard."""
        self._end(Phase.DONE)

    def cut(self) -> None:
        """Give it up."""
        self._end(Phase.CUT)

    def _end(self, phase: Phase) -> None:
        if self.is_open:
            self.phase = phase
