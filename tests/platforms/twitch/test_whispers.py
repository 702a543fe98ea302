"""Answers that one viewer alone reads, through the real TwitchIO."""

from collections.abc import Callable
from pathlib import Path

import pytest

from relay.errors import AuthError
from relay.model import AudienceMessage
from relay.platforms.base import Whispering
from relay.platforms.twitch.auth import authorize, check
from relay.platforms.twitch.client import TwitchPlatform
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.platforms.twitch.conftest import Connect, Received, reaching

MANAGE = "user:manage:whispers"
ALL = (*SCOPES, MANAGE)


async def written(twitch: TwitchDouble, received: Received, author: str = "ann", text: str = "!why") -> AudienceMessage:
    await twitch.chat(text, author=author)
    await received.until_text(text)
    return received.messages[-1]


def tried(twitch: TwitchDouble) -> int:
    return sum(path.endswith("/whispers") for _, path in twitch.requests)


async def test_an_answer_reaches_its_viewer_alone(connect: Connect, received: Received) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch, whispers=True) as platform:
        assert isinstance(platform, Whispering)
        assert await platform.whisper(await written(twitch, received), "It waited too long.")

        assert twitch.whispers.sent == [("ann", "It waited too long.")]
        assert twitch.posts == []


async def test_nothing_is_whispered_unless_that_is_set(connect: Connect, received: Received) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        assert not await platform.whisper(await written(twitch, received), "psst")
        assert tried(twitch) == 0


async def test_the_account_does_not_whisper_to_itself(
    connect: Connect, platform: TwitchPlatform, received: Received
) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch, whispers=True) as connected:
        own = await written(twitch, received, author="streamer")
        assert not await connected.whisper(own, "psst")
        assert tried(twitch) == 0
    assert not await platform.whisper(own, "not connected")


def phone(twitch: TwitchDouble) -> None:
    twitch.whispers.has_phone = False


def day(twitch: TwitchDouble) -> None:
    twitch.whispers.recipients_left = 0


def outage(twitch: TwitchDouble) -> None:
    twitch.fail_next("/whispers", 500)


@pytest.mark.parametrize(
    ("trouble", "says"),
    [(phone, "verify one for streamer at twitch.tv"), (day, "40 people a day"), (outage, "Twitch failed while")],
)
async def test_what_keeps_the_account_from_whispering_is_told_once_and_not_tried_again_at_once(
    connect: Connect,
    received: Received,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[TwitchDouble], None],
    says: str,
) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch, whispers=True) as platform:
        trouble(twitch)
        message = await written(twitch, received)
        validations = twitch.identity.validations

        assert [await platform.whisper(message, "psst") for _ in range(3)] == [False] * 3

        assert (tried(twitch), twitch.whispers.sent, twitch.identity.validations) == (1, [], validations)
        [line] = [record.getMessage() for record in caplog.records if "whispering" in record.getMessage()]
    assert says in line and "psst" not in line


def closed(twitch: TwitchDouble) -> None:
    twitch.whispers.closed.add("ann")


def forbidden(twitch: TwitchDouble) -> None:
    twitch.whispers.may_send = False


def gone(twitch: TwitchDouble) -> None:
    twitch.state.users.pop("ann")


@pytest.mark.parametrize("trouble", [closed, forbidden, gone])
async def test_a_viewer_who_takes_no_whispers_keeps_nobody_else_from_theirs(
    connect: Connect,
    received: Received,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[TwitchDouble], None],
) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch, whispers=True) as platform:
        ann, ben = await written(twitch, received), await written(twitch, received, "ben", "!queue")
        trouble(twitch)
        told = [await platform.whisper(ann, "psst") for _ in range(2)]
        twitch.whispers.may_send = True
        told.append(await platform.whisper(ben, "psst"))

        assert (told, twitch.whispers.sent) == ([False, False, True], [("ben", "psst")])
        [line] = [record.getMessage() for record in caplog.records if "whispering" in record.getMessage()]
    assert "allow them from strangers" in line


async def test_a_login_without_the_scope_does_not_try_and_says_so_everywhere(
    connect: Connect, received: Received, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    async with TwitchDouble() as twitch, connect(twitch, whispers=True) as platform:
        assert not await platform.whisper(await written(twitch, received), "psst")
        assert tried(twitch) == 0
        health = platform.health()
        line = await check(reaching(twitch, whispers=True), twitch.write_token(tmp_path / "token.json"))

    assert f"no answers by whisper ({MANAGE}): run `relay auth twitch` to allow them" in line
    assert f"the login does not allow answers by whisper ({MANAGE})" in health
    assert f"the Twitch login lacks {MANAGE}: no answers by whisper" in caplog.text


async def test_logging_in_asks_to_whisper_only_where_that_is_set(twitch: TwitchDouble, tmp_path: Path) -> None:
    twitch.identity.expires_in = 0
    asked = []
    for wanted in (True, False):
        with pytest.raises(AuthError, match="ran out"):
            await authorize(reaching(twitch, whispers=wanted), tmp_path / "token.json", lambda _: None)
        asked.append(MANAGE in twitch.identity.devices[-1].scopes)

    assert asked == [True, False]
