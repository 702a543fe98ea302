"""What people said aloud is shown at once, as far as the filters let it be."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from relay.application.settings import load
from relay.application.subtitles import LONGEST, Subtitles
from relay.model import AudienceMessage, Author, Kind, Origin, Role


@dataclass
class Switches:
    """What moderators have set."""

    muted: frozenset[str] = frozenset()
    blocked_terms: tuple[str, ...] = ()


@dataclass
class Room:
    """An overlay and a chat."""

    shown: list[str] = field(default_factory=list)
    posted: list[tuple[str, str]] = field(default_factory=list)
    switches: Switches = field(default_factory=Switches)
    quiet: set[str] = field(default_factory=set)
    """Who asked to be left out."""

    def subtitle(self, name: str, text: str) -> None:
        self.shown.append(f"{name}: {text}")

    def post(self, origin: Origin, text: str) -> None:
        self.posted.append((origin.channel, text))

    def subtitles(self, folder: Path, *where: str, **sections: Any) -> Subtitles:
        config = load(None, relay={"data_dir": str(folder)}, voice={"subtitles": where}, **sections)
        return Subtitles(config, self, lambda: self.switches, self.post, self.quiet)


def said(text: str, name: str = "Ann", kind: Kind = Kind.VOICE, **more: Any) -> AudienceMessage:
    author = Author(id="7", name=name, roles=more.pop("roles", frozenset()))
    return AudienceMessage(platform="discord", id=text, channel="42", kind=kind, author=author, text=text, at=1.0)


def test_what_is_said_is_shown_with_its_name_and_posted_where_it_was_said(tmp_path: Path) -> None:
    room = Room()
    subtitles = room.subtitles(tmp_path, "overlay", "channel")

    for text in ("Hello Vox.", "Yes.", "Yes."):
        subtitles.arrived(said(text))

    assert room.shown == ["Ann: Hello Vox.", "Ann: Yes.", "Ann: Yes."]
    assert room.posted == [("42", line) for line in room.shown]


@pytest.mark.parametrize(("where", "shown", "posted"), [((), 0, 0), (("overlay",), 1, 0), (("channel",), 0, 1)])
def test_it_is_shown_only_where_the_settings_want_it(
    tmp_path: Path, where: tuple[str, ...], shown: int, posted: int
) -> None:
    room = Room()

    room.subtitles(tmp_path, *where).arrived(said("Hello."))

    assert (len(room.shown), len(room.posted)) == (shown, posted)


def test_what_is_written_is_no_subtitle(tmp_path: Path) -> None:
    room = Room()

    room.subtitles(tmp_path, "overlay").arrived(said("Hello.", kind=Kind.CHAT))

    assert room.shown == []


@pytest.mark.parametrize("muted", ["discord:7", "ann"])
def test_who_is_muted_is_not_shown(tmp_path: Path, muted: str) -> None:
    room = Room(switches=Switches(muted=frozenset({muted})))

    room.subtitles(tmp_path, "overlay", "channel").arrived(said("Hello."))

    assert (room.shown, room.posted) == ([], [])


def test_words_that_the_filters_refuse_are_not_shown_and_what_is_private_is_masked(tmp_path: Path) -> None:
    room = Room(switches=Switches(blocked_terms=("voldemort",)))
    subtitles = room.subtitles(tmp_path, "overlay", filters={"blocked_terms": ["badword"]})

    for text in ("a badword here", "it is voldemort", "write to ann@example.org please", "visit evil.example.com now"):
        subtitles.arrived(said(text))

    assert room.shown == ["Ann: write to *** please"]


def test_filters_that_were_changed_count_at_once(tmp_path: Path) -> None:
    room = Room()
    subtitles = room.subtitles(tmp_path, "overlay")

    subtitles.adopt(load(None, relay={"data_dir": str(tmp_path)}, filters={"blocked_terms": ["badword"]}))
    subtitles.arrived(said("a badword here"))

    assert room.shown == []


def test_the_streamer_says_what_they_want(tmp_path: Path) -> None:
    room = Room()
    subtitles = room.subtitles(tmp_path, "overlay", filters={"blocked_terms": ["badword"]})

    subtitles.arrived(said("a badword here", roles=frozenset({Role.STREAMER})))

    assert room.shown == ["Ann: a badword here"]


def test_a_speech_is_cut_to_what_can_be_read(tmp_path: Path) -> None:
    room = Room()

    room.subtitles(tmp_path, "overlay", filters={"max_length": 2_000}).arrived(said("word " * 200))

    assert room.shown == [f"Ann: {('word ' * 200)[: LONGEST - 1]}…"]


def test_who_asked_to_be_left_out_is_not_shown(tmp_path: Path) -> None:
    room = Room(quiet={"discord:7"})
    subtitles = room.subtitles(tmp_path, "overlay", "channel")

    subtitles.arrived(said("Hello."))
    assert (room.shown, room.posted) == ([], [])

    room.quiet.clear()
    subtitles.arrived(said("Hello again."))
    assert room.shown == ["Ann: Hello again."]
