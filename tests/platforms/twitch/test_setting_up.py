"""Setting Twitch up on the page, with the real library against a local Twitch."""

from pathlib import Path

from relay.guide import Form
from relay.platforms.info import PlatformWishes
from relay.platforms.twitch.info import TWITCH
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.tokens import TokenFile
from tests.doubles.twitch import TwitchDouble
from tests.doubles.twitch.server import CLIENT_ID
from tests.guided import Answer, Visitor
from tests.platforms.twitch.conftest import reaching

NEW = {"enabled": False, "client_id": "", "channels": ()}


async def set_up(settings: TwitchSection, folder: Path, visitor: Visitor) -> dict[str, object]:
    assert TWITCH.set_up is not None
    return dict(await TWITCH.set_up(settings, folder, PlatformWishes(), visitor))


def confirming(twitch: TwitchDouble, *answers: Answer) -> Visitor:
    """Somebody who confirms each code that they are shown."""
    return Visitor(*answers, on_show=lambda _: setattr(twitch.identity.devices[-1], "status", "granted"))


async def test_from_nothing_to_a_login_and_channels(twitch: TwitchDouble, tmp_path: Path) -> None:
    twitch.state.user("friend")
    visitor = confirming(
        twitch,
        {"client_id": CLIENT_ID},
        {"account": "own"},
        {"channels": ["streamer"], "further": "https://twitch.tv/Friend, nobody_at_all"},
        {"channels": ["streamer"], "further": "friend"},
    )

    changes = await set_up(reaching(twitch, **NEW), tmp_path, visitor)

    assert changes == {
        "twitch.enabled": True, "twitch.client_id": CLIENT_ID, "twitch.channels": ["streamer", "friend"]
    }  # fmt: skip
    [shown] = visitor.shown
    assert shown.code == twitch.identity.devices[0].user_code
    assert "device-code=" in shown.links[0].address
    assert visitor.problems == ["twitch.channels: Twitch knows no channel nobody_at_all; check the spelling"]
    assert TokenFile(tmp_path / "twitch-token.json").load().access == twitch.state.grant.access


async def test_a_bot_is_not_taken_for_the_channel_to_hear(twitch: TwitchDouble, tmp_path: Path) -> None:
    visitor = confirming(twitch, {"client_id": CLIENT_ID}, {"account": "bot"}, {"further": "streamer"})

    changes = await set_up(reaching(twitch, **NEW), tmp_path, visitor)

    assert changes["twitch.channels"] == ["streamer"]
    assert [field.name for field in visitor.asked[-1].fields] == ["further"]


async def test_who_is_logged_in_already_need_not_do_it_again(twitch: TwitchDouble, tmp_path: Path) -> None:
    twitch.write_token(tmp_path / "twitch-token.json")
    visitor = Visitor({"client_id": CLIENT_ID}, {"account": "streamer"}, {})

    changes = await set_up(reaching(twitch), tmp_path, visitor)

    assert changes["twitch.channels"] == ["streamer"]
    assert twitch.identity.devices == []


async def test_what_twitch_refuses_is_said_where_it_was_asked(twitch: TwitchDouble, tmp_path: Path) -> None:
    def deny(_: Form) -> None:
        twitch.identity.devices[-1].status = "denied" if len(twitch.identity.devices) == 1 else "granted"

    visitor = Visitor({"client_id": CLIENT_ID}, {"account": "own"}, {"account": "own"}, {}, on_show=deny)

    await set_up(reaching(twitch, **NEW), tmp_path, visitor)

    [problem] = visitor.problems
    assert "refused in the browser" in problem
