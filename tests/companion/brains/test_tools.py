"""How a model chooses actions: tools, or a line of JSON; and how little is believed of what it answers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.brains.base import BrainError, ChatView, ChosenAction, SeenMessage
from relay.companion.brains.openai import OpenAIBrain
from relay.companion.brains.prompt import OVERHEAD, tokens
from relay.companion.brains.tools import answered, called, choice_of, content, tool
from relay.companion.scenario.model import Action
from relay.companion.state.chat import MessageRole
from relay.config import CompanionSection
from tests.companion.endpoints import serving
from tests.support import PATIENCE

DESK = Action.model_validate(
    {
        "name": "adjust desk",
        "description": "Adjust the desk",
        "arguments": [
            {"name": "height", "type": "integer", "description": "0 to 5", "required": True},
            {"name": "gently", "type": "boolean"},
            {"name": "note", "type": "string"},
            {"name": "speed", "type": "float"},
        ],
    }
)
WAVE = Action(name="wave", description="Wave")
KNOWN = {"adjust desk": DESK, "wave": WAVE}
VIEW = ChatView("Vox", "Streamer", (SeenMessage(MessageRole.USER, "Desk up!", "Streamer"),))


class Endpoint:
    """Answers with what it is given, one after the other."""

    def __init__(self, *answers: Any, without_tools: int = 0, refusal: str = "tiny does not support tools") -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.without_tools = without_tools
        """The status of its refusal; 0 where tools are welcome."""
        self.refusal = refusal

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        if self.without_tools and "tools" in body:
            return web.json_response({"error": {"message": self.refusal}}, status=self.without_tools)
        return web.json_response(self.answers.pop(0))


@asynccontextmanager
async def brain(endpoint: Endpoint, **settings: Any) -> AsyncIterator[OpenAIBrain]:
    async with serving("/chat/completions", endpoint.answer) as url:
        yield OpenAIBrain(CompanionSection(brain="openai", base_url=url, timeout=PATIENCE, **settings))


def call(name: str, arguments: Any) -> Any:
    return {"choices": [{"message": {"tool_calls": [{"function": {"name": name, "arguments": arguments}}]}}]}


def text(content: Any) -> Any:
    return {"choices": [{"message": {"content": content}}]}


async def test_an_action_is_offered_as_a_tool_and_chosen_by_its_call() -> None:
    endpoint = Endpoint(call("adjust_desk", '{"height": "3", "gently": true, "speed": 1.5}'))
    async with brain(endpoint) as mind:
        assert await mind.choose(VIEW, [DESK, WAVE]) == ChosenAction(
            "adjust desk", {"height": 3, "gently": True, "speed": 1.5}
        )
    [request] = endpoint.requests
    assert request["tool_choice"] == "auto" and request["stream"] is False
    assert request["tools"][0] == tool("adjust_desk", DESK)
    assert tool("adjust_desk", DESK)["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "height": {"type": "integer", "description": "0 to 5"},
            "gently": {"type": "boolean", "description": ""},
            "note": {"type": "string", "description": ""},
            "speed": {"type": "number", "description": ""},
        },
        "required": ["height"],
    }


async def test_without_actions_nobody_is_asked() -> None:
    endpoint = Endpoint()
    async with brain(endpoint) as mind:
        assert await mind.choose(VIEW, []) is None
    assert endpoint.requests == []


async def test_no_call_is_no_choice() -> None:
    async with brain(Endpoint(text("none"))) as mind:
        assert await mind.choose(VIEW, [WAVE]) is None


@pytest.mark.parametrize("status", [400, 404, 422, 500, 501])
async def test_an_endpoint_without_tools_is_asked_for_a_line_of_json_from_then_on(status: int) -> None:
    endpoint = Endpoint(
        text('Sure: {"action": "wave", "arguments": {}}'), text('{"action": null}'), without_tools=status
    )
    async with brain(endpoint) as mind:
        first = await mind.choose(VIEW, [DESK, WAVE])
        second = await mind.choose(VIEW, [DESK, WAVE])
    assert (first, second) == (ChosenAction("wave"), None)
    assert ["tools" in request for request in endpoint.requests] == [True, False, False]
    asked = endpoint.requests[1]["messages"][-1]["content"]
    assert "- adjust desk(height: integer, gently: boolean?, note: string?, speed: float?): Adjust the desk" in asked


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_a_refusal_for_another_reason_is_an_error_and_tools_are_offered_again(status: int) -> None:
    endpoint = Endpoint(without_tools=status, refusal="the context is too long")
    async with brain(endpoint) as mind:
        for _ in range(2):
            with pytest.raises(BrainError, match=rf"{status}.*the context is too long"):
                await mind.choose(VIEW, [WAVE])
    assert ["tools" in request for request in endpoint.requests] == [True, True]


async def test_an_answer_that_just_talks_is_asked_for_a_line_of_json_and_tools_are_offered_again() -> None:
    endpoint = Endpoint(text("What a nice desk!"), text('{"action": "wave"}'), call("wave", "{}"))
    async with brain(endpoint) as mind:
        assert await mind.choose(VIEW, [WAVE]) == ChosenAction("wave")
        assert await mind.choose(VIEW, [WAVE]) == ChosenAction("wave")
    assert ["tools" in request for request in endpoint.requests] == [True, False, True]


async def test_tools_are_still_offered_when_none_was_wanted_or_the_call_came_as_text() -> None:
    endpoint = Endpoint(text("None of them."), text(None), text('{"name": "wave", "parameters": {}}'))
    async with brain(endpoint) as mind:
        chosen = [await mind.choose(VIEW, [WAVE]) for _ in range(3)]
    assert chosen == [None, None, ChosenAction("wave")]
    assert all("tools" in request for request in endpoint.requests)


async def test_actions_whose_names_no_tool_may_have_are_told_apart() -> None:
    actions = [Action(name=name) for name in ("\u6325\u624b", "\u8df3\u821e", "sit down", "sit_down", "x" * 80)]
    endpoint = Endpoint(call("action_2", "{}"), call("sit_down_1", "{}"), call("SIT_DOWN", {}))
    async with brain(endpoint) as mind:
        chosen = [await mind.choose(VIEW, actions) for _ in range(3)]
    assert chosen == [ChosenAction("\u8df3\u821e"), ChosenAction("sit_down"), ChosenAction("sit down")]
    names = [tool["function"]["name"] for tool in endpoint.requests[0]["tools"]]
    assert names == ["action_1", "action_2", "sit_down", "sit_down_1", "x" * 56]


async def test_what_is_asked_fits_the_budget_with_its_tools() -> None:
    lines = tuple(SeenMessage(MessageRole.USER, "word " * 50, "Streamer") for _ in range(100))
    endpoint = Endpoint(text("none"))
    async with brain(endpoint, context_tokens=1_000) as mind:
        await mind.choose(ChatView("Vox", "Streamer", lines), [DESK, WAVE])
    [request] = endpoint.requests
    shown = sum(tokens(message["content"]) + OVERHEAD for message in request["messages"])
    assert 800 < shown + tokens(json.dumps(request["tools"])) <= 1_000
    assert (request["temperature"], request["max_tokens"]) == (0, 200)


def cut(thought: str | None, **message: Any) -> Any:
    return {"choices": [{"finish_reason": "length", "message": {"content": thought, **message}}]}


@pytest.mark.parametrize("thought", [cut("", reasoning="Hm"), cut("<think>Hm"), cut(None)])
@pytest.mark.parametrize("without_tools", [0, 400])
async def test_a_model_whose_thought_takes_all_the_room_has_more_of_it_from_then_on(
    thought: Any, without_tools: int
) -> None:
    endpoint = Endpoint(thought, *[text('{"action": "wave"}')] * 2, without_tools=without_tools)
    async with brain(endpoint) as mind:
        assert await mind.choose(VIEW, [WAVE]) == ChosenAction("wave")
        assert await mind.choose(VIEW, [WAVE]) == ChosenAction("wave")
    assert [request["max_tokens"] for request in endpoint.requests[-3:]] == [200, 2_000, 2_000]


async def test_a_model_that_thinks_on_and_on_is_an_error() -> None:
    async with brain(Endpoint(*[cut("", reasoning="Hm")] * 2)) as mind:
        with pytest.raises(BrainError, match="thought for 2000 tokens without an answer"):
            await mind.choose(VIEW, [WAVE])


async def test_suggestions_wait_for_a_thought_too() -> None:
    async with brain(Endpoint(cut("", reasoning="Hm"), text("Why?"))) as mind:
        assert await mind.suggest(VIEW) == ["Why?"]


@pytest.mark.parametrize("answer", [cut("What a nice"), cut("", tool_calls=[{"function": {"name": "wave"}}])])
async def test_a_model_that_was_cut_in_its_words_or_behind_its_call_has_no_more_room(answer: Any) -> None:
    endpoint = Endpoint(answer, text("none"))
    async with brain(endpoint) as mind:
        await mind.choose(VIEW, [WAVE])
    assert {request["max_tokens"] for request in endpoint.requests} == {200}


async def test_an_error_that_comes_as_an_answer_is_an_error() -> None:
    async with brain(Endpoint({"error": {"message": "overloaded \ud83d"}})) as mind:
        with pytest.raises(BrainError, match="failed: overloaded \ufffd"):
            await mind.choose(VIEW, [WAVE])


async def test_suggestions_are_lines() -> None:
    async with brain(Endpoint(text('1. Why?\n- "How?"\n\n* When?\nWhere?'))) as mind:
        assert await mind.suggest(VIEW) == ["Why?", "How?", "When?"]


@pytest.mark.parametrize("body", [b"hello", b"", b"\xff", b"[" * 100_000, b" " * 1_000_001])
async def test_what_is_no_completion_is_an_error(body: bytes) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    async with serving("/chat/completions", answer) as url:
        mind = OpenAIBrain(CompanionSection(brain="openai", base_url=url, timeout=PATIENCE))
        with pytest.raises(BrainError, match="sent what is no chat completion"):
            await mind.choose(VIEW, [WAVE])


@pytest.mark.parametrize(
    "body",
    [
        None,
        5,
        [],
        {},
        {"choices": None},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"tool_calls": {}}}]},
        {"choices": [{"message": {"tool_calls": [{"function": None}]}}]},
        {"choices": [{"message": {"tool_calls": [{"function": {"name": {}, "arguments": []}}]}}]},
        {"choices": [{"message": {"content": [{"type": "text"}]}}]},
        call("fly", "{}"),
        text('{"action": {"name": "wave"}}'),
    ],
)
@pytest.mark.parametrize("without_tools", [0, 400])
async def test_an_odd_answer_is_no_choice(body: Any, without_tools: int) -> None:
    async with brain(Endpoint(body, body, without_tools=without_tools)) as mind:
        assert await mind.choose(VIEW, [WAVE]) is None


@pytest.mark.parametrize(
    ("name", "arguments", "choice"),
    [
        ("dance", "{}", None),
        (None, None, None),
        ("wave", "not json", ChosenAction("wave")),
        ("wave", {"extra": 1}, ChosenAction("wave")),
        ("adjust desk", {}, None),
        ("adjust desk", {"height": "high"}, None),
        ("adjust desk", {"height": 2.6}, ChosenAction("adjust desk", {"height": 3})),
        ("adjust desk", {"height": 1, "gently": "yes"}, ChosenAction("adjust desk", {"height": 1, "gently": True})),
        ("adjust desk", {"height": 1, "note": 5}, ChosenAction("adjust desk", {"height": 1, "note": "5"})),
        ("adjust desk", {"height": 1, "speed": "nan", "gently": "maybe"}, ChosenAction("adjust desk", {"height": 1})),
        ("adjust desk", {"height": 1e400}, None),
        ("adjust desk", '{"height": 1, "speed": 1e999}', ChosenAction("adjust desk", {"height": 1})),
        ("adjust desk", {"height": [1]}, None),
        ("adjust desk", {"height": 1, "gently": "off"}, ChosenAction("adjust desk", {"height": 1, "gently": False})),
        (
            "adjust desk",
            '{"height": 1, "note": "\\ud83d"}',
            ChosenAction("adjust desk", {"height": 1, "note": "\ufffd"}),
        ),
        ("Adjust Desk ", {"height": 1}, ChosenAction("adjust desk", {"height": 1})),
        (["wave"], {}, None),
        ("wave", [1], ChosenAction("wave")),
        ("wave", "[" * 100_000, ChosenAction("wave")),
    ],
)
def test_only_what_fits_is_believed(name: object, arguments: object, choice: ChosenAction | None) -> None:
    assert choice_of((name, arguments), KNOWN) == choice


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('Sure: {"action": "wave", "arguments": {"a": 1}} Done {x}', ("wave", {"a": 1})),
        ('<think>{well}</think>```json\n{"action": "wave"}\n```', ("wave", None)),
        ('{"name": "wave", "parameters": {"a": 1}}', ("wave", {"a": 1})),
        ('{"action": null}', (None, None)),
        ('{"mood": "good"}', None),
        ('{"action": ', None),
        ("{" * 10_000, None),
        ('{"a":' * 2_000, None),
        ("nothing fits", None),
    ],
)
def test_a_line_of_json_is_found_wherever_it_stands(said: str, found: object) -> None:
    assert answered(said) == found


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "tool_calls", "function", "name", "arguments", "content", "action"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(anything)
def test_no_answer_breaks_it(answer: Any) -> None:
    for found in (called(answer), answered(content(answer)), answered(json.dumps(answer))):
        choice = choice_of(found, KNOWN)
        assert choice is None or choice.action in ("adjust desk", "wave")
