"""How many connections requests need, against a local server that counts them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from relay.commandline.base import serve
from relay.companion.brains.openai import OpenAIBrain
from relay.companion.voice.openai import OpenAIVoice
from relay.config import CompanionSection
from relay.system.kept_connections import kept_connections
from tests.companion.brains.test_openai import VIEW, piece
from tests.companion.endpoints import wav
from tests.support import PATIENCE


class CountingEndpoint:
    """Speaks and answers. `seen` are the ports that requests came from."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.ending = asyncio.Event()
        """Set when an answer may end; what it says comes before."""
        self.ending.set()

    @web.middleware
    async def count(self, request: web.Request, handler: Any) -> web.StreamResponse:
        assert request.transport is not None
        self.seen.add(request.transport.get_extra_info("peername")[1])
        response: web.StreamResponse = await handler(request)
        return response

    async def speak(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=wav(0.1), content_type="audio/wav")

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(piece("Good evening.") + b"data: [DONE]\n\n")
        await self.ending.wait()
        return response


@pytest.fixture
def all_ends_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long they take to come, on a machine that is busy."""
    monkeypatch.setattr("relay.system.endpoint.REST", PATIENCE)


@asynccontextmanager
async def serving(endpoint: CountingEndpoint) -> AsyncIterator[CompanionSection]:
    app = web.Application(middlewares=[endpoint.count])
    app.router.add_post("/v1/audio/speech", endpoint.speak)
    app.router.add_post("/v1/chat/completions", endpoint.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield CompanionSection(base_url=url, model="tiny", speech="openai", speech_url=url, speech_model="tts")
    finally:
        await runner.cleanup()


async def said(settings: CompanionSection) -> str:
    return "".join([text async for text in OpenAIBrain(settings).reply(VIEW)])


@pytest.mark.usefixtures("all_ends_are_read")
@pytest.mark.parametrize(("is_kept", "connections"), [(True, 1), (False, 4)])
async def test_answers_and_sentences_share_a_connection_where_connections_are_kept(
    is_kept: bool, connections: int
) -> None:
    endpoint = CountingEndpoint()

    async with serving(endpoint) as settings, AsyncExitStack() as stack:
        if is_kept:
            await stack.enter_async_context(kept_connections())
        voice = OpenAIVoice(settings)
        for _ in range(2):
            assert await asyncio.create_task(said(settings)) == "Good evening."
            await voice.speak("Good evening.")

    assert len(endpoint.seen) == connections


async def test_an_answer_that_was_said_is_not_waited_for_until_its_stream_ends() -> None:
    endpoint = CountingEndpoint()
    endpoint.ending.clear()

    async with serving(endpoint) as settings, kept_connections(), asyncio.timeout(PATIENCE):
        first = await said(settings)
        endpoint.ending.set()
        second = await said(settings)

    assert (first, second) == ("Good evening.", "Good evening.")


@pytest.mark.usefixtures("all_ends_are_read")
async def test_what_was_kept_is_closed_by_who_kept_it() -> None:
    endpoint = CountingEndpoint()
    async with serving(endpoint) as settings:
        async with kept_connections():
            await said(settings)
        before = len(endpoint.seen)

        async with kept_connections():
            await said(settings)

    assert len(endpoint.seen) == before + 1


@pytest.mark.usefixtures("looks_for_garbage", "all_ends_are_read")
def test_what_goes_on_for_hours_keeps_its_connections() -> None:
    endpoint = CountingEndpoint()

    async def work() -> None:
        async with serving(endpoint) as settings:
            await said(settings)
            await said(settings)

    serve(work())

    assert len(endpoint.seen) == 1
