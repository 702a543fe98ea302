import asyncio
import itertools
from collections.abc import Sequence

import pytest

from relay.config import RepliesSection
from relay.errors import AuthError, PlatformUnavailable, PostRejected, RateLimited
from relay.model import Author, Forward, Origin, Post, Quoted, ReplyText, Retraction, SendAs
from relay.platforms.simulated import QuietPlatform
from relay.replies.kept import KeptPosts
from relay.replies.outlet import TAKEN_BACK
from relay.replies.poster import Poster
from relay.replies.posting import GIVE_UP_AFTER, QUEUE, PostQueue, written
from tests.virtual_time import VirtualLoop

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
    poster.queue(reply(text))
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


async def test_what_has_waited_too_long_is_not_even_tried() -> None:
    platform = Strict()
    post = Post(channel="lobby", text="hello", nonce="n")

    given_up = f"given up: it waited for more than {GIVE_UP_AFTER:g} s"
    assert await written(platform, post, 0.0, lambda _: False) == (post, given_up)
    assert platform.tried == []


async def test_what_is_refused_without_a_parent_too_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[str | None] = []
    poster = Poster(RepliesSection(), [Strict()], lambda platform, post, error: errors.append(error))

    poster.queue(reply("refused"))
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
        poster.queue(reply(f"{number} {'word ' * 120}", id=str(number)))
    await posted(poster)
    for number in range(QUEUE + 1):
        poster.queue(reply("late", id=f"late {number}"))
    await posted(poster)

    given_up = [text for text, error in fates if error == "given up: twitch is slow"]
    assert [text.split()[0] for text in given_up[:200:2]] == [str(number) for number in range(100)]
    assert given_up[200:] == ["late"] and len(fates) == 2 * (QUEUE + 100) + QUEUE + 1
    assert [record.getMessage() for record in caplog.records] == [
        "twitch is slow: replies that wait too long are given up",
        "twitch was slow: 100 replies were given up",
        "twitch is slow: replies that wait too long are given up",
        "twitch was slow: 1 replies were given up",
    ]


def test_what_is_given_up_is_not_owed_either() -> None:
    kept = KeptPosts(None, "twitch")
    waiting = PostQueue(QuietPlatform("twitch"), lambda *_: None, kept)
    posts = [Post(channel="lobby", text="hello", nonce=str(number)) for number in range(QUEUE + 1)]

    for post in posts:
        waiting.put([post])

    assert kept.owed() == posts[1:]


@pytest.mark.parametrize(
    ("taken_back", "stay"),
    [
        ({"id": "2"}, ["first", "third"]),
        ({"author_id": "ann"}, ["third"]),
        ({"channel": "lobby"}, []),
        ({"channel": "hall"}, ["first", "second", "third"]),
        ({"author_id": "ann", "channel": "lobby"}, ["third"]),
        ({"author_id": "ann", "channel": "hall"}, ["first", "second", "third"]),
    ],
)
async def test_what_waits_is_not_posted_when_what_it_answers_is_taken_back(
    taken_back: dict[str, str], stay: list[str]
) -> None:
    fates: list[tuple[str, str | None]] = []
    poster = Poster(
        RepliesSection(), [QuietPlatform("twitch")], lambda platform, post, error: fates.append((post.text, error))
    )
    for number, (text, author) in enumerate([("first", "ann"), ("second", "ann"), ("third", "bob")], start=1):
        asked = {"keys": (f"twitch:{number}",), "authors": (f"twitch:{author}",)}
        poster.queue(reply(text, id=text).model_copy(update=asked))

    poster.retract(Retraction(platform="twitch", reason="deleted", **taken_back))
    await posted(poster)

    assert [text for text, error in fates if error is None] == stay
    assert {error for _, error in fates} <= {None, TAKEN_BACK} and len(fates) == 3


async def test_what_is_asked_after_something_was_taken_back_is_answered() -> None:
    fates: list[str | None] = []
    poster = Poster(RepliesSection(), [QuietPlatform("twitch")], lambda platform, post, error: fates.append(error))
    poster.retract(Retraction(platform="twitch", reason="timed out", author_id="ann"))
    poster.queue(reply("hello").model_copy(update={"keys": ("twitch:1",), "authors": ("twitch:ann",)}))
    await posted(poster)
    assert fates == [None]


