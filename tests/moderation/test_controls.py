import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from relay.errors import InboxError
from relay.model import AudienceMessage, Author, Caller, Held, Kind, Role, Suggestion
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls, command_in
from relay.moderation.switches import Mode, Switches
from relay.moderation.switching import MAX_VOLUME, Gone, Mistake, WordsRefused
from relay.moderation.wording import ANSWER_LIMIT
from tests.support import eventually

MODERATOR = Caller(source="twitch", name="Mod", id="7", roles=frozenset({Role.MODERATOR}))
VIEWER = Caller(source="twitch", name="Ann", roles=frozenset({Role.VIEWER, Role.SUBSCRIBER, Role.VIP}))


class Room:
    """A relay that only remembers what was asked of it."""

    def __init__(self) -> None:
        self.now = Switches()
        self.waiting = {"h1": "hello", "r1": "well"}
        self.ages: dict[str, float] = {}
        """When each was held; those without an entry at 0."""
        self.done: list[str] = []
        self.in_line = 4
        self.storing = 0
        """How often the switches were given to the store."""
        self.may_store = asyncio.Event()
        self.may_store.set()

    async def status(self) -> str:
        return "Voxta: in a chat\nWaiting: 3"

    def switches(self) -> Switches:
        return self.now

    async def switch(self, switches: Switches) -> None:
        self.storing += 1
        await self.may_store.wait()
        self.now = switches

    def held(self) -> Sequence[Held]:
        return [
            Held(id=id, who="Ann (twitch)", text=text, reason="link", at=self.ages.get(id, 0.0))
            for id, text in self.waiting.items()
        ]

    async def approve(self, held_id: str, text: str | None = None) -> bool:
        if text == "bad word":
            raise WordsRefused("The filters refuse that as well: blocked term.")
        self.done.append(f"approve {held_id}" if text is None else f"approve {held_id} as {text}")
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
        cleared, self.in_line = self.in_line, 0
        return cleared

    async def put_first(self, key: str) -> bool:
        self.done.append(f"first {key}")
        return key == "twitch:m1"

    async def drop(self, key: str) -> bool:
        self.done.append(f"drop {key}")
        return key == "twitch:m1"

    def queue(self) -> Sequence[AudienceMessage]:
        ann = Author(id="1", name="Ann")
        return [AudienceMessage(platform="twitch", id="m1", channel="1", kind=Kind.CHAT, author=ann, text="hi", at=0)]

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
        ("mute Twitch:123", Switches(muted=frozenset({"twitch:123"}))),
        ("block bad word", Switches(blocked_terms=("bad word",))),
        ("block /ba+d/", Switches(blocked_terms=("/ba+d/",))),
        ("quiet 23:00-7:30", Switches(quiet_hours="23:00-07:30")),
        ("quiet 23:00 - 7:30", Switches(quiet_hours="23:00-07:30")),
        ("volume 40", Switches(volume=0.4)),
        ("volume 0%", Switches(volume=0.0)),
        (f"volume {MAX_VOLUME}", Switches(volume=MAX_VOLUME / 100)),
    ],
)
async def test_a_switch_applies_at_once_and_is_written_down(
    controls: Controls, room: Room, audit: Audit, words: str, after: Switches
) -> None:
    await controls.run(words, MODERATOR)

    assert room.now == after
    [entry] = audit.newest(5)
    assert (entry["who"], entry["id"], entry["source"]) == ("Mod", "7", "twitch")
    assert entry["what"] == (words.casefold() if words.isupper() else words)
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
        ("volume 40", "volume Reset"),
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
        ("dance @everyone", "There is no 'dance'."),
        ("pause now", "'now' is too much. Use: pause"),
        ("mode", "Something is missing. Use: mode all|mentions|subscribers|slow"),
        ("mode loud", "'loud' is no mode: give all, mentions, subscribers, slow. Use: mode all|mentions|"),
        ("rate fast", "'fast' is no rate: give a number from 0 to 100000, or reset. Use: rate [NAME] NUMBER|reset"),
        ("rate all viewer 3", "'all viewer 3' is too much"),
        ("rate chat 5", "'chat' is no rate: use all, viewer, speaker, platform.twitch"),
        ("rate -1", "is no rate: give a number from 0 to 100000"),
        ("rate nan", "is no rate"),
        ("block ...", "has no letter or digit to look for"),
        ("block /(/", "is no regular expression"),
        ("quiet night", "'night' are no hours: give them as 23:00-07:30, or off"),
        ("quiet 7:00-07:00", "has no length"),
        ("volume loud", f"'loud' is no volume: give a number from 0 to {MAX_VOLUME}, or reset"),
        ("volume -1", "is no volume"),
        (f"volume {MAX_VOLUME + 1}", "is no volume"),
        ("approve h9", "Not held (any more): 'h9'."),
        ("mute :", "':' is no viewer: give a name, or platform:id"),
        ("unmute nobody", "'nobody' is not muted; these are: none"),
        ("unblock nothing", "was not blocked here"),
        ("help dance", "There is no 'dance': status, pause"),
    ],
)
async def test_a_mistake_is_answered_with_what_would_fit_and_changes_nothing(
    controls: Controls, room: Room, audit: Audit, words: str, hint: str
) -> None:
    assert hint in await controls.run(words, MODERATOR)
    assert room.now == Switches()
    assert audit.newest(1) == []


