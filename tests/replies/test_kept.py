"""What a relay that was killed was yet to post is posted by the next one, once, unless it is too old."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.config import RepliesSection
from relay.errors import InboxError, InboxTaken
from relay.inbox.base import Inbox
from relay.inbox.retry import PatientNotes
from relay.inbox.sqlite import SqliteInbox
from relay.model import Origin, Post, ReplyText
from relay.platforms.simulated import QuietPlatform
from relay.replies import kept
from relay.replies.kept import KeptPosts, PostNote
from relay.replies.poster import Poster
from relay.replies.posting import GIVE_UP_AFTER
from relay.system import clock
from tests.support import PATIENCE, alongside, eventually


@pytest.fixture(autouse=True)
def patient_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is slow is waited for."""
    monkeypatch.setattr(kept, "WITHIN", PATIENCE)


class Chat(QuietPlatform):
    """Takes what is posted, or keeps whoever posts waiting."""

    def __init__(self, *, answers: bool = True) -> None:
        super().__init__("twitch")
        self.tried: list[Post] = []
        self._answers = answers

    async def post(self, post: Post) -> None:
        self.tried.append(post)
        if not self._answers:
            await asyncio.Event().wait()


def reply(id: str) -> ReplyText:
    origins = (Origin(platform="twitch", channel="lobby"),)
    return ReplyText(message_id=id, character="Vox", text=f"answer {id}", origins=origins)


@asynccontextmanager
async def posting(store: Inbox, chat: Chat, fates: list[str | None]) -> AsyncIterator[Poster]:
    """A poster that is gone in the end, whatever it had begun."""
    poster = Poster(RepliesSection(), [chat], lambda platform, post, error: fates.append(error), PatientNotes(store))
    running = asyncio.create_task(poster.run())
    try:
        yield poster
    finally:
        running.cancel()
        await asyncio.wait({running})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteInbox]:
    inbox = SqliteInbox(tmp_path / "inbox.db", max_count=10, timeout=5.0)
    await inbox.open()
    yield inbox
    await inbox.close()


@pytest.fixture
async def left(store: SqliteInbox) -> SqliteInbox:
    """The store of a relay that was killed when Twitch had not yet answered to the first of two posts."""
    chat = Chat(answers=False)
    async with posting(store, chat, []) as poster:
        poster.queue(reply("1"))
        poster.queue(reply("2"))
        await eventually(lambda: bool(chat.tried))
    return store


async def test_what_was_left_is_posted_and_in_doubt_where_it_was_begun(left: SqliteInbox) -> None:
    chat, fates = Chat(), list[str | None]()
    async with posting(left, chat, fates):
        await eventually(lambda: len(fates) == 2)

    assert [(post.text, post.in_doubt) for post in chat.tried] == [("answer 1", True), ("answer 2", False)]
    assert fates == [None, None]


async def test_what_was_left_is_posted_once_although_its_answer_is_found_again(left: SqliteInbox) -> None:
    chat, fates = Chat(), list[str | None]()
    async with posting(left, chat, fates) as poster:
        poster.queue(reply("1"))
        await eventually(lambda: len(fates) == 2)
    async with posting(left, chat, fates) as poster:
        poster.queue(reply("2"))
        poster.queue(reply("3"))
        await eventually(lambda: len(fates) == 3)

    assert [post.text for post in chat.tried] == ["answer 1", "answer 2", "answer 3"]


async def test_what_was_left_for_too_long_is_given_up(left: SqliteInbox, monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + GIVE_UP_AFTER
    monkeypatch.setattr(clock, "now", lambda: later)
    chat, fates = Chat(), list[str | None]()
    async with posting(left, chat, fates):
        await eventually(lambda: len(fates) == 2)

    assert not chat.tried
    assert all(fate is not None and fate.startswith("given up") for fate in fates)


async def test_a_post_does_not_wait_long_for_a_store_that_is_away(
    store: SqliteInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: str) -> None:
        raise InboxError("no answer")

    monkeypatch.setattr(store, "set_note", away)
    monkeypatch.setattr(kept, "WITHIN", 0.01)
    chat, fates = Chat(), list[str | None]()
    async with posting(store, chat, fates) as poster:
        poster.queue(reply("1"))
        await eventually(lambda: fates == [None])

    assert [post.text for post in chat.tried] == ["answer 1"]


class Telling:
    """A store that tells what it was asked for."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def get_note(self, name: str) -> None:
        self.told.append(f"get {name}")

    async def set_note(self, name: str, value: str) -> None:
        begun = [each.post.nonce for each in PostNote.model_validate_json(value).posts if each.is_begun]
        self.told.append(f"begun: {begun}")

    async def make_sure(self) -> None:
        self.told.append("make sure")


async def test_that_a_post_is_begun_is_in_the_store_before_the_platform_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "WITHIN", 60.0)
    store, post = Telling(), Post(channel="lobby", text="hello", nonce="n")
    posts = KeptPosts(store, "twitch")
    posts.owe([post])
    async with alongside(posts.run()):
        await posts.begin(post)

    assert store.told == ["begun: ['n']", "make sure"]


async def test_nothing_is_posted_once_another_relay_has_the_store(
    store: SqliteInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken() -> None:
        raise InboxTaken("another relay took over")

    def posted(*_: object) -> None:
        raise AssertionError("it was posted")

    monkeypatch.setattr(store, "make_sure", taken)
    poster = Poster(RepliesSection(), [Chat()], posted, PatientNotes(store))
    poster.queue(reply("1"))

    with pytest.RaisesGroup(InboxTaken, flatten_subgroups=True):
        await poster.run()


async def test_what_a_newer_relay_left_keeps_nothing_from_being_posted(store: SqliteInbox) -> None:
    await store.set_note("posts twitch", "[]")
    chat, fates = Chat(), list[str | None]()
    async with posting(store, chat, fates) as poster:
        poster.queue(reply("1"))
        await eventually(lambda: fates == [None])
