"""The nouns every room shares. Values only: nothing here does I/O."""

from relay.model.audience import (
    AudienceMessage,
    Author,
    Edit,
    Incoming,
    Kind,
    Origin,
    Outcome,
    PlatformDecision,
    Post,
    Quoted,
    ReplyText,
    Retraction,
    Reward,
    Role,
    Settlement,
    Withheld,
)
from relay.model.base import Value
from relay.model.controls import Caller, ControlInfo, Held, Suggestion, Talker
from relay.model.forward import Forward, MessageOptions, ScriptCall, SendAs, expects_reply

__all__ = [
    "AudienceMessage",
    "Author",
    "Caller",
    "ControlInfo",
    "Edit",
    "Forward",
    "Held",
    "Incoming",
    "Kind",
    "MessageOptions",
    "Origin",
    "Outcome",
    "PlatformDecision",
    "Post",
    "Quoted",
    "ReplyText",
    "Retraction",
    "Reward",
    "Role",
    "ScriptCall",
    "SendAs",
    "Settlement",
    "Suggestion",
    "Talker",
    "Value",
    "Withheld",
    "expects_reply",
]
