"""When the speech of a reply is over."""

import asyncio
from collections.abc import Collection

import pytest

from relay.companion.speaking.playback import PlaybackTracker
from tests.support import PATIENCE


class Over:
    """Collects the ends, by message."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self._news = asyncio.Event()

    def __call__(self, message_id: str) -> None:
        self.ends.append(message_id)
        self._news.set()

    async def next(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._news.wait()
            self._news.clear()


@pytest.fixture
def over() -> Over:
    return Over()


def replied(over: Over, *seconds: float, grace: float = 0.0, players: Collection[str] = ("player",)) -> PlaybackTracker:
    """A reply whose text is complete, with a clip for every ten characters."""
    playback = PlaybackTracker(over, grace)
    playback.begin("m")
    playback.goes_to(players)
    for place, length in enumerate(seconds):
        playback.expect(10 * place, length)
    playback.text_is_over()
    return playback


async def test_a_reply_that_nobody_plays_is_over_with_its_text(over: Over) -> None:
    replied(over, players=())

    assert over.ends == ["m"]


async def test_a_reply_without_speech_waits_for_a_player_to_say_so(over: Over) -> None:
    playback = replied(over, grace=60.0)
    assert playback.is_heard

    assert playback.completed("m") is True
    assert not playback.is_heard


async def test_a_player_that_never_says_so_is_not_waited_for_long(over: Over) -> None:
    playback = replied(over, grace=0.01)
    playback.started("player", "m", 0, 0.0)

    await over.next()
    assert over.ends == ["m"]


async def test_a_player_that_said_so_before_the_text_was_over_is_not_waited_for(over: Over) -> None:
    playback = PlaybackTracker(over, 60.0)
    playback.begin("m")
    playback.goes_to({"player"})
    playback.expect(0, 1.0)
    assert playback.completed("m") is False

    playback.text_is_over()

    assert over.ends == ["m"]


async def test_the_deadline_is_the_length_of_all_clips_and_the_grace(over: Over) -> None:
    start = asyncio.get_running_loop().time()
    replied(over, 0.05, 0.05, grace=0.05)

    await over.next()

    assert asyncio.get_running_loop().time() - start >= 0.15


async def test_what_is_acknowledged_shortens_the_deadline_to_what_is_left(over: Over) -> None:
    playback = replied(over, 60.0, 0.05)

    playback.started("player", "m", 10, 0.05)

    await over.next()
    assert over.ends == ["m"]


async def test_speech_that_is_not_ours_is_believed_for_as_long_as_it_says(over: Over) -> None:
    playback = PlaybackTracker(over, 0.0)

    playback.started("player", "theirs", 0, 0.05)

    assert playback.is_heard
    await over.next()
    assert over.ends == ["theirs"]


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e300])
async def test_speech_of_unlikely_length_is_bounded(
    over: Over, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.companion.speaking.playback.LONGEST", 0.05)
    playback = PlaybackTracker(over, 0.0)

    playback.started("player", "theirs", 0, seconds)

    await over.next()
    assert over.ends == ["theirs"]


async def test_no_deadline_runs_while_sentences_are_still_to_come(over: Over) -> None:
    playback = PlaybackTracker(over, 0.0)
    playback.begin("m")
    playback.goes_to({"player"})
    playback.expect(0, 0.0)
    playback.started("player", "m", 0, 0.0)

    await asyncio.sleep(0.02)
    assert over.ends == []

    playback.text_is_over()
    await over.next()


async def test_who_comes_back_before_they_are_gone_plays_nothing_of_what_went_out(over: Over) -> None:
    playback = replied(over, 60.0)

    playback.left("somebody else")
    assert over.ends == []

    playback.left("player")
    assert over.ends == ["m"]


async def test_a_clip_that_was_ready_when_everybody_had_gone_is_not_waited_for(over: Over) -> None:
    replied(over, 60.0, grace=60.0, players=())

    assert over.ends == ["m"]


async def test_what_was_stopped_never_ends(over: Over) -> None:
    playback = replied(over, 0.0)

    assert playback.stop() is True
    assert playback.stop() is False

    await asyncio.sleep(0.02)
    assert over.ends == []


async def test_playing_another_message_does_not_touch_the_reply(over: Over) -> None:
    playback = replied(over, 60.0)

    playback.started("player", "other", 0, 0.0)

    assert playback.completed("other") is False
    assert playback.completed("m") is True
    assert over.ends == []


async def test_a_reply_cut_without_speech_is_not_over(over: Over) -> None:
    playback = PlaybackTracker(over, 0.0)
    playback.begin("m")

    playback.cut()

    assert not playback.is_heard
    assert over.ends == []
