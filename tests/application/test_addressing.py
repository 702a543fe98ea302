"""Who speaks to the companion, as all platforms' messages are asked."""

from collections.abc import Sequence
from typing import Any

import pytest

from relay.application.addressing import Addressing
from relay.model import AudienceMessage, Kind, Role
from relay.platforms.simulated import QuietPlatform
from relay.voxta.chat import JoinedChat
from relay.wire.messages import Person
from tests.commands.room import no_commands
from tests.forwarding.surroundings import message


class Account(QuietPlatform):
    """Has an account with a name there, and hears what it is set to."""

    def __init__(self, name: str, *names: str, addressed_only: bool = False) -> None:
        super().__init__(name)
        self.addressed_only = addressed_only
        self._names = names

    def names(self) -> Sequence[str]:
        return self._names


class Room:
    def __init__(self) -> None:
        self.chat: JoinedChat | None = JoinedChat(
            "session", "chat", "Streamer", [Person(id="1", name="Vox"), Person(id="2", name="Mary Ann")], None
        )
        self.platforms = [Account("twitch", "voxbot_ai"), Account("discord", addressed_only=True), QuietPlatform("irc")]
        self.addressing = Addressing(["Вокса"], lambda: self.chat, lambda: self.platforms, no_commands().table)

    def marked(self, text: str, **over: Any) -> AudienceMessage:
        return self.addressing.marked(message(1, text or " ", at=0.0, **over))


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize("text", ["Vox?", "hi @maryann", "как дела у Вокса", "@voxbot_ai hi"])
def test_characters_nicknames_and_the_account_are_called_by_name(room: Room, text: str) -> None:
    assert room.marked(text).addressed


@pytest.mark.parametrize("kind", [Kind.CHEER, Kind.REDEMPTION, Kind.RESUBSCRIBE])
def test_so_they_are_with_bits_and_rewards(room: Room, kind: Kind) -> None:
    assert room.marked("hi Vox", kind=kind).addressed
    assert not room.marked("hi", kind=kind).addressed


def test_what_a_platform_marked_stays_so(room: Room) -> None:
    assert room.marked("you there?", addressed=True).addressed
    assert not room.marked("you there?").addressed


def test_an_account_is_only_called_where_it_is(room: Room) -> None:
    assert not room.marked("@voxbot_ai hi", platform="irc").addressed


def test_who_takes_no_part_is_not_called_and_who_comes_in_is(room: Room) -> None:
    assert room.chat is not None
    room.chat.meet([Person(id="1", name="Vox", enabled=False), Person(id="3", name="Neo")])
    assert not room.marked("Vox?").addressed
    assert room.marked("Neo?").addressed


def test_while_no_chat_is_joined_the_last_one_counts(room: Room) -> None:
    assert room.marked("Vox?").addressed
    room.chat = None
    assert room.marked("Vox?").addressed
    room.addressing.last_known = ["Neo"]
    assert not room.marked("Vox?").addressed


def test_a_platform_set_to_it_brings_only_what_speaks_to_the_companion(room: Room) -> None:
    wanted, marked = room.addressing.is_wanted, room.marked
    assert not wanted(marked("just chatting", platform="discord"))
    assert wanted(marked("Vox, hi", platform="discord"))
    assert wanted(marked("just chatting", platform="twitch"))
    assert wanted(marked("just chatting", platform="irc"))
    assert wanted(marked("", platform="discord", kind=Kind.FOLLOW))
    assert wanted(marked("!relay pause", platform="discord", role=Role.MODERATOR))
