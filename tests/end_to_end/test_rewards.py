"""Channel points from the viewer's click to the fulfilled or refunded redemption, with the real TwitchIO."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from relay.application import draining
from relay.application.adopting import adopt
from relay.application.composition import Relay
from relay.application.runs import live
from relay.application.settings.file import SettingsFile
from relay.companion.brains.base import BrainError, ChatView, Pieces
from relay.companion.serving.server import CompanionServer
from relay.config.loading import Config
from relay.platforms.base import Notes, Platform, PlatformControls, Receive
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.settings import TwitchSection
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.doubles.twitch.state import Reward
from tests.end_to_end.stage import EchoBrain, heard, relaying, settings
from tests.support import PATIENCE, eventually

TELL = {"send_as": "user", "template": "{author} asks{quote}"}
REWARDS: list[dict[str, Any]] = [
    {"reward": "Ask", "tell": TELL},
    {"reward": "Honk", "act": {"name": "sound", "arguments": {"file": "no such sound.mp3"}}},
    {"reward": "Fortune", "choose": ["Yes."]},
    {"reward": "Speak", "act": {"name": "speak", "arguments": {"text": "{text}"}}},
    {"reward": "Hydrate"},
]


def ago(hours: float) -> str:
    """As Twitch writes it."""
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


class Channel:
    """A Twitch channel with rewards, most of them ours, and relays that come and go."""

    def __init__(self, twitch: TwitchDouble, folder: Path, companion: CompanionServer) -> None:
        self.twitch, self._folder, self._companion = twitch, folder, companion
        for title in ("Ask", "Honk", "Fortune", "Speak", "Hydrate", "Other"):
            twitch.state.rewards[title] = Reward(title, is_ours=True)

    def _platforms(self, receive: Receive, controls: PlatformControls, notes: Notes) -> Sequence[Platform]:
        section = TwitchSection.model_validate(self.twitch.settings(reconcile_every=0.2))
        return [TwitchPlatform(section, self.twitch.write_token(self._folder / "token.json"), receive)]

    def settings(self, **sections: Any) -> Config:
        return settings(self._folder, **{"rewards": REWARDS, "redemptions": {"pause_when": []}, **sections})

    @asynccontextmanager
    async def relay(self, **sections: Any) -> AsyncIterator[Relay]:
        """One that is killed at the end."""
        async with relaying(self.settings(**sections), self._companion.url, self._platforms) as (relay, _):
            await self.twitch.wait_subscribed()
            await eventually(lambda: self.twitch.state.grant.calls > 0 and relay.platforms[0].listening.is_set())
            yield relay

    async def ends(self, redemption: str) -> str:
        """How it ended."""
        known = self.twitch.state.redemptions[redemption]
        await self.twitch.until(lambda: known.status != "UNFULFILLED", "a redemption to be settled")
        return known.status


async def waiting_behind_another(channel: Channel, brain: EchoBrain, relay: Relay, text: str) -> str:
    """Ann's redemption with this text, which waits while Ben's is being answered until `may_answer` is set."""
    brain.may_answer.clear()
    await channel.twitch.redeem("ben", "Ask", "first")
    await eventually(lambda: bool(brain.asked))
    redemption = await channel.twitch.redeem("ann", "Ask", text)
    await eventually(lambda: len(relay.forwarder.waiting) == 1)
    return redemption


@pytest.fixture
async def channel(tmp_path: Path, companion: CompanionServer) -> AsyncIterator[Channel]:
    async with TwitchDouble(scopes=(*SCOPES, "channel:manage:redemptions")) as twitch:
        yield Channel(twitch, tmp_path, companion)


async def test_a_reward_is_told_as_the_settings_say_and_fulfilled_once_it_is_answered(channel: Channel) -> None:
    async with channel.relay() as relay:
        redemption = await channel.twitch.redeem("ann", "Ask", "what is up?")

        assert await channel.ends(redemption) == "FULFILLED"
        assert heard(relay)[-1] == 'Ann asks: "what is up?"'
        [post] = await channel.twitch.wait_for_posts(1)
        assert post.text == 'You said: Ann asks: "what is up?"'


async def test_once_answers_are_posted_nowhere_they_count_when_they_are_complete(
    channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    async with channel.relay() as relay:
        with caplog.at_level(logging.INFO):  # which is the level of the settings, too
            await adopt(relay, channel.settings(replies={"post_to": "nowhere"}))

        assert await channel.ends(await channel.twitch.redeem("ann", "Ask", "what is up?")) == "FULFILLED"


async def test_entries_that_are_changed_count_at_once_and_what_rests_goes_on_to_rest(channel: Channel) -> None:
    rare = {"reward": "Honk", "answer": "Honk!", "per_stream": 1}
    async with channel.relay(rewards=[rare, {"reward": "Speak", "choose": ["Yes."]}]) as relay:
        assert await channel.ends(await channel.twitch.redeem("ann", "Honk")) == "FULFILLED"

        await adopt(relay, channel.settings(rewards=[rare | {"answer": "Honk honk!"}, {"reward": "Ask", "tell": TELL}]))

        assert await channel.ends(await channel.twitch.redeem("ann", "Honk")) == "CANCELED"
        assert await channel.ends(await channel.twitch.redeem("ann", "Ask", "what is up?")) == "FULFILLED"
        assert heard(relay)[-1] == 'Ann asks: "what is up?"'
        assert await channel.ends(await channel.twitch.redeem("ann", "Speak")) == "FULFILLED"
        assert heard(relay)[-1] == "Ann redeemed 'Speak'."


async def test_what_the_streamer_settles_from_now_on_is_left_to_them(channel: Channel) -> None:
    async with channel.relay() as relay:
        await adopt(relay, channel.settings(rewards=[{"reward": "Ask", "tell": TELL, "settle": False}]))
        left = await channel.twitch.redeem("ann", "Ask", "what is up?")
        assert await channel.ends(await channel.twitch.redeem("ann", "Other")) == "FULFILLED"
        await relay.quiet(empty=True)

    assert channel.twitch.state.redemptions[left].status == "UNFULFILLED"


async def test_one_of_ours_without_an_entry_is_told_as_ever_and_fulfilled(channel: Channel) -> None:
    async with channel.relay() as relay:
        assert await channel.ends(await channel.twitch.redeem("ann", "Other")) == "FULFILLED"
        assert heard(relay)[-1] == "Ann redeemed 'Other'."


async def test_what_the_filters_refuse_is_refunded(channel: Channel) -> None:
    async with channel.relay(filters={"blocked_terms": ["pineapple"]}):
        assert await channel.ends(await channel.twitch.redeem("ann", "Ask", "pineapple?")) == "CANCELED"


async def test_a_story_that_cannot_be_written_is_refunded_at_once_and_the_next_is_told(
    channel: Channel, brain: EchoBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(view: ChatView, prompt: str) -> Pieces:
        raise BrainError("the model is not there")
        yield prompt

    monkeypatch.setattr(brain, "write", write)
    story = {"reward": "Fortune", "tell": {"send_as": "story", "template": "{author} finds a treasure."}}
    async with channel.relay(rewards=[story, *REWARDS[:2]], forwarding={"reply_timeout": 600}):
        assert await channel.ends(await channel.twitch.redeem("ann", "Fortune")) == "CANCELED"
        assert await channel.ends(await channel.twitch.redeem("ann", "Ask", "hm?")) == "FULFILLED"


async def test_what_the_relay_does_itself_is_fulfilled_when_it_worked_and_refunded_when_not(channel: Channel) -> None:
    async with channel.relay():
        fortune = await channel.twitch.redeem("ann", "Fortune")
        assert await channel.ends(fortune) == "FULFILLED"
        [post] = await channel.twitch.wait_for_posts(1)
        assert post.text == "Yes."

        assert await channel.ends(await channel.twitch.redeem("ann", "Honk")) == "CANCELED"


async def test_the_companion_says_what_a_viewer_wrote_as_it_stands(channel: Channel) -> None:
    async with channel.relay() as relay:
        assert await channel.ends(await channel.twitch.redeem("ann", "Speak", "I am a teapot.")) == "FULFILLED"
        chat = relay.session.chat
        assert chat is not None
        await eventually(lambda: any(m.text == "I am a teapot." for m in chat.history or ()))
        assert heard(relay) == []


async def test_a_reward_that_does_nothing_is_left_to_the_streamer(channel: Channel) -> None:
    async with channel.relay() as relay:
        left = await channel.twitch.redeem("ann", "Hydrate")
        assert await channel.ends(await channel.twitch.redeem("ann", "Ask", "hm?")) == "FULFILLED"
        assert channel.twitch.state.redemptions[left].status == "UNFULFILLED"
        assert len(heard(relay)) == 1


async def test_a_redemption_whose_author_is_banned_while_it_waits_is_refunded(
    channel: Channel, brain: EchoBrain
) -> None:
    brain.may_answer.clear()
    async with channel.relay():
        await channel.twitch.redeem("ben", "Ask", "first")
        await eventually(lambda: bool(brain.asked))
        redemption = await channel.twitch.redeem("ann", "Ask", "second")
        await channel.twitch.clear_user("ann")

        assert await channel.ends(redemption) == "CANCELED"


async def test_a_redemption_that_a_moderator_rejects_on_twitch_while_it_waits_is_never_told(
    channel: Channel, brain: EchoBrain
) -> None:
    async with channel.relay() as relay:
        rejected = await waiting_behind_another(channel, brain, relay, "something rude")
        await channel.twitch.settle(rejected, "CANCELED")
        await eventually(lambda: len(relay.forwarder.waiting) == 0)
        brain.may_answer.set()

        assert await channel.ends(await channel.twitch.redeem("ben", "Ask", "third")) == "FULFILLED"
        assert heard(relay) == ['Ben asks: "first"', 'Ben asks: "third"']


async def test_a_reward_kept_for_subscribers_is_for_those_who_subscribe(channel: Channel) -> None:
    channel.twitch.state.subscribers.add(("streamer", "ann"))
    async with channel.relay(filters={"least_role": {"redemption": "subscriber"}}):
        assert await channel.ends(await channel.twitch.redeem("ann", "Ask", "one?")) == "FULFILLED"
        assert await channel.ends(await channel.twitch.redeem("ben", "Ask", "two?")) == "CANCELED"


@pytest.mark.parametrize("wish", ["!quiet", "!forget me"])
async def test_a_redemption_of_who_wants_to_be_left_out_while_it_waits_is_refunded(
    channel: Channel, brain: EchoBrain, wish: str
) -> None:
    async with channel.relay() as relay:
        redemption = await waiting_behind_another(channel, brain, relay, "second")
        await channel.twitch.chat(wish, "ann")

        assert await channel.ends(redemption) == "CANCELED"


async def test_what_is_taken_back_before_it_is_answered_keeps_nobody_else_from_the_reward(
    channel: Channel, brain: EchoBrain
) -> None:
    brain.may_answer.clear()
    ask = {"reward": "Ask", "tell": TELL, "cooldown": 0.001, "cooldown_from": "speech"}
    async with channel.relay(rewards=[ask]):
        await channel.twitch.chat("hello", "ben")
        await eventually(lambda: bool(brain.asked))
        taken_back = await channel.twitch.redeem("ann", "Ask", "something rude")
        await channel.twitch.clear_user("ann")
        assert await channel.ends(taken_back) == "CANCELED"
        brain.may_answer.set()

        assert await channel.ends(await channel.twitch.redeem("ben", "Ask", "hm?")) == "FULFILLED"


async def test_a_redemption_whose_message_is_deleted_while_it_is_answered_is_refunded(
    channel: Channel, brain: EchoBrain
) -> None:
    brain.may_answer.clear()
    async with channel.relay():
        redemption = await channel.twitch.redeem("ann", "Ask", "hm?")
        await eventually(lambda: bool(brain.asked))
        await channel.twitch.delete(list(channel.twitch.state.spoken)[-1])
        brain.may_answer.set()

        assert await channel.ends(redemption) == "CANCELED"


async def test_an_answer_that_a_moderator_stops_is_refunded(channel: Channel, brain: EchoBrain) -> None:
    brain.may_answer.clear()
    async with channel.relay() as relay:
        redemption = await channel.twitch.redeem("ann", "Ask", "hm?")
        await eventually(lambda: bool(brain.asked))
        await relay.runtime.skip()

        assert await channel.ends(redemption) == "CANCELED"


async def test_without_an_answer_in_time_it_is_refunded(channel: Channel, brain: EchoBrain) -> None:
    brain.may_answer.clear()
    async with channel.relay(forwarding={"reply_timeout": 0.3}):
        assert await channel.ends(await channel.twitch.redeem("ann", "Ask", "hm?")) == "CANCELED"


async def test_a_relay_killed_in_mid_answer_refunds_when_it_is_back(channel: Channel, brain: EchoBrain) -> None:
    brain.may_answer.clear()
    async with channel.relay():
        redemption = await channel.twitch.redeem("ann", "Ask", "hm?")
        await eventually(lambda: bool(brain.asked))
    assert channel.twitch.state.redemptions[redemption].status == "UNFULFILLED"
    async with channel.relay(forwarding={"reply_timeout": 0.3}):
        assert await channel.ends(redemption) == "CANCELED"


async def test_a_relay_killed_before_twitch_was_told_tells_it_when_it_is_back(channel: Channel) -> None:
    channel.twitch.fail_next("custom_rewards/redemptions", 503, times=1_000)
    async with channel.relay():
        redemption = await channel.twitch.redeem("ann", "Ask", "hm?")
        await channel.twitch.wait_calls("custom_rewards/redemptions", 1)
    assert channel.twitch.state.redemptions[redemption].status == "UNFULFILLED"
    channel.twitch.faults.clear()
    async with channel.relay():
        assert await channel.ends(redemption) == "FULFILLED"


async def test_what_was_redeemed_while_no_relay_ran_is_told_and_what_is_too_old_is_refunded(channel: Channel) -> None:
    async with channel.relay() as relay:
        answered = await channel.twitch.redeem("ann", "Ask", "first?")
        assert await channel.ends(answered) == "FULFILLED"
    old = await channel.twitch.redeem("ann", "Ask", "long ago?", at=ago(hours=1))
    fresh = await channel.twitch.redeem("ben", "Ask", "just now?")
    async with channel.relay() as relay:
        assert await channel.ends(fresh) == "FULFILLED"
        assert await channel.ends(old) == "CANCELED"
        assert heard(relay)[-1] == 'Ben asks: "just now?"'


async def test_what_the_store_may_have_forgotten_that_it_was_answered_is_left_to_the_streamer(channel: Channel) -> None:
    forgotten = await channel.twitch.redeem("ann", "Ask", "long ago?", at=ago(hours=25))
    fresh = await channel.twitch.redeem("ben", "Ask", "just now?")
    async with channel.relay() as relay:
        assert await channel.ends(fresh) == "FULFILLED"

        assert await relay.inbox.why(f"twitch:{forgotten}") is None
    assert channel.twitch.state.redemptions[forgotten].status == "UNFULFILLED"


async def test_what_was_redeemed_while_the_connection_was_broken_is_told_once_it_is_back(channel: Channel) -> None:
    async with channel.relay():
        channel.twitch.sessions.welcoming.clear()
        await channel.twitch.drop_socket()
        missed = await channel.twitch.redeem("ann", "Ask", "is this heard?")
        channel.twitch.sessions.welcoming.set()

        assert await channel.ends(missed) == "FULFILLED"


async def test_a_redemption_delivered_again_is_settled_once(channel: Channel) -> None:
    async with channel.relay() as relay:
        redemption = await channel.twitch.redeem("ann", "Ask", "hm?")
        assert await channel.ends(redemption) == "FULFILLED"
        record = await relay.inbox.why(f"twitch:{redemption}")
        assert record is not None
    async with channel.relay() as relay:
        await relay.receive(record.message)
        assert await channel.ends(await channel.twitch.redeem("ann", "Fortune")) == "FULFILLED"

    calls = [path for method, path in channel.twitch.requests if method == "PATCH"]
    assert len(calls) == 2, "one for each redemption"


async def test_a_cooldown_counts_from_the_end_of_the_answer(channel: Channel, brain: EchoBrain) -> None:
    rewards = [{"reward": "Ask", "tell": TELL, "cooldown": 60, "cooldown_from": "speech"}]
    async with channel.relay(rewards=rewards):
        first = await channel.twitch.redeem("ann", "Ask", "one")
        assert await channel.ends(first) == "FULFILLED"
        assert await channel.ends(await channel.twitch.redeem("ben", "Ask", "two")) == "CANCELED"
        assert await channel.ends(await channel.twitch.redeem("ben", "Other")) == "FULFILLED"


@pytest.mark.parametrize("is_followed", [True, False], ids=["begins anew", "ends"])
async def test_our_rewards_rest_when_the_relay_ends_and_not_when_it_begins_anew(
    channel: Channel, is_followed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "RESTING", PATIENCE)
    ask = channel.twitch.state.rewards["Ask"]
    async with channel.relay(redemptions={"pause_when": ["away"]}) as relay:
        async with draining.leaving(relay, is_followed=lambda: is_followed):
            assert not ask.is_paused
        assert ask.is_paused is not is_followed
    async with channel.relay(redemptions={"pause_when": ["away"]}):
        await channel.twitch.until(lambda: not ask.is_paused, "an end of the pause")


async def test_who_ends_the_relay_with_the_keyboard_leaves_no_reward_on_offer(
    channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "RESTING", PATIENCE)
    section = channel.twitch.settings(token_file=str(channel.twitch.write_token(tmp_path / "token.json")))
    twitch = "\n".join(f"{key} = {json.dumps(value)}" for key, value in section.items())
    file = SettingsFile(tmp_path / "relay.toml")
    file.path.write_text(
        f"[relay]\ndata_dir = {json.dumps(str(tmp_path))}\n[web]\nenabled = false\n[companion]\nport = 0\n"
        f'[twitch]\n{twitch}\n[[rewards]]\nreward = "Ask"\nanswer = "Hm."\n[redemptions]\npause_when = ["away"]\n',
        "utf-8",
    )
    running = asyncio.create_task(live(file, Console(stderr=True, force_terminal=False), mends=False))
    ask = channel.twitch.state.rewards["Ask"]
    await channel.twitch.until(
        lambda: any("redemption" in each.type for each in channel.twitch.subscriptions), "a start"
    )
    assert not ask.is_paused
    running.cancel()
    await asyncio.wait({running})

    assert ask.is_paused


async def test_our_rewards_rest_until_the_stream_begins(channel: Channel) -> None:
    async with channel.relay(redemptions={"pause_when": ["offline"]}):
        await channel.twitch.until(lambda: channel.twitch.state.rewards["Ask"].is_paused, "a pause")


async def test_what_rests_is_offered_again_once_the_settings_know_no_rewards(channel: Channel) -> None:
    ask = channel.twitch.state.rewards["Ask"]
    async with channel.relay(redemptions={"pause_when": ["offline"]}):
        await channel.twitch.until(lambda: ask.is_paused, "a pause")
    async with channel.relay(rewards=[], redemptions={"pause_when": ["offline"]}):
        await channel.twitch.until(lambda: not ask.is_paused, "an end of the pause")