@pytest.mark.parametrize(
    "words", ['block "bad word"', "block 'bad word'", "block \u201cbad word\u201d", "block \u201ebad word\u201c"]
)
async def test_a_phrase_may_stand_in_quotation_marks(controls: Controls, room: Room, words: str) -> None:
    await controls.run(words, MODERATOR)

    assert room.now.blocked_terms == ("bad word",)


async def test_two_controls_at_once_lose_nothing(controls: Controls, room: Room, audit: Audit) -> None:
    room.may_store.clear()
    async with asyncio.TaskGroup() as tasks:
        for words in ("pause", "mute Ann", "mute Bob"):
            tasks.create_task(controls.run(words, MODERATOR))
        await eventually(lambda: room.storing > 0)
        room.may_store.set()

    assert room.now == Switches(paused=True, muted=frozenset({"ann", "bob"}))
    assert [entry["what"] for entry in audit.newest(5)] == ["pause", "mute Ann", "mute Bob"]


async def test_a_switch_that_nobody_waits_for_any_more_is_still_applied_and_written_down(
    controls: Controls, room: Room, audit: Audit
) -> None:
    room.may_store.clear()
    asking = asyncio.create_task(controls.run("pause", MODERATOR))
    await eventually(lambda: room.storing > 0)
    asking.cancel()
    asyncio.get_running_loop().call_soon(room.may_store.set)
    await asyncio.wait({asking})

    assert asking.cancelled() and room.now.paused
    assert [entry["what"] for entry in audit.newest(5)] == ["pause"]


async def test_a_term_is_blocked_once(controls: Controls, room: Room) -> None:
    await controls.run("block bad", MODERATOR)

    assert await controls.run("block BAD", MODERATOR) == "That is blocked already."
    assert room.now.blocked_terms == ("bad",)


async def test_a_switch_that_is_set_already_is_not_written_down_again(controls: Controls, audit: Audit) -> None:
    for _ in range(2):
        assert await controls.run("pause", MODERATOR) == "Paused. What comes in waits as long as it is worth telling."

    assert len(audit.newest(5)) == 1


@pytest.mark.parametrize("words", ["pause", "approve h1", "skip", "clear"])
async def test_a_control_works_although_it_cannot_be_written_down_and_says_so(
    room: Room, tmp_path: Path, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    answer = await Controls(room, Audit(tmp_path)).run(words, MODERATOR)

    assert answer.endswith(" (It could not be written into the audit log.)")
    assert room.now.paused or room.done == [words]
    assert f"Mod (twitch 7): {words}" in caplog.text


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (InboxError("no answer"), "That did not work: no answer"),
        (ZeroDivisionError(), "That did not work; the log of the relay says why."),
    ],
)
async def test_a_control_that_fails_is_answered_and_ends_nothing(
    controls: Controls, room: Room, monkeypatch: pytest.MonkeyPatch, failure: Exception, answer: str
) -> None:
    async def fail(switches: Switches) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(room, "switch", fail)
        assert await controls.run("pause", MODERATOR) == answer
    assert await controls.run("pause", MODERATOR) == "Paused. What comes in waits as long as it is worth telling."


