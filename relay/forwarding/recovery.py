"""What became of a forward whose sending was cut off: the chat's own history tells."""

from enum import Enum, auto

from relay.model import Forward
from relay.voxta.chat import JoinedChat


class Fate(Enum):
    TAKEN = auto()
    """It stands in the chat."""
    LOST = auto()
    """The chat's history shows that it never arrived."""
    UNKNOWN = auto()
    """The chat is another one or shows no history, or such a forward does not stand there as it was sent."""


def fate_of(forward: Forward, chat: JoinedChat, claimed: set[str]) -> Fate:
    """Look a forward up in the history of the joined chat.

    `claimed` collects the ids of messages already matched, so that two equal texts need two messages.
    """
    if chat.chat_id != forward.chat_id or chat.history is None or forward.send_as.role is None:
        return Fate.UNKNOWN
    for message in chat.history:
        is_newer = message.index is None or message.index > forward.after_index
        if is_newer and message.message_id not in claimed and _matches(message.text, message.role, forward):
            claimed.add(message.message_id)
            return Fate.TAKEN
    return Fate.LOST


def _matches(text: str, role: str, forward: Forward) -> bool:
    return text.strip() == forward.body and role.casefold() == (forward.send_as.role or "").casefold()
