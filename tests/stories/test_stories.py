"""The same stories with the embedded companion and with each way a real server may be."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from relay.voxta import session
from tests.doubles.voxta import VARIATIONS, Switches
from tests.stories.backstage import Backstage, double, embedded
from tests.stories.stories import STORIES
from tests.stories.theatre import theatre

SERVERS: Final = (
    ("default",),
    ("flags as strings", "negotiation required", "sound cached", "mp3 only", "whole replies", "older API"),
    ("roles as numbers", "no negotiation", "patchy sound", "playback unasked", "refused by closing"),
    ("nulls", "strangers", "key asked for", "rights by scope", "broken sound", "restless company", "newer API"),
    ("apps only", "error before completion", "no sound", "queued triggers", "no API version"),
    ("key needed", "silence", "no chatFlow", "cumulative replies", "sessions untold"),
    ("text never cut", "audio gap", "thinks", "ends with owner"),
    ("voice fails",),
)
"""Each way that a server may be, with others that leave it as it is: none that is about sound where there is none."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "RECONNECT", 0.0)
    monkeypatch.setattr(session, "SESSIONS_WAIT", 0.05)


async def tell_all(folder: Path, backstage: Backstage) -> None:
    """Each story in its turn, in the same relay."""
    async with theatre(folder, backstage) as stage:
        for story in STORIES:
            try:
                await story(stage)
            except BaseException as error:
                error.add_note(f"in the story: {story.__name__}; the chat: {backstage.texts()}; posts: {stage.posts()}")
                raise


def server(ways: Sequence[str]) -> Switches:
    """One that is all of that."""
    usual = asdict(VARIATIONS["default"])
    others = chain.from_iterable(asdict(VARIATIONS[way]).items() for way in ways)
    return replace(VARIATIONS["default"], **{name: value for name, value in others if value != usual[name]})


@pytest.mark.parametrize("ways", SERVERS, ids=", ".join)
async def test_the_stories_are_true_with_a_real_server_that_is(tmp_path: Path, ways: Sequence[str]) -> None:
    async with double(server(ways)) as backstage:
        await tell_all(tmp_path, backstage)


def test_stories_are_told_to_servers_of_every_way() -> None:
    assert sorted(chain.from_iterable(SERVERS)) == sorted(VARIATIONS)


async def test_the_stories_are_true_with_the_embedded_companion(tmp_path: Path) -> None:
    async with embedded() as backstage:
        await tell_all(tmp_path, backstage)
