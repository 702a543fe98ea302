"""What concerns one viewer alone is whispered where Twitch lets the relay, from the chat of the real TwitchIO."""

from pathlib import Path

from relay.companion.serving.server import CompanionServer
from relay.model import Outcome
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.end_to_end.stage import relaying, settings
from tests.end_to_end.test_platforms import OnTwitch


async def test_what_is_remembered_is_whispered_and_stays_out_of_chat_where_it_cannot_be(
    tmp_path: Path, companion: CompanionServer
) -> None:
    config = settings(tmp_path, memory={"enabled": True}, outbound={"blocked_terms": ["turnip"]})
    async with (
        TwitchDouble(scopes=[*SCOPES, "user:manage:whispers"]) as twitch,
        relaying(config, companion.url, OnTwitch(twitch, tmp_path, whispers=True)) as (relay, statistics),
    ):
        await twitch.wait_subscribed()
        assert relay.memory is not None
        for login, note in (("ann", "plays chess"), ("ben", "sings"), ("cleo", "eats a turnip")):
            viewer = f"twitch:{twitch.state.user(login).id}"
            await relay.memory.know(viewer, login)
            await relay.memory.remember(viewer, note)
        twitch.whispers.closed.add("ben")

        await twitch.chat("!remembered", author="ann")
        await twitch.until(lambda: len(twitch.whispers.sent) == 1, "a whisper")
        await twitch.chat("!remembered", author="ben")
        await twitch.wait_for_posts(1)
        await twitch.chat("!remembered", author="cleo")
        await twitch.wait_for_posts(2)
        await twitch.chat("!companion", author="ann")
        await twitch.wait_for_posts(3)
        await relay.quiet(empty=True)

    [(login, whispered)] = twitch.whispers.sent
    assert login == "ann"
    assert "Noted: plays chess." in whispered and "sings" not in whispered
    assert all(post.text.startswith("I remember you, with one note; not here") for post in twitch.posts[:2])
    assert "AI companion" in twitch.posts[2].text
    assert not [post for post in twitch.posts if "sings" in post.text or "turnip" in post.text]
    assert statistics.outcomes == {Outcome.ANSWERED: 4}
