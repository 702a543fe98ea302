"""Whatever fails, in whatever order: every message has one outcome in the end, none is told twice, lost or too late."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from relay.forwarding import held as holding
from relay.forwarding import notices, sending
from relay.model import AudienceMessage, Edit, Kind, Outcome, Retraction, Role
from relay.moderation.switches import Mode, Switches
from relay.speech.floor import FloorState
from tests.forwarding.surroundings import SETTINGS, Scene, Sending, Trouble, config, message
from tests.support import examples

CONFIGS = {False: config(), True: config(selection={"loud_per_minute": 1.0})}
"""By whether more comes in than can be answered one by one."""
FREE = {"rates": {"all": 6_000.0, "viewer": 6_000.0}, "bursts": {"all": 100, "viewer": 100}}
HURRIED = {False: config(budget=FREE), True: config(budget=FREE, selection={"loud_per_minute": 1.0})}
"""The same, where many may be told at once."""
LINK = "look at evil.example"
AUTHORS = {"ann": None, "bob": None, "cleo": Role.SUBSCRIBER, "mod": Role.MODERATOR}
KINDS = (Kind.CHAT, Kind.CHAT, Kind.CHAT, Kind.ASK, Kind.RAID, Kind.FOLLOW)
SOME = st.integers(0, 1_000)
SECONDS = st.sampled_from([0.0, 0.5, 3.0, 10.0, 35.0])
SWITCHES = st.sampled_from(
    [
        Switches(),
        Switches(paused=True),
        Switches(quiet_hours="00:00-23:59"),
        Switches(mode=Mode.MENTIONS),
        Switches(muted=frozenset({"twitch:ann", "twitch:mod"})),
        Switches(blocked_terms=("number",)),
        Switches(rates={"all": 6.0}),
    ]
)
EVENT = SETTINGS["selection"]["event_ttl"]
LONGEST = {
    Kind.CHAT: max(SETTINGS["selection"][name] for name in ("chat_ttl", "quiet_ttl", "addressed_ttl")),
    Kind.ASK: SETTINGS["selection"]["addressed_ttl"],
}


CHATS = st.sampled_from(["home", "home", "elsewhere"])
CALLS = st.lists(
    st.one_of(
        st.just(Trouble.NONE),
        st.sampled_from(Trouble),
        st.tuples(st.just("edit"), SOME, st.booleans()),
        st.tuples(st.just("retract"), SOME),
        st.tuples(st.just("switch"), SWITCHES),
        st.tuples(st.just("talk")),
        st.tuples(st.just("clear")),
        st.tuples(st.just("join"), CHATS, st.booleans()),
        st.tuples(st.just("leave")),
    ),
    max_size=5,
)
SENDINGS = st.lists(st.sampled_from([*Sending, Sending.ARRIVES, Sending.ARRIVES]), max_size=6)


class Faults(RuleBasedStateMachine):
    @initialize(is_loud=st.booleans(), is_hurried=st.booleans(), lag=st.sampled_from([0.0, 1e-4, 0.4]))
    def begin(self, is_loud: bool, is_hurried: bool, lag: float) -> None:
        self.scene = Scene((HURRIED if is_hurried else CONFIGS)[is_loud])
        self.scene.voxta.lag = lag
        most = 12 if is_hurried else 3
        self.patches = [patch.object(notices, "CAPACITY", most), patch.object(holding, "CAPACITY", 2)]
        self.patches.append(patch.object(sending, "WINDOW", 4))
        for each in self.patches:
            each.start()
        self.said: list[AudienceMessage] = []
        self.texts: dict[str, list[str]] = {}
        self.since: dict[str, float] = {}
        self.approved: set[str] = set()
        self.deleted: dict[str, int] = {}
        """How often what was taken back may be attempted: once, if it was on its way, or as often as it was."""
        self.taken_back = 0
        self.has_died = False
        self.checked = 0
        self.scene.voxta.join()
        self.scene.wait()

    def teardown(self) -> None:
        if not hasattr(self, "scene"):
            return
        try:
            self.everything_ends()
        finally:
            self.scene.close()
            for each in self.patches:
                each.stop()

    # What people do

    @rule(
        author=st.sampled_from(sorted(AUTHORS)),
        kind=st.sampled_from(KINDS),
        has_link=st.integers(0, 4).map(lambda n: n == 0),
        addressed=st.booleans(),
        age=st.sampled_from([0.0, 0.0, 5.0, 30.0]),
        times=st.sampled_from([1, 1, 2, 5, 9]),
        calls=CALLS,
        sendings=SENDINGS,
    )
    def write(
        self,
        author: str,
        kind: Kind,
        has_link: bool,
        addressed: bool,
        age: float,
        times: int,
        calls: list[Any],
        sendings: list[Sending],
    ) -> None:
        """Somebody writes; `calls` is what the next calls of the store meet, and what happens between them."""
        new = []
        for number in range(len(self.said), len(self.said) + times):
            text = LINK if has_link else f"what about number {number}"
            at = self.scene.wall() - age
            each = message(number, text, author=author, role=AUTHORS[author], kind=kind, addressed=addressed, at=at)
            self.texts[each.key] = [text]
            self.since[each.key] = at
            new.append(each)
        assert all(self.scene.give(*new))
        self.said += new
        self.scene.disk.next.extend(call if isinstance(call, Trouble) else self._event(*call) for call in calls)
        self.scene.voxta.next.extend(sendings)
        self.scene.wait()

    def _pick(self, which: int) -> AudienceMessage:
        return self.said[-1 - which % min(len(self.said), 12)]

    def _edit(self, which: int, has_link: bool) -> None:
        if not self.said:
            return
        of = self._pick(which)
        text = LINK if has_link else f"what about edit {len(self.texts[of.key])} of {of.id}"
        if self.scene.writer.between(self.scene.inbox.edit(Edit(platform="twitch", id=of.id, text=text))):
            self.texts[of.key].append(text)

    def _retract(self, which: int) -> None:
        if not self.said:
            return
        of = self._pick(which)
        retraction = Retraction(platform="twitch", id=of.id, reason="deleted")
        if of.key not in self.deleted:
            attempted = sum(of.key in each.keys for each, _ in self.scene.voxta.attempted)
            on_its_way = any(of.key in each.keys for each in self.scene.forwarder._sending._under_way.values())
            self.deleted[of.key] = max(attempted, on_its_way)
        self.scene.forwarder.retract(retraction)
        self.taken_back += len(self.scene.writer.between(self.scene.inbox.retract(retraction, self.scene.wall())))

    @precondition(lambda self: self.said)
    @rule(which=SOME, has_link=st.booleans())
    def edit(self, which: int, has_link: bool) -> None:
        self._edit(which, has_link)

    @precondition(lambda self: self.said)
    @rule(which=SOME)
    def retract(self, which: int) -> None:
        self._retract(which)

    # What moderators do

    @rule(switches=SWITCHES)
    def switch(self, switches: Switches) -> None:
        self.scene.forwarder.follow(switches)

    @rule(approve=st.booleans())
    def decide(self, approve: bool) -> None:
        waiting = self.scene.forwarder.waiting
        for held in waiting.held():
            if approve:
                now = self.scene.wall()
                for each in self.said:
                    if self.scene.outcome(each) is None and each.at == held.at:
                        self.approved.add(each.key)
                        self.since[each.key] = now
                assert waiting.approve(held.id, now)
            else:
                assert waiting.reject(held.id, "rejected by a moderator")
        self.scene.wait()

    @rule()
    def clear(self) -> None:
        self.scene.forwarder.waiting.clear(Outcome.DROPPED, "cleared by a moderator")
        self.scene.wait()

    # What fails

    def _event(self, name: str, *arguments: Any) -> Callable[[], object]:
        acts: dict[str, Callable[..., object]] = {
            "edit": self._edit,
            "retract": self._retract,
            "switch": self.scene.forwarder.follow,
            "talk": lambda: self.scene.floor.speaker_speaks("voice:ann", self.scene.loop.time()),
            "clear": lambda: self.scene.forwarder.waiting.clear(Outcome.DROPPED, "cleared by a moderator"),
            "join": lambda chat, history: self.scene.voxta.join(chat, tells_history=history),
            "leave": self.scene.voxta.leave,
        }
        return partial(acts[name], *arguments)

    @rule()
    def voxta_goes(self) -> None:
        self.scene.voxta.leave()
        self.scene.wait()

    @rule(chat=CHATS, tells_history=st.booleans())
    def voxta_comes(self, chat: str, tells_history: bool) -> None:
        self.scene.voxta.join(chat, tells_history=tells_history)
        self.scene.wait()

    @rule()
    def crash(self) -> None:
        self.has_died = True
        self.scene.disk.next.clear()
        self.scene.crash()

    # What happens on the floor, and time

    @rule(talks=st.booleans())
    def person(self, talks: bool) -> None:
        now = self.scene.loop.time()
        if talks:
            self.scene.floor.speaker_speaks("voice:ann", now)
        else:
            self.scene.floor.speaker_stopped("voice:ann", now)
        self._advance_floor()

    @rule(ends=st.booleans())
    def companion(self, ends: bool) -> None:
        now = self.scene.loop.time()
        if ends:
            self.scene.floor.reply_ended(now)
        elif self.scene.floor.state(now) is FloorState.AWAITING:
            self.scene.floor.thinking(now)
        self._advance_floor()

    def _advance_floor(self) -> None:
        while self.scene.floor.advance(self.scene.loop.time()) is not None:
            pass
        self.scene.wait()

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.scene.wait(seconds)

    # What holds

    @invariant()
    def nothing_is_told_that_may_not_be(self) -> None:
        if not hasattr(self, "scene"):
            return
        voxta = self.scene.voxta
        assert max(voxta.told.values(), default=0) <= 1
        by_key = {each.key: each for each in self.said}
        for forward, at in voxta.attempted[self.checked :]:
            if LINK in forward.body:
                assert any(key in self.approved or by_key[key].author.id == "mod" for key in forward.keys)
            for key in forward.keys:
                attempts = sum(key in each.keys for each, _ in voxta.attempted)
                assert self.has_died or attempts <= self.deleted.get(key, attempts)
                is_staffs = by_key[key].author.id == "mod"  # what moderators write lasts as long as events do
                longest = EVENT if is_staffs else LONGEST.get(by_key[key].kind, EVENT)
                assert at - self.since[key] <= longest + 0.1, "too late"
                if by_key[key].kind in (Kind.CHAT, Kind.ASK):
                    assert any(text in forward.body for text in self.texts[key])
        self.checked = len(voxta.attempted)

    def everything_ends(self) -> None:
        scene = self.scene
        scene.disk.next.clear()
        scene.voxta.next.clear()
        scene.forwarder.follow(Switches())
        if scene.voxta.chat is None or not scene.voxta.is_alive or scene.voxta.refusal:
            scene.voxta.join()
        for _ in range(8):
            scene.wait(25.0)
            self._advance_floor()
        for each in self.said:
            self._has_its_outcome(each)
        told = Counter(each.key for each in scene.told)
        assert max(told.values(), default=0) <= 1
        if not self.has_died:
            assert len(told) + self.taken_back == len(self.said)
        assert scene.floor.is_free(scene.loop.time())

    def _has_its_outcome(self, message: AudienceMessage) -> None:
        settlement = self.scene.outcome(message)
        assert settlement is not None, f"{message} has no outcome"
        was_told = self.scene.voxta.told[message.key]
        assert was_told <= 1
        if was_told:
            assert settlement.outcome is Outcome.FORWARDED
        elif settlement.outcome is Outcome.FORWARDED:
            attempted = {key for forward, _ in self.scene.voxta.attempted for key in forward.keys}
            assert settlement.reason.endswith("unconfirmed")
            assert message.key in attempted or self.has_died
        for each in self.scene.told:
            if each.key == message.key:
                assert each == settlement


Faults.TestCase.settings = settings(
    max_examples=examples(120),
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestFaults = Faults.TestCase
