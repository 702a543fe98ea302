"""The desk's actions as HTTP calls."""

import time
from pathlib import Path
from typing import Any

import pytest

from relay.application.gateway_state import gateway_state
from relay.model import Caller, Role
from relay.moderation.audit import Audit
from relay.web.api.routes import STATUS
from relay.web.desk.actions import DeskAction, DeskError, NoFields
from relay.web.gateway.state import KeyState
from tests.end_to_end.stage import message, settings
from tests.web.api.stage import TOKEN, DeskStage, desk_stage


def audited(folder: Path) -> list[tuple[object, object]]:
    """Who did what."""
    return [(entry["who"], entry["what"]) for entry in Audit(settings(folder).audit_file).newest(10)]


async def test_what_moderators_do_can_be_called(stage: DeskStage, tmp_path: Path) -> None:
    assert await stage.post("/api/pause") == (
        200,
        {"ok": True, "answer": "Paused. What comes in waits as long as it is worth telling."},
    )
    assert (await stage.post("/api/rate", {"per_minute": 12}))[0] == 200
    assert (await stage.call("POST", "/api/mode", data=b'{"mode": "mentions"}'))[0] == 200

    switches = stage.relay.runtime.switches()
    assert (switches.paused, switches.mode, switches.rates) == (True, "mentions", {"all": 12})
    assert audited(tmp_path) == [("streamer", "pause"), ("streamer", "rate all 12"), ("streamer", "mode mentions")]


async def test_what_the_streamer_sets_is_audited_by_its_names_alone(stage: DeskStage, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("", "utf-8")
    values = {"obs.password": "hunter2-hunter2", "companion.name": "Vox"}
    for name, fields in (
        ("set", {"values": values}),
        ("unset", {"keys": ["companion.name"]}),
        ("profiles", {"act": "save", "name": "Calm"}),
        ("profiles", {"act": "list"}),
        ("import", {"text": "[companion]\nname = 'Vee'\n"}),
        ("restart", {}),
        ("set", {"values": {"companion.name": ""}}),
    ):
        await stage.post(f"/api/{name}", fields)

    assert audited(tmp_path) == [
        ("streamer", "set obs.password, companion.name"),
        ("streamer", "unset companion.name"),
        ("streamer", "save profile Calm"),
        ("streamer", "import settings"),
        ("streamer", "restart"),
    ]
    assert "hunter2" not in settings(tmp_path).audit_file.read_text("utf-8")


async def test_a_button_that_sends_no_body_is_understood(stage: DeskStage) -> None:
    assert (await stage.call("POST", "/api/pause"))[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/api/dance", b"", 404, {"code": "unknown", "field": "do"}),
        ("/api/mode", b"{}", 422, {"code": "invalid", "field": "mode"}),
        ("/api/mode", b'{"mode": "loud"}', 422, {"code": "invalid", "field": "mode"}),
        ("/api/pause", b'{"mode": "all"}', 422, {"code": "invalid", "field": "mode"}),
        ("/api/pause", b"[]", 422, {"code": "invalid", "field": "with"}),
        ("/api/pause", b"{", 422, {"code": "invalid", "field": "body"}),
        ("/api/pause", b"[" * 10_000, 422, {"code": "invalid", "field": "body"}),
        ("/api/pause", b"\xff", 422, {"code": "invalid", "field": "body"}),
        ("/api/approve", b'{"id": "h99"}', 410, {"code": "gone", "field": "id"}),
    ],
)
async def test_what_was_not_done_names_its_reason_and_its_field(
    stage: DeskStage, path: str, body: bytes, status: int, error: dict[str, str]
) -> None:
    code, told = await stage.call("POST", path, data=body)

    assert code == status
    assert told["ok"] is False
    assert told["error"] | error == told["error"]
    assert told["error"]["text"]


@pytest.mark.parametrize("code", STATUS)
async def test_each_kind_of_failure_has_a_status_of_its_own(stage: DeskStage, code: Any) -> None:
    async def fail(_: NoFields, by: object) -> None:
        raise DeskError(code, "no")

    stage.desk.actions.add(DeskAction("fail", "Fail", NoFields, fail))

    assert await stage.post("/api/fail") == (STATUS[code], {"ok": False, "error": {"code": code, "text": "no"}})


async def test_how_things_are_is_told_in_one_call(stage: DeskStage) -> None:
    await stage.post("/api/pause")

    status, state = await stage.call("GET", "/api/state")

    assert status == 200
    assert state["strip"]["switches"]["paused"] is True
    assert state["strip"]["held"] == 0


async def test_a_moderator_acts_under_the_name_of_the_link(tmp_path: Path) -> None:
    async with desk_stage(tmp_path, token=TOKEN) as stage:
        mia = {"Authorization": f"Bearer {await stage.link('Mia')}"}

        assert (await stage.post("/api/pause", headers=mia))[0] == 200
        assert (await stage.call("GET", "/api/state", headers=mia))[0] == 200
        assert audited(tmp_path) == [("Mia", "pause")]


async def test_no_moderator_does_what_is_the_streamers(tmp_path: Path) -> None:
    async with desk_stage(tmp_path, token=TOKEN) as stage:
        mia = {"Authorization": f"Bearer {await stage.link('Mia')}"}
        own = [action.name for action in stage.desk.actions if action.role == "streamer"]
        assert {"invite", "key", "withdraw"} <= set(own)

        for name in own:
            status, told = await stage.post(f"/api/{name}", headers=mia)
            assert (status, told["error"]["code"]) == (403, "forbidden"), name
        assert len(stage.links.all()) == 1


async def test_keys_are_told_what_they_show(stage: DeskStage) -> None:
    before = gateway_state(stage.relay).relay
    await stage.post("/api/pause")
    await stage.post("/api/mode", {"mode": "mentions"})
    await stage.post("/api/volume", {"percent": 40})
    stage.relay.voice.speaks("game:npc")

    assert before == KeyState(halt="away")
    assert gateway_state(stage.relay).relay == KeyState(
        paused=True, halt="paused", mode="mentions", volume=40, talking=True
    )


async def test_keys_are_told_why_nothing_is_passed_on_and_how_much_waits(stage: DeskStage) -> None:
    stage.relay.forwarder.hush(True)
    stage.relay.forwarder.waiting.admit([message(1), message(2)], time.time())

    shown = gateway_state(stage.relay).relay
    assert (shown.paused, shown.halt, shown.waiting) == (False, "off_stream", 2)


async def test_one_key_pauses_and_goes_on(stage: DeskStage) -> None:
    paused = []
    for _ in range(3):
        assert (await stage.post("/api/toggle_pause"))[0] == 200
        paused.append(stage.relay.runtime.switches().paused)

    assert paused == [True, False, True]


async def test_what_moderators_are_shown_holds_nothing_of_the_streamers(stage: DeskStage) -> None:
    mia = Caller(source="web", name="Mia", roles=frozenset({Role.MODERATOR}))

    shown = stage.desk.topics.visible_to(mia)

    assert {"strip", "next", "held"} <= set(shown)
    assert not {"links", "setup", "settings"} & set(shown)
