"""Settings that are changed while the relay runs count at once, where that is possible."""

import logging
import time
from pathlib import Path

import pytest

from relay.acts import ActRefused
from relay.application.adopting import adopt, is_live, with_live
from relay.application.composition import Relay
from relay.application.settings import load
from relay.application.settings.catalogue import catalogue
from relay.application.statistics import Statistics
from relay.config import BudgetSection
from relay.model import ReplyText
from relay.moderation.switches import Switches
from tests.end_to_end.stage import message, settings


def test_what_needs_a_restart_stays_as_it_runs(tmp_path: Path) -> None:
    running = load(None, relay={"data_dir": str(tmp_path)})
    wanted = load(
        None, companion={"name": "Vivi"}, filters={"max_length": 9, "paste_viewers": 9}, speech={"volume": 0.5}
    )

    merged = with_live(running, wanted)

    assert (merged.filters.max_length, merged.speech.volume) == (9, 0.5)
    assert (merged.companion.name, merged.filters.paste_viewers) == ("Vox", 3)
    assert with_live(running, running) == running
    assert not is_live(catalogue()["web.port"])
    assert [is_live(catalogue()[key]) for key in ("commands.own", "commands.prefix")] == [True, False]


def test_rewards_count_at_once_but_for_the_first_and_the_last_which_change_what_platforms_are_asked_for(
    tmp_path: Path,
) -> None:
    none, one, other = (
        settings(tmp_path, rewards=[{"reward": each, "answer": "Hm."} for each in names])
        for names in ([], ["Ask"], ["Honk", "Sing"])
    )

    assert with_live(one, other).rewards == other.rewards
    assert with_live(none, one).rewards == ()
    assert with_live(one, none).rewards == one.rewards


async def test_filters_rates_nicknames_and_volume_count_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    relay.forwarder.waiting.apply(Switches(rates={"kind.follow": 5.0}))
    volumes: list[float] = []
    monkeypatch.setattr(relay.voice.playback, "set_volume", volumes.append)
    level = logging.getLogger().level
    wanted = settings(
        tmp_path,
        filters={"blocked_terms": ["pineapple"]},
        forwarding={"nicknames": ["Voxy"]},
        speech={"volume": 0.25},
    )

    await adopt(relay, wanted)

    assert _refused(relay, "I like pineapple") == "blocked term"
    await adopt(relay, wanted.model_copy(update={"budget": BudgetSection(rates={"all": 1.0, "viewer": 0.0})}))
    assert _refused(relay, "I like apples") == "rate: more than 0 a minute from one viewer"
    assert relay.addressing.marked(message(2).model_copy(update={"text": "Voxy, hello"})).addressed
    assert set(volumes) == {0.25}
    assert relay.forwarder.waiting.switches.rates == {"kind.follow": 5.0}
    logging.getLogger().setLevel(level)


async def test_a_volume_of_nothing_is_told_for_as_long_as_it_is_so(tmp_path: Path) -> None:
    silent, loud = (
        settings(tmp_path, speech={"enabled": True, "volume": volume}, companion={"speech": "espeak"})
        for volume in (0, 1)
    )
    relay = Relay(silent, lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    told = "its volume is 0: set speech.volume to 1"
    assert told in relay.silence.reasons()

    await adopt(relay, loud)
    assert told not in relay.silence.reasons()

    await adopt(relay, silent)
    assert told in relay.silence.reasons()


async def test_what_must_not_be_said_any_more_is_said_nowhere(tmp_path: Path) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    released: list[ReplyText] = []
    relay.events.released.subscribe(released.append)

    await adopt(relay, settings(tmp_path, outbound={"blocked_terms": ["spoiler"], "blocked_terms_are": "drop"}))

    relay.dialogue.screening.screen(ReplyText(message_id="1", character="Vox", text="a spoiler"))
    assert released == []
    assert relay.commands.gate.answers.fill("{author}: {text}", {"author": "Ann", "text": "a spoiler"}) == ""
    with pytest.raises(ActRefused, match="filters"):
        await relay.scenario.executor.acts["speak"](["a spoiler"])


def _refused(relay: Relay, text: str) -> str:
    relay.forwarder.waiting.admit([message(1).model_copy(update={"text": text})], time.time())
    [ended] = relay.forwarder.waiting.take_ended()
    return ended.reason
