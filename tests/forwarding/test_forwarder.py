"""The forwarder between a store and a Voxta that fail at any moment."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from relay.commands.explaining import Halt
from relay.commands.gate import CommandGate, Finished
from relay.config import VoxtaSection
from relay.config.loading import Config
from relay.forwarding import notices
from relay.forwarding.admission import JUDGED_AT_ONCE
from relay.forwarding.forwarder import Forwarder
from relay.forwarding.last_chat import NOTE_CHARACTERS, note_of_chat
from relay.model import AudienceMessage, Edit, Forward, Kind, Outcome, Retraction, Reward, Role, Settlement
from relay.moderation.switches import Switches
from relay.speech.floor import FloorDecision
from relay.voxta.chat import JoinedChat
from relay.wire.messages import Person
from tests.commands.room import CommandRoom
from tests.forwarding.surroundings import GAP, HOME, Scene, Sending, Trouble, config, message

FINE = Trouble.NONE


@contextmanager
def running(settings: Config, commands: CommandGate | None = None) -> Iterator[Scene]:
    scene = Scene(settings, commands)
    try:
        scene.voxta.join()
        scene.wait()
        yield scene
    finally:
        scene.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    with running(config()) as scene:
        yield scene


def outcome(scene: Scene, of: AudienceMessage) -> tuple[Outcome, str] | None:
    settlement = scene.outcome(of)
    return (settlement.outcome, settlement.reason) if settlement else None


def said(scene: Scene, number: int = 1, **over: Any) -> AudienceMessage:
    """Somebody has written something, and the forwarder has not looked yet."""
    each = message(number, **({"at": scene.wall()} | over))
    scene.give(each)
    return each


def take_back(scene: Scene, of: AudienceMessage) -> Callable[[], object]:
    retraction = Retraction(platform=of.platform, id=of.id, reason="deleted")
    return lambda: scene.writer.between(scene.inbox.retract(retraction, scene.wall()))


FORWARDED = (Outcome.FORWARDED, "user")
DELETED = (Outcome.DROPPED, "deleted")


class TestSending:
    def test_a_message_is_told_once_and_ends_as_forwarded(self, scene: Scene) -> None:
        each = said(scene)
        scene.wait()

        assert outcome(scene, each) == FORWARDED
        assert scene.voxta.told == {each.key: 1}
        assert [settlement.key for settlement in scene.told] == [each.key]
        assert scene.asked_keys == scene.forwarded_keys == [each.key]
        assert not scene.forwarder.is_settling

    def test_many_that_come_at_once_are_judged_in_parts(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        parts: list[int] = []
        admit = scene.forwarder.waiting.admit

        def judge(messages: Sequence[AudienceMessage], now: float) -> None:
            parts.append(len(messages))
            admit(messages, now)

        monkeypatch.setattr(scene.forwarder.waiting, "admit", judge)
        scene.give(*(message(number, at=scene.wall()) for number in range(3 * JUDGED_AT_ONCE)))
        scene.wait()

        assert parts == [JUDGED_AT_ONCE] * 3

    def test_the_chat_and_its_characters_are_noted_for_the_next_run(self, scene: Scene) -> None:
        said(scene)
        scene.wait()

        assert scene.voxta.chat is not None
        assert scene.writer.between(scene.inbox.get_note(note_of_chat(VoxtaSection()))) == scene.voxta.chat.chat_id

        scene.voxta.chat.meet([Person(id="1", name="Vox"), Person(id="2", name="Mary\nAnn")])
        said(scene, 2)
        scene.wait()

        assert scene.writer.between(scene.inbox.get_note(NOTE_CHARACTERS)) == "Vox\nMary Ann"


class TestAStoreThatFails:
    """A forward notes in the store that it is about to be sent, and settles it."""

    @pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.LATE])
    @pytest.mark.parametrize("call", range(2))
    def test_at_any_call_delays_a_message_and_no_more(self, scene: Scene, call: int, trouble: Trouble) -> None:
        scene.forwarder.follow(Switches(paused=True))
        each = said(scene)
        scene.wait()
        scene.disk.next.extend([*[FINE] * call, trouble])
        scene.forwarder.follow(Switches())
        scene.wait(35)

        assert not scene.disk.next
        assert outcome(scene, each) == FORWARDED
        assert scene.voxta.told == {each.key: 1}
        assert [settlement.key for settlement in scene.told] == [each.key]

    @pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.LATE])
    def test_before_anything_was_sent_ends_nothing_where_the_chat_shows_no_history(
        self, scene: Scene, trouble: Trouble
    ) -> None:
        scene.voxta.join(tells_history=False)
        scene.forwarder.follow(Switches(paused=True))
        each = said(scene)
        scene.wait()
        scene.disk.next.append(trouble)
        scene.forwarder.follow(Switches())
        scene.wait(35)

        assert scene.voxta.told == {each.key: 1}
        assert outcome(scene, each) == FORWARDED

    def test_while_one_of_several_is_taken_back_loses_none_of_the_others(self, scene: Scene) -> None:
        scene.forwarder.follow(Switches(paused=True))
        first, second = (said(scene, number, kind=Kind.RAID, author=f"v{number}") for number in (1, 2))
        scene.wait()
        scene.disk.next.extend([take_back(scene, first), FINE, Trouble.REFUSED])
        scene.forwarder.follow(Switches())
        scene.wait(35)

        assert outcome(scene, first) == (Outcome.DROPPED, "deleted")
        assert scene.voxta.told == {second.key: 1}

    @pytest.mark.parametrize("call", range(5))
    def test_when_voxta_forbids_loses_nothing(self, scene: Scene, call: int) -> None:
        scene.forwarder.follow(Switches(paused=True))
        each = said(scene)
        scene.wait()
        scene.voxta.next.append(Sending.FORBIDDEN)
        scene.disk.next.extend([*[FINE] * call, Trouble.REFUSED])
        scene.forwarder.follow(Switches())
        scene.wait(10)
        assert outcome(scene, each) is None
        scene.voxta.join()
        scene.wait(10)

        assert scene.voxta.told == {each.key: 1}
        assert outcome(scene, each) == FORWARDED


class TestACutConnection:
    def test_frees_the_floor_and_is_found_out_about_in_the_chat_joined_again(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.CUT_AFTER)
        each = said(scene)
        scene.wait(5)

        assert scene.floor.is_free(scene.loop.time())
        assert outcome(scene, each) is None
        assert len(scene.voxta.attempted) == 1, "the lost chat tells nothing any more"

        scene.voxta.leave()
        scene.voxta.join()
        scene.wait(5)
        assert outcome(scene, each) == (Outcome.FORWARDED, "user, found in the chat")
        assert scene.voxta.told == {each.key: 1}
        assert scene.forwarded_keys == [each.key]

    def test_before_the_message_arrived_has_it_sent_again(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.CUT_BEFORE)
        each = said(scene)
        scene.wait(5)
        assert outcome(scene, each) is None

        scene.voxta.leave()
        scene.voxta.join()
        scene.wait(5)
        assert outcome(scene, each) == FORWARDED
        assert scene.voxta.told == {each.key: 1}

    def test_in_a_chat_that_told_no_history_does_not_find_its_older_twin_for_it(self, scene: Scene) -> None:
        twin = said(scene, 1, text="hello")
        scene.wait(35)
        scene.voxta.join(tells_history=False)
        scene.voxta.next.append(Sending.CUT_BEFORE)
        each = said(scene, 2, text="hello")
        scene.wait(35)
        scene.crash()
        scene.voxta.join()
        scene.wait(35)

        assert outcome(scene, twin) == FORWARDED
        assert outcome(scene, each) == (Outcome.FORWARDED, "user, unconfirmed")

    @pytest.mark.parametrize(
        ("cut", "how"),
        [(Sending.CUT_BEFORE, DELETED), (Sending.CUT_AFTER, (Outcome.FORWARDED, "user, found in the chat"))],
    )
    @pytest.mark.parametrize("what", [{"id": "1"}, {"author_id": "ann"}])
    def test_and_a_deletion_before_anybody_knows_have_it_told_no_more(
        self, scene: Scene, cut: Sending, how: object, what: dict[str, str]
    ) -> None:
        scene.voxta.next.append(cut)
        each = said(scene)
        scene.wait()
        retraction = Retraction(platform=each.platform, reason="deleted", **what)
        scene.forwarder.retract(retraction)
        assert scene.writer.between(scene.inbox.retract(retraction, scene.wall())) == []
        scene.voxta.join()
        another = said(scene, 2)
        scene.wait(60)

        assert outcome(scene, each) == how
        assert outcome(scene, another) == FORWARDED
        assert scene.voxta.told == {another.key: 1} | ({each.key: 1} if cut is Sending.CUT_AFTER else {})

    @pytest.mark.parametrize("where", ["elsewhere", HOME])
    def test_that_leaves_no_trace_counts_as_sent(self, scene: Scene, where: str) -> None:
        scene.voxta.next.append(Sending.CUT_AFTER)
        each = said(scene)
        scene.wait()
        scene.voxta.join(where, tells_history=where != HOME)
        scene.wait(35)

        assert outcome(scene, each) == (Outcome.FORWARDED, "user, unconfirmed")
        assert scene.voxta.told == {each.key: 1}

    def test_is_decided_as_sent_when_the_run_ends_before_anybody_knows(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.CUT_AFTER)
        each, held = said(scene), said(scene, 2, text="look at evil.example", author="bob")
        scene.wait()
        waiting = said(scene, 3, author="cleo")
        scene.loop.run(scene.forwarder.end("the run ended"))

        assert outcome(scene, each) == (Outcome.FORWARDED, "user, unconfirmed")
        assert outcome(scene, held) == (Outcome.HELD, "the run ended")
        assert outcome(scene, waiting) == (Outcome.DROPPED, "the run ended")
        late = said(scene, 4, author="dora")
        scene.wait()
        assert outcome(scene, late) == (Outcome.DROPPED, "the run ended")

    def test_and_another_chat_before_the_message_is_sent_have_it_sent_there(self, scene: Scene) -> None:
        scene.forwarder.follow(Switches(paused=True))
        each = said(scene)
        scene.wait()
        scene.disk.next.append(lambda: scene.voxta.join("elsewhere"))
        scene.forwarder.follow(Switches())
        scene.wait(5)

        assert [(forward.keys, forward.chat_id) for forward in scene.voxta.arrived] == [((each.key,), "elsewhere")]
        assert outcome(scene, each) == FORWARDED

    def test_over_a_restart_of_the_relay_is_found_out_about_as_well(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.CUT_AFTER)
        each = said(scene)
        scene.wait()
        scene.crash()
        scene.voxta.join()
        scene.wait(5)

        assert outcome(scene, each) == (Outcome.FORWARDED, "user, found in the chat")
        assert scene.voxta.told == {each.key: 1}


class TestARefusal:
    def test_ends_the_message_and_frees_the_floor(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.REFUSED)
        each = said(scene)
        scene.wait()

        assert outcome(scene, each) == (Outcome.REJECTED, "no such thing")
        assert scene.floor.is_free(scene.loop.time())
        assert scene.forwarded_keys == []

    @pytest.mark.parametrize("why", [Sending.REFUSED, Sending.FORBIDDEN, Sending.NOT_TOLD])
    def test_is_told_to_who_expects_the_answer(self, scene: Scene, why: Sending) -> None:
        scene.voxta.next.extend([Sending.ARRIVES, why])
        answered = said(scene)
        scene.wait()
        assert scene.unasked_keys == []
        scene.floor.freed()
        each = said(scene, 2)
        scene.wait(GAP)

        assert scene.asked_keys[:2] == [answered.key, each.key]
        assert scene.unasked_keys == [each.key]

    def test_for_lack_of_rights_frees_the_floor_and_is_tried_in_the_next_chat_alone(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.FORBIDDEN)
        each = said(scene)
        scene.wait(5)
        assert scene.floor.is_free(scene.loop.time())
        assert len(scene.voxta.attempted) == 1

        scene.voxta.join()
        scene.wait(5)
        assert outcome(scene, each) == FORWARDED


def test_what_could_not_go_while_it_was_surely_this_processs_to_tell_waits_and_goes_again(scene: Scene) -> None:
    scene.voxta.next.append(Sending.NOT_TOLD)
    each = said(scene)
    scene.wait(60)

    assert len(scene.voxta.attempted) == 2
    assert scene.voxta.told == {each.key: 1}
    assert outcome(scene, each) == FORWARDED


class TestModerators:
    def test_pause_and_quiet_hours_hold_everything_back_until_they_end(self, scene: Scene) -> None:
        now = datetime.now()
        quiet_hours = f"{now - timedelta(hours=3):%H:%M}-{now + timedelta(hours=3):%H:%M}"
        for halted in (Switches(paused=True), Switches(quiet_hours=quiet_hours)):
            scene.forwarder.follow(halted)
            expires = said(scene, 1, kind=Kind.FOLLOW, id=f"{halted.paused} 1", author=f"ann{halted.paused}")
            scene.wait(60)
            assert outcome(scene, expires) is None
            waits = said(scene, 2, kind=Kind.FOLLOW, id=f"{halted.paused} 2", author=f"ben{halted.paused}")
            scene.wait(60)
            assert outcome(scene, expires) == (Outcome.EXPIRED, "waited too long")
            assert outcome(scene, waits) is None

            scene.forwarder.follow(Switches())
            scene.wait(1)
            assert outcome(scene, waits) == (Outcome.FORWARDED, "noreply")

    def test_nothing_is_forwarded_while_nobody_would_hear_the_answer(self, scene: Scene) -> None:
        scene.forwarder.hush(True)
        waits = said(scene, 1, kind=Kind.FOLLOW)
        scene.wait(60)
        assert outcome(scene, waits) is None

        scene.forwarder.hush(False)
        scene.wait(1)
        assert outcome(scene, waits) == (Outcome.FORWARDED, "noreply")

    def test_why_nothing_is_told_is_known_a_moderators_wish_before_an_absence(self, scene: Scene) -> None:
        assert scene.forwarder.halt is None

        scene.voxta.leave()
        assert scene.forwarder.halt is Halt.AWAY

        scene.forwarder.hush(True)
        assert scene.forwarder.halt is Halt.OFF_STREAM

        scene.forwarder.follow(Switches(paused=True))
        assert scene.forwarder.halt is Halt.PAUSED

        scene.voxta.join()
        assert scene.forwarder.halt is Halt.PAUSED

    def test_rates_apply_at_once(self, scene: Scene) -> None:
        scene.forwarder.follow(Switches(rates={"all": 6.0}))
        many = [said(scene, number, kind=Kind.FOLLOW, author=f"v{number}") for number in range(7)]
        scene.wait(0.1)
        assert sum(outcome(scene, each) is not None for each in many) == 5
        scene.wait(10)
        assert sum(outcome(scene, each) is not None for each in many) == 6
        scene.wait(10)
        assert sum(outcome(scene, each) is not None for each in many) == 7


class TestTheFloor:
    def test_is_waited_for_by_what_asks_for_an_answer_and_not_by_what_only_tells(self, scene: Scene) -> None:
        scene.floor.speaker_speaks("voice:ann", scene.loop.time())
        asks, tells = said(scene, 1), said(scene, 2, kind=Kind.FOLLOW)
        scene.wait(1)
        assert (outcome(scene, asks), outcome(scene, tells)) == (None, (Outcome.FORWARDED, "noreply"))

        scene.floor.speaker_stopped("voice:ann", scene.loop.time())
        scene.wait(1)
        assert outcome(scene, asks) == FORWARDED

    def test_is_the_companions_until_its_answer_is_over_or_late(self, scene: Scene) -> None:
        first, second, third = (said(scene, number, author=f"v{number}") for number in (1, 2, 3))
        scene.wait(GAP + 1)
        assert [outcome(scene, each) for each in (first, second)] == [FORWARDED, None]

        scene.floor.reply_ended(scene.loop.time())
        scene.wait()
        assert [outcome(scene, each) for each in (second, third)] == [FORWARDED, None]

        scene.wait(31)
        assert outcome(scene, third) == FORWARDED

    def test_is_kept_from_what_was_said_aloud_only_while_the_companion_answers_or_somebody_talks(
        self, scene: Scene
    ) -> None:
        scene.floor.asked(scene.loop.time())
        spoken = said(scene, 1, kind=Kind.VOICE)
        scene.wait(1)
        assert outcome(scene, spoken) is None, "a word that was no interruption waits for the end of the answer"

        scene.floor.speaker_speaks("voice:ben", scene.loop.time())
        scene.floor.reply_ended(scene.loop.time())
        scene.forwarder.wake()
        scene.wait(1)
        assert outcome(scene, spoken) is None, "somebody else still talks"

        scene.floor.speaker_stopped("voice:ben", scene.loop.time())
        scene.forwarder.wake()
        scene.wait(0)
        assert outcome(scene, spoken) == FORWARDED, "nobody waits for the pause that chat waits for"

    def test_that_is_kept_for_who_interrupted_is_their_words(self, scene: Scene) -> None:
        scene.floor.awaits_words(scene.loop.time())
        spoken, written = said(scene, 1, kind=Kind.VOICE), said(scene, 2, author="bob")
        scene.wait(0)

        assert [outcome(scene, spoken), outcome(scene, written)] == [FORWARDED, None]

    def test_of_a_loud_room_and_its_rate_are_not_waited_for_by_what_was_said_aloud(self, scene: Scene) -> None:
        scene.forwarder.follow(Switches(rates={"all": 0.0}))
        written, spoken = said(scene, 1, author="bob"), said(scene, 2, kind=Kind.VOICE)
        scene.wait(0)

        assert [outcome(scene, spoken), outcome(scene, written)] == [FORWARDED, None]


@pytest.mark.parametrize(("gap_from", "waits"), [("forward", False), ("speech", True)])
def test_in_a_loud_room_the_gap_counts_from_where_the_settings_say(gap_from: str, waits: bool) -> None:
    with running(config(selection={"loud_per_minute": 1.0, "gap_from": gap_from, "picks": 1})) as scene:
        for number in range(10):
            said(scene, number, author=f"v{number}")
        scene.wait(GAP + 1)
        assert len(scene.voxta.arrived) == 1

        scene.floor.reply_ended(scene.loop.time())
        scene.wait(GAP - 0.1)
        assert len(scene.voxta.arrived) == (1 if waits else 2)

        scene.wait(0.2)
        assert len(scene.voxta.arrived) == 2


def test_who_interrupted_and_is_done_keeps_nobody_waiting_who_has_to_look_at_the_floor(scene: Scene) -> None:
    scene.floor.speaking(scene.loop.time(), 20.0)
    scene.floor.speaker_speaks("voice:ann", scene.loop.time())
    assert scene.floor.advance(scene.loop.time()) is FloorDecision.PAUSE
    scene.wait(1)
    assert scene.floor.advance(scene.loop.time()) is FloorDecision.INTERRUPT
    each = said(scene)
    scene.floor.speaker_stopped("voice:ann", scene.loop.time(), is_done=True)
    scene.loop.call_later(1.0, scene.floor.advance, scene.loop.time() + 1.0)

    scene.wait(2)
    scene.wait()

    assert outcome(scene, each) == FORWARDED


class TestWhatChangesWhileTheCharacterIsToldWhomItHears:
    """That takes a while, and what was chosen before is in no queue meanwhile."""

    @pytest.fixture
    def scene(self) -> Iterator[Scene]:
        with running(config()) as scene:
            self.meanwhile: list[Callable[[], object]] = []

            async def brief(forward: Forward) -> None:
                await asyncio.sleep(0.1)
                if self.meanwhile:
                    self.meanwhile.pop(0)()

            scene.forwarder.brief = brief
            yield scene

    def test_is_that_somebody_talks_who_is_not_spoken_over(self, scene: Scene) -> None:
        self.meanwhile.append(lambda: scene.floor.speaker_speaks("voice:ann", scene.loop.time()))
        each = said(scene)
        scene.wait(1)
        assert (scene.voxta.attempted, outcome(scene, each)) == ([], None)

        scene.floor.speaker_stopped("voice:ann", scene.loop.time(), is_done=True)
        scene.wait(1)
        assert outcome(scene, each) == FORWARDED
        assert scene.voxta.told == {each.key: 1}

    def test_and_somebody_who_talks_does_not_delay_what_asks_for_nothing(self, scene: Scene) -> None:
        self.meanwhile.append(lambda: scene.floor.speaker_speaks("voice:ann", scene.loop.time()))
        each = said(scene, kind=Kind.FOLLOW)
        scene.wait(1)

        assert outcome(scene, each) == (Outcome.FORWARDED, "noreply")

    def test_words_said_aloud_still_go_where_the_floor_is_kept_for_them(self, scene: Scene) -> None:
        self.meanwhile.append(lambda: scene.floor.awaits_words(scene.loop.time()))
        each = said(scene, kind=Kind.VOICE)
        scene.wait(1)

        assert len(scene.voxta.attempted) == 1
        assert outcome(scene, each) == FORWARDED

    @pytest.mark.parametrize("kind", [Kind.CHAT, Kind.FOLLOW])
    @pytest.mark.parametrize(
        ("halt", "go_on"),
        [
            (lambda forwarder: forwarder.follow(Switches(paused=True)), lambda forwarder: forwarder.follow(Switches())),
            (lambda forwarder: forwarder.hush(True), lambda forwarder: forwarder.hush(False)),
            (lambda forwarder: setattr(forwarder, "rests", True), lambda forwarder: setattr(forwarder, "rests", False)),
        ],
    )
    def test_is_that_nothing_may_be_told_any_more_until_it_may_again(
        self, scene: Scene, halt: Callable[[Forwarder], object], go_on: Callable[[Forwarder], object], kind: Kind
    ) -> None:
        self.meanwhile.append(lambda: halt(scene.forwarder))
        each = said(scene, kind=kind)
        scene.wait(1)
        assert (scene.voxta.attempted, outcome(scene, each)) == ([], None)

        go_on(scene.forwarder)
        scene.wait(1)
        assert scene.voxta.told == {each.key: 1}

    def test_is_that_its_author_takes_back_what_waits(self, scene: Scene) -> None:
        def take_back() -> None:
            [key] = scene.forwarder.waiting.of("twitch:ann")
            retraction = Retraction(platform="twitch", id=key.removeprefix("twitch:"), reason="deleted")
            scene.forwarder.retract(retraction)

        self.meanwhile.append(take_back)
        each = said(scene)
        scene.wait(1)

        assert scene.voxta.attempted == []
        assert outcome(scene, each) == DELETED

    def test_is_that_the_run_ends_which_drops_it(self, scene: Scene) -> None:
        ends: list[asyncio.Task[None]] = []
        self.meanwhile.append(lambda: ends.append(scene.loop.create_task(scene.forwarder.end("the run ended"))))
        each = said(scene)
        scene.wait(1)

        assert ends[0].done()
        assert scene.voxta.attempted == []
        assert outcome(scene, each) == (Outcome.DROPPED, "the run ended")

    @pytest.mark.parametrize("kind", [Kind.CHAT, Kind.FOLLOW])
    @pytest.mark.parametrize(
        ("call_off", "expected"),
        [
            (
                lambda scene, each: scene.forwarder.follow(Switches(muted=frozenset({each.viewer}))),
                (Outcome.REJECTED, "muted by a moderator"),
            ),
            (
                lambda scene, each: scene.forwarder.waiting.drop(each.key, Outcome.DROPPED, "dropped by a moderator"),
                (Outcome.DROPPED, "dropped by a moderator"),
            ),
            (
                lambda scene, each: scene.forwarder.waiting.clear(Outcome.DROPPED, "cleared by a moderator"),
                (Outcome.DROPPED, "cleared by a moderator"),
            ),
        ],
    )
    def test_is_that_a_moderator_does_not_want_it_any_more(
        self,
        scene: Scene,
        call_off: Callable[[Scene, AudienceMessage], object],
        expected: tuple[Outcome, str],
        kind: Kind,
    ) -> None:
        answers: list[object] = []
        each = message(1, at=scene.wall(), kind=kind)
        self.meanwhile.append(lambda: answers.append(call_off(scene, each)))
        scene.give(each)
        scene.wait(1)

        assert answers[0] in (None, True, 1), "who orders it hears that it waited"
        assert scene.voxta.attempted == []
        assert outcome(scene, each) == expected

        other = said(scene, 2, kind=kind, author="bob")
        scene.wait(1)
        assert scene.voxta.told == {other.key: 1}


@pytest.mark.parametrize("named", [{"id": "1"}, {"author_id": "ann"}], ids=["deleted", "timed out"])
def test_what_is_deleted_when_the_store_has_it_as_begun_is_not_told(
    scene: Scene, named: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    retraction = Retraction(platform="twitch", reason="message deleted", **named)
    dropped: list[Settlement] = []

    async def delete() -> None:
        scene.forwarder.retract(retraction)
        dropped.extend(scene.writer.between(scene.inbox.retract(retraction, scene.wall())))

    monkeypatch.setattr(scene.inbox, "make_sure", delete)
    each = said(scene)
    scene.wait(1)

    assert dropped == [], "the store leaves alone what may have been sent"
    assert scene.voxta.attempted == []
    assert scene.asked_keys == []
    assert outcome(scene, each) == (Outcome.DROPPED, "message deleted")
    assert [settlement.key for settlement in scene.told] == [each.key]


TAKEN_BACK = pytest.mark.parametrize(
    "named", [{"id": "1"}, {"author_id": "ann"}, {"channel": "lobby"}], ids=["deleted", "timed out", "cleared"]
)


@TAKEN_BACK
@pytest.mark.parametrize("kind", [Kind.CHAT, Kind.FOLLOW])
def test_what_is_taken_back_while_it_waits_stands_in_nobodys_way(
    scene: Scene, named: dict[str, str], kind: Kind
) -> None:
    scene.forwarder.follow(Switches(paused=True))
    each = said(scene, kind=kind, text="what game is this?")
    scene.wait(1)
    assert len(scene.forwarder.waiting) == 1
    scene.forwarder.retract(Retraction(platform="twitch", reason="deleted", **named))
    assert len(scene.forwarder.waiting) == 0
    alike = said(scene, 2, kind=kind, text="what game is this?", author="bob")
    scene.wait(1)
    scene.forwarder.follow(Switches())
    scene.wait(1)

    assert outcome(scene, each) == DELETED
    assert scene.voxta.told == {alike.key: 1}, "nobody had asked the same any more"


def ban(scene: Scene, name: str) -> None:
    """All that this person has written is taken back, in the store as well."""
    retraction = Retraction(platform="twitch", author_id=name, reason="banned")
    scene.forwarder.retract(retraction)
    scene.settled(scene.writer.between(scene.inbox.retract(retraction, scene.wall())))


def test_what_is_taken_back_of_many_before_it_is_judged_does_not_wait_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def note(name: str, value: str) -> None:
        ban(scene, "spammer")

    scene.forwarder.follow(Switches(paused=True))
    monkeypatch.setattr(scene.inbox, "set_note", note)  # as of whoever follows, after the first part is judged
    followers = [message(n, at=scene.wall(), kind=Kind.FOLLOW, author=f"v{n}") for n in range(JUDGED_AT_ONCE)]
    spam, other = (message(n, at=scene.wall(), author=author) for n, author in ((98, "spammer"), (99, "bob")))
    scene.give(*followers, spam, other)
    scene.wait(1)

    assert outcome(scene, spam) == (Outcome.DROPPED, "banned")
    assert scene.forwarder.waiting.of(spam.viewer) == []
    assert scene.forwarder.waiting.of(other.viewer) == [other.key]


@pytest.mark.parametrize("text", ["what game is this?", "look at evil.example"], ids=["in the pool", "held"])
def test_what_the_store_drops_only_after_it_was_claimed_waits_no_more(scene: Scene, text: str) -> None:
    retraction = Retraction(platform="twitch", author_id="ann", reason="banned")
    scene.forwarder.follow(Switches(paused=True))
    scene.forwarder.retract(retraction)
    each = said(scene, text=text)
    scene.wait(1)
    assert scene.forwarder.waiting.of(each.viewer) == [each.key]

    scene.settled(scene.writer.between(scene.inbox.retract(retraction, scene.wall())))
    assert scene.forwarder.waiting.of(each.viewer) == []
    assert scene.forwarder.waiting.held() == []


@TAKEN_BACK
def test_nobody_has_to_decide_about_what_is_taken_back(scene: Scene, named: dict[str, str]) -> None:
    held = said(scene, text="look at evil.example")
    another = said(scene, 2, text="look at evil.example", author="bob", channel="elsewhere")
    scene.wait(1)
    scene.forwarder.retract(Retraction(platform="twitch", reason="deleted", **named))
    scene.wait(1)

    assert outcome(scene, held) == DELETED
    assert [each.key for each in scene.forwarder.waiting.held()] == [another.key]


def test_what_somebody_else_deletes_meanwhile_stops_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def delete() -> None:
        scene.forwarder.retract(Retraction(platform="twitch", id="2", reason="message deleted"))

    monkeypatch.setattr(scene.inbox, "make_sure", delete)
    each = said(scene)
    scene.wait(1)

    assert len(scene.voxta.attempted) == 1
    assert outcome(scene, each) == FORWARDED


class TestWhatDidNotArrive:
    def test_is_not_crowded_out_by_what_came_meanwhile(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(notices, "CAPACITY", 1)
        scene.voxta.next.append(Sending.CUT_BEFORE)
        first = said(scene, 1, kind=Kind.FOLLOW)
        scene.wait()
        scene.voxta.leave()
        second = said(scene, 2, kind=Kind.FOLLOW, author="bob")
        scene.wait()
        scene.voxta.join()
        scene.wait(5)

        ended = [outcome(scene, first), outcome(scene, second)]
        assert None not in ended
        assert len(scene.voxta.arrived) == 1

    def test_goes_first_in_a_quiet_room_too(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.CUT_BEFORE)
        first = said(scene, 1)
        scene.wait()
        scene.voxta.leave()
        second = said(scene, 2, author="bob")
        scene.wait()
        scene.voxta.join()
        scene.wait(35)

        assert [forward.keys for forward in scene.voxta.arrived] == [(first.key,), (second.key,)]

    @pytest.mark.parametrize("lost", [Sending.CUT_BEFORE, Sending.NOT_TOLD])
    def test_is_no_use_of_a_command_that_was_refused_when_it_came(self, lost: Sending) -> None:
        tell = {"send_as": "event", "template": "{author} hugs."}
        hug = {"name": "hug", "bits": 100, "least_role": "subscriber", "tell": tell}
        with running(config(), CommandRoom(hug).gate) as scene:
            scene.voxta.next.append(lost)
            each = said(scene, kind=Kind.CHEER, text="!hug", amount=100)
            scene.wait()
            scene.voxta.leave()
            scene.voxta.join()
            scene.wait(35)

            assert [forward.body for forward in scene.voxta.arrived] == ["Ann cheered 100 bits."]
            assert scene.voxta.told == {each.key: 1}

    @pytest.mark.parametrize("lost", [Sending.CUT_BEFORE, Sending.NOT_TOLD])
    def test_is_told_no_more_when_somebody_stopped_its_answer_meanwhile(
        self, scene: Scene, lost: Sending, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = scene.voxta._answer

        async def stall(chat: JoinedChat) -> None:
            scene.forwarder.given_up(scene.voxta.attempted[-1][0])
            await answer(chat)

        with monkeypatch.context() as silence:
            silence.setattr(scene.voxta, "_answer", stall)
            scene.voxta.next.append(lost)
            each = said(scene)
            scene.wait()
        scene.voxta.leave()
        scene.voxta.join()
        scene.wait(35)

        assert scene.voxta.told == {}, "whoever paid for it has been refunded"
        assert outcome(scene, each) == (Outcome.DROPPED, "its answer was stopped")

    @pytest.mark.parametrize("is_paid", [False, True])
    def test_is_told_again_but_for_what_was_taken_back_of_a_question_of_several_or_refunded(
        self, scene: Scene, is_paid: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paid = {"kind": Kind.REDEMPTION, "reward": Reward(id="r", awaits_outcome=True)} if is_paid else {}
        answer = scene.voxta._answer

        async def stall(chat: JoinedChat) -> None:
            scene.forwarder.retract(Retraction(platform="twitch", id="1", reason="deleted"))
            scene.forwarder.given_up(scene.voxta.attempted[-1][0])  # as its answer is stopped for that
            await answer(chat)

        scene.forwarder.follow(Switches(paused=True))
        deleted = said(scene, 1, kind=Kind.RAID)
        other = said(scene, 2, **{"kind": Kind.RAID, "author": "bob"} | paid)
        scene.wait()
        with monkeypatch.context() as silence:
            silence.setattr(scene.voxta, "_answer", stall)
            scene.voxta.next.append(Sending.CUT_BEFORE)
            scene.forwarder.follow(Switches())
            scene.wait()
        assert {*scene.voxta.attempted[0][0].keys} == {deleted.key, other.key}
        scene.voxta.leave()
        scene.voxta.join()
        scene.wait(35)

        assert outcome(scene, deleted) == DELETED
        assert scene.voxta.told == ({} if is_paid else {other.key: 1})

    def test_is_not_told_when_it_has_waited_too_long(self, scene: Scene) -> None:
        scene.voxta.next.append(Sending.CUT_BEFORE)
        first = said(scene, 1)
        scene.wait(1)
        scene.voxta.leave()
        scene.wait(30)
        second = said(scene, 2, author="bob")
        scene.voxta.join()
        scene.forwarder.follow(Switches(paused=True))
        scene.wait(15)
        scene.forwarder.follow(Switches())
        scene.wait(35)

        assert outcome(scene, first) == (Outcome.EXPIRED, "waited too long")
        assert scene.voxta.told == {second.key: 1}


def test_what_comes_late_expires_although_what_is_newer_came_before_it(scene: Scene) -> None:
    scene.forwarder.follow(Switches(paused=True))
    newer = said(scene, 1)
    older = said(scene, 2, author="bob", at=scene.wall() - 30)
    scene.wait(15)

    assert outcome(scene, newer) is None
    assert outcome(scene, older) == (Outcome.EXPIRED, "waited too long")


def test_what_is_guessed_of_a_message_is_what_is_told(scene: Scene) -> None:
    guess = scene.forwarder.worded(message(1, at=0.0))
    said(scene)
    scene.wait()

    assert [forward.text for forward in scene.voxta.arrived] == [guess]


@pytest.mark.parametrize(
    "over",
    [{"kind": Kind.FOLLOW}, {"text": "!event a dragon appears", "role": Role.MODERATOR}, {"text": "\u200b"}],
)
def test_nothing_is_guessed_of_what_is_no_question(scene: Scene, over: dict[str, Any]) -> None:
    assert scene.forwarder.worded(message(1, at=0.0, **over)) is None


def test_nothing_is_guessed_while_there_is_no_chat(scene: Scene) -> None:
    scene.voxta.leave()

    assert scene.forwarder.worded(message(1, at=0.0)) is None


def test_what_has_been_edited_into_a_question_waits_for_the_floor_and_delays_nothing_else() -> None:
    rules = [{"pattern": "recipe", "send_as": "note", "template": "{text}"}]
    with running(config(forwarding={"rules": rules})) as scene:
        scene.forwarder.follow(Switches(paused=True))
        scene.floor.speaker_speaks("voice:ann", scene.loop.time())
        note, follow = said(scene, 1, text="my recipe"), said(scene, 2, kind=Kind.FOLLOW, author="bob")
        scene.wait()
        edit = Edit(platform=note.platform, id=note.id, text="what about cake")
        assert scene.writer.between(scene.inbox.edit(edit))

        scene.forwarder.follow(Switches())
        scene.wait()
        assert scene.voxta.told == {follow.key: 1}

        scene.floor.speaker_stopped("voice:ann", scene.loop.time(), is_done=True)
        scene.wait()
        assert outcome(scene, note) == FORWARDED


def test_what_the_rate_keeps_back_goes_in_its_time_though_voxta_has_not_answered_yet(scene: Scene) -> None:
    scene.voxta.lag = 10.0
    for number in range(7):
        said(scene, number, kind=Kind.FOLLOW, author=f"v{number}")

    sent = []
    for seconds in (0.1, 1.0, 1.0):
        scene.loop.run(asyncio.sleep(seconds))
        sent.append(len(scene.voxta.attempted))

    assert sent == [5, 6, 7]


def test_where_people_are_remembered_several_go_one_after_the_other_without_a_wait(scene: Scene) -> None:
    briefed: list[str] = []

    async def brief(forward: Forward) -> None:
        briefed.extend(forward.keys)

    scene.forwarder.brief = brief
    scene.voxta.lag = 10.0
    scene.forwarder.follow(Switches(paused=True))
    several = [said(scene, number, kind=Kind.FOLLOW, author=f"v{number}") for number in range(3)]
    scene.wait()
    scene.forwarder.follow(Switches())
    scene.wait()

    assert briefed == [key for forward, _ in scene.voxta.attempted for key in forward.keys]
    assert briefed == [each.key for each in several]


def test_what_the_relay_has_done_itself_has_its_outcome(scene: Scene) -> None:
    scene.forwarder.follow(Switches(paused=True))
    each = said(scene)
    scene.wait()

    scene.forwarder.finish(Finished(each, Outcome.ANSWERED, "done"))
    scene.wait()

    assert outcome(scene, each) == (Outcome.ANSWERED, "done")
