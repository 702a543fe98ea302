"""Logging in by device code, as a person sees it, and checking the login."""

import asyncio
import re
import time
from pathlib import Path

import pytest

from relay.errors import AuthError, ConfigError, PlatformUnavailable
from relay.model import Kind
from relay.platforms.info import PlatformWishes
from relay.platforms.twitch import auth
from relay.platforms.twitch.auth import authorize, check
from relay.platforms.twitch.tokens import TokenFile
from tests.doubles.twitch import SCOPES, Drop, Fault, Refuse, TwitchDouble
from tests.platforms.twitch.conftest import reaching


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "token.json"


async def test_a_person_logs_in_with_a_code(twitch: TwitchDouble, token_file: Path) -> None:
    said: list[str] = []
    login = asyncio.create_task(authorize(reaching(twitch), token_file, said.append))
    await twitch.until(lambda: bool(twitch.identity.devices), "a device code")
    [device] = twitch.identity.devices
    await twitch.until(lambda: device.polls >= 2, "two polls")
    device.status = "granted"

    assert await login == "streamer"
    assert any(device.user_code in line and "https://" in line for line in said)
    assert TokenFile(token_file).load().access == twitch.state.grant.access
    assert set(device.scopes) == set(SCOPES) - {"moderator:manage:automod"}


async def test_only_what_is_wanted_is_asked_for(twitch: TwitchDouble, token_file: Path) -> None:
    kinds = {Kind.CHAT, Kind.POLL}
    login = asyncio.create_task(authorize(reaching(twitch), token_file, lambda line: None, ["clip"], kinds))
    await twitch.until(lambda: bool(twitch.identity.devices), "a device code")
    [device] = twitch.identity.devices
    login.cancel()

    assert set(device.scopes) == {"user:read:chat", "user:write:chat", "channel:read:polls", "clips:edit"}


async def test_polls_that_twitch_wants_slower_or_fails_at_do_not_end_the_login(
    twitch: TwitchDouble, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "SLOWER", 0.01)
    login = asyncio.create_task(authorize(reaching(twitch), token_file, lambda line: None))
    await twitch.until(lambda: bool(twitch.identity.devices), "a device code")
    [device] = twitch.identity.devices
    device.hiccups = [400, 500, 400, 502]
    await twitch.until(lambda: not device.hiccups, "four polls in vain")
    twitch.faults.append(Drop("oauth2/token"))
    device.status = "granted"

    assert await login == "streamer"


@pytest.mark.parametrize("path", ["oauth2/device", "oauth2/validate"])
@pytest.mark.parametrize("fault", [Drop, Refuse])
async def test_a_login_survives_that_twitch_stumbles_before_and_after_it_is_granted(
    twitch: TwitchDouble, token_file: Path, monkeypatch: pytest.MonkeyPatch, path: str, fault: type[Fault]
) -> None:
    monkeypatch.setattr(auth, "PAUSE", 0.0)
    twitch.faults.append(fault(path))
    login = asyncio.create_task(authorize(reaching(twitch), token_file, lambda line: None))
    await twitch.until(lambda: bool(twitch.identity.devices), "a device code")
    twitch.identity.devices[0].status = "granted"

    assert await login == "streamer"
    assert TokenFile(token_file).load().access == twitch.state.grant.access


@pytest.mark.parametrize(("offset", "words"), [(-70.0, "ahead of"), (130.0, "behind")])
async def test_a_clock_that_differs_is_told_with_how_much(
    twitch: TwitchDouble, token_file: Path, offset: float, words: str
) -> None:
    twitch.helix.clock_ahead = offset
    began = time.monotonic()

    line = await check(reaching(twitch), twitch.write_token(token_file))

    told = re.search(rf"; this computer's clock is (\d+) s {words} Twitch's: let the system set it", line)
    assert told is not None and int(told[1]) == pytest.approx(abs(offset), abs=2 + time.monotonic() - began)


