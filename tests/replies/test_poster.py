import asyncio

import pytest

from relay.model import Origin, Post, Reply
from relay.platforms.simulated import QuietPlatform
from relay.replies.poster import Poster
from relay.settings import RepliesSection

TWITCH = Origin(platform="twitch", channel="lobby", reply_to="1")


async def posts_of(text: str) -> list[Post]:
    """What becomes of a reply on Twitch."""
    posts: list[Post] = []
    poster = Poster(RepliesSection(), [QuietPlatform("twitch")], lambda platform, post, error: posts.append(post))
    async with asyncio.TaskGroup() as tasks:
        posting = tasks.create_task(poster.run())
        poster.take(Reply(message_id="m", character="Vox", text=text, origins=(TWITCH,)))
        await poster.drain()
        posting.cancel()
    return posts


@pytest.mark.parametrize("disguise", ["!", "/", "\u200b\u2060!", ".\u202e/"])
async def test_no_piece_of_a_long_reply_is_a_command(disguise: str) -> None:
    posts = await posts_of(f"{'word ' * 98}sure. {disguise}settitle hacked")

    assert [post.text for post in posts] == ["word " * 98 + "sure.", "settitle hacked"]


async def test_a_piece_of_which_nothing_is_left_is_not_posted() -> None:
    posts = await posts_of(f"{'word ' * 96}sure. {'!' * 499} {'word ' * 20}")

    assert all(post.text for post in posts)
    assert len({post.nonce for post in posts}) == len(posts) == 2
