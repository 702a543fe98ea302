import pytest

from relay.commands import latest as latest_messages
from relay.commands.builtin import ask
from relay.commands.definition import Command
from relay.commands.latest import LatestMessages
from relay.commands.table import CommandTable
from relay.config import CommandsSection
from relay.config.forwarding import ForwardingSection
from relay.model import Author, Kind, Role
from tests.contracts.samples import message


@pytest.fixture
def latest() -> LatestMessages:
    table = CommandTable(CommandsSection())
    table.register(Command("why", do=lambda _: None), "relay")  # type: ignore[arg-type,return-value]
    table.register(ask(ForwardingSection().kinds[Kind.ASK]), "relay")
    return LatestMessages(table)


def test_the_last_message_of_each_viewer_is_known(latest: LatestMessages) -> None:
    for each in (message(1), message(2, author="bob"), message(3), message(4, platform="discord")):
        latest.saw(each)

    assert [latest.of(f"twitch:{name}") for name in ("ann", "bob", "cleo")] == ["twitch:m3", "twitch:m2", None]
    assert latest.of("discord:ann") == "discord:m4"


def test_what_is_asked_of_the_relay_is_no_message_to_the_companion(latest: LatestMessages) -> None:
    moderator = Author(id="ann", name="Ann", roles=frozenset({Role.MODERATOR}))
    latest.saw(message(1))
    latest.saw(message(2, text="!why"))
    latest.saw(message(3, kind=Kind.FOLLOW))
    latest.saw(message(4, text="!relay pause").model_copy(update={"author": moderator}))
    assert latest.of("twitch:ann") == "twitch:m1"

    latest.saw(message(5, text="!ask what now?"))
    assert latest.of("twitch:ann") == "twitch:m5"


def test_after_a_restart_the_newest_counts_in_whatever_order_they_come(latest: LatestMessages) -> None:
    latest.restore([message(2, at=20.0), message(3, at=30.0), message(1, at=10.0)])
    assert latest.of("twitch:ann") == "twitch:m3"


def test_after_a_restart_what_was_asked_of_the_relay_is_passed_over(latest: LatestMessages) -> None:
    latest.restore([message(3, text="!why", at=30.0), message(2, at=20.0), message(1, at=10.0)])
    assert latest.of("twitch:ann") == "twitch:m2"


def test_after_a_restart_those_who_wrote_last_are_kept(latest: LatestMessages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest_messages, "REMEMBERED", 2)
    latest.restore(
        [message(number, author=name, at=float(number)) for number, name in enumerate(("ann", "bob", "cleo"))]
    )
    assert [latest.of(f"twitch:{name}") is not None for name in ("ann", "bob", "cleo")] == [False, True, True]


def test_a_viewer_can_be_forgotten(latest: LatestMessages) -> None:
    latest.saw(message(1))
    latest.forget("twitch:ann")
    latest.forget("twitch:bob")
    assert latest.of("twitch:ann") is None


def test_memory_is_bounded_and_keeps_who_wrote_last(latest: LatestMessages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest_messages, "REMEMBERED", 2)
    for number, author in enumerate(("ann", "bob", "ann", "cleo")):
        latest.saw(message(number, author=author))
    assert [latest.of(f"twitch:{name}") is not None for name in ("ann", "bob", "cleo")] == [True, False, True]
