"""What `relay check` tries of the embedded companion."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from relay.companion.brains.build import brain_for
from relay.companion.hearing.transcription import transcriber_for
from relay.companion.scripting.checking import summary
from relay.companion.voice.build import engine_for
from relay.config import CompanionSection


@runtime_checkable
class _Remote(Protocol):
    """A part that asks an endpoint, or loads a model."""

    async def check(self) -> str:
        """One line when it answers. Raises RelayError."""
        ...


def attempts(settings: CompanionSection, models: Path) -> Iterator[tuple[str, Callable[[], Awaitable[str]]]]:
    """Each by its name; they raise RelayError."""
    yield "companion", lambda: _scenario(settings)
    if settings.brain != "rules":
        yield "brain", lambda: _well(brain_for(settings))
    if settings.speech != "none":
        yield "voice", lambda: _well(engine_for(settings, models))
    if settings.hearing != "none":
        yield "ears", lambda: _well(transcriber_for(settings, models))


async def _well(part: object) -> str:
    return await part.check() if isinstance(part, _Remote) else "nothing but the relay is needed for it"


async def _scenario(settings: CompanionSection) -> str:
    if settings.scenario is None:
        return "the embedded companion will serve"
    return f"the embedded companion will serve {summary(settings.scenario.expanduser()).partition(':')[0]}"
