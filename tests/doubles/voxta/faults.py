"""What can go wrong with the next message that is sent into a chat."""

from enum import Enum, auto


class SendFault(Enum):
    LOST = auto()
    """The connection breaks before the server has taken the message."""
    UNCONFIRMED = auto()
    """The server takes the message, and the connection breaks before it says so."""
    CONFIRMED = auto()
    """The server takes the message and says so, and the connection breaks."""
    REFUSED = auto()
    """The invocation is completed, and then there is a `chatSessionError` about it."""
