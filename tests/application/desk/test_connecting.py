"""The guided set-up as pages see it: chapters, one form after the other, and what is written at the end."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from relay.application.desk.connecting import Chapter, GuidedSetup
from relay.application.settings import load
from relay.config.loading import Config
from relay.errors import AuthError
from relay.guide import Changes, Form, FormField, FormOption, Guide, Headway, phrase
from relay.model import Caller, Role
from relay.web.desk.actions import DeskActions, DeskError
from tests.support import eventually

STREAMER = Caller(source="web", name="streamer", roles=frozenset({Role.STREAMER}))
MODERATOR = Caller(source="web", name="mod", roles=frozenset({Role.MODERATOR}))
ANIMAL = FormField(name="animal", label=phrase("Animal"), optional=False)
COLOURS = FormField(
    name="colours", label=phrase("Colours"), kind="many", value=("red",),
    options=tuple(FormOption(value=name, label=name) for name in ("red", "blue")),
)  # fmt: skip


class Kept:
    """Settings in memory."""

    def __init__(self) -> None:
        self.saved: list[Changes] = []

    def coming(self, told: Callable[[], None]) -> Config:
        return load()

    async def newest(self) -> Config:
        return load()

    def differ(self) -> bool:
        return bool(self.saved)

    async def save(self, changes: Changes) -> None:
        self.saved.append(changes)


async def zoo(_: Config, guide: Guide) -> Changes:
    filled = await guide.ask(Form(title=phrase("Which animal?"), fields=(ANIMAL, COLOURS), sound=b"roar"))
    guide.show(Form(title=phrase("Catching it"), code="NET-7"))
    await asyncio.sleep(0)
    return {"zoo.animal": filled.text("animal"), "zoo.colours": filled.many("colours")}


class Closed:
    """A chapter that cannot be gone through until somebody opens it elsewhere."""

    is_open = False

    async def lead(self, _: Config, guide: Guide) -> Changes:
        if not self.is_open:
            raise AuthError("it is closed: open it")
        return {"gate.open": True}


class Way:
    """A chapter that takes its time, and tells how far it is."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()

    async def lead(self, _: Config, guide: Guide) -> Changes:
        guide.show(Form(title=phrase("Walking")))
        guide.tell(Headway(doing=phrase("First steps")))
        await self.goes_on.wait()
        guide.tell(Headway(doing=phrase("Nearly there"), share=0.9))
        await guide.ask(Form(title=phrase("Well?")))
        return {}


class Room:
    def __init__(self) -> None:
        self.kept = Kept()
        self.gate = Closed()
        self.way = Way()
        chapters = [
            Chapter("zoo", phrase("The zoo"), phrase("Animals"), lambda _: phrase("{count} lions", count=2), zoo),
            Chapter("gate", "Gate", phrase("A gate"), lambda _: None, self.gate.lead),
            Chapter("way", "Way", phrase("A way"), lambda _: None, self.way.lead),
        ]
        self.setup = GuidedSetup(chapters, self.kept)
        self.actions = DeskActions()
        self.actions.add(*self.setup.actions)

    @property
    def state(self) -> Any:
        return self.setup.state()

    async def do(self, name: str, by: Caller = STREAMER, **given: Any) -> Any:
        return await self.actions.do(f"setup_{name}", given, by)

    async def answer(self, **values: Any) -> None:
        await self.do("answer", number=self.state["number"], values=values)

    async def asked(self, title: str) -> None:
        await eventually(lambda: self.state["form"] is not None and self.state["form"]["title"]["text"] == title)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    yield room
    await room.setup.aclose()


async def test_the_chapters_say_what_is_set_already(room: Room) -> None:
    assert [(chapter["name"], chapter["set"]) for chapter in room.state["chapters"]] == [
        ("zoo", {"text": "{count} lions", "values": {"count": 2}}),
        ("gate", None),
        ("way", None),
    ]


async def test_a_chapter_asks_and_what_comes_of_it_is_written_down(room: Room) -> None:
    await room.do("open", chapter="zoo")
    await room.asked("Which animal?")
    assert base64.b64decode(await room.do("sound")) == b"roar"

    await room.answer(animal=" lion ", colours=["blue", "green"])
    await eventually(lambda: room.state["saved"] == "zoo")

    assert room.kept.saved == [{"zoo.animal": "lion", "zoo.colours": ("blue",)}]
    assert (room.state["form"], room.state["open"]) == (None, None)


async def test_what_does_not_fit_is_said_and_nothing_is_lost(room: Room) -> None:
    await room.do("open", chapter="zoo")
    await room.asked("Which animal?")

    with pytest.raises(DeskError, match="Animal: fill this in"):
        await room.answer(animal=" ")

    await room.answer(animal="ape")
    await eventually(lambda: room.state["saved"] == "zoo")


async def test_of_two_pages_that_answer_the_second_is_told_that_it_is_late(room: Room) -> None:
    await room.do("open", chapter="zoo")
    await room.asked("Which animal?")
    number = room.state["number"]
    await room.do("answer", number=number, values={"animal": "ape"})

    with pytest.raises(DeskError, match="answered already"):
        await room.do("answer", number=number, values={"animal": "lion"})


async def test_a_chapter_can_be_left_and_come_back_to(room: Room) -> None:
    await room.do("open", chapter="zoo")
    await room.asked("Which animal?")
    await room.do("leave")
    assert (room.state["open"], room.state["form"], room.kept.saved) == (None, None, [])

    await room.do("open", chapter="zoo")
    await room.asked("Which animal?")


async def test_what_a_person_has_to_mend_elsewhere_is_shown_until_it_is(room: Room) -> None:
    await room.do("open", chapter="gate")
    await eventually(lambda: room.state["form"] is not None)
    assert room.state["form"]["problem"] == "it is closed: open it"

    room.gate.is_open = True
    await room.answer()
    await eventually(lambda: room.kept.saved == [{"gate.open": True}])


async def test_how_far_it_is_is_told_beside_the_same_form_until_the_next(room: Room) -> None:
    await room.do("open", chapter="way")
    await room.asked("Walking")
    number = room.state["number"]
    assert room.state["progress"] == {"doing": {"text": "First steps", "values": {}}, "share": None}

    told: list[Any] = []
    room.setup.topic.watch(lambda: told.append((room.state["progress"], room.state["number"])))
    room.way.goes_on.set()
    await room.asked("Well?")

    assert told[0] == ({"doing": {"text": "Nearly there", "values": {}}, "share": 0.9}, number)
    assert room.state["progress"] is None


async def test_moderators_neither_see_nor_do_any_of_it(room: Room) -> None:
    assert room.setup.topic.role is Role.STREAMER
    for name in ("open", "answer", "leave", "sound"):
        with pytest.raises(DeskError, match="for the streamer alone"):
            await room.do(name, MODERATOR)
