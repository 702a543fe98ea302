"""The nouns every room shares. Values only: nothing here does I/O."""

from relay.model.audience import (
    DESK,
    AudienceMessage,
    Author,
    Edit,
    Incoming,
    Kind,
    Origin,
    Outcome,
    PlatformDecision,
    Quoted,
    Retraction,
    Reward,
    Role,
    Settlement,
    Withheld,
)
from relay.model.base import Value
from relay.model.controls import Caller, CommandInfo, ControlInfo, Held, ParameterInfo, Suggestion, Talker, short_id
from relay.model.forward import Forward, MessageOptions, ScriptCall, SendAs, expects_reply
from relay.model.post import Post, ReplyText

__all__ = [
    "DESK",
    "AudienceMessage",
    "Author",
    "Caller",
    "CommandInfo",
    "ControlInfo",
    "Edit",
    "Forward",
    "Held",
    "Incoming",
    "Kind",
    "MessageOptions",
    "Origin",
    "Outcome",
    "ParameterInfo",
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
    "short_id",
]
