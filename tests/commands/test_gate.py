"""Whether a use of a command may be: who, how often, at what price, and what those are told who may not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.commands import gate
from relay.commands.gate import TOO_OLD, WAITING
from relay.model import Kind, Outcome, Role
from tests.commands.room import NOON, CommandRoom, written
from tests.hostile import TEXTS

LURK = {"name": "lurk", "answer": "Enjoy the lurk!"}


class TestCooldowns:
    def test_for_all_and_for_each_viewer_end_to_the_second(self) -> None:
        room = CommandRoom(LURK | {"cooldown": 10, "viewer_cooldown": 30})

        assert room.say("!lurk", author="ann", at=0) == ""
        assert room.say("!lurk", author="bob", at=9.5) == "cooldown, 0.5 s"
        assert room.say("!lurk", author="bob", at=10) == ""
        assert room.say("!lurk", author="ann", at=29.5) == "cooldown, 0.5 s"
        assert room.say("!lurk", author="ann", at=30) == ""

    def test_of_the_settings_counts_where_a_command_names_none(self) -> None:
        room = CommandRoom(LURK, LURK | {"name": "wave", "viewer_cooldown": 0}, viewer_cooldown=5)

        assert [room.say("!lurk", at=at) for at in (0, 1)] == ["", "cooldown, 4.0 s"]
        assert [room.say("!wave", at=at) for at in (0, 1)] == ["", ""]

    def test_are_told_once_and_then_silently_kept(self) -> None:
        room = CommandRoom(LURK | {"cooldown": 60})
        room.say("!lurk", author="ann", at=0)
        for second in range(1, 60):
            assert room.say("!lurk", author=f"v{second}", at=second).startswith("cooldown")

        assert room.posted == ["Ready again in 59 s: !lurk."]
        room.say("!lurk", author="ann", at=60)
        room.say("!lurk", author="bob", at=61)
        assert len(room.posted) == 2

    def test_of_one_viewer_are_told_to_each_of_them(self) -> None:
        room = CommandRoom(LURK | {"viewer_cooldown": 60})
        for author in ("ann", "bob", "ann", "bob"):
            room.say("!lurk", author=author, at=0)
        room.say("!lurk", author="ann", at=1)

        assert len(room.posted) == 2

    @pytest.mark.parametrize("role", [Role.STREAMER, Role.MODERATOR])
    def test_do_not_keep_the_streamer_and_moderators(self, role: Role) -> None:
        room = CommandRoom(LURK | {"cooldown": 60})

        assert [room.say("!lurk", role=role, at=at) for at in (0, 1)] == ["", ""]

    def test_do_not_begin_with_a_use_that_is_refused(self) -> None:
        room = CommandRoom(LURK | {"cooldown": 60, "parameters": [{"name": "n", "type": "number"}]})

        assert room.say("!lurk much", at=0) == "wrong arguments"
        assert room.say("!lurk 3", at=1) == ""

    @given(
        uses=st.lists(st.tuples(st.floats(0, 100), st.sampled_from("abc")), max_size=40),
        cooldown=st.floats(0.5, 20),
        own=st.floats(0, 20),
    )
    def test_let_exactly_those_through_that_a_stopwatch_would(
        self, uses: list[tuple[float, str]], cooldown: float, own: float
    ) -> None:
        room = CommandRoom(LURK | {"cooldown": cooldown, "viewer_cooldown": own})
        last: dict[str, float] = {}
        for at, author in sorted(uses):
            now = NOON + at
            may = now >= last.get("", 0) + cooldown and now >= last.get(author, 0) + own
            assert (room.say("!lurk", author=author, at=at) == "") == may
            if may:
                last[""] = last[author] = now

    def test_may_count_from_the_end_of_the_answer(self) -> None:
        roast = {"name": "roast", "tell": {"send_as": "event", "template": "{author}!"}, "cooldown_from": "speech"}
        room = CommandRoom(roast | {"cooldown": 10})
        first = written("!roast", at=0)
        room.say("!roast", at=0)

        assert room.say("!roast", author="bob", at=60).startswith("cooldown")
        room.gate.over(first.key, NOON + 70)
        assert room.say("!roast", author="bob", at=79.5) == "cooldown, 0.5 s"
        assert room.say("!roast", author="bob", at=80) == ""


class TestWho:
    def test_may_use_it_is_a_matter_of_the_role(self) -> None:
        room = CommandRoom(LURK | {"least_role": "subscriber"})

        assert room.say("!lurk", author="ann") == "only from subscriber up"
        assert [room.say("!lurk", author=role, role=role) for role in (Role.SUBSCRIBER, Role.VIP, Role.STREAMER)] == [
            "", "", "",
        ]  # fmt: skip
        assert room.posted == ["Only for subscribers and up: !lurk."]

    def test_writes_for_the_first_time_may_be_kept_from_it(self) -> None:
        room = CommandRoom(LURK | {"first_timers": False})

        assert room.say("!lurk", at=0) == "not for who has written nothing before"
        assert room.say("!lurk", at=1) == ""
        assert room.posted == ["Say hello first, and then !lurk is yours."]

    def test_is_known_from_before_the_start_is_no_first_timer(self) -> None:
        room = CommandRoom(LURK | {"first_timers": False})
        room.gate.recognise(written("hello", author="ann"))

        assert room.say("!lurk", author="ann") == ""

    def test_has_followed_only_lately_waits_where_that_is_known(self) -> None:
        room = CommandRoom(LURK | {"followed_for": 600, "viewer_cooldown": 0})
        room.say("", kind=Kind.FOLLOW, author="ann", at=0)

        assert room.say("!lurk", author="ann", at=599) == "followed too lately"
        assert room.say("!lurk", author="ann", at=600) == ""
        assert room.say("!lurk", author="bob", at=601) == ""
        assert room.posted == ["Only for who has followed for 10 min: !lurk."]

    def test_followed_longest_ago_is_forgotten_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate, "MAX_KNOWN", 2)
        room = CommandRoom(LURK | {"followed_for": 600, "viewer_cooldown": 0})
        for at, viewer in enumerate(("ann", "bob", "cleo")):
            room.say("", kind=Kind.FOLLOW, author=viewer, at=at)

        refused = [room.say("!lurk", author=viewer, at=10) for viewer in ("ann", "bob", "cleo")]
        assert refused == ["", "followed too lately", "followed too lately"]

    def test_is_a_bot_uses_nothing(self) -> None:
        assert CommandRoom(LURK).say("!lurk", role=Role.BOT) == "no command"

    def test_uses_it_too_often_in_one_stream_waits_for_the_next(self) -> None:
        room = CommandRoom(LURK | {"per_stream": 2, "viewer_cooldown": 0})

        assert [room.say("!lurk", at=at) for at in range(3)] == ["", "", "used up"]
        room.gate.stream_changed(written("", kind=Kind.ONLINE, at=9))
        assert room.say("!lurk", at=10) == ""

    def test_edits_a_use_into_that_of_another_has_used_the_other_alone(self) -> None:
        once = {"per_stream": 1, "viewer_cooldown": 0}
        room = CommandRoom(LURK | once, LURK | once | {"name": "wave"})

        assert [room.say(text, id="m1") for text in ("!lurk", "!wave")] == ["", ""]
        assert [room.say(text, at=1) for text in ("!wave", "!lurk")] == ["used up", ""]


class TestBits:
    SOUND = LURK | {"bits": 100, "viewer_cooldown": 60, "parameters": [{"name": "times", "type": "number"}]}

    def test_are_asked_for_in_one_line(self) -> None:
        room = CommandRoom(self.SOUND)

        assert [room.say("!lurk 1", at=at) for at in (0, 1)] == ["too few bits", "too few bits"]
        assert room.posted == ["Cheer 100 bits with it: !lurk costs so many."]

    def test_pay_for_it_in_a_cheer_also_while_it_rests(self) -> None:
        room = CommandRoom(self.SOUND)

        assert [room.say("!lurk 1", kind=Kind.CHEER, amount=100 + at, at=at) for at in (0, 1)] == ["", ""]

    @pytest.mark.parametrize(("text", "bits", "told"), [("!lurk 1", 99, "Cheer 100 bits"), ("!lurk", 100, "TIMES is")])
    def test_of_a_cheer_that_buys_nothing_are_told_as_a_cheer_with_what_it_lacks(
        self, text: str, bits: int, told: str
    ) -> None:
        room = CommandRoom(self.SOUND)

        assert room.say(text, kind=Kind.CHEER, amount=bits) == "no command"
        assert told in room.posted[0]

    def test_are_not_taken_for_what_is_free(self) -> None:
        assert CommandRoom(LURK).say("!lurk", kind=Kind.CHEER, amount=500) == "no command"


class TestNames:
    def test_are_found_however_they_are_typed(self) -> None:
        room = CommandRoom(LURK | {"name": "größe", "aliases": ["lurkers"], "viewer_cooldown": 0})

        for text in ("!größe", "!GRÖßE", "  !Lurkers now", "!lurkers\u200b"):
            assert room.say(text) == "", text

    @pytest.mark.parametrize("text", ["! lurk", "lurk", "!", "!!lurk", "!lurking", "a !lurk", "/lurk", "!re lay"])
    def test_are_not_found_where_there_is_none(self, text: str) -> None:
        assert CommandRoom(LURK).say(text) == "no command"

    def test_begin_with_the_prefix_of_the_settings(self) -> None:
        room = CommandRoom(LURK, prefix="?")

        assert [room.say("!lurk"), room.say("?lurk")] == ["no command", ""]

    def test_that_other_bots_answer_to_are_left_to_them(self) -> None:
        room = CommandRoom(others=["commands", "ask"])

        assert [room.say("!commands"), room.say("!ask why"), room.say("!help")] == ["no command", "no command", ""]

    def test_of_the_settings_go_before_the_built_in_ones(self) -> None:
        room = CommandRoom({"name": "ask", "answer": "Ask me in person."})

        call = room.gate.table.call(written("!ask why"))
        assert call is not None
        assert call.command.do is not None

    def test_are_none_where_commands_are_turned_off(self) -> None:
        assert CommandRoom(LURK, enabled=False).say("!lurk") == "no command"

    @pytest.mark.parametrize(
        ("text", "over", "is_gone"),
        [
            ("!lurk", {}, False),
            ("!gone", {}, True),
            ("!gone fishing", {}, True),
            ("gone", {}, False),
            ("!?", {}, False),
            ("!gone", {"kind": Kind.CHEER, "amount": 1}, False),
        ],
    )
    def test_that_are_known_no_more_are_told_from_what_is_no_command(
        self, text: str, over: dict[str, Any], is_gone: bool
    ) -> None:
        assert CommandRoom(LURK).gate.table.is_gone(written(text, **over)) is is_gone


class TestTaking:
    def test_what_is_too_old_is_left_undone(self) -> None:
        room = CommandRoom(LURK)
        message = written("!lurk")

        late = room.gate.take(message, "", message.at + TOO_OLD)
        assert late is not None
        assert late.outcome is Outcome.EXPIRED
        assert room.gate.take(message, "", message.at + TOO_OLD - 1) is None

    def test_what_is_taken_back_meanwhile_is_refused(self) -> None:
        room = CommandRoom(LURK)
        room.gate.table.forget("settings")

        finished = room.gate.take(written("!lurk"), "", NOON)
        assert finished is not None
        assert finished.outcome is Outcome.REJECTED

    def test_more_than_may_wait_are_passed_over_and_what_waits_can_be_cleared(self) -> None:
        room = CommandRoom(LURK)
        waiting = [written("!lurk", author=f"v{number}") for number in range(WAITING + 1)]

        finished = [room.gate.take(each, "", NOON) for each in waiting]

        assert finished[:-1] == [None] * WAITING
        assert finished[-1] is not None and finished[-1].outcome is Outcome.EXPIRED
        assert room.gate.clear() == waiting[:-1]
        assert room.gate.accepted.empty()

    @given(text=TEXTS)
    def test_whatever_is_written_is_refused_or_taken(self, text: str) -> None:
        assert MIXED.say(f"!mix 3 {text}") in ("", "wrong arguments")
        assert all("\n" not in line and not line.startswith(("/", "!", ".")) for line in MIXED.posted)


MIXED = CommandRoom(
    {
        "name": "mix",
        "answer": "{n} {c} {v} {t}",
        "viewer_cooldown": 0,
        "parameters": [
            {"name": "n", "type": "number", "min": 0, "max": 5},
            {"name": "c", "type": "choice", "choices": ["hi", "Vox"], "optional": True},
            {"name": "v", "type": "viewer", "optional": True},
            {"name": "t", "optional": True, "max_length": 20},
        ],
    }
)
