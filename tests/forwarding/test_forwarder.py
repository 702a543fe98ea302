"""The forwarder between a store and a Voxta that fail at any moment."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from relay.forwarding import telling
from relay.model import AudienceMessage, Kind, Outcome, Retraction
from relay.moderation.switches import Switches
from tests.forwarding.surroundings import Scene, Sending, Trouble, config, message

FINE = Trouble.NONE


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene(config())
    scene.voxta.join()
    scene.wait()
    yield scene
    scene.close()


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


class TestSending:
    def test_a_message_is_told_once_and_ends_as_forwarded(self, scene: Scene) -> None:
        each = said(scene)
        scene.wait()

        assert outcome(scene, each) == FORWARDED
        assert scene.voxta.told == {each.key: 1}
        assert [settlement.key for settlement in scene.told] == [each.key]


class TestAStoreThatFails:
    """A forward asks the store for the messages as they stand, notes that it is about to be sent, and settles it."""

    @pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.LATE])
    @pytest.mark.parametrize("call", range(4))
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
        scene.disk.next.extend([FINE, trouble])
        scene.forwarder.follow(Switches())
        scene.wait(35)

        assert scene.voxta.told == {each.key: 1}
        assert outcome(scene, each) == FORWARDED

    def test_while_one_of_several_is_taken_back_loses_none_of_the_others(self, scene: Scene) -> None:
        scene.forwarder.follow(Switches(paused=True))
        first, second = (said(scene, number, kind=Kind.RAID, author=f"v{number}") for number in (1, 2))
        scene.wait()
        scene.disk.next.extend([FINE, take_back(scene, first), FINE, Trouble.REFUSED])
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


class TestWhatDidNotArrive:
    def test_is_not_crowded_out_by_what_came_meanwhile(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(telling, "CAPACITY", 1)
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
