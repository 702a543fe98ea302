"""The chat last served, noted for the next run, which looks for it again and knows whom to expect there."""

from typing import Final

from relay.config import VoxtaSection
from relay.inbox.base import Inbox
from relay.text.unicode import one_line
from relay.voxta.chat import JoinedChat

NOTE_CHARACTERS: Final = "characters"
"""The note that holds the names of its characters, one on each line."""


def note_of_chat(settings: VoxtaSection) -> str:
    """The note that holds its id; each character that the settings may want has its own."""
    return f"chat {settings.character_id}" if settings.join == "character" else "chat"


class LastChat:
    """Its calls raise InboxError."""

    def __init__(self, inbox: Inbox, settings: VoxtaSection) -> None:
        self._inbox = inbox
        self._note_of_chat = note_of_chat(settings)
        self._noted: dict[str, str] = {}
        """What this run has noted."""

    async def id(self) -> str | None:
        """None when there was none."""
        return await self._inbox.get_note(self._note_of_chat)

    async def characters(self) -> list[str]:
        """Their names."""
        return (await self._inbox.get_note(NOTE_CHARACTERS) or "").splitlines()

    async def remember(self, chat: JoinedChat) -> None:
        """This is the one; costs nothing while nothing has changed."""
        names = "\n".join(one_line(person.name) for person in chat.characters)
        for note, value in ((self._note_of_chat, chat.chat_id), (NOTE_CHARACTERS, names)):
            if self._noted.get(note) != value:
                await self._inbox.set_note(note, value)
                self._noted[note] = value
