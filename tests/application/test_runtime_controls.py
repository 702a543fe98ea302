"""What moderators see of a running relay and do to it: its store, its forwarder and its replies are real."""

from collections.abc import Iterator
from typing import Any

import pytest

from relay.application.dialogue import Dialogue
from relay.application.runtime_controls import REMEMBERED, RuntimeControls
from relay.config import OutboundSection
from relay.errors import InboxError
from relay.model import AudienceMessage, Author, ReplyText
from relay.moderation.outbound import Outbound
from relay.moderation.switches import Mode, Switches
from relay.replies.reply import Reply
from relay.replies.screening import Screening
from relay.speech.playback import Playback
from relay.speech.voice import Voice
from relay.system import clock
from tests.forwarding.surroundings import Scene, Trouble, config, message
from tests.speech.fakes import Library, ManualSink

LINK = "look at evil.example"


class Mouth(Voice):
    """Speaks, as long as nobody stops it."""

    def __init__(self) -> None:
        self.sink = ManualSink()
        self.playback = Playback(Library().fetch)
        self.playback.play_on([self.sink])
        self.silenced: list[str] = []

    def stop(self, reply: Reply | None = None) -> bool:
        self.silenced.append("this answer")
        return True

    def silence(self) -> bool:
        self.silenced.append("everything")
        return False


class Talk(Dialogue):
    def __init__(self, voice: Voice, screening: Screening) -> None:
        self.voice, self.screening = voice, screening
        self._volume = 0.5


class Room:
    """A relay's rooms as far as moderators reach them."""

    def __init__(self) -> None:
        self.scene = Scene(config())
        self.mouth = Mouth()
        self.released: list[str] = []
        outbound = OutboundSection.model_validate({"links": "hold"})
        self.screening = Screening(Outbound(outbound), lambda reply: self.released.append(reply.text), hold_for=60.0)
        self.controls = self.more_controls()

    def more_controls(self) -> RuntimeControls:
        dialogue = Talk(self.mouth, self.screening)
        return RuntimeControls(
            self.scene.inbox, dialogue, self.scene.forwarder, platforms=tuple, describe=self.describe
        )

    async def describe(self) -> str:
        return "Voxta: in a chat"

    def said(self, number: int, text: str = "", **over: Any) -> AudienceMessage:
        each = message(number, text, **({"at": clock.now()} | over))
        self.scene.give(each)
        self.scene.wait()
        return each

    def outcome(self, of: AudienceMessage) -> str:
        settlement = self.scene.outcome(of)
        return f"{settlement.outcome} ({settlement.reason})" if settlement else "none"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    room = Room()
    monkeypatch.setattr(clock, "now", room.scene.wall)
    room.scene.voxta.join()
    room.scene.wait()
    yield room
    room.scene.close()


class TestSwitches:
    def test_are_kept_and_applied_at_once(self, room: Room) -> None:
        switches = Switches(paused=True, volume=0.2)
        room.scene.loop.run(room.controls.switch(switches))
        waits = room.said(1)

        assert room.controls.switches() == switches
        assert room.outcome(waits) == "none"
        assert room.mouth.sink.volume == 0.2

        room.scene.loop.run(room.controls.switch(Switches()))
        room.scene.wait()
        assert room.outcome(waits) == "forwarded (user)"
        assert room.mouth.sink.volume == 0.5, "as configured"

    def test_are_restored_after_a_restart(self, room: Room) -> None:
        room.scene.loop.run(room.controls.switch(Switches(mode=Mode.MENTIONS)))
        room.scene.crash()
        controls = room.more_controls()
        assert controls.switches() == Switches()

        room.scene.loop.run(controls.restore())
        assert controls.switches() == Switches(mode=Mode.MENTIONS)

    def test_of_a_store_that_never_had_any_are_as_configured(self, room: Room) -> None:
        room.scene.loop.run(room.controls.restore())

        assert room.controls.switches() == Switches()

    def test_that_cannot_be_kept_are_not_applied(self, room: Room) -> None:
        room.scene.disk.next.append(Trouble.REFUSED)
        with pytest.raises(InboxError):
            room.scene.loop.run(room.controls.switch(Switches(paused=True)))

        assert room.controls.switches() == Switches()

    def test_show_in_the_status_where_they_differ_from_the_usual(self, room: Room) -> None:
        assert room.scene.loop.run(room.controls.status()) == "Voxta: in a chat\nHeld: 0"

        switches = Switches(
            paused=True,
            mode=Mode.SLOW,
            rates={"viewer": 3.0, "all": 12.5},
            muted=frozenset({"ann", "bob"}),
            blocked_terms=("spam",),
            quiet_hours="23:00-07:00",
            volume=0.0,
        )
        room.scene.loop.run(room.controls.switch(switches))
        room.said(1, LINK, author="cleo")
        assert room.scene.loop.run(room.controls.status()).splitlines() == [
            "Voxta: in a chat",
            "Paused: yes",
            "Mode: slow",
            "Rates: all 12.5, viewer 3",
            "Muted: 2",
            "Blocked terms: 1",
            "Quiet hours: 23:00-07:00",
            "Volume: 0%",
            "Held: 1",
        ]