class TakenBackMeanwhile(QuietPlatform):
    """Fails, or takes no reply, and meanwhile what the post answers is taken back."""

    def __init__(self, error: Exception) -> None:
        super().__init__("twitch")
        self.poster = Poster(RepliesSection(), [self], self.hear)
        self.fates: list[str | None] = []
        self.tries = 0
        self._error = error

    def hear(self, platform: str, post: Post, error: str | None) -> None:
        self.fates.append(error)

    async def post(self, post: Post) -> None:
        self.tries += 1
        self.poster.retract(Retraction(platform="twitch", reason="deleted", id="1"))
        raise self._error


@pytest.mark.parametrize("error", [RateLimited("slow down", 0.0), PostRejected("the parent message is gone")])
async def test_what_is_taken_back_while_its_answer_is_tried_is_not_tried_again(error: Exception) -> None:
    platform = TakenBackMeanwhile(error)
    platform.poster.queue(reply("hello").model_copy(update={"keys": ("twitch:1",)}))

    await posted(platform.poster)

    assert platform.tries == 1
    assert platform.fates == [TAKEN_BACK]


async def test_who_is_timed_out_where_they_asked_gets_no_answer_in_other_channels_either() -> None:
    fates: list[str | None] = []
    poster = Poster(
        RepliesSection(post_to="everywhere"),
        [QuietPlatform("twitch"), Decorated("discord", "hall")],
        lambda platform, post, error: fates.append(error),
    )
    poster.queue(reply("hello").model_copy(update={"keys": ("twitch:1",), "authors": ("twitch:ann",)}))
    poster.retract(Retraction(platform="twitch", reason="timed out", author_id="ann", channel="lobby"))

    await posted(poster)

    assert fates == [TAKEN_BACK, TAKEN_BACK]


LOBBY, HALL = Origin(platform="twitch", channel="lobby"), Origin(platform="discord", channel="hall")


class Decorated(QuietPlatform):
    """Shows that the companion writes, and has its channels."""

    def __init__(self, name: str, *channels: str) -> None:
        super().__init__(name)
        self._channels = channels
        self.posts: list[Post] = []
        self.shown: list[str] = []

    def channels(self) -> Sequence[str]:
        return self._channels

    async def post(self, post: Post) -> None:
        self.posts.append(post)

    async def typing(self, channel: str) -> None:
        self.shown.append(channel)


def places(*platforms: Decorated) -> list[tuple[str, str, str | None]]:
    return [(platform.name, post.channel, post.reply_to) for platform in platforms for post in platform.posts]


@pytest.mark.parametrize(
    ("post_to", "expected"),
    [
        ("nowhere", []),
        ("origin", [("twitch", "lobby", "1")]),
        ("everywhere", [("twitch", "lobby", "1"), ("twitch", "den", None), ("discord", "hall", None)]),
    ],
)
async def test_an_answer_goes_where_the_settings_say_and_to_each_place_once(
    post_to: str, expected: list[tuple[str, str, str | None]]
) -> None:
    twitch, discord = Decorated("twitch", "lobby", "den"), Decorated("discord", "hall")
    settings = RepliesSection.model_validate({"post_to": post_to})
    poster = Poster(settings, [twitch, discord], lambda *_: None)

    poster.queue(reply("hello").model_copy(update={"origins": (TWITCH, Origin(platform="gone", channel="x"))}))
    await posted(poster)

    assert places(twitch, discord) == expected


async def test_only_the_first_piece_replies_and_only_where_that_is_wanted() -> None:
    text = " ".join(f"This is the sentence number {number} of a long answer." for number in range(20))
    for as_reply, first in ((True, "1"), (False, None)):
        twitch = Decorated("twitch", "lobby")
        poster = Poster(RepliesSection(as_reply=as_reply), [twitch], lambda *_: None)
        poster.queue(reply(text))
        await posted(poster)

        assert [post.reply_to for post in twitch.posts] == [first, None]


async def test_every_piece_has_a_nonce_of_its_own_which_a_repeat_of_the_answer_has_again() -> None:
    text = " ".join(f"This is the sentence number {number} of a long answer." for number in range(20))
    first, again = await posts_of(text), await posts_of(text)

    assert len({post.nonce for post in first}) == len(first) == 2
    assert [post.nonce for post in first] == [post.nonce for post in again]


