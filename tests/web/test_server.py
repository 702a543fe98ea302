import aiohttp
import pytest
from pydantic import ValidationError

from relay.application.settings import load
from relay.config import WebSection
from relay.errors import ConfigError
from tests.web.stage import Stage, staged

TOKEN = "a-token-nobody-guesses"


async def status(url: str, method: str = "GET", **headers: str) -> int:
    async with aiohttp.ClientSession() as http, http.request(method, url, headers=headers) as response:
        return response.status


async def test_a_port_that_is_taken_is_named_with_the_setting_to_change(stage: Stage) -> None:
    port = int(stage.url.rpartition(":")[2])

    with pytest.raises(ConfigError, match=rf"web\.port: 127\.0\.0\.1:{port} cannot be had .* set web\.port"):
        async with staged(port=port):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "streaming-pc", "127.evil.example"])
def test_other_machines_are_let_in_only_with_a_token(host: str) -> None:
    with pytest.raises(ValidationError, match="RELAY_WEB__TOKEN"):
        WebSection(host=host)
    assert WebSection.model_validate({"host": host, "token": TOKEN}).host == host


@pytest.mark.parametrize("token", ["", "hunter2", "hunter2 with spaces", "hunter2" * 30])
def test_a_token_that_can_be_guessed_or_does_not_fit_an_address_is_refused(token: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.token: needs 16 to 200 letters") as caught:
        load(web={"token": token})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "/health",
        "/state",
        "/overlay",
        "/overlay/ws",
        "/overlay/clips/1.wav",
        "/ws",
        "/dialogue",
        "/debug/voxta/history",
    ],
)
async def test_with_a_token_nothing_is_told_without_it(address: str) -> None:
    async with staged(token=TOKEN) as stage:
        url = f"{stage.url}{address}"

        assert await status(url) == 401
        assert await status(f"{url}?token=wrong") == 401
        assert await status(url, Authorization="Bearer wrong") == 401
        assert await status(url, Authorization=f"Basic {TOKEN}") == 401
        assert await status(f"{url}?token={TOKEN}") != 401
        assert await status(url, Authorization=f"Bearer {TOKEN}") != 401


async def test_another_machine_may_call_it_by_any_name_and_needs_the_token() -> None:
    async with staged(host="0.0.0.0", token=TOKEN) as stage:
        own = {"Host": "streaming-pc:8081", "Origin": "http://streaming-pc:8081"}

        assert await status(f"{stage.url}/interrupt", "POST", **own) == 401
        assert await status(f"{stage.url}/interrupt", "POST", **own, Authorization=f"Bearer {TOKEN}") == 200


async def test_the_scripts_of_the_page_are_no_secret() -> None:
    async with staged(token=TOKEN) as stage:
        assert await status(f"{stage.url}/static/overlay.js") == 200


@pytest.mark.parametrize("path", ["/overlay/ws", "/ws", "/interrupt", "/dialogue", "/overlay", "/health"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Host": "evil.example"},
        {"Host": "127.evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Host": "["},
    ],
    ids=str,
)
async def test_pages_of_other_sites_are_refused(stage: Stage, path: str, headers: dict[str, str]) -> None:
    method = "POST" if path == "/interrupt" else "GET"

    assert await status(f"{stage.url}{path}", method, **headers) == 403
    assert stage.runtime.calls == []


async def test_our_own_pages_are_let_in_under_every_name_of_this_machine(stage: Stage) -> None:
    port = stage.url.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost", "[::1]"):
        own = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        assert await status(f"{stage.url}/interrupt", "POST", **own) == 200


@pytest.mark.parametrize("path", ["/overlay", "/static/overlay.js", "/health", "/nowhere"])
async def test_every_answer_is_hardened(stage: Stage, path: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{stage.url}{path}") as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        may_show_it = "'self'" if path == "/overlay" else "'none'"  # the desk previews it
        assert f"frame-ancestors {may_show_it}" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_pages_from_anywhere_may_ask_whether_the_relay_is_there_and_nothing_else() -> None:
    async with staged(token="a-token-of-16-letters") as stage, aiohttp.ClientSession() as http:
        async with http.get(f"{stage.url}/static/awake") as response:
            assert (response.status, await response.read()) == (204, b"")
            assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        async with http.get(f"{stage.url}/static/overlay.js") as response:
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/overlay", "text/html"), ("/static/overlay.js", "text/javascript"), ("/static/overlay.css", "text/css")],
)
async def test_files_have_the_type_a_browser_insists_on(stage: Stage, path: str, kind: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{stage.url}{path}") as response:
        assert response.content_type == kind
