"""The guided set-up: chapters that lead through what a relay needs, one conversation at a time, for every open page."""

import asyncio
import logging
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import Field

from relay.config.loading import Config
from relay.errors import RelayError
from relay.guide import Changes, Filled, Form, Guide, Headway, Phrase, phrase
from relay.model import Caller, Role
from relay.web.desk.actions import DeskAction, DeskError, Fields, NoFields
from relay.web.desk.topics import Topic

log = logging.getLogger(__name__)

MOVED_ON: Final = "this was answered already, on another page perhaps"


class SettingsKeeper(Protocol):
    """The settings as the set-up reads and changes them."""

    def coming(self, told: Callable[[], None]) -> Config:
        """As they are after the next start, by what was read last; `told` is called once that is something else."""
        ...

    async def newest(self) -> Config:
        """As they are after the next start. Raises SecretsLocked."""
        ...

    def differ(self) -> bool:
        """Whether the next start changes any, by what was read last."""
        ...

    async def save(self, changes: Changes) -> None:
        """Write them down. Raises ConfigError, with nothing written."""
        ...


@dataclass(frozen=True)
class Chapter:
    """One part of the set-up."""

    name: str
    title: Phrase | str
    about: Phrase
    set_already: Callable[[Config], Phrase | None]
    """What is set, in a few words; None while nothing is."""
    lead: Callable[[Config, Guide], Awaitable[Changes]]
    """Raises RelayError for what a person has to act on elsewhere."""


class ChapterName(Fields):
    chapter: str = Field(max_length=40, description="the name of a chapter of the topic `setup`")


class Answered(Fields):
    number: int = Field(description="of the form that is shown")
    values: dict[str, Any] = Field(description="what was filled in, by the names of the fields")


class GuidedSetup:
    """Shows the topic `setup`. To be closed at the end."""

    def __init__(self, chapters: Sequence[Chapter], settings: SettingsKeeper) -> None:
        self._chapters = {chapter.name: chapter for chapter in chapters}
        self._settings = settings
        self._open: str | None = None
        self._saved: str | None = None
        """The chapter that was finished last."""
        self._form: Form | None = None
        self._progress: Headway | None = None
        self._number = 0
        self._answer: asyncio.Future[Filled] | None = None
        self._leading: asyncio.Task[None] | None = None
        self.topic = Topic("setup", self.state, time.monotonic, role=Role.STREAMER, every=0.05)
        self.actions = (
            self._action("setup_open", "Begin a chapter of the set-up", ChapterName, self._begin),
            self._action("setup_answer", "Answer what the set-up asks", Answered, self._take),
            self._action("setup_leave", "Leave the chapter as it was", NoFields, self._leave),
            self._action(
                "setup_sound", "The sound that the set-up asks about, as a WAV file in base64", NoFields, self._sound
            ),
        )

    def _action(
        self, name: str, summary: str, fields: type[Any], run: Callable[[Any], Awaitable[object]]
    ) -> DeskAction[Any]:
        async def act(given: Any, _: Caller) -> object:
            return await run(given)

        return DeskAction(name, summary, fields, act, role=Role.STREAMER)

    async def aclose(self) -> None:
        """End what is under way."""
        await self._end()

    def state(self) -> dict[str, object]:
        """For pages: the chapters, and what is asked now."""
        config = self._settings.coming(self.topic.changed)
        form = self._form
        return {
            "chapters": [_shown(chapter, config) for chapter in self._chapters.values()],
            "open": self._open,
            "saved": self._saved,
            "restart": self._settings.differ(),
            "form": None if form is None else form.model_dump(mode="json") | {"sound": bool(form.sound)},
            "progress": None if self._progress is None else self._progress.model_dump(mode="json"),
            "number": self._number,
            "busy": self._open is not None and self._answer is None,
        }

    # As Guide

    async def ask(self, form: Form) -> Filled:
        """See Guide."""
        self._answer = asyncio.get_running_loop().create_future()
        self._display(form)
        try:
            return await self._answer
        finally:
            self._answer = None
            self.topic.changed()

    def show(self, form: Form) -> None:
        """See Guide."""
        self._display(form)

    def tell(self, progress: Headway) -> None:
        """See Guide."""
        if progress != self._progress:
            self._progress = progress
            self.topic.changed()

    def _display(self, form: Form | None) -> None:
        self._form, self._progress = form, None
        self._number += 1
        self.topic.changed()

    # As pages ask

    async def _begin(self, given: ChapterName) -> None:
        chapter = self._chapters.get(given.chapter)
        if chapter is None:
            raise DeskError("invalid", f"there is no chapter {given.chapter!r}", "chapter")
        await self._end()
        self._open, self._saved = chapter.name, None
        self._leading = asyncio.create_task(self._lead(chapter), name="setup")
        self.topic.changed()

    async def _take(self, given: Answered) -> None:
        if self._answer is None or self._answer.done() or self._form is None or given.number != self._number:
            raise DeskError("gone", MOVED_ON)
        self._answer.set_result(self._form.read(given.values))

    async def _leave(self, _: NoFields) -> None:
        await self._end()

    async def _sound(self, _: NoFields) -> str:
        if self._form is None or not self._form.sound:
            raise DeskError("gone", MOVED_ON)
        return b64encode(self._form.sound).decode()

    # Leading

    async def _lead(self, chapter: Chapter) -> None:
        while True:
            try:
                await self._settings.save(await chapter.lead(await self._settings.newest(), self))
            except RelayError as error:
                await self.ask(_trouble(chapter, error))
            except Exception:  # a stream must not end because of its set-up
                log.exception("setting up %s failed", chapter.name)
                await self.ask(_trouble(chapter, "this did not work; the log of the relay says why"))
            else:
                break
        self._open, self._saved = None, chapter.name
        self._display(None)

    async def _end(self) -> None:
        if self._leading is not None:
            self._leading.cancel()
            with suppress(asyncio.CancelledError):
                await self._leading
            self._leading = None
        if self._open is not None:
            self._open = None
            self._display(None)


def _shown(chapter: Chapter, config: Config) -> dict[str, object]:
    is_set = chapter.set_already(config)
    title = chapter.title
    return {
        "name": chapter.name,
        "title": title if isinstance(title, str) else title.model_dump(mode="json"),
        "about": chapter.about.model_dump(mode="json"),
        "set": is_set.model_dump(mode="json") if is_set is not None else None,
    }


def _trouble(chapter: Chapter, problem: object) -> Form:
    title = phrase("{chapter}: this did not work", chapter=str(chapter.title))
    return Form(title=title, problem=str(problem), button=phrase("Try again"))
