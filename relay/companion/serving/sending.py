"""What a client's `send` asks for, beside the text."""

from dataclasses import replace
from typing import Final

from relay.companion.brains.base import AnswerLimits
from relay.companion.conversation.commands import Command, parse
from relay.companion.state.chat import MessageRole, Refused
from relay.companion.state.orders import AddMessage
from relay.wire import client

SENT: Final = (
    MessageRole.USER,
    MessageRole.ASSISTANT,
    MessageRole.EVENT,
    MessageRole.NOTE,
    MessageRole.SECRET,
    MessageRole.INSTRUCTIONS,
)
"""What a client may add to a chat."""


def command(message: client.Send) -> Command:
    """What it asks for: by its text, or as the role says. Raises Refused."""
    if message.role in (None, "Undefined", MessageRole.USER):
        asked = parse(message.text)
    elif message.role not in SENT:
        raise Refused(f"send: role {message.role!r:.40} is not for clients; use one of {', '.join(SENT)}")
    elif not message.text.strip():
        raise Refused(f"send: a message with role {message.role} needs a text")
    else:
        asked = AddMessage(MessageRole(message.role), message.text.strip())
    return (
        replace(asked, use_story_writer=True) if message.use_story_writer and isinstance(asked, AddMessage) else asked
    )


def limits(message: client.Send) -> AnswerLimits:
    """How long the answer may be."""
    asked = message.generate_constraint_request
    if asked is None:
        return AnswerLimits()
    return AnswerLimits(asked.max_new_tokens, asked.max_sentences, asked.allow_multiple_lines is not False)
