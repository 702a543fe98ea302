from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from relay.model import AudienceMessage, Author, Caller, Held, Kind, Role
from relay.moderation.audit import Audit
from relay.moderation.controls import ANSWER_LIMIT, Controls, command_in
from relay.moderation.switches import Mode, Switches

MODERATOR = Caller(source="twitch", name="Mod", roles=frozenset({Role.MODERATOR}))
VIEWER = Caller(source="twitch", name="Ann", roles=frozenset({Role.VIEWER, Role.SUBSCRIBER, Role.VIP}))


class Room:
    """A relay that only remembers what was asked of it."""

    def __init__(self) -> None:
        self.now = Switches()
        self.waiting = {"h1": "hello", "r1": "well"}
        self.done: list[str] = []

    async def status(self) -> str:
        return "Voxta: in a chat\nWaiting: 3"

    def switches(self) -> Switches:
        return self.now

    async def switch(self, switches: Switches) -> None:
        self.now = switches

    def held(self) -> Sequence[Held]:
        return [Held(id=id, who="Ann (twitch)", text=text, reason="link", at=0) for id, text in self.waiting.items()]

    async def approve(self, held_id: str) -> bool:
        self.done.append(f"approve {held_id}")
        return self.waiting.pop(held_id, None) is not None

    async def reject(self, held_id: str) -> bool:
        self.done.append(f"reject {held_id}")
        return self.waiting.pop(held_id, None) is not None

    async def skip(self) -> bool:
        self.done.append("skip")
        return True

    async def interrupt(self) -> bool:
        self.done.append("interrupt")
        return False

    async def clear(self) -> int:
        self.done.append("clear")
        return 4

    async def why(self, key: str) -> str:
        return f"{key}: forwarded (user)"

    def viewers(self, prefix: str) -> Sequence[tuple[str, str]]:
        return [("Ann", "twitch:1"), ("Anton", "twitch:2")]


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path / "audit.jsonl")


@pytest.fixture
def controls(room: Room, audit: Audit) -> Controls:
    return Controls(room, audit, clock=lambda: 0.0)


NAMES = [info.name for info in Controls(Room(), Audit(Path("unused"))).commands()]


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_but_moderators_and_the_streamer_controls_anything(
    controls: Controls, room: Room, audit: Audit, name: str
) -> None:
    answer = await controls.run(f"{name} all", VIEWER)

    assert answer == "Only moderators and the streamer can do that."
    assert (room.now, room.done, audit.newest(1)) == (Switches(), [], [])


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("pause", Switches(paused=True)),
        ("PAUSE", Switches(paused=True)),
        ("mode mentions", Switches(mode=Mode.MENTIONS)),
        ("rate 12", Switches(rates={"all": 12})),
        ("rate kind.follow 3", Switches(rates={"kind.follow": 3})),
        ("mute @Ann", Switches(muted=frozenset({"ann"}))),
        ("mute twitch:123", Switches(muted=frozenset({"twitch:123"}))),
        ("block bad word", Switches(blocked_terms=("bad word",))),
        ("block /ba+d/", Switches(blocked_terms=("/ba+d/",))),
        ("quiet 23:00-7:30", Switches(quiet_hours="23:00-07:30")),
    ],
)
async def test_a_switch_applies_at_once_and_is_written_down(
    controls: Controls, room: Room, audit: Audit, words: str, after: Switches
) -> None:
    await controls.run(words, MODERATOR)

    assert room.now == after
    [entry] = audit.newest(5)
    assert (entry["who"], entry["source"], entry["what"]) == (
        "Mod",
        "twitch",
        words.casefold() if words.isupper() else words,
    )
    assert entry["at"] == "1970-01-01T00:00:00+00:00"
    assert entry["before"] != entry["after"]


