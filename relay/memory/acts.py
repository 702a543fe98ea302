"""What a scenario, or the character by an action, may have remembered and forgotten."""

from collections.abc import Sequence

from pydantic import Field

from relay.acts import Act, ActRefused, Arguments
from relay.memory.memory import Memory, NoteRefused, UnknownViewer


class RememberArguments(Arguments):
    viewer: str = Field(max_length=100)
    """The name of who spoke lately; empty: who spoke last."""
    note: str = Field(min_length=1, max_length=500)
    platform: str = Field("", max_length=32)
    """Where, when people of several platforms have the name."""


class ForgetArguments(Arguments):
    viewer: str = Field(max_length=100)
    note: str = Field("", max_length=500)
    """A part of the notes to forget; empty: all of them."""
    platform: str = Field("", max_length=32)


def acts(memory: Memory) -> Sequence[Act]:
    """Notes about people who spoke lately, made and taken back."""

    async def remember(asked: RememberArguments) -> str:
        try:
            viewer = memory.find(asked.viewer, asked.platform)
            return f"remembered of {viewer}: {await memory.remember(viewer, asked.note)}"
        except (UnknownViewer, NoteRefused) as error:
            raise ActRefused(f"remember: {error}") from None

    async def forget(asked: ForgetArguments) -> str:
        try:
            viewer = memory.find(asked.viewer, asked.platform)
        except UnknownViewer as error:
            raise ActRefused(f"forget: {error}") from None
        await memory.forget_notes(viewer, asked.note)
        return f"forgot notes about {viewer}"

    return [Act("remember", RememberArguments, remember), Act("forget", ForgetArguments, forget)]
