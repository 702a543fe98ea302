"""Messages that are more than their text. The payloads' shapes are those of tests/doubles/discord/contents.py."""

from typing import Any

import pytest

from relay.model import AudienceMessage, Kind
from relay.platforms.discord.client import DiscordPlatform
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.contents import SPOILER, attachment, embed, forward, poll, sticker, voice_message
from tests.platforms.discord.conftest import Connect, Store

PICTURE = attachment()
ROCKET = {"id": None, "name": "🚀"}
KAPPA = {"id": "5", "name": "kappa", "animated": False}
GIF = "https://tenor.com/view/cat-gif-1"
WORDLESS: list[tuple[dict[str, Any], str]] = [
    ({"attachments": [PICTURE]}, "sent a picture"),
    ({"attachments": [PICTURE, PICTURE, PICTURE]}, "sent 3 pictures"),
    ({"attachments": [attachment("a.gif", "image/gif"), attachment("b.mp4", "video/mp4")]}, "sent a GIF and a video"),
    ({"attachments": [attachment(description="a cat, asleep")]}, "sent a picture (“a cat, asleep”)"),
    ({"attachments": [attachment("SPOILER_x.png", description="he dies")]}, "sent a picture hidden as a spoiler"),
    ({"attachments": [attachment("x.zip", None, flags=SPOILER)]}, "sent a file hidden as a spoiler"),
    ({"attachments": [attachment("song.mp3", None)]}, "sent a recording"),
    ({"attachments": [attachment("my plan.v2.pdf", "application/pdf")]}, "sent the file “my plan.v2” (pdf)"),
    ({"attachments": [attachment("Makefile", "text/plain; charset=utf-8")]}, "sent the file “Makefile”"),
    (voice_message(12.3), "sent a voice message of 12 seconds"),
    ({"sticker_items": [sticker("Wave")]}, "sent the sticker “Wave”"),
    ({"attachments": [PICTURE], "sticker_items": [sticker("Wave")]}, "sent a picture and the sticker “Wave”"),
    ({"poll": poll("Which?", "A", ("B", ROCKET), ("C", KAPPA))}, "asks in a poll: “Which?” (A / 🚀 B / :kappa: C)"),
    (forward(content="meet <@1> <t:0:D>"), "forwarded: “meet @someone 01 January 1970”"),
    (forward(attachments=[PICTURE]), "forwarded a picture"),
    (forward(content="look", attachments=[PICTURE]), "forwarded: “look (with a picture)”"),
    (forward(embeds=[embed(title="News", description="It rains")]), "forwarded a card: “News: It rains”"),
    (forward(), "forwarded something without words"),
    ({"embeds": [embed(title="News"), embed(author={"name": "Bob"})]}, "sent a card: “News” and a card: “Bob”"),
    ({"embeds": [embed(url="https://example.com")]}, "sent a card"),
    ({"content": GIF, "embeds": [embed("gifv", url=GIF)]}, "sent a GIF"),
    ({"content": "https://x.org/y.png", "embeds": [embed("image", url="https://x.org/y.png")]}, "sent a picture"),
    ({"activity": {"type": 1, "party_id": "p"}}, "sent something without words"),
]


async def test_what_has_no_text_is_told_as_what_its_author_does(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    for payload, _ in WORDLESS:
        await discord.say("", **payload)
    told = [message for message in await store.wait_for(len(WORDLESS)) if isinstance(message, AudienceMessage)]
    assert [message.text for message in told] == [text for _, text in WORDLESS]
    assert {(message.kind, message.is_action) for message in told} == {(Kind.CHAT, True)}


async def test_what_comes_with_a_text_is_named_behind_it(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    await discord.say("look", attachments=[PICTURE])
    await discord.say("look", sticker_items=[sticker("Wave")], attachments=[PICTURE])
    await discord.say("look", embeds=[embed("gifv", url=GIF)])
    told = [message for message in await store.wait_for(3) if isinstance(message, AudienceMessage)]
    assert [message.text for message in told] == [
        "look (with a picture)",
        "look (with a picture and the sticker “Wave”)",
        "look",
    ]
    assert not any(message.is_action for message in told)


async def test_an_edit_keeps_what_comes_with_the_text(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    message_id = await discord.say("lok", attachments=[PICTURE])
    await discord.edit(message_id, "look")
    _, edit = await store.wait_for(2)
    assert not isinstance(edit, AudienceMessage) and getattr(edit, "text", None) == "look (with a picture)"


class TestAForum:
    @pytest.fixture
    def forum(self, discord: DiscordDouble) -> str:
        return discord.open_forum()

    async def test_a_post_is_told_with_its_title_and_its_comments_as_chat(
        self, discord: DiscordDouble, connect: Connect, store: Store, forum: str
    ) -> None:
        async with connect(channels=(int(forum),)) as platform:
            post = await discord.post_in_forum(forum, "Bigger cats", "Could we?", attachments=[PICTURE])
            await discord.post_in_forum(forum, "Smaller dogs", "", attachments=[PICTURE])
            await discord.say("no", author="bob", channel=post)
            first, second, comment = [m for m in await store.wait_for(3) if isinstance(m, AudienceMessage)]
            assert platform.channels() == [] and platform.health() == "connected"
        assert (first.text, first.is_action) == ("posted “Bigger cats”: Could we? (with a picture)", True)
        assert (first.channel, first.reply_to) == (post, post)
        assert second.text == "posted “Smaller dogs” with a picture"
        assert (comment.text, comment.is_action, comment.channel) == ("no", False, post)

    async def test_what_was_posted_meanwhile_is_looked_up(
        self, discord: DiscordDouble, connect: Connect, store: Store, forum: str, no_waiting: None
    ) -> None:
        async with connect(channels=(int(forum),)):
            await discord.post_in_forum(forum, "One", "first")
            await store.wait_for(1)
        await discord.post_in_forum(forum, "Two", "second")
        async with connect(channels=(int(forum),)):
            await store.signal.wait_until(lambda: len(set(store.texts)) == 2, "the other post")
        # a new run also looks at what came just before the last one ended; the inbox knows those
        assert set(store.texts) == {"posted “One”: first", "posted “Two”: second"}