class TestDecisions:
    def test_on_a_message_let_it_through_at_once_or_end_it(self, room: Room) -> None:
        good, bad = room.said(1, f"{LINK}/1", author="ann"), room.said(2, f"{LINK}/2", author="bob")
        first, second = (held.id for held in room.controls.held())

        assert room.scene.loop.run(room.controls.approve(first))
        assert room.scene.loop.run(room.controls.reject(second))
        room.scene.loop.run(room.controls.reject("h99"))
        room.scene.wait()
        assert room.outcome(good) == "forwarded (user)"
        assert room.outcome(bad) == "rejected (rejected by a moderator)"
        assert not room.scene.loop.run(room.controls.approve(first))
        assert not room.scene.loop.run(room.controls.reject(second))

    def test_on_an_answer_let_it_be_said_or_drop_it(self, room: Room) -> None:
        for text in ("see evil.example/1", "see evil.example/2"):
            room.screening.screen(ReplyText(message_id=text, character="Vox", text=text))
        first, second = (held.id for held in room.controls.held())

        assert room.scene.loop.run(room.controls.approve(first))
        assert room.scene.loop.run(room.controls.reject(second))
        assert room.released == ["see evil.example/1"]
        assert room.controls.held() == []

    def test_are_asked_for_the_oldest_first_whoever_said_it(self, room: Room) -> None:
        now = clock.now()
        room.screening.screen(ReplyText(message_id="1", character="Vox", text="see evil.example"))
        room.said(1, f"{LINK}/after", author="ann", at=now + 1)
        room.said(2, f"{LINK}/before", author="bob", at=now - 1)

        texts = [held.text for held in room.controls.held()]

        assert texts == [f"{LINK}/before", "see evil.example", f"{LINK}/after"]


def test_clearing_drops_what_waits_and_says_how_much(room: Room) -> None:
    room.scene.loop.run(room.controls.switch(Switches(paused=True)))
    waiting = [room.said(number, author=f"v{number}") for number in range(3)]

    assert room.scene.loop.run(room.controls.clear()) == 3
    room.scene.wait()
    assert {room.outcome(each) for each in waiting} == {"dropped (cleared by a moderator)"}


def test_the_voice_is_stopped_for_one_answer_or_for_all(room: Room) -> None:
    assert room.scene.loop.run(room.controls.skip())
    assert not room.scene.loop.run(room.controls.interrupt())

    assert room.mouth.silenced == ["this answer", "everything"]


def test_a_message_is_explained_by_its_key_or_by_its_id_alone(room: Room) -> None:
    room.said(1)
    room.said(2, platform="discord", author="bob")
    room.scene.wait(40)

    def why(key: str) -> str:
        return room.scene.loop.run(room.controls.why(key))

    assert why("twitch:1") == why("1") == "twitch:1: forwarded (user)"
    assert why("2") == "discord:2: forwarded (user)"
    assert why("discord:1") == "discord:1: unknown, or forgotten"
    assert why("3") == "3: unknown, or forgotten"


def test_viewers_are_offered_newest_first_by_how_their_name_begins_and_not_without_end(room: Room) -> None:
    def saw(name: str, id: str) -> None:
        room.controls.saw(message(1, at=0.0).model_copy(update={"author": Author(id=id, name=name)}))

    for name, id in (("Ann", "1"), ("Anton", "2"), ("Bob", "3"), ("Annabel", "1")):
        saw(name, id)
    assert room.controls.viewers("aN") == [("Annabel", "twitch:1"), ("Anton", "twitch:2")]

    for number in range(REMEMBERED - 1):
        saw(f"Viewer {number}", f"v{number}")
    assert room.controls.viewers("an") == [("Annabel", "twitch:1")]
    assert len(room.controls.viewers("")) == REMEMBERED
