"""The same stories with the embedded companion and with each way a real server may be."""

from pathlib import Path

import pytest

from relay.voxta import session
from tests.doubles.voxta import VARIATIONS
from tests.stories.backstage import Backstage, double, embedded
from tests.stories.stories import STORIES
from tests.stories.theatre import theatre


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "RECONNECT_JITTER", 0.0)
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


@pytest.mark.parametrize("name", VARIATIONS)
async def test_the_stories_are_true_with_a_real_server_that_is(tmp_path: Path, name: str) -> None:
    async with double(VARIATIONS[name]) as backstage:
        await tell_all(tmp_path, backstage)


async def test_the_stories_are_true_with_the_embedded_companion(tmp_path: Path) -> None:
    async with embedded() as backstage:
        await tell_all(tmp_path, backstage)
