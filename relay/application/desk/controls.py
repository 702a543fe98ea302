"""The moderators' controls as actions of the desk. Each goes the way it goes from chat: one lock, one audit log."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final

from pydantic import Field

from relay.model import Caller
from relay.moderation.controls import Controls
from relay.moderation.switches import Mode
from relay.moderation.switching import MAX_RATE, MAX_VOLUME, Gone, Mistake
from relay.text.for_pages import for_pages
from relay.web.desk.actions import DeskAction, DeskError, Fields, FieldsT, NoFields

_PLAIN: Final = {
    "pause": for_pages("Forward nothing until resumed"),
    "resume": for_pages("Forward again"),
    "skip": for_pages("Stop this answer and go on with the next"),
    "clear": for_pages("Drop everything that waits"),
    "emergency": for_pages("Silence the companion, pause and clear at once; resume undoes the pause"),
}


class Words(Fields):
    words: str = Field(max_length=500, description="a control as moderators write it in chat, such as `rate 12`")


class ChosenMode(Fields):
    mode: Mode = Field(description="whose chat is heard")


class Rate(Fields):
    name: str = Field("all", pattern=r"^\S{1,64}$", description="such as all, viewer or kind.follow")
    per_minute: float | None = Field(
        ge=0, le=MAX_RATE, allow_inf_nan=False, description="forwards a minute; null: as configured"
    )


class VolumeField(Fields):
    percent: float | None = Field(
        ge=0, le=MAX_VOLUME, allow_inf_nan=False, description="how loud the companion speaks; null: as configured"
    )


class SomeViewer(Fields):
    viewer: str = Field(min_length=1, max_length=100, description="a name, or `platform:id`")


class Term(Fields):
    term: str = Field(min_length=1, max_length=200, description="a word, a phrase or a /pattern/")


class Hours(Fields):
    hours: str = Field(max_length=20, description="such as 23:00-07:30, or off")


class Decided(Fields):
    id: str = Field(min_length=1, max_length=2_000, description="of what is held, such as h482137; several; or all")


class OtherWords(Fields):
    id: str = Field(pattern=r"^[hr]\d{1,9}$", description="of what is held, such as h482137")
    text: str = Field(min_length=1, max_length=2_000, description="what is told instead")


class OneMessage(Fields):
    key: str = Field(pattern=r"^[^\s]{1,200}$", description="of a message, as `platform:id`")


def control_actions(controls: Controls, is_paused: Callable[[], bool]) -> Iterator[DeskAction[Any]]:
    """All of them but those that only tell, which the desk has better ways for."""

    def action(
        name: str, summary: str, fields: type[FieldsT], words: Callable[[FieldsT], str], field: str | None = None
    ) -> DeskAction[FieldsT]:
        def run(given: FieldsT, by: Caller) -> Awaitable[str]:
            return carried_out(controls, words(given), by, field)

        return DeskAction(name, summary, fields, run)

    for name, summary in _PLAIN.items():
        yield action(name, summary, NoFields, partial(_plain, name))
    yield action(
        "toggle_pause", "Pause, or go on: for one key", NoFields, lambda _: "resume" if is_paused() else "pause"
    )
    yield action("silence", "Silence the companion now", NoFields, lambda _: "interrupt")
    yield action("mode", "Whose chat is heard", ChosenMode, lambda given: f"mode {given.mode}", "mode")
    yield action("rate", "Forwards a minute", Rate, _rate, "name")
    yield action(
        "volume", "How loud the companion speaks", VolumeField, lambda given: f"volume {_number(given.percent)}"
    )
    yield action("mute", "Do not hear a viewer", SomeViewer, lambda given: f"mute {given.viewer}", "viewer")
    yield action("unmute", "Hear a viewer again", SomeViewer, lambda given: f"unmute {given.viewer}", "viewer")
    yield action("block", "Refuse messages with a word or phrase", Term, lambda given: f"block {given.term}", "term")
    yield action("unblock", "Allow a term again", Term, lambda given: f"unblock {given.term}", "term")
    yield action("quiet", "Hours in which nothing is forwarded", Hours, lambda given: f"quiet {given.hours}", "hours")
    yield action("approve", "Let through what is held", Decided, lambda given: f"approve {given.id}", "id")
    yield action("reject", "Drop what is held", Decided, lambda given: f"reject {given.id}", "id")
    yield action("control", "Any control in the words of chat", Words, lambda given: given.words, "words")
    yield action("edit", "Let through what is held in other words", OtherWords, _edit, "text")
    yield action("now", "Tell what waits before all else", OneMessage, lambda given: f"now {given.key}", "key")
    yield action("drop", "Do not tell what waits", OneMessage, lambda given: f"drop {given.key}", "key")
    yield action("why", "What happened to a message", OneMessage, lambda given: f"why {given.key}", "key")


def _edit(given: OtherWords) -> str:
    return f"edit {given.id} {given.text}"


def _plain(name: str, _: NoFields) -> str:
    return name


def _rate(given: Rate) -> str:
    return f"rate {given.name} {_number(given.per_minute)}"


def _number(value: float | None) -> str:
    return "reset" if value is None else f"{value:g}"


async def carried_out(controls: Controls, words: str, by: Caller, field: str | None = None) -> str:
    """The answer of a control. Raises DeskError; `field` is the one that its argument comes from."""
    try:
        return await controls.carry_out(words, by)
    except Gone as gone:
        raise DeskError("gone", str(gone), field) from None
    except Mistake as mistake:
        raise DeskError("invalid", str(mistake), field) from None
