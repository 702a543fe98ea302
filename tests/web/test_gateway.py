from typing import Any

import aiohttp
import pytest
from voxta_gateway.client import GatewayClient

import relay.web.gateway.api
from relay.errors import VoxtaUnavailable
from relay.web.gateway.api import MAX_SOURCES
from relay.web.gateway.state import GatewayCharacter, GatewayState
from tests.web.stage import Stage


async def post(stage: Stage, path: str, body: bytes | None = None) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.post(f"{stage.url}{path}", data=body) as response:
        return response.status, await response.json() if response.content_type == "application/json" else None


async def get(stage: Stage, path: str) -> Any:
    async with aiohttp.ClientSession() as http, http.get(f"{stage.url}{path}") as response:
        return await response.json()


async def test_the_published_client_says_when_a_game_talks(stage: Stage) -> None:
    client = GatewayClient(stage.url, client_id="test")

    assert await client.external_speaker_start("game", reason="npc_dialogue")
    assert await client.external_speaker_start("game")
    assert await client.external_speaker_stop()

    assert stage.runtime.calls == ["game:game speaks", "game:game speaks", "game:game stopped"]
    await client.stop()


async def test_the_published_client_reads_health_and_state(stage: Stage) -> None:
    stage.runtime.state = GatewayState(
        connected=True, chat_active=True, ai_state="speaking", characters=(GatewayCharacter(id="1", name="Vox"),)
    )
    client = GatewayClient(stage.url, client_id="test")

    assert await client.health_check() == {"status": "ok", "voxta_connected": True}
    client.state.update_from_snapshot(await get(stage, "/state"))

    assert client.state.ai_state == "speaking"
    assert client.state.characters == [
        {"id": "1", "name": "Vox", "creator_notes": None, "text_gen_service": None},
    ]
    await client.stop()


async def test_who_begins_to_listen_is_told_how_it_is_and_nothing_of_what_was_before(stage: Stage) -> None:
    stage.runtime.state = GatewayState(ai_state="thinking")
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{stage.url}/ws") as socket:
        await socket.send_json({"type": "subscribe", "events": ["ai_state_changed"]})
        first = await socket.receive_json()
        stage.server.gateway.mirror.look()
        stage.runtime.state = GatewayState(ai_state="speaking")
        stage.server.gateway.mirror.look()
        then = await socket.receive_json()

    assert (first["type"], first["state"]["ai_state"]) == ("snapshot", "thinking")
    assert (then["type"], then["data"]) == ("ai_state_changed", {"old_state": "thinking", "new_state": "speaking"})


async def test_a_stop_ends_all_speakers_or_the_one_it_names(stage: Stage) -> None:
    for source in ("a", "b", "c"):
        await post(stage, "/external_speaker_start", f'{{"source": "{source}"}}'.encode())
    stage.runtime.calls.clear()

    await post(stage, "/external_speaker_stop", b'{"source": "b"}')
    await post(stage, "/external_speaker_stop")
    await post(stage, "/external_speaker_stop", b"{}")

    assert stage.runtime.calls == ["game:b stopped", "game:a stopped", "game:c stopped"]


async def test_a_speaker_may_want_no_answer(stage: Stage) -> None:
    await post(stage, "/external_speaker_start", b'{"source": "game"}')
    await post(stage, "/external_speaker_stop", b'{"trigger_response": false}')

    assert stage.runtime.calls == ["game:game speaks", "unanswered", "game:game stopped"]


async def test_any_number_of_names_is_remembered_up_to_a_bound(stage: Stage) -> None:
    for number in range(MAX_SOURCES + 5):
        await post(stage, "/external_speaker_start", f'{{"source": "{number}"}}'.encode())
    stage.runtime.calls.clear()

    await post(stage, "/external_speaker_stop")

    assert stage.runtime.calls == [f"game:{number} stopped" for number in range(5, MAX_SOURCES + 5)]


@pytest.mark.parametrize("name", ["interrupt", "skip"])
@pytest.mark.parametrize("body", [None, b"", b"{}"])
async def test_a_button_needs_no_body_and_learns_what_was_done(stage: Stage, name: str, body: bytes | None) -> None:
    assert await post(stage, f"/{name}", body) == (200, {"status": "ok", "answer": "Silenced."})
    assert stage.runtime.calls == [name]


async def test_a_button_learns_why_nothing_was_done(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.runtime.answer = VoxtaUnavailable("Voxta cannot be reached")
    assert await post(stage, "/interrupt") == (503, {"detail": "Voxta cannot be reached"})

    monkeypatch.setattr(relay.web.gateway.api, "TIMEOUT", 0.0)
    stage.runtime.answer = TimeoutError()
    code, answer = await post(stage, "/interrupt")
    assert (code, "try again" in answer["detail"]) == (503, True)


@pytest.mark.parametrize(
    ("path", "body", "code", "complaint"),
    [
        ("/external_speaker_start", b"", 422, "source: Field required"),
        ("/external_speaker_start", b"{", 400, "the body is no JSON"),
        ("/external_speaker_start", b"\xff\xfe", 400, "the body is no JSON"),
        ("/external_speaker_start", b"[]", 422, "body: "),
        ("/external_speaker_start", b'{"source": ""}', 422, "source: "),
        ("/external_speaker_start", b'{"source": 5}', 422, "source: "),
        ("/external_speaker_start", b'{"source": "a\\nb"}', 422, "source: "),
        ("/external_speaker_start", b'{"source": "a", "reason": 7}', 422, "reason: "),
        ("/external_speaker_start", b'{"sauce": "b"}', 422, "known fields: source, reason"),
        ("/external_speaker_stop", b'{"trigger_response": "perhaps"}', 422, "trigger_response: "),
        ("/skip", b"no", 400, "the body is no JSON"),
    ],
)
async def test_a_mistake_is_named(stage: Stage, path: str, body: bytes, code: int, complaint: str) -> None:
    answered, answer = await post(stage, path, body)

    assert answered == code
    assert complaint in answer["detail"]
    assert stage.runtime.calls == []


async def test_fields_that_are_not_known_are_passed_over(stage: Stage) -> None:
    assert (await post(stage, "/interrupt", b'{"now": true}'))[0] == 200
    assert (await post(stage, "/external_speaker_start", b'{"source": "a", "volume": 3}'))[0] == 200


async def test_a_body_without_end_is_refused(stage: Stage) -> None:
    assert (await post(stage, "/external_speaker_start", b"x" * 20_000))[0] == 413
