"""Addresses that do one act when they are opened, and the links that the streamer makes."""

from pathlib import Path
from typing import Any

import pytest

from relay.web.desk.actions import DeskError
from tests.web.api.stage import STREAMER, TOKEN, DeskStage, desk_stage, whole_desk
from tests.web.api.test_calls import audited
from tests.web.desk.page import opened


async def test_opening_the_address_does_its_act_and_is_answered_by_one_line(stage: DeskStage, tmp_path: Path) -> None:
    path = await stage.key("Deck 1", "mode", mode="mentions")

    status, answer = await stage.text(path)

    assert (status, answer.count("\n"), answer.endswith("\n")) == (200, 1, True)
    assert stage.relay.runtime.switches().mode == "mentions"
    assert audited(tmp_path) == [("streamer", "key Deck 1: mode"), ("Deck 1", "mode mentions")]


async def test_it_needs_no_token_and_is_kept_by_nobody(tmp_path: Path) -> None:
    async with desk_stage(tmp_path, token=TOKEN) as stage:
        path = await stage.key("Deck 1", "pause")

        async with stage.http.get(f"{stage.server.url}{path}") as response:
            assert response.status == 200
            assert response.content_type == "text/plain"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "Preview"},
        {"X-moz": "prefetch"},
    ],
    ids=str,
)
async def test_a_browser_that_looks_ahead_does_nothing(stage: DeskStage, headers: dict[str, str]) -> None:
    path = await stage.key("Deck 1", "pause")

    status, answer = await stage.text(path, **headers)

    assert status == 503
    assert "Nothing was done" in answer
    assert not stage.relay.runtime.switches().paused


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
async def test_nothing_but_a_get_does_anything(stage: DeskStage, method: str) -> None:
    path = await stage.key("Deck 1", "pause")

    async with stage.http.request(method, f"{stage.server.url}{path}") as response:
        assert response.status == 405
    assert not stage.relay.runtime.switches().paused


async def test_a_page_of_another_site_presses_nothing(stage: DeskStage) -> None:
    path = await stage.key("Deck 1", "pause")

    assert (await stage.text(path, Origin="https://evil.example"))[0] == 403
    assert (await stage.text(path, Host="evil.example"))[0] == 403
    assert not stage.relay.runtime.switches().paused


async def test_a_withdrawn_or_wrong_key_does_nothing(stage: DeskStage) -> None:
    path = await stage.key("Deck 1", "pause")
    assert (await stage.text(path[:-1]))[0] == 401

    await stage.desk.actions.do("withdraw", {"id": stage.links.all()[0].id}, STREAMER)

    assert (await stage.text(path))[0] == 401
    assert not stage.relay.runtime.switches().paused


async def test_what_cannot_be_done_is_told_in_a_line(stage: DeskStage) -> None:
    path = await stage.key("Deck 1", "approve", id="h7")

    assert await stage.text(path) == (410, "Not held (any more): 'h7'.\n")


@pytest.mark.parametrize(
    ("do", "fields", "field"),
    [
        ("dance", {}, "do"),
        ("key", {"name": "More", "do": "pause"}, "do"),
        ("withdraw", {"id": "x"}, "do"),
        ("mode", {}, "mode"),
        ("mode", {"mode": "loud"}, "mode"),
        ("pause", {"x": 1}, "x"),
    ],
)
async def test_a_key_is_for_one_act_that_fits_and_that_moderators_may_do(
    stage: DeskStage, do: str, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(DeskError) as caught:
        await stage.key("Deck 1", do, **fields)

    assert (caught.value.code, caught.value.field) == ("invalid", field)
    assert stage.links.all() == []


async def test_the_streamer_sees_each_link_and_never_its_secret(tmp_path: Path) -> None:
    async with desk_stage(tmp_path, token=TOKEN) as stage:
        made = [
            await stage.desk.actions.do("invite", {"name": "Mia"}, STREAMER),
            await stage.desk.actions.do("key", {"name": "Deck 1", "do": "skip"}, STREAMER),
        ]

        async with opened(stage.server.url, Authorization=f"Bearer {TOKEN}") as page:
            await page.show("links")
            told = await page.until("links")

        state = told["state"]
        assert [(link["name"], link["act"], link["used"]) for link in state["links"]] == [
            ("Mia", None, None),
            ("Deck 1", {"do": "skip", "fields": {}}, None),
        ]
        assert {"skip", "mode", "approve"} <= {act["name"] for act in state["acts"]}
        assert not {"key", "invite", "withdraw"} & {act["name"] for act in state["acts"]}
        for each in made:
            assert isinstance(each, dict)
            assert each["path"].rpartition("=")[2].rpartition("/")[2] not in str(told)


async def test_a_moderators_link_opens_the_desk_without_what_is_the_streamers(tmp_path: Path) -> None:
    async with desk_stage(tmp_path, token=TOKEN) as stage:
        made = await stage.desk.actions.do("invite", {"name": "Mia"}, STREAMER)
        assert isinstance(made, dict)
        secret = made["path"].removeprefix("/?token=")

        async with opened(stage.server.url, Authorization=f"Bearer {secret}") as page:
            await page.show("links")
            assert (await page.frame())["error"]["code"] == "unknown"
            assert (await page.ask("pause"))["ok"] is True
        assert audited(tmp_path) == [("streamer", "invite Mia"), ("Mia", "pause")]


async def test_behind_a_proxy_a_new_link_has_the_address_that_others_reach(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, token=TOKEN, public_url="https://relay.example.com") as (_, desk, _):
        made = await desk.actions.do("invite", {"name": "Mia"}, STREAMER)

    assert isinstance(made, dict)
    assert made["address"] == f"https://relay.example.com{made['path']}"


async def test_without_a_token_there_is_no_link_for_moderators(stage: DeskStage) -> None:
    with pytest.raises(DeskError, match=r"set web\.token first"):
        await stage.desk.actions.do("invite", {"name": "Mia"}, STREAMER)


async def test_withdrawing_twice_is_told(stage: DeskStage) -> None:
    with pytest.raises(DeskError, match="withdrawn already"):
        await stage.desk.actions.do("withdraw", {"id": "x"}, STREAMER)
