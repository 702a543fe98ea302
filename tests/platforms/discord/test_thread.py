from relay.model import Post
from relay.platforms.discord.client import DiscordPlatform
from tests.doubles.discord import DiscordDouble
from tests.platforms.discord.conftest import Store


async def test_a_message_comes_in_and_an_answer_goes_out(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    message_id = await discord.say("hello there", author="ann")
    message = await store.first()
    await platform.post(Post(channel=message.channel, text="hi Ann", reply_to=message.reply_to, nonce="n1"))
    assert (message.id, message.text, message.author.name) == (message_id, "hello there", "ann")
    assert [(p.text, p.channel, p.reference) for p in discord.posts] == [("hi Ann", discord.channel, message_id)]
