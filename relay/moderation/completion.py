"""What the argument of a control may become while a person types it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from relay.model import Suggestion
from relay.moderation.runtime import Runtime
from relay.moderation.switches import Mode
from relay.text.unicode import one_line

COMPLETIONS: Final = 25
"""As many as the menu of a slash command shows."""
LENGTH: Final = 100
"""Characters of one, as such a menu allows."""

Complete = Callable[[str], Iterable[Suggestion]]
"""Given what is typed; it may offer what does not fit, which is left out then."""


class Completion:
    """Looks at the running relay, without waiting for anything."""

    def __init__(self, actions: Runtime) -> None:
        self._actions = actions

    def viewers(self, typed: str) -> Iterator[Suggestion]:
        """By id, since names are neither unique nor kept."""
        for name, viewer in self._actions.viewers(typed):
            yield Suggestion(value=viewer, label=_named(name, viewer))

    def muted(self, _: str) -> Iterator[Suggestion]:
        names = {viewer: name for name, viewer in self._actions.viewers("")}
        for viewer in sorted(self._actions.switches().muted):
            yield Suggestion(value=viewer, label=_named(names[viewer], viewer) if viewer in names else viewer)

    def terms(self, _: str) -> Iterator[Suggestion]:
        return map(plain, self._actions.switches().blocked_terms)

    def rates(self, _: str) -> Iterator[Suggestion]:
        return (plain(f"{name} reset") for name in sorted(self._actions.switches().rates))

    def waiting(self, _: str) -> Iterator[Suggestion]:
        for message in self._actions.queue():
            yield Suggestion(value=message.key, label=f"{message.author.name}: {message.text}")

    def held(self, _: str) -> Iterator[Suggestion]:
        for held in self._actions.held():
            yield Suggestion(value=held.id, label=f"{held.id} {held.whose}: {held.text}")
        yield plain("first")
        yield plain("all")


def fitting(complete: Complete, typed: str) -> Sequence[Suggestion]:
    """What is offered for what is typed, as a platform can show it. A value that is too long cannot be offered."""
    wanted = one_line(typed).removeprefix("@").casefold()
    shown = (Suggestion(value=each.value, label=_label(each)) for each in complete(wanted))
    return list(islice((each for each in shown if _fits(each, wanted)), COMPLETIONS))


def _label(suggestion: Suggestion) -> str:
    return one_line(suggestion.label)[:LENGTH].strip() or suggestion.value


def _fits(suggestion: Suggestion, wanted: str) -> bool:
    is_wanted = wanted in suggestion.label.casefold() or wanted in suggestion.value.casefold()
    return is_wanted and 0 < len(suggestion.value) <= LENGTH


def _named(name: str, viewer: str) -> str:
    return f"{name} ({viewer.partition(':')[0]})"


def plain(value: str) -> Suggestion:
    """Chosen by what it is."""
    return Suggestion(value=value, label=value)


def modes(_: str) -> Iterator[Suggestion]:
    return map(plain, Mode)


def off(_: str) -> Sequence[Suggestion]:
    return [plain("off")]


def nothing(_: str) -> Sequence[Suggestion]:
    return ()