async def test_what_is_held_is_listed_and_decided_on(controls: Controls, room: Room) -> None:
    in_private = MODERATOR.model_copy(update={"in_private": True})
    assert await controls.run("held", in_private) == "h1 Ann (twitch): 'hello' (link) | r1 Ann (twitch): 'well' (link)"
    assert await controls.run("approve h1, h9", MODERATOR) == "Approved: h1. Not held (any more): 'h9'."
    assert await controls.run("reject all", MODERATOR) == "Rejected: r1."
    assert await controls.run("held", MODERATOR) == "Nothing is held."


async def test_what_is_held_back_from_a_chat_is_not_shown_in_it(controls: Controls) -> None:
    answer = await controls.run("held", MODERATOR)

    assert "h1 Ann (twitch): 'hello' (link)" in answer
    assert "r1 Ann (twitch): (only shown in private) (link)" in answer


async def test_a_long_list_says_how_much_more_there_is(controls: Controls, room: Room) -> None:
    room.waiting = {f"h{number}": "hello @everyone" for number in range(50)}
    answer = await controls.run("held", MODERATOR)

    shown = answer.count("hello")
    assert shown > 1 and answer.endswith(f" | … and {50 - shown} more")


async def test_help_fits_into_one_message_and_explains_each_control(controls: Controls) -> None:
    everything = await controls.run("help", MODERATOR)

    assert all(name in everything for name in NAMES)
    assert await controls.run("help approve", MODERATOR) == "approve ID|first|all: Let through what is held"
    assert await controls.run("help help", MODERATOR) == "help [NAME]: What there is, or how one of them is used"


async def test_the_one_that_waits_for_longest_needs_no_id(controls: Controls, room: Room) -> None:
    room.ages = {"r1": 1.0, "h1": 2.0}

    assert await controls.run("approve first", MODERATOR) == "Approved: r1."
    assert await controls.run("reject First", MODERATOR) == "Rejected: h1."
    assert await controls.run("approve first", MODERATOR) == "Nothing is held."


async def test_what_others_do_is_written_into_the_same_log(controls: Controls, audit: Audit) -> None:
    assert await controls.note(MODERATOR, "withdraw Mia") == ""

    assert [(entry["who"], entry["what"]) for entry in audit.newest(1)] == [("Mod", "withdraw Mia")]


async def test_the_room_is_asked_to_act(controls: Controls, room: Room, audit: Audit) -> None:
    assert await controls.run("skip", MODERATOR) == "Skipped."
    assert await controls.run("interrupt", MODERATOR) == "It is silent already."
    assert await controls.run("clear", MODERATOR) == "4 messages were dropped."
    assert await controls.run("why twitch:1", MODERATOR) == "twitch:1: forwarded (user)"
    assert [entry["what"] for entry in audit.newest(9)] == ["skip", "clear (4)"]


async def test_an_emergency_is_one_act_that_one_word_undoes(controls: Controls, room: Room, audit: Audit) -> None:
    assert await controls.run("emergency", MODERATOR) == "Silent and paused; 4 messages were dropped."

    assert (room.done, room.now) == (["interrupt", "clear"] * 2, Switches(paused=True))
    assert [entry["what"] for entry in audit.newest(9)] == ["emergency (4)"]

    await controls.run("resume", MODERATOR)
    assert room.now == Switches()


async def test_an_emergency_drops_what_came_until_the_pause_was_kept(controls: Controls, room: Room) -> None:
    room.may_store.clear()
    async with asyncio.TaskGroup() as tasks:
        emergency = tasks.create_task(controls.run("emergency", MODERATOR))
        await eventually(lambda: room.storing == 1)
        room.in_line = 2
        room.may_store.set()

    assert emergency.result() == "Silent and paused; 6 messages were dropped."


async def test_a_store_that_is_away_keeps_an_emergency_from_pausing_and_from_nothing_else(
    controls: Controls, room: Room, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Switches) -> None:
        raise InboxError("the store is away")

    monkeypatch.setattr(room, "switch", fail)

    answer = await controls.run("emergency", MODERATOR)

    assert answer == "That did not work: silent, and 4 messages were dropped, but not paused: the store is away"
    assert room.done == ["interrupt", "clear"]
    assert [entry["what"] for entry in audit.newest(9)] == ["emergency (4), not paused"]