async def test_an_announcement_goes_to_the_first_channel_of_each_other_platform() -> None:
    twitch, discord, silent = Decorated("twitch", "lobby"), Decorated("discord", "hall", "den"), Decorated("silent")
    poster = Poster(RepliesSection(), [twitch, discord, silent], lambda *_: None)
    poster.announce(twitch, "Twitch needs a login.")
    await posted(poster)
    assert places(twitch, discord, silent) == [("discord", "hall", None)]

    nowhere = Poster(RepliesSection(post_to="nowhere"), [twitch, discord], lambda *_: None)
    nowhere.announce(twitch, "Twitch needs a login.")
    nowhere.tell(LOBBY, "Paused.")
    await posted(nowhere)
    assert places(twitch, discord) == [("twitch", "lobby", None), ("discord", "hall", None)]


def asking(*origins: Origin) -> Forward:
    return Forward(id="f", keys=(), send_as=SendAs.USER, body="hi", origins=origins, chat_id="home", after_index=-1)


async def test_that_an_answer_comes_is_shown_where_it_will_be_posted() -> None:
    twitch, discord = Decorated("twitch", "lobby"), Decorated("discord", "hall")
    for post_to, shown in (("origin", ["lobby"]), ("nowhere", [])):
        twitch.shown.clear()
        poster = Poster(RepliesSection.model_validate({"post_to": post_to}), [twitch, discord], lambda *_: None)
        poster.expect(asking(LOBBY, Origin(platform="gone", channel="x"), HALL))
        async with asyncio.TaskGroup() as tasks:
            posting = tasks.create_task(poster.run())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            posting.cancel()

        assert twitch.shown == shown
    assert discord.shown == ["hall"]


class Failing(Decorated):
    """Fails so often, then posts."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__("twitch", "lobby")
        self.errors = list(errors)
        self.tries: list[float] = []

    async def post(self, post: Post) -> None:
        self.tries.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors.pop(0)
        await super().post(post)


def fates(platform: Failing) -> list[str | None]:
    """The error of each post, or none."""
    loop = VirtualLoop()
    errors: list[str | None] = []
    poster = Poster(RepliesSection(), [platform], lambda platform, post, error: errors.append(error))
    poster.queue(reply("hello"))
    try:
        loop.run(posted(poster))
    finally:
        loop.close()
    return errors


def test_a_platform_that_asks_to_wait_is_waited_for() -> None:
    platform = Failing(RateLimited("slow down", 7.0), RateLimited("slow down", 3.0))

    assert fates(platform) == [None]
    assert [round(at) for at in platform.tries] == [0, 7, 10]


def test_a_platform_that_is_away_is_tried_again_ever_more_rarely_and_found_soon_when_it_is_back() -> None:
    platform = Failing(*[PlatformUnavailable("away")] * 12)

    assert fates(platform) == [None]
    waits = [later - earlier for earlier, later in itertools.pairwise(platform.tries)]
    assert len(waits) == 12
    assert waits[0] < 1 < 2 < waits[-1] < 6


def test_a_platform_that_is_away_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.replies.posting.GIVE_UP_AFTER", 0.0)
    platform = Failing(PlatformUnavailable("away"))

    assert fates(platform) == ["away"]
    assert len(platform.tries) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [(AuthError("log in again"), "log in again"), (ValueError("oops"), "a mistake of the relay (ValueError)")],
)
def test_what_a_repeat_cannot_help_is_told_at_once(error: Exception, told: str) -> None:
    platform = Failing(error)

    assert fates(platform) == [told]
    assert len(platform.tries) == 1


async def test_a_question_nobody_sees_goes_with_the_first_post_which_leaves_room_for_it() -> None:
    posts: list[Post] = []
    platform = QuietPlatform("twitch")
    poster = Poster(RepliesSection(), [platform], lambda platform, post, error: posts.append(post))
    asked = Quoted.of(Author(id="1", name="Ann"), "why?")
    poster.queue(reply("w " * 400).model_copy(update={"origins": (TWITCH.model_copy(update={"asked": (asked,)}),)}))
    await posted(poster)
    assert [post.asked for post in posts] == [(asked,), *[()] * (len(posts) - 1)]
    assert len(posts) > 1 and all(len(post.text) <= platform.text_limit - Quoted.ROOM for post in posts)
