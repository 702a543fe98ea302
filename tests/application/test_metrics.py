from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from relay.application.composition import Relay
from relay.application.metrics import REMEMBERED, Metrics
from relay.application.statistics import Statistics
from relay.model import Forward, Outcome, Post, SendAs, Settlement
from relay.replies.replies import Step
from relay.replies.reply import Reply
from relay.system import clock
from tests.end_to_end.stage import RecordingPlatform, message, settings


class ForgetfulPlatform(RecordingPlatform):
    """Could not read some events."""

    def __init__(self) -> None:
        super().__init__("twitch")
        self.lost: Counter[str] = Counter()

    def unread(self) -> Counter[str]:
        return self.lost


class Measured:
    """A relay that nobody runs, measured by a clock that stands unless it is moved."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.statistics = Statistics()
        self.twitch = ForgetfulPlatform()
        self.relay = Relay(
            settings(folder), lambda *_: [self.twitch], voxta_url="http://localhost", statistics=self.statistics
        )
        self.metrics = Metrics(self.relay, self.statistics, wall=lambda: self.now, steady=lambda: self.now)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)

    def ask(self, forward: Forward) -> Reply:
        """The forward is sent, and its answer begins without words."""
        self.relay.events.asking(forward)
        return Reply(f"reply to {forward.id}", forward=forward)

    def hear(self, reply: Reply, text: str) -> None:
        reply.sentences.feed(len(reply.sentences.text), text)
        self.relay.events.replied(Step(reply))

    def post(self, reply: Reply, error: str | None = None) -> None:
        self.relay.events.posted("twitch", Post(channel="c", text="hi", message_id=reply.id, nonce="1"), error)


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    return Measured(tmp_path)


def forward(name: str = "f", *, heard_at: Sequence[float] = (), send_as: SendAs = SendAs.USER) -> Forward:
    return Forward(
        id=name, keys=(), heard_at=tuple(heard_at), send_as=send_as, body="hi", origins=(), chat_id="c", after_index=0
    )


def families(metrics: Metrics) -> dict[str, Metric]:
    return {
        family.name: family for family in text_string_to_metric_families(generate_latest(metrics.registry).decode())
    }


def test_each_message_of_a_forward_has_waited_since_it_was_heard(measured: Measured) -> None:
    measured.relay.events.forwarded(forward(heard_at=(997.0, 999.9)))
    measured.relay.events.forwarded(forward(heard_at=(990.0,), send_as=SendAs.NOTE))

    assert measured.value("relay_waiting_seconds_count", type="user") == 2
    assert measured.value("relay_waiting_seconds_sum", type="user") == pytest.approx(3.1)
    assert measured.value("relay_waiting_seconds_bucket", type="user", le="0.25") == 1
    assert measured.value("relay_waiting_seconds_sum", type="note") == 10.0


def test_an_answer_is_timed_to_its_first_words_and_to_its_first_post(measured: Measured) -> None:
    reply = measured.ask(forward())
    measured.now += 0.5
    measured.hear(reply, "")
    measured.now += 0.5
    measured.hear(reply, "Well")
    measured.now += 1.0
    measured.hear(reply, ", hello.")
    measured.now += 2.0
    measured.post(reply)
    measured.now += 1.0
    measured.post(reply)

    assert measured.value("relay_first_words_seconds_sum") == 1.0
    assert measured.value("relay_first_words_seconds_count") == 1
    assert measured.value("relay_answer_seconds_sum") == 4.0
    assert measured.value("relay_answer_seconds_count") == 1


def test_a_post_that_failed_and_words_that_nobody_asked_for_are_not_timed(measured: Measured) -> None:
    reply = measured.ask(forward())
    measured.hear(reply, "Hello")
    measured.post(reply, "given up")
    measured.hear(Reply("of itself"), "By the way")
    measured.post(Reply("of itself"))

    assert measured.value("relay_first_words_seconds_count") == 1
    assert measured.value("relay_answer_seconds_count") == 0


def test_answers_that_never_come_are_forgotten(measured: Measured) -> None:
    first, *later = [measured.ask(forward(f"f{n}")) for n in range(REMEMBERED + 1)]

    for reply in (first, later[-1]):
        measured.hear(reply, "Hello")

    assert measured.value("relay_first_words_seconds_count") == 1


def test_events_that_could_not_be_read_are_counted_by_platform_and_type(measured: Measured) -> None:
    measured.twitch.lost["channel.raid"] += 2

    assert measured.value("relay_unread_events_total", platform="twitch", type="channel.raid") == 2


def test_reasons_are_labels_whatever_is_in_them(measured: Measured) -> None:
    hostile = 'the "word"\n\\ is blocked'
    measured.statistics.settled([Settlement(key="twitch:1", outcome=Outcome.REJECTED, reason=hostile, at=0.0)])

    [sample] = families(measured.metrics)["relay_outcomes"].samples
    assert (sample.labels, sample.value) == ({"outcome": "rejected", "reason": hostile}, 1.0)


def test_relays_in_one_process_count_for_themselves(tmp_path: Path) -> None:
    one, other = Measured(tmp_path / "one"), Measured(tmp_path / "other")
    one.relay.events.forwarded(forward(heard_at=(1.0,)))

    assert one.value("relay_waiting_seconds_count", type="user") == 1
    assert other.value("relay_waiting_seconds_count", type="user") is None


async def test_the_store_is_asked_how_much_it_holds(measured: Measured) -> None:
    await measured.relay.inbox.open()
    await measured.relay.inbox.append([message(1), message(2)])
    await measured.metrics.look()
    assert (measured.value("relay_inbox_messages"), measured.value("relay_store_answers")) == (2, 1)

    await measured.relay.inbox.close()
    await measured.metrics.look()
    assert (measured.value("relay_inbox_messages"), measured.value("relay_store_answers")) == (2, 0)


def test_what_waits_longest_is_told_by_its_age(measured: Measured) -> None:
    assert measured.value("relay_oldest_waiting_seconds") == 0

    waiting = measured.relay.forwarder.waiting
    waiting.admit([message(1).model_copy(update={"at": clock.now() - 30}), message(2)], clock.now())

    assert (measured.value("relay_oldest_waiting_seconds") or 0) >= 30
