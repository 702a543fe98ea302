"""The way to Voxta, where the companion inside the relay and Voxta itself want the same port."""

import asyncio
import io
import socket
from collections.abc import Iterator

import pytest
from rich.console import Console

from relay.application import connect, runs
from relay.application.connect import own_voice, voxta
from relay.application.runs import serve_companion
from relay.application.settings import load
from relay.config import CompanionSection
from relay.errors import ConfigError
from tests.companion.endpoints import SpeechEndpoint, serving
from tests.doubles.ports import free_port
from tests.support import eventually


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of Voxta, and of the companion unless another is chosen."""
    port = free_port()
    for module in (connect, runs):
        monkeypatch.setattr(module, "CompanionSection", lambda: CompanionSection(port=port))
    return port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_the_usual_port_is_left_to_a_voxta_that_is_started_after_the_relay(usual: int) -> None:
    async with voxta(load(companion={"port": usual})) as url:
        socket.create_server(("127.0.0.1", usual)).close()

        assert url.startswith("http://127.0.0.1:") and not url.endswith(f":{usual}")


async def test_a_port_that_was_chosen_is_the_companions() -> None:
    port = free_port()

    async with voxta(load(companion={"port": port})) as url:
        assert url == f"http://127.0.0.1:{port}"


async def test_a_port_that_was_chosen_is_never_given_up_silently(taken: int) -> None:
    with pytest.raises(ConfigError, match=r"companion\.port"):
        async with voxta(load(companion={"port": taken})):
            raise AssertionError("it listens somewhere else")


async def test_a_voice_beside_a_gateway_leaves_out_the_emotes_that_it_is_told_of() -> None:
    endpoint = SpeechEndpoint()
    async with serving("/audio/speech", endpoint.answer) as url:
        speak = own_voice(
            load(voxta={"mode": "gateway"}, companion={"speech": "openai", "speech_url": url}), {"annHype"}
        )
        assert speak is not None
        await speak("Welcome annHype")

    assert [request["input"] for request in endpoint.requests] == ["Welcome"]


async def test_served_alone_it_has_the_usual_port(usual: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert await told_by_one_alone(usual, capsys) == f"Vox listens at http://127.0.0.1:{usual}\n"


async def test_served_alone_beside_voxta_it_takes_a_free_port_and_says_so(
    taken: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "CompanionSection", lambda: CompanionSection(port=taken))

    told = await told_by_one_alone(taken, capsys)

    assert told.startswith(f"Port {taken} is taken, by Voxta perhaps.\nVox listens at http://127.0.0.1:")
    assert f":{taken}" not in told.splitlines()[1]


async def test_served_alone_it_takes_no_other_port_than_the_one_it_is_told(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CompanionSection", lambda: CompanionSection(port=taken))

    with pytest.raises(ConfigError, match=r"companion\.port"):
        await serve_companion(load(), Console(file=io.StringIO()), port=taken)


async def told_by_one_alone(port: int, capsys: pytest.CaptureFixture[str]) -> str:
    """What it says once it listens."""
    told = ""

    def listens() -> bool:
        nonlocal told
        told += capsys.readouterr().err
        return "listens at" in told

    serving = asyncio.create_task(serve_companion(load(companion={"port": port}), Console(stderr=True)))
    try:
        await eventually(listens)
    finally:
        serving.cancel()
        await asyncio.wait({serving})
    return told
