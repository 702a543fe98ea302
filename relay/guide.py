"""A conversation in which somebody sets something up: forms that are filled in, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

from pydantic import Field

from relay.errors import ConfigError, RelayError
from relay.model import Value

T = TypeVar("T")

LONGEST_ANSWER: Final = 4_000
"""Characters of one answer."""


class Phrase(Value):
    """A text for people, which a page may show in their own language: English, and what goes into its {places}."""

    text: str
    values: Mapping[str, str | int] = Field(default_factory=dict)

    def __str__(self) -> str:
        text = self.text
        for name, value in self.values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text


def phrase(text: str, **values: str | int) -> Phrase:
    """Texts that are written here are collected for translation by this function's name."""
    return Phrase(text=text, values=values)


class FormOption(Value):
    """Something to choose."""

    value: str
    label: Phrase | str
    """A name of somebody's own, such as a channel's, is no phrase: it is shown as it is."""
    group: str = ""
    """What stands above those that belong together, such as the name of a server."""


class FormField(Value):
    """Something to fill in."""

    name: str
    label: Phrase
    kind: Literal["text", "long", "secret", "one", "many", "switch"] = "text"
    """A line, several lines, one that is not shown, one or several of the options, or yes and no."""
    value: str | bool | tuple[str, ...] = ""
    """What it begins with. A secret begins empty, and left so it stays as it is."""
    options: tuple[FormOption, ...] = ()
    hint: Phrase | None = None
    optional: bool = True
    """Whether it may be left empty."""

    def read(self, given: object) -> str | bool | tuple[str, ...]:
        """What was filled in; what the field begins with where nothing was. Raises ConfigError."""
        if given is None:
            given = self.value
        if self.kind == "switch":
            return given is True
        if self.kind == "many":
            chosen = given if isinstance(given, list | tuple) else [given]
            known = [option.value for option in self.options]
            return tuple(value for value in known if value in chosen)
        text = given.strip()[:LONGEST_ANSWER] if isinstance(given, str) else ""
        if not text and not self.optional:
            raise ConfigError(f"{self.label}: fill this in")
        if self.kind == "one" and text not in [option.value for option in self.options]:
            raise ConfigError(f"{self.label}: choose one")
        return text


class FormLink(Value):
    """Where to go on another page."""

    address: Annotated[str, Field(pattern=r"^https?://")]
    label: Phrase


class Form(Value):
    """What is shown at one moment of the conversation."""

    title: Phrase
    lines: tuple[Phrase, ...] = ()
    links: tuple[FormLink, ...] = ()
    code: str = ""
    """To be typed in on another page."""
    fields: tuple[FormField, ...] = ()
    button: Phrase = phrase("Go on")
    problem: str = ""
    """What was wrong with what was filled in before."""
    sound: bytes = Field(b"", exclude=True)
    """A WAV file to listen to."""

    def read(self, given: Mapping[str, object]) -> "Filled":
        """Raises ConfigError, which names what to correct."""
        return Filled({field.name: field.read(given.get(field.name)) for field in self.fields})

    def again(self, problem: object, filled: "Filled | None" = None) -> "Form":
        """The same, with what was wrong, as it was filled in."""
        fields = tuple(
            field
            if filled is None or field.kind == "secret"
            else field.model_copy(update={"value": filled.answers.get(field.name, field.value)})
            for field in self.fields
        )
        return self.model_copy(update={"problem": str(problem), "fields": fields})


class Headway(Value):
    """How far is what somebody waits for."""

    doing: Phrase
    share: float | None = None
    """What of it is done, up to 1; None where nobody can tell."""


class Filled:
    """What was filled in, by the names of the fields."""

    def __init__(self, answers: Mapping[str, str | bool | tuple[str, ...]]) -> None:
        self.answers = answers

    def text(self, name: str) -> str:
        value = self.answers.get(name)
        return value if isinstance(value, str) else ""

    def many(self, name: str) -> tuple[str, ...]:
        value = self.answers.get(name)
        return value if isinstance(value, tuple) else ()

    def has(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.answers.get(name) is True


class Guide(Protocol):
    """Leads somebody through a set-up. Who is asked may leave at any time: the conversation is cancelled then."""

    async def ask(self, form: Form) -> Filled:
        """Show it and wait until it is filled in."""
        ...

    def show(self, form: Form) -> None:
        """Show it while something else is waited for, such as a code that is confirmed elsewhere."""
        ...

    def tell(self, progress: Headway) -> None:
        """How far that is, until the next form."""
        ...


Changes = Mapping[str, Any]
"""Settings by their full names, such as `speech.enabled`, with new values as the settings file has them."""


async def settled(guide: Guide, form: Form, attempt: Callable[[Filled], Awaitable[T]]) -> T:
    """Ask until what was filled in leads to something, each time with what was wrong."""
    while True:
        filled = await guide.ask(form)
        try:
            return await attempt(filled)
        except RelayError as error:
            form = form.again(error, filled)


class DeviceCode(Value):
    """What somebody types in on another page to log a program in: RFC 8628."""

    address: str
    code: str
    minutes: int
    """How long it can be typed in."""
    note: str = ""
    """What is to be known before."""


ShowCode = Callable[[DeviceCode], None]


async def at_terminal(log_in: Callable[[ShowCode], Awaitable[T]], say: Callable[[str], None]) -> T:
    """Log in with a code, with lines for somebody who reads them."""

    def show(code: DeviceCode) -> None:
        if code.note:
            say(code.note)
        say(f"Open {code.address} in a browser and confirm the code {code.code}.")
        say(f"Waiting up to {code.minutes} minutes; Ctrl-C cancels.")

    try:
        return await log_in(show)
    except asyncio.CancelledError:
        say("Cancelled; nothing was saved.")
        raise
