"""What the companion says to the audience, and what is written of it where."""

from pydantic import Field

from relay.model.audience import DESK, Origin, Quoted
from relay.model.base import Value


class ReplyText(Value):
    """What the companion says to the audience, complete."""

    message_id: str
    character: str
    """The character's name."""
    text: str
    origins: tuple[Origin, ...] = ()
    """Where it belongs; empty when nobody in the audience asked."""
    keys: tuple[str, ...] = ()
    """Of the messages that it answers."""
    authors: tuple[str, ...] = ()
    """Who wrote those, as `platform:id`."""

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The channels it answers, with their platforms."""
        return tuple(origin.place for origin in self.origins)

    @property
    def pretended(self) -> bool:
        """It answers what nobody wrote, so it is posted nowhere."""
        return any(origin.platform == DESK for origin in self.origins)


class Post(Value):
    """One message to write to a channel, already within the platform's length."""

    channel: str
    text: str
    reply_to: str | None = None
    use: str | None = None
    """The use of a command that it answers, where no message shows that use."""
    asked: tuple[Quoted, ...] = ()
    """What it answers and nobody there sees, `Quoted.ROOM` characters each."""
    message_id: str | None = None
    """The reply it tells, by its id in Voxta; None for what the relay itself has to say."""
    nonce: str = Field(min_length=1, max_length=25)
    """The same for every try of the same post, so that a platform that can will not post it twice."""
    keys: tuple[str, ...] = ()
    """Of the messages that it answers."""
    authors: tuple[str, ...] = ()
    """Who wrote those, as `platform:id`."""
    places: tuple[tuple[str, str], ...] = ()
    """The channels those come from, with their platforms."""
    in_doubt: bool = False
    """A process that is gone may have posted it already."""

    @property
    def answers_use(self) -> bool:
        """Whether it is for who used a command alone: what the relay says of a use that no message shows."""
        return self.use is not None and self.message_id is None
