import asyncio

import pytest

from relay.config import RepliesSection
from relay.errors import PostRejected
from relay.model import Origin, Post, ReplyText
from relay.platforms.simulated import QuietPlatform
from relay.replies.poster import QUEUE, Poster

TWITCH = Origin(platform="twitch", channel="lobby", reply_to="1")


def reply(text: str, id: str = "m") -> ReplyText:
    return ReplyText(message_id=id, character="Vox", text=text, origins=(TWITCH,))


async def posted(poster: Poster) -> None:
    """Run the poster until all it was given is posted or given up."""
    async with asyncio.TaskGroup() as tasks:
        posting = tasks.create_task(poster.run())
        await poster.drain()
        posting.cancel()


async def posts_of(text: str, platform: QuietPlatform | None = None) -> list[Post]:
    """What becomes of a reply on Twitch."""
    posts: list[Post] = []
    poster = Poster(
        RepliesSection(), [platform or QuietPlatform("twitch")], lambda platform, post, error: posts.append(post)
    )
    poster.take(reply(text))
    await posted(poster)
    return posts


@pytest.mark.parametrize("disguise", ["!", "/", "\u200b\u2060!", ".\u202e/"])
async def test_no_piece_of_a_long_reply_is_a_command(disguise: str) -> None:
    posts = await posts_of(f"{'word ' * 98}sure. {disguise}settitle hacked")

    assert [post.text for post in posts] == ["word " * 98 + "sure.", "settitle hacked"]


async def test_a_piece_of_which_nothing_is_left_is_not_posted() -> None:
    posts = await posts_of(f"{'word ' * 96}sure. {'!' * 499} {'word ' * 20}")

    assert all(post.text for post in posts)
    assert len({post.nonce for post in posts}) == len(posts) == 2


class Strict(QuietPlatform):
    """Takes no reply, and nothing with `refused` in it."""

    def __init__(self) -> None:
        super().__init__("twitch")
        self.tried: list[Post] = []

    async def post(self, post: Post) -> None:
        self.tried.append(post)
        if post.reply_to is not None or "refused" in post.text:
            raise PostRejected("the parent message is gone")


async def test_an_answer_whose_parent_cannot_be_replied_to_is_posted_plainly() -> None:
    platform = Strict()

    [post] = await posts_of("hello", platform)

    assert [(tried.text, tried.reply_to) for tried in platform.tried] == [("hello", "1"), ("hello", None)]
    assert post == platform.tried[-1]
    assert len({tried.nonce for tried in platform.tried}) == 1


async def test_what_is_refused_without_a_parent_too_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[str | None] = []
    poster = Poster(RepliesSection(), [Strict()], lambda platform, post, error: errors.append(error))

    poster.take(reply("refused"))
    await posted(poster)

    assert errors == ["the parent message is gone"]
    assert len(caplog.records) == 1


async def test_of_more_replies_than_can_wait_the_oldest_are_given_up_whole_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fates: list[tuple[str, str | None]] = []
    poster = Poster(
        RepliesSection(), [QuietPlatform("twitch")], lambda platform, post, error: fates.append((post.text, error))
    )

    for number in range(QUEUE + 100):
        poster.take(reply(f"{number} {'word ' * 120}", id=str(number)))
    await posted(poster)

    given_up = [text for text, error in fates if error == "given up: twitch is slow"]
    assert [text.split()[0] for text in given_up[::2]] == [str(number) for number in range(100)]
    assert len(given_up) == 200 and len(fates) == 2 * (QUEUE + 100)
    assert [record.getMessage() for record in caplog.records] == [
        "twitch is slow: replies that wait too long are given up",
        "twitch was slow: 100 replies were given up",
    ]
