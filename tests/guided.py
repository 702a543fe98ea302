"""Somebody who is led through a set-up and fills in what they are asked."""

from collections.abc import Callable, Mapping
from typing import Any

from relay.guide import Filled, Form, Headway, phrase

Answer = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
"""What is filled in, or what has to happen before."""


class Visitor:
    """Fills in these, one form after the other."""

    def __init__(self, *answers: Answer, on_show: Callable[[Form], None] = lambda _: None) -> None:
        self._answers = list(answers)
        self._on_show = on_show
        self.asked: list[Form] = []
        self.shown: list[Form] = []
        self.told: list[Headway] = []

    async def ask(self, form: Form) -> Filled:
        self.asked.append(form)
        assert self._answers, f"one question too many: {form.title} {form.problem}"
        answer = self._answers.pop(0)
        return form.read(answer() if callable(answer) else answer)

    def show(self, form: Form) -> None:
        self.shown.append(form)
        self._on_show(form)

    def tell(self, progress: Headway) -> None:
        self.told.append(progress)

    @property
    def problems(self) -> list[str]:
        """What was wrong with what they filled in before, each time they were asked again."""
        return [form.problem for form in self.asked if form.problem]

    def options(self, name: str) -> list[str]:
        """What they could choose in the last form."""
        [field] = [field for field in self.asked[-1].fields if field.name == name]
        return [str(option.label) for option in field.options]


def texts(form: Form) -> str:
    """All that is to be read in a form."""
    return " ".join(map(str, (form.title, *form.lines, form.problem or phrase(""))))
