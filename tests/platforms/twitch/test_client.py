from relay.model import Kind, Post
from tests.doubles.twitch import TwitchDouble
from tests.platforms.twitch.conftest import Connect, Received


async def test_a_chat_message_reaches_receive(twitch: TwitchDouble, connect: Connect, received: Received) -> None:
    async with connect(twitch):
        id = await twitch.chat("hello", author="ann")
        await received.until(1)

    [message] = received.messages
    assert (message.id, message.kind, message.text) == (id, Kind.CHAT, "hello")
    assert (message.channel, message.author.name) == (twitch.channel.id, "Ann")


async def test_a_post_reaches_the_channel_as_a_reply(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        id = await twitch.chat("hello?")
        await platform.post(Post(channel=twitch.channel.id, text="hi", reply_to=id, nonce="1"))

    [posted] = twitch.posts
    assert (posted.channel, posted.text, posted.reply_to) == ("streamer", "hi", id)