async def test_what_is_held_can_be_let_through_in_other_words(controls: Controls, room: Room, audit: Audit) -> None:
    assert await controls.run("edit H1 hello there", MODERATOR) == "Approved: h1."

    assert room.done == ["approve h1 as hello there"]
    assert audit.newest(1)[0]["what"] == "edit H1 hello there"
    assert await controls.run("edit h1 hello", MODERATOR) == "Not held (any more): 'h1'."
    assert await controls.run("edit r1 bad word", MODERATOR) == "The filters refuse that as well: blocked term."
    assert await controls.run("edit r1", MODERATOR) == "Something is missing. Use: edit ID TEXT"


async def test_what_waits_can_be_told_first_or_not_at_all(controls: Controls, room: Room, audit: Audit) -> None:
    assert await controls.run("now twitch:m1", MODERATOR) == "It is next."
    assert await controls.run("drop twitch:m1", MODERATOR) == "Dropped."
    assert await controls.run("drop twitch:m2", MODERATOR) == "That does not wait (any more): 'twitch:m2'."
    assert [suggestion.value for suggestion in await controls.complete("now", "ann", MODERATOR)] == ["twitch:m1"]
    assert [entry["what"] for entry in audit.newest(9)] == ["now twitch:m1", "drop twitch:m1"]


async def test_who_can_tell_a_failure_from_an_answer_is_told_which_it_was(controls: Controls, room: Room) -> None:
    assert await controls.carry_out("pause", MODERATOR) == "Paused. What comes in waits as long as it is worth telling."
    with pytest.raises(Mistake, match="is no mode"):
        await controls.carry_out("mode nothing", MODERATOR)
    with pytest.raises(Gone, match="Not held"):
        await controls.carry_out("approve h9", MODERATOR)
    with pytest.raises(Mistake, match="Only moderators"):
        await controls.carry_out("pause", VIEWER)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(NAMES) | st.text(max_size=10), st.text(max_size=600))
async def test_no_words_make_a_control_fail_or_answer_with_a_command_or_a_ping(
    tmp_path: Path, name: str, rest: str
) -> None:
    answer = await Controls(Room(), Audit(tmp_path / "audit.jsonl")).run(f"{name} {rest}", MODERATOR)

    assert 0 < len(answer) <= ANSWER_LIMIT
    assert not answer.startswith(("/", ".", "!"))
    assert not re.search("@(?!\u200b)", answer)
    assert "log of the relay" not in answer


async def test_completion_offers_what_the_argument_may_be(controls: Controls) -> None:
    assert values(await controls.complete("approve", "", MODERATOR)) == ["h1", "r1", "first", "all"]
    assert values(await controls.complete("mode", "s", MODERATOR)) == ["mentions", "subscribers", "slow"]
    assert values(await controls.complete("quiet", "", MODERATOR)) == ["off"]
    assert values(await controls.complete("help", "un", MODERATOR)) == ["unmute", "unblock"]
    assert values(await controls.complete("block", "", MODERATOR)) == []
    assert values(await controls.complete("dance", "", MODERATOR)) == []


async def test_viewers_are_chosen_by_name_and_muted_by_id(controls: Controls, room: Room) -> None:
    anton = Suggestion(value="twitch:2", label="Anton (twitch)")
    room.now = Switches(muted=frozenset({"twitch:2", "bob"}), blocked_terms=("bad",), rates={"all": 3})

    assert await controls.complete("mute", "@ant", MODERATOR) == [anton]
    assert await controls.complete("unmute", "", MODERATOR) == [Suggestion(value="bob", label="bob"), anton]
    assert values(await controls.complete("unblock", "B", MODERATOR)) == ["bad"]
    assert values(await controls.complete("rate", "", MODERATOR)) == ["all reset"]


async def test_what_a_platform_cannot_show_is_cut_or_left_out(controls: Controls, room: Room) -> None:
    room.waiting = {f"h{number}": "long\n" * 100 for number in range(50)}
    room.now = Switches(blocked_terms=(f"/{'x' * 150}/", "short"))

    offered = await controls.complete("approve", "", MODERATOR)
    assert len(offered) == 25
    assert {len(each.label) for each in offered} <= {99, 100} and "\n" not in offered[0].label
    assert values(await controls.complete("unblock", "", MODERATOR)) == ["short"]


def values(offered: Sequence[Suggestion]) -> list[str]:
    return [each.value for each in offered]


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
