"""The model-backed brain against a local server that speaks the protocol, for better or worse."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from relay.companion.brains.base import AnswerLimits, BrainError, ChatView, SeenMessage
from relay.companion.brains.openai import OpenAIBrain
from relay.companion.brains.reasoning import Thought
from relay.companion.serving.server import CompanionServer
from relay.companion.state.chat import MessageRole
from relay.config import CompanionSection
from tests.companion.endpoints import serving
from tests.companion.raw import connected
from tests.support import PATIENCE

pytestmark = pytest.mark.usefixtures("no_backoff")

KEY = "sk-very-secret"
VIEW = ChatView(
    character="Vox",
    user="Max",
    lines=(
        SeenMessage(MessageRole.USER, "Hello."),
        SeenMessage(MessageRole.ASSISTANT, "Hi!"),
        SeenMessage(MessageRole.SECRET, "He lies."),
        SeenMessage(MessageRole.EVENT, "A door slams."),
    ),
    contexts=("It rains.",),
    limits=AnswerLimits(max_new_tokens=50),
)
LLAMA_ERROR = b'error: {"code":400,"message":"the request exceeds the available context size"}'
DEEP = b"data: " + b"[" * 100_000 + b"\n\n"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def endpoint(answer: Answer, **settings: Any) -> AsyncIterator[OpenAIBrain]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield OpenAIBrain(CompanionSection(base_url=url, model="tiny", api_key=SecretStr(KEY), **settings))
    finally:
        await runner.cleanup()


def streaming(*parts: bytes) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(0)
        return response

    return answer


def piece(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"


async def said(brain: OpenAIBrain) -> str:
    return "".join([text async for text in brain.reply(VIEW)])


async def failure(answer: Answer, **settings: Any) -> str:
    async with endpoint(answer, **settings) as brain:
        with pytest.raises(BrainError) as error:
            await said(brain)
    return str(error.value)


async def test_it_streams_what_the_model_says() -> None:
    async with endpoint(streaming(piece("Good "), piece("evening."), b"data: [DONE]\n\n", piece("lost"))) as brain:
        assert await said(brain) == "Good evening."


async def test_events_may_be_cut_anywhere_and_mixed_with_other_lines() -> None:
    stream = (
        b": keep-alive\r\n\r\n"
        + b'data: {"choices":[{"delta":{"role":"assistant"}}]}\r\n\r\n'
        + piece("Gr\u00fc\u00df dich.")
        + b'data: {"choices":[],"usage":{"total_tokens":5}}\n\ndata: [DONE]'
    )
    async with endpoint(streaming(*(bytes([byte]) for byte in stream))) as brain:
        assert await said(brain) == "Gr\u00fc\u00df dich."


async def test_the_model_is_told_who_it_is_and_what_it_may_know() -> None:
    seen: list[tuple[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.headers["Authorization"], await request.json()))
        return await streaming(piece("Yes."))(request)

    async with endpoint(answer, persona="You are {{ char }}, with {{ user }}.") as brain:
        await said(brain)

    [(authorization, body)] = seen
    assert authorization == f"Bearer {KEY}"
    assert (body["model"], body["stream"], body["max_tokens"]) == ("tiny", True, 50)
    assert body["messages"] == [
        {"role": "system", "content": "You are Vox, with Max.\nIt rains."},
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "[Secret, known only to you: He lies.]\n[Event: A door slams.]"},
    ]


async def test_a_character_cut_in_two_is_whole_again_and_half_of_one_is_replaced() -> None:
    halves = (
        b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % part for part in (b"Oh \\ud83d", b"\\ude00!\\udc00")
    )
    async with endpoint(streaming(*halves)) as brain:
        assert await said(brain) == "Oh \U0001f600!\ufffd"


@pytest.mark.parametrize(
    ("pieces", "heard"),
    [
        (("Vo", "x", ": Good ", "evening."), " Good evening."),
        (("Vox: ", "Vox: what a name."), " Vox: what a name."),
        (("Voxta is here.",), "Voxta is here."),
        (("Vo",), "Vo"),
        (("Vox:",), ""),
        (("**Vox**: Good evening.",), " Good evening."),
        (("**Vo", "x:", "** Good evening."), " Good evening."),
        (("_vox_ : Good", " evening."), " Good evening."),
        (("*Vox: waves*",), "*waves*"),
        (("**Vox** is here.",), "**Vox** is here."),
    ],
)
async def test_in_company_its_own_name_in_front_is_not_said(pieces: tuple[str, ...], heard: str) -> None:
    async with endpoint(streaming(*map(piece, pieces))) as brain:
        company = replace(VIEW, others=("Catherine",))
        assert "".join([text async for text in brain.reply(company)]) == heard


async def test_alone_whatever_stands_in_front_is_said() -> None:
    async with endpoint(streaming(piece("Vox: that is me."))) as brain:
        assert await said(brain) == "Vox: that is me."


async def test_the_story_writer_streams_what_comes_of_the_prompt_within_its_limits() -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(await request.json())
        return await streaming(piece("It "), piece("rained."))(request)

    limited = replace(VIEW, limits=AnswerLimits(max_new_tokens=50, max_sentences=2))
    async with endpoint(answer, persona="You are {{ char }}.") as brain:
        written = [text async for text in brain.write(limited, "A storm.")]

    [body] = seen
    assert written == ["It ", "rained."]
    assert (body["stream"], body["max_tokens"]) == (True, 50)
    system, *lines, task = body["messages"]
    assert "Vox was told: You are Vox." in system["content"]
    assert [message["role"] for message in lines] == ["user", "assistant"]
    assert "at most 2 sentences" in task["content"]
    assert task["content"].endswith("A storm.]")


@pytest.mark.parametrize(
    ("status", "body", "named"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}, "companion.api_key"),
        (404, {"error": "model not found"}, "companion.model"),
        (429, {"error": {"message": "slow down"}}, "429: slow down"),
        (500, ["odd"], "500"),
    ],
)
async def test_a_refusal_says_what_to_do_and_keeps_the_key_to_itself(
    status: int, body: object, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    with caplog.at_level(logging.DEBUG):
        problem = await failure(answer)

    assert named in problem
    assert KEY not in problem + caplog.text


async def test_a_refusal_may_be_as_odd_as_it_likes() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"[" * 5_000, status=400)

    assert "answered 400" in await failure(answer)


@pytest.mark.parametrize(
    "event",
    [
        b"data: nonsense\n\n",
        b"data: 5\n\n",
        b'data: {"choices":[5]}\n\n',
        b'data: {"choices":[{"delta":5}]}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
async def test_what_is_no_completion_is_an_error(event: bytes) -> None:
    assert "no chat completion" in await failure(streaming(event))


async def test_an_error_in_the_middle_of_the_stream_is_an_error() -> None:
    assert "overloaded" in await failure(streaming(piece("Well"), b'data: {"error":{"message":"overloaded"}}\n\n'))


@pytest.mark.parametrize(
    "parts",
    [
        (LLAMA_ERROR, b"\n\n", b"data: [DONE]\n\n"),
        (piece("Well"), LLAMA_ERROR, b"\n\n", b"data: [DONE]\n\n"),
        (piece("Well"), LLAMA_ERROR),
    ],
)
async def test_an_error_as_older_llama_cpp_streams_it_is_an_error(parts: Sequence[bytes]) -> None:
    assert "failed: the request exceeds the available context size" in await failure(streaming(*parts))


async def test_a_connection_that_breaks_off_is_an_error() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(piece("Well"))
        assert request.transport is not None
        request.transport.abort()
        return response

    assert "broke off in the middle of its answer" in await failure(answer)


async def test_a_web_page_is_no_answer() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Welcome to your router</html>", content_type="text/html")

    assert "sent a web page; is companion.base_url right?" in await failure(answer)


async def test_an_answer_that_is_no_stream_is_an_error() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="hello")

    assert "no chat completion" in await failure(answer)


@pytest.mark.parametrize("status", [429, 503])
async def test_what_is_refused_for_the_moment_is_tried_again(status: int) -> None:
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked == 1:
            return web.json_response({"error": "busy"}, status=status, headers={"retry-after-ms": "1"})
        return await streaming(piece("Now."))(request)

    async with endpoint(answer) as brain:
        assert await said(brain) == "Now."
    assert asked == 2


async def test_an_answer_may_take_long_as_long_as_something_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, skipped, is_read = asyncio.get_running_loop(), 0.0, asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal skipped
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(9):
            is_read.clear()
            await response.write(piece("a"))
            await is_read.wait()
            skipped += PATIENCE / 2
        return response

    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + skipped)
    async with endpoint(answer, timeout=PATIENCE) as brain:
        async for text in brain.reply(VIEW):
            assert text == "a"
            is_read.set()
    assert skipped == 9 * PATIENCE / 2


THOUGHT = "<think>They want a poem.</think>\n\nRoses are red."


@pytest.mark.parametrize(
    "pieces",
    [
        (THOUGHT,),
        tuple(THOUGHT),
        ("<thi", "nk>They want ", "a poem.</th", "ink>\n\nRoses are", " red."),
        ("<Thinking>They want a poem.</THINKING>\n\nRoses are red.",),
    ],
    ids=["at once", "letter by letter", "in pieces", "by another name"],
)
async def test_what_a_model_thinks_is_told_apart_from_what_it_says(pieces: tuple[str, ...]) -> None:
    async with endpoint(streaming(*map(piece, pieces))) as brain:
        heard = [text async for text in brain.reply(VIEW)]

    assert "".join(text for text in heard if isinstance(text, Thought)) == "They want a poem."
    assert "".join(text for text in heard if not isinstance(text, Thought)).strip() == "Roses are red."


@pytest.mark.parametrize("text", ["<think>Hmm, I never", "Well.<think>so"])
async def test_a_thought_without_an_end_is_not_said(text: str) -> None:
    async with endpoint(streaming(*map(piece, text))) as brain:
        heard = [part async for part in brain.reply(VIEW)]

    assert "".join(part for part in heard if not isinstance(part, Thought)) == text.partition("<")[0]


@pytest.mark.parametrize(
    "text",
    ["Models write <think> in front.", "Write `<think>` and `</think>`.", 'The tag "</think>" ends it.', "a<think>b"],
)
@pytest.mark.parametrize("cut", [False, True], ids=["at once", "letter by letter"])
async def test_a_tag_that_an_answer_speaks_of_is_said(text: str, cut: bool) -> None:
    async with endpoint(streaming(*map(piece, text if cut else [text]))) as brain:
        assert await said(brain) == text


async def test_a_model_that_begins_in_its_thought_is_known_by_its_first_answer() -> None:
    answers = iter(["Hm, a poem.</think>Roses.", "Hm, more.</think>Violets.", "Without a thought."])

    async def answer(request: web.Request) -> web.StreamResponse:
        return await streaming(*map(piece, next(answers)))(request)

    async with endpoint(answer) as brain:
        heard = [[part async for part in brain.reply(VIEW)] for _ in range(3)]

    said = ["".join(part for part in parts if not isinstance(part, Thought)) for parts in heard]
    assert said == ["Hm, a poem.Roses.", "Violets.", "Without a thought."]
    assert "".join(part for part in heard[1] if isinstance(part, Thought)) == "Hm, more."


@pytest.mark.parametrize("others", [(), ("Catherine",)], ids=["alone", "in company"])
@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_a_thought_in_a_field_of_its_own_is_not_said(field: str, others: tuple[str, ...]) -> None:
    event = b"data: " + json.dumps({"choices": [{"delta": {field: "Hm."}}]}).encode() + b"\n\n"
    async with endpoint(streaming(event, piece("Yes."))) as brain:
        heard = [part async for part in brain.reply(replace(VIEW, others=others))]

    assert heard == ["Hm.", "Yes."]
    assert [isinstance(part, Thought) for part in heard] == [True, False]


@pytest.mark.parametrize("cut", [False, True], ids=["at once", "letter by letter"])
async def test_in_company_a_thought_is_not_said_whoever_speaks_in_it(cut: bool) -> None:
    text = "<think>I am Vox.\nCatherine: no.\nMax: yes.</think>Vox: Yes.\nCatherine: No."
    async with endpoint(streaming(*map(piece, text if cut else [text]))) as brain:
        heard = [part async for part in brain.reply(replace(VIEW, others=("Catherine",)))]

    assert "".join(part for part in heard if isinstance(part, Thought)) == "I am Vox.\nCatherine: no.\nMax: yes."
    assert "".join(part for part in heard if not isinstance(part, Thought)) == " Yes.\n"


@pytest.mark.parametrize("text", ["1 < 2 and 3 > 2", "a <thin line", "<b>bold</b> </think"])
async def test_a_bracket_is_not_yet_a_thought(text: str) -> None:
    async with endpoint(streaming(*map(piece, text))) as brain:
        assert await said(brain) == text


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Vox: Hi.\nCatherine: Hello!\nVox: Bye.", " Hi.\n"),
        ("Hi.\n**Catherine:** Hello!", "Hi.\n"),
        ("Hi.\n**Catherine**: Hello!", "Hi.\n"),
        ("Hi.\n *catherine* : Hello!", "Hi.\n"),
        ("Max: I have heard you.\nMax: I say this.", "Max: I have heard you.\n"),
        ("**Hi**, *Catherine*.\n***\n* one: two", "**Hi**, *Catherine*.\n***\n* one: two"),
        ("Hi.\nMax: I say this.", "Hi.\n"),
        ("Hi, Catherine: listen.\nCat is here.\nCatherine", "Hi, Catherine: listen.\nCat is here.\nCatherine"),
    ],
)
@pytest.mark.parametrize("cut", [False, True], ids=["at once", "letter by letter"])
async def test_in_company_it_stops_where_another_begins_to_speak(text: str, heard: str, cut: bool) -> None:
    asked: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return await streaming(*map(piece, text if cut else [text]))(request)

    async with endpoint(answer) as brain:
        assert "".join([part async for part in brain.reply(replace(VIEW, others=("Catherine",)))]) == heard
    assert asked[0]["stop"] == ["\nCatherine:"]


async def test_a_model_that_takes_too_long_is_an_error() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    assert "longer than 0.1 s" in await failure(answer, timeout=0.1)


async def test_nobody_there_is_an_error() -> None:
    brain = OpenAIBrain(CompanionSection(base_url="http://127.0.0.1:9/v1", api_key=SecretStr(KEY)))

    with pytest.raises(BrainError, match=r"127\.0\.0\.1 cannot be reached"):
        await said(brain)


async def test_what_a_model_says_waits_for_no_pace() -> None:
    sentences = [piece(f"Sentence {number}. ") for number in range(120)]
    async with serving("/chat/completions", streaming(*sentences, b"data: [DONE]\n\n")) as url:
        settings = CompanionSection(port=0, brain="openai", base_url=url, pace=3_600.0)
        async with CompanionServer(settings) as server, connected(server.url) as client:
            await client.enter()
            await client.say("Hello!")
            await client.expect("replyEnd")

    assert len(client.of_kind("replyChunk")) == 120


async def test_a_question_without_an_answer_keeps_no_later_one_from_its_answer() -> None:
    """Many a template refuses two messages of the user in a row, as it does two of the character."""
    answers = iter([piece("Hi."), b"", piece("Here I am.")])

    async def answer(request: web.Request) -> web.StreamResponse:
        roles = [message["role"] for message in (await request.json())["messages"]]
        if any(role == after for role, after in pairwise(roles)):
            return web.json_response({"error": "Conversation roles must alternate user/assistant/..."}, status=400)
        return await streaming(next(answers))(request)

    async with (
        serving("/chat/completions", answer) as url,
        CompanionServer(CompanionSection(port=0, brain="openai", base_url=url)) as server,
        connected(server.url) as client,
    ):
        await client.enter()
        await client.say("Hello!")
        await client.expect("replyEnd")
        await client.say("Are you there?")
        await client.expect("chatSessionError")
        await client.say("Anybody?")
        await client.expect("replyChunk", text="Here I am.")
