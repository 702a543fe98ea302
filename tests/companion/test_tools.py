"""How a model chooses actions: tools, or a line of JSON; and how little is believed of what it answers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.brain import BrainError, Choice, Line, View
from relay.companion.chat import Role
from relay.companion.openai import OpenAIBrain
from relay.companion.scenario.model import Action
from relay.companion.tools import answered, called, choice_of, tool
from relay.settings import CompanionSection
from tests.companion.endpoints import serving

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
VIEW = View("Vox", "Streamer", (Line(Role.USER, "Desk up!", "Streamer"),))


class Endpoint:
    """Answers with what it is given, one after the other."""

    def __init__(self, *answers: Any, without_tools: int = 0) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.without_tools = without_tools

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        if self.without_tools and "tools" in body:
            return web.json_response({"error": {"message": "no tools"}}, status=self.without_tools)
        return web.json_response(self.answers.pop(0))


@asynccontextmanager
async def brain(endpoint: Endpoint) -> AsyncIterator[OpenAIBrain]:
    async with serving("/chat/completions", endpoint.answer) as url:
        yield OpenAIBrain(CompanionSection(brain="openai", base_url=url, timeout=5))


def call(name: str, arguments: Any) -> Any:
    return {"choices": [{"message": {"tool_calls": [{"function": {"name": name, "arguments": arguments}}]}}]}


def text(content: Any) -> Any:
    return {"choices": [{"message": {"content": content}}]}


async def test_an_action_is_offered_as_a_tool_and_chosen_by_its_call() -> None:
    endpoint = Endpoint(call("adjust_desk", '{"height": "3", "gently": true, "speed": 1.5}'))
    async with brain(endpoint) as mind:
        assert await mind.choose(VIEW, [DESK, WAVE]) == Choice(
            "adjust desk", {"height": 3, "gently": True, "speed": 1.5}
        )
    [request] = endpoint.requests
    assert request["tool_choice"] == "auto" and request["stream"] is False
    assert request["tools"][0] == tool(DESK)
    assert tool(DESK)["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "height": {"type": "integer", "description": "0 to 5"},
            "gently": {"type": "boolean", "description": ""},
            "note": {"type": "string", "description": ""},
            "speed": {"type": "number", "description": ""},
        },
        "required": ["height"],
    }


async def test_no_call_is_no_choice() -> None:
    async with brain(Endpoint(text("none"))) as mind:
        assert await mind.choose(VIEW, [WAVE]) is None


@pytest.mark.parametrize("status", [400, 404, 422, 501])
async def test_an_endpoint_without_tools_is_asked_for_a_line_of_json_from_then_on(status: int) -> None:
    endpoint = Endpoint(
        text('Sure: {"action": "wave", "arguments": {}}'), text('{"action": null}'), without_tools=status
    )
    async with brain(endpoint) as mind:
        first = await mind.choose(VIEW, [DESK, WAVE])
        second = await mind.choose(VIEW, [DESK, WAVE])
    assert (first, second) == (Choice("wave"), None)
    assert ["tools" in request for request in endpoint.requests] == [True, False, False]
    asked = endpoint.requests[1]["messages"][-1]["content"]
    assert "- adjust desk(height: integer, gently: boolean?, note: string?, speed: float?): Adjust the desk" in asked


async def test_the_story_writer_goes_on_from_its_prompt() -> None:
    requests: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        requests.append(await request.json())
        lines = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in ("It ", "rained.")]
        return web.Response(text="".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]))

    async with serving("/chat/completions", answer) as url:
        mind = OpenAIBrain(CompanionSection(brain="openai", base_url=url, timeout=5))
        written = "".join([piece async for piece in mind.write(VIEW, "A storm.")])
    assert written == "It rained."
    assert requests[0]["stream"] is True
    assert requests[0]["messages"][-1]["content"].endswith("go on from it: A storm.")


async def test_suggestions_are_lines() -> None:
    async with brain(Endpoint(text('1. Why?\n- "How?"\n\n* When?\nWhere?'))) as mind:
        assert await mind.suggest(VIEW) == ["Why?", "How?", "When?"]


async def test_what_is_no_completion_is_an_error() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="hello")

    async with serving("/chat/completions", answer) as url:
        mind = OpenAIBrain(CompanionSection(brain="openai", base_url=url, timeout=5))
        with pytest.raises(BrainError, match="sent what is no chat completion"):
            await mind.choose(VIEW, [WAVE])


@pytest.mark.parametrize(
    ("name", "arguments", "choice"),
    [
        ("dance", "{}", None),
        (None, None, None),
        ("wave", "not json", Choice("wave")),
        ("wave", {"extra": 1}, Choice("wave")),
        ("adjust desk", {}, None),
        ("adjust desk", {"height": "high"}, None),
        ("adjust desk", {"height": 2.6}, Choice("adjust desk", {"height": 3})),
        ("adjust desk", {"height": 1, "gently": "yes"}, Choice("adjust desk", {"height": 1, "gently": True})),
        ("adjust desk", {"height": 1, "note": 5}, Choice("adjust desk", {"height": 1, "note": "5"})),
        ("adjust desk", {"height": 1, "speed": "nan", "gently": "maybe"}, Choice("adjust desk", {"height": 1})),
        ("adjust desk", {"height": 1e400}, None),
    ],
)
def test_only_what_fits_is_believed(name: object, arguments: object, choice: Choice | None) -> None:
    assert choice_of(name, arguments, [DESK, WAVE]) == choice


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
    for read in (called, answered):
        choice = choice_of(*read(answer), [DESK, WAVE])
        assert choice is None or choice.action in ("adjust desk", "wave")
