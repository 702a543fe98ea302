"""What people say reaches Voxta's audio input, while Voxta asks for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import pytest
from pydantic import SecretStr

from relay.config import VoxtaSection
from relay.hearing.base import HEARING_RATE, SpokenText
from relay.hearing.one_stream import BLOCK_BYTES, QUIET, OneStream
from relay.voxta import audio
from relay.voxta.audio import AudioInput
from tests.doubles.recogniser import Recogniser
from tests.support import PATIENCE, eventually


class Nobody:
    """Wants to know nothing."""

    def may_be_done(self, who: str, text: str) -> None: ...

    def goes_on(self, who: str) -> None: ...

    def is_spoken_over(self) -> bool:
        return False

    def so_far(self, who: str, text: str) -> None: ...

    def is_all(self, who: str, text: str) -> bool:
        return False

    def expect(self, *, is_expected: bool) -> None: ...

    async def said(self, spoken: SpokenText) -> None: ...


@pytest.fixture
async def voxta() -> AsyncIterator[Recogniser]:
    async with Recogniser().running() as server:
        yield server


@pytest.fixture
def hearing() -> OneStream:
    stream = OneStream()
    stream.hearer = Nobody()
    return stream


@asynccontextmanager
async def running(voxta: Recogniser, hearing: OneStream, **options: Any) -> AsyncIterator[AudioInput]:
    settings = options.pop("settings", VoxtaSection(timeout=PATIENCE))
    sender = AudioInput(settings, hearing, url=voxta.url, **options)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE)
        assert task.cancelled(), task


async def test_what_is_said_arrives_in_the_announced_format(voxta: Recogniser, hearing: OneStream) -> None:
    async with running(voxta, hearing) as sender:
        sender.request(True, "session 1")
        await eventually(lambda: len(voxta.blocks) > 0)
        at = np.arange(HEARING_RATE) / HEARING_RATE
        said = (8000 * np.sin(2 * np.pi * 700 * at)).astype("<i2").tobytes()
        for frame in range(8):
            hearing.speech("voice:1", said[frame * 960 : (frame + 1) * 960])
        before = len(voxta.blocks)
        await eventually(lambda: len(voxta.blocks) > before + 14)
    assert voxta.sessions == ["session 1"]
    assert voxta.headers == [
        {"contentType": "audio/wav", "sampleRate": 16000, "channels": 1, "bitsPerSample": 16, "bufferMilliseconds": 30}
    ]
    assert {len(block) for block in voxta.blocks} == {BLOCK_BYTES}
    heard = np.frombuffer(b"".join(block for block in voxta.blocks if block != QUIET), "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.fft.rfftfreq(len(heard), 1 / HEARING_RATE)[spectrum.argmax()] == pytest.approx(700, abs=10)
    assert np.abs(heard).max() == pytest.approx(8000, rel=0.02)


async def test_silence_is_sent_as_zeros_in_real_time(voxta: Recogniser, hearing: OneStream) -> None:
    async with running(voxta, hearing) as sender:
        began = asyncio.get_running_loop().time()
        sender.request(True, "1")
        await eventually(lambda: len(voxta.blocks) >= 21)
    assert set(voxta.blocks) == {QUIET}
    assert voxta.arrivals[20] - began >= 20 * 0.03


async def test_nothing_is_sent_before_it_is_asked_for_nor_after(voxta: Recogniser, hearing: OneStream) -> None:
    async with running(voxta, hearing) as sender:
        sender.request(False, "1")
        sender.request(True, "1")
        await eventually(lambda: len(voxta.blocks) > 0)
        sender.request(False, "1")
        await eventually(lambda: voxta.open == 0)
        hearing.speech("voice:1", b"\x00\x10" * 960)
        hearing.open()
        assert hearing.read() == QUIET
    assert len(voxta.sessions) == 1


async def test_another_chat_gets_a_stream_of_its_own(voxta: Recogniser, hearing: OneStream) -> None:
    async with running(voxta, hearing) as sender:
        sender.request(True, "1")
        await eventually(lambda: voxta.sessions == ["1"])
        sender.request(True, "2")
        await eventually(lambda: voxta.sessions == ["1", "2"] and voxta.open == 1)


async def test_asking_twice_for_the_same_changes_nothing(voxta: Recogniser, hearing: OneStream) -> None:
    async with running(voxta, hearing) as sender:
        sender.request(True, "1")
        await eventually(lambda: len(voxta.blocks) > 2)
        sender.request(True, "1")
        await eventually(lambda: len(voxta.blocks) > 5)
    assert len(voxta.sessions) == 1


async def test_a_lost_connection_is_made_anew(voxta: Recogniser, hearing: OneStream) -> None:
    async with running(voxta, hearing) as sender:
        sender.request(True, "1")
        await eventually(lambda: len(voxta.blocks) > 0)
        await voxta.drop()
        await eventually(lambda: len(voxta.sessions) == 2 and voxta.open == 1)
        await eventually(lambda: hearing.unreachable is None)


async def test_a_refusal_is_tried_again_and_reported_once(
    voxta: Recogniser, hearing: OneStream, caplog: pytest.LogCaptureFixture
) -> None:
    voxta.refusals = 2
    async with running(voxta, hearing) as sender:
        sender.request(True, "1")
        await eventually(lambda: hearing.unreachable is not None)
        assert hearing.unreachable == "Voxta's audio input: refused with status 503"
        await eventually(lambda: voxta.sessions == ["1"])
        await eventually(lambda: hearing.unreachable is None)
    assert caplog.text.count("refused with status 503") == 1


async def test_it_gives_up_trying_when_voxta_no_longer_asks(voxta: Recogniser, hearing: OneStream) -> None:
    voxta.refusals = 1000
    async with running(voxta, hearing) as sender:
        sender.request(True, "1")
        await eventually(lambda: hearing.unreachable is not None)
        sender.request(False, "1")
        await eventually(lambda: hearing.unreachable is None)


async def test_it_shows_the_key_and_the_cookies_of_the_session(voxta: Recogniser, hearing: OneStream) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({"voxta": "crumbs"})
    settings = VoxtaSection(api_key=SecretStr("a secret"))
    async with running(voxta, hearing, settings=settings, cookies=lambda: jar) as sender:
        sender.request(True, "1")
        await eventually(lambda: voxta.sessions == ["1"])
    assert voxta.requests[0].headers["Authorization"] == "Bearer a secret"
    assert voxta.requests[0].cookies["voxta"] == "crumbs"


async def test_a_server_that_does_not_answer_is_given_up_in_time(
    hearing: OneStream, caplog: pytest.LogCaptureFixture
) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        silent = Recogniser()
        silent.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with running(silent, hearing, settings=VoxtaSection(timeout=0.1)) as sender:
            sender.request(True, "1")
            await eventually(lambda: hearing.unreachable is not None)
            assert hearing.unreachable == "Voxta's audio input: TimeoutError"


def test_the_stream_is_what_the_header_says() -> None:
    assert audio.HEADER["sampleRate"] == HEARING_RATE
    assert audio.HEADER["bufferMilliseconds"] == len(QUIET) * 1000 / (2 * HEARING_RATE)