async def test_the_saved_login_passes_the_check(
    twitch: TwitchDouble, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an answer that comes late tells an old time
    monkeypatch.setattr("relay.platforms.clock.NOTABLE", 15.0)
    assert await check(reaching(twitch), twitch.write_token(token_file)) == (
        "logged in as streamer, scopes ok, channels streamer"
    )


def assert_nothing_saved(token_file: Path) -> None:
    assert list(token_file.parent.iterdir()) == []


async def finish(twitch: TwitchDouble, token_file: Path, status: str) -> AuthError:
    login = asyncio.create_task(authorize(reaching(twitch), token_file, lambda line: None))
    await twitch.until(lambda: bool(twitch.identity.devices), "a device code")
    twitch.identity.devices[0].status = status
    with pytest.raises(AuthError) as caught:
        await login
    assert_nothing_saved(token_file)
    return caught.value


async def test_a_login_refused_in_the_browser_says_so(twitch: TwitchDouble, token_file: Path) -> None:
    assert "refused in the browser" in str(await finish(twitch, token_file, "denied"))


async def test_a_code_twitch_no_longer_knows_says_so(twitch: TwitchDouble, token_file: Path) -> None:
    assert "run `relay auth twitch` again" in str(await finish(twitch, token_file, "expired"))


async def test_a_code_nobody_confirms_runs_out(twitch: TwitchDouble, token_file: Path) -> None:
    twitch.identity.expires_in = 0

    with pytest.raises(AuthError, match="ran out before it was confirmed"):
        await authorize(reaching(twitch), token_file, lambda line: None)


async def test_a_cancelled_login_saves_nothing_and_says_so(twitch: TwitchDouble, token_file: Path) -> None:
    said: list[str] = []
    login = asyncio.create_task(authorize(reaching(twitch), token_file, said.append))
    await twitch.until(lambda: bool(twitch.identity.devices), "a device code")
    login.cancel()

    with pytest.raises(asyncio.CancelledError):
        await login
    assert said[-1] == "Cancelled; nothing was saved."
    assert_nothing_saved(token_file)


async def test_a_wrong_client_id_is_named(twitch: TwitchDouble, token_file: Path) -> None:
    with pytest.raises(AuthError, match=r"'wrong'.*check twitch.client_id"):
        await authorize(reaching(twitch, client_id="wrong"), token_file, lambda line: None)


async def test_a_login_while_twitch_is_down_may_be_tried_again(
    twitch: TwitchDouble, token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "PAUSE", 0.0)
    twitch.fail_next("oauth2/device", 500, times=auth.TRIES)

    with pytest.raises(PlatformUnavailable):
        await authorize(reaching(twitch), token_file, lambda line: None)


async def test_the_check_names_scopes_worth_having(token_file: Path) -> None:
    async with TwitchDouble(scopes=[scope for scope in SCOPES if scope != "channel:read:redemptions"]) as twitch:
        line = await check(reaching(twitch), twitch.write_token(token_file))

    assert "no channel points (channel:read:redemptions): run `relay auth twitch` to allow them" in line


async def test_the_check_is_silent_about_scopes_that_a_login_of_its_own_or_nobody_wants(token_file: Path) -> None:
    async with TwitchDouble(account="vox", scopes=["user:read:chat", "user:write:chat"]) as twitch:
        line = await check(
            reaching(twitch), twitch.write_token(token_file), PlatformWishes(frozenset(Kind) - {Kind.SHOUTOUT})
        )

    assert "follows (moderator:read:followers); no suspicious users (moderator:read:suspicious_users)" in line
    assert "polls" not in line and "shoutouts" not in line


async def test_the_check_names_the_scopes_of_acts_and_rewards_that_the_settings_use(token_file: Path) -> None:
    wishes = PlatformWishes(acts=("poll", "sound", "clip"), rewards=True)
    async with TwitchDouble() as twitch:
        line = await check(reaching(twitch), twitch.write_token(token_file), wishes)
        twitch.state.grant.scopes = (*SCOPES, "channel:manage:polls", "clips:edit", "channel:manage:redemptions")
        allowed = await check(reaching(twitch), token_file, wishes)
    async with TwitchDouble(account="vox") as twitch:
        bots = await check(reaching(twitch), twitch.write_token(token_file), wishes)

    lacking = "poll acts (channel:manage:polls); no clip acts (clips:edit); no points paid back (channel:manage:red"
    assert f", no {lacking}" in line
    assert "scopes ok" in allowed
    assert ", no clip acts (clips:edit): run" in bots, "what only a streamer's login may use is not missed on another"


async def test_the_check_demands_the_scopes_it_cannot_do_without(token_file: Path) -> None:
    async with TwitchDouble(scopes=["user:read:chat"]) as twitch:
        with pytest.raises(AuthError, match=r"lacks user:write:chat: run `relay auth twitch`"):
            await check(reaching(twitch), twitch.write_token(token_file))


async def test_the_check_refreshes_and_saves_an_expired_token(twitch: TwitchDouble, token_file: Path) -> None:
    twitch.write_token(token_file)
    twitch.expire_token()

    assert (await check(reaching(twitch), token_file)).startswith("logged in as streamer")
    assert TokenFile(token_file).load().access == twitch.state.grant.access


async def test_the_check_tells_a_login_that_ended(twitch: TwitchDouble, token_file: Path) -> None:
    twitch.write_token(token_file)
    twitch.withdraw_login()

    with pytest.raises(AuthError, match="run `relay auth twitch`"):
        await check(reaching(twitch), token_file)


async def test_the_check_tells_an_unknown_channel(twitch: TwitchDouble, token_file: Path) -> None:
    with pytest.raises(ConfigError, match="no channel nobody"):
        await check(reaching(twitch, channels=["nobody"]), twitch.write_token(token_file))


async def test_the_check_tells_when_twitch_is_down(twitch: TwitchDouble, token_file: Path) -> None:
    twitch.fail_next("oauth2/validate", 500)

    with pytest.raises(PlatformUnavailable):
        await check(reaching(twitch), twitch.write_token(token_file))


async def test_a_login_made_for_another_application_is_told(twitch: TwitchDouble, token_file: Path) -> None:
    with pytest.raises(AuthError, match=r"another twitch\.client_id"):
        await check(reaching(twitch, client_id="other"), twitch.write_token(token_file))


@pytest.mark.parametrize("rewards", [True, False])
async def test_the_login_may_settle_rewards_only_where_there_are_some(
    twitch: TwitchDouble, token_file: Path, rewards: bool
) -> None:
    login = asyncio.create_task(authorize(reaching(twitch), token_file, lambda line: None, rewards=rewards))
    await twitch.until(lambda: bool(twitch.identity.devices), "a device code")
    twitch.identity.devices[0].status = "granted"
    await login

    assert ("channel:manage:redemptions" in twitch.state.grant.scopes) is rewards
