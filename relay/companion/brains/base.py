"""What a character is made of: something that answers, given what it may know of the chat."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from relay.companion.scenario.model import Action, Scalar
from relay.companion.state.chat import MessageRole
from relay.errors import RelayError

Pieces = AsyncGenerator[str, None]
"""A text as it comes into being; joined, the pieces are the text."""


class BrainError(RelayError):
    """No answer could be made. Its text is fit to be shown and holds no secret."""


@dataclass(frozen=True)
class SeenMessage:
    """One message as the character sees it."""

    role: MessageRole
    text: str
    name: str = ""
    """Who said it."""


@dataclass(frozen=True)
class AnswerLimits:
    """How long an answer may be; None leaves it to the brain."""

    max_new_tokens: int | None = None
    max_sentences: int | None = None
    multiple_lines: bool = True


NO_LIMITS: Final = AnswerLimits()


@dataclass(frozen=True)
class ChatView:
    """All a character may know when it answers."""

    character: str
    user: str
    lines: tuple[SeenMessage, ...]
    """Newest last; what is hidden from the character is missing."""
    contexts: tuple[str, ...] = ()
    limits: AnswerLimits = NO_LIMITS
    persona: str = ""
    """Who the character is."""
    scene: str = ""
    """Where it takes place and what it is about."""
    others: tuple[str, ...] = ()
    """The names of the other characters who take part."""


@dataclass(frozen=True)
class ChosenAction:
    """An action that was chosen."""

    action: str
    arguments: Mapping[str, Scalar] = field(default_factory=dict)


class Brain(Protocol):
    def reply(self, view: ChatView) -> Pieces:
        """The answer in pieces of any size. May be stopped at any time by cancellation or `aclose`.

        Raises BrainError, while iterated, when it cannot answer.
        """
        ...

    def write(self, view: ChatView, prompt: str) -> Pieces:
        """The story writer's text, which makes the most of a prompt; like `reply` in all else."""
        ...

    async def choose(self, view: ChatView, actions: Sequence[Action]) -> ChosenAction | None:
        """Which of these actions, all of one layer, fits what was said last, if any. Raises BrainError."""
        ...

    async def suggest(self, view: ChatView) -> list[str]:
        """What the user could say next. Raises BrainError."""
        ...
