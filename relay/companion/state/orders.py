"""What can be done to a chat from inside it: by slash commands, by the effects of events and actions, by scripts."""

from collections.abc import Mapping
from dataclasses import dataclass

from relay.companion.scenario.model import Action, Scalar
from relay.companion.state.chat import MessageRole


@dataclass(frozen=True)
class AddMessage:
    """Add a message to the chat."""

    role: MessageRole
    text: str
    reply: bool | None = None
    """Whether a reply follows; None leaves it to the role."""
    character: str | None = None
    """The name of the character who says it."""
    scenario_role: str | None = None
    """The scenario role of the character who says it."""
    use_story_writer: bool = False
    """Whether the text is a prompt, of which the story writer makes the message."""
    max_new_tokens: int | None = None
    max_sentences: int | None = None
    narrate: bool | None = None
    """Whether a narrator reads it aloud; None leaves it to the role."""


@dataclass(frozen=True)
class ChangeFlags:
    """Set and unset flags; what is set ends after so many conversation messages or seconds, if any are given."""

    changes: tuple[str, ...]
    messages: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class SetVariable:
    """Keep a value in the chat; None forgets it."""

    name: str
    value: Scalar | None


@dataclass(frozen=True)
class EnableRole:
    """Let the character with a scenario role take part, or not."""

    role: str
    enabled: bool


@dataclass(frozen=True)
class SetContext:
    """Let characters know something while a condition on the flags holds; None forgets it."""

    name: str
    text: str | None
    flags: str = ""


@dataclass(frozen=True)
class TriggerApp:
    """Tell the apps that something happens; `queued` waits until what was said before was heard."""

    name: str
    arguments: tuple[Scalar | None, ...] = ()
    queued: bool = False


@dataclass(frozen=True)
class SetActions:
    """Replace the actions under a context key."""

    key: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class NextSpeaker:
    """Who speaks next: the character with an id, or the user for None."""

    character_id: str | None


@dataclass(frozen=True)
class EvaluateNextEvent:
    """Let the event after this one be evaluated, too."""


@dataclass(frozen=True)
class RewriteUserMessage:
    """Replace the text of the user's message that is being received."""

    text: str


@dataclass(frozen=True)
class AfterSpeech:
    """Call a script back once the character has finished speaking."""

    callback: int


@dataclass(frozen=True)
class Log:
    """A line for those who inspect the chat."""

    text: str


Order = (
    AddMessage
    | ChangeFlags
    | SetVariable
    | EnableRole
    | SetContext
    | TriggerApp
    | SetActions
    | NextSpeaker
    | EvaluateNextEvent
    | RewriteUserMessage
    | AfterSpeech
    | Log
)

Fields = Mapping[str, object]
"""What a script is told in its `e`, as JSON."""
