"""What happens in a relay, for those who want to know of it: each subscribes to what concerns it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, ParamSpec

from relay.model import AudienceMessage, Forward, Origin, PlatformDecision, Post, ReplyText, Retraction, Settlement
from relay.replies.replies import Step
from relay.wire.messages import WireMessage

P = ParamSpec("P")


class Signal(Generic[P]):
    """Calls those who have subscribed, in that order; they return at once."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def subscribe(self, listener: Callable[P, object]) -> None:
        """Call `listener` from now on."""
        self._listeners.append(listener)

    @contextmanager
    def told_to(self, listener: Callable[P, object]) -> Iterator[None]:
        """Call `listener` for as long as the context lasts."""
        self.subscribe(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for listener in list(self._listeners):
            listener(*args, **kwargs)


@dataclass(frozen=True)
class Events:
    """All of them. The forwarder and the session with Voxta tell through it."""

    arrived: Signal[[AudienceMessage]] = field(default_factory=Signal)
    """Somebody in the audience said or did something, and it is stored."""
    stream_changed: Signal[[AudienceMessage]] = field(default_factory=Signal)
    """The companion's stream has begun, ended, or has another title; those of other channels do not count."""
    decided: Signal[[PlatformDecision]] = field(default_factory=Signal)
    """A platform has decided about a message that it withholds."""
    retracted: Signal[[Retraction]] = field(default_factory=Signal)
    """Something was taken back: by its platform, or by its author's wish."""
    forgotten: Signal[[str]] = field(default_factory=Signal)
    """A viewer, as `platform:id`, does not want to be known any more."""
    asking: Signal[[Forward]] = field(default_factory=Signal)
    """What expects an answer is about to be sent to Voxta."""
    unasked: Signal[[Forward]] = field(default_factory=Signal)
    """Voxta has not taken it, as far as is known: nothing in this chat will answer it."""
    given_up: Signal[[Forward]] = field(default_factory=Signal)
    """It was stopped before its answer began: it gets none."""
    forwarded: Signal[[Forward]] = field(default_factory=Signal)
    """The character was told what the audience said or did."""
    settled: Signal[[Sequence[Settlement]]] = field(default_factory=Signal)
    """Messages have their outcomes."""
    sent: Signal[[WireMessage]] = field(default_factory=Signal)
    """A message went to Voxta."""
    received: Signal[[WireMessage]] = field(default_factory=Signal)
    """A message came from Voxta."""
    replied: Signal[[Step]] = field(default_factory=Signal)
    """It has changed something about a reply."""
    chat_changed: Signal[[]] = field(default_factory=Signal)
    """A chat was joined or left."""
    released: Signal[[ReplyText]] = field(default_factory=Signal)
    """What the companion says has passed the filters, and is posted now."""
    posted: Signal[[str, Post, str | None]] = field(default_factory=Signal)
    """A platform, what was posted there, and the error when it could not be."""
    obeyed: Signal[[Origin, str]] = field(default_factory=Signal)
    """A command from a chat was carried out: where it was given, and what to answer there."""
    changed: Signal[[]] = field(default_factory=Signal)
    """The chat, or who speaks, may be another than before."""