@pytest.mark.parametrize(
    ("on", "off"),
    [
        ("pause", "resume"),
        ("rate 12", "rate all reset"),
        ("mode slow", "mode all"),
        ("mute Ann", "unmute ann"),
        ("block bad", "unblock BAD"),
        ("quiet 22:00-06:00", "quiet off"),
    ],
)
async def test_every_switch_can_be_taken_back(controls: Controls, room: Room, on: str, off: str) -> None:
    await controls.run(on, MODERATOR)
    await controls.run(off, MODERATOR)

    assert room.now == Switches()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("dance", "There is no 'dance'. There are: status, pause"),
        ("mode", "Something is missing: mode MODE"),
        ("mode loud", "'loud' is no mode: all, mentions, subscribers, slow. Use: mode MODE"),
        ("rate fast", "could not convert string to float: 'fast'. Use: rate RATE"),
        ("rate chat 5", "'chat' is no rate: use all, viewer, platform.twitch"),
        ("rate -1", "is no rate: a number from 0 to 100000"),
        ("rate nan", "is no rate"),
        ("block ...", "has no letter or digit to look for"),
        ("block /(/", "is no regular expression"),
        ("quiet night", "'night' is no time such as 23:00-07:30"),
        ("approve h9", "Nothing of that name is held"),
        ("unmute nobody", "was not muted"),
    ],
)
async def test_a_mistake_is_answered_with_what_would_fit_and_changes_nothing(
    controls: Controls, room: Room, audit: Audit, words: str, hint: str
) -> None:
    assert hint in await controls.run(words, MODERATOR)
    assert room.now == Switches()
    assert audit.newest(1) == []


async def test_what_is_held_is_listed_and_decided_on(controls: Controls, room: Room) -> None:
    assert await controls.run("held", MODERATOR) == "h1 Ann (twitch): 'hello' (link) | r1 Ann (twitch): 'well' (link)"
    assert await controls.run("approve h1", MODERATOR) == "approve: h1"
    assert await controls.run("reject all", MODERATOR) == "reject: r1"
    assert await controls.run("held", MODERATOR) == "Nothing is held."


async def test_the_room_is_asked_to_act(controls: Controls, room: Room, audit: Audit) -> None:
    assert await controls.run("skip", MODERATOR) == "Skipped."
    assert await controls.run("interrupt", MODERATOR) == "It is silent already."
    assert await controls.run("clear", MODERATOR) == "4 messages were dropped."
    assert await controls.run("why twitch:1", MODERATOR) == "twitch:1: forwarded (user)"
    assert [entry["what"] for entry in audit.newest(9)] == ["skip", "clear (4)"]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(NAMES) | st.text(max_size=10), st.text(max_size=600))
async def test_no_words_make_a_control_fail_or_answer_with_a_command_or_a_ping(
    tmp_path: Path, name: str, rest: str
) -> None:
    answer = await Controls(Room(), Audit(tmp_path / "audit.jsonl")).run(f"{name} {rest}", MODERATOR)

    assert 0 < len(answer) <= ANSWER_LIMIT
    assert not answer.startswith(("/", ".", "!"))
    assert "@everyone" not in answer


def test_completion_offers_what_the_argument_may_be(controls: Controls) -> None:
    assert controls.complete("mute", "ant") == ["Anton"]
    assert controls.complete("approve", "") == ["h1", "r1"]
    assert controls.complete("mode", "s") == ["mentions", "subscribers", "slow"]
    assert controls.complete("dance", "") == []


def test_the_audit_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    Audit(tmp_path / "audit.jsonl").write(MODERATOR, "pause", 0.0)

    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "role", "words"),
    [
        ("!relay status", Role.MODERATOR, "status"),
        ("  !RELAY  mode   mentions ", Role.STREAMER, "mode mentions"),
        ("!re\u200blay pause", Role.MODERATOR, "pause"),
        ("!relay", Role.MODERATOR, ""),
        ("!relay status", Role.VIP, None),
        ("!relays status", Role.MODERATOR, None),
        ("say !relay status", Role.MODERATOR, None),
    ],
)
def test_a_chat_command_counts_only_from_those_who_may(text: str, role: Role, words: str | None) -> None:
    author = Author(id="1", name="A", roles=frozenset({role}))
    said = AudienceMessage(platform="twitch", id="1", channel="c", kind=Kind.CHAT, author=author, text=text, at=0)

    assert command_in(said) == words
