"""Models that do not take all that is common in a request, as OpenAI's newer ones, are asked as they can be."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from relay.companion.brains.base import AnswerLimits, BrainError, ChatView, ChosenAction, SeenMessage
from relay.companion.brains.openai import OpenAIBrain
from relay.companion.brains.summarising import Summariser
from relay.companion.scenario.model import Action
from relay.companion.state.chat import MessageRole
from relay.config import CompanionSection
from tests.companion.endpoints import serving
from tests.support import PATIENCE

VIEW = ChatView(
    "Vox",
    "Max",
    (SeenMessage(MessageRole.USER, "Hello.", "Max"),),
    limits=AnswerLimits(max_new_tokens=50),
    others=("Catherine",),
)
NEWER = {"stop": "unsupported_parameter", "max_tokens": "unsupported_parameter", "temperature": "unsupported_value"}
"""What OpenAI's newer models do not take, and the code with which they say so."""


class PickyModel:
    """Refuses one of these a time, as OpenAI does, and waves otherwise."""

    def __init__(self, refused: dict[str, str]) -> None:
        self.refused = refused
        self.requests: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.requests.append(asked)
        name = next((name for name in self.refused if name in asked), None)
        if name is not None:
            error = {"message": f"Unsupported: {name!r}.", "param": name, "code": self.refused[name]}
            return web.json_response({"error": error}, status=400)
        if asked["stream"]:
            piece = json.dumps({"choices": [{"delta": {"content": "I wave."}}]})
            return web.Response(text=f"data: {piece}\n\n", content_type="text/event-stream")
        calls = [{"function": {"name": "wave"}}] if "tools" in asked else []
        return web.json_response({"choices": [{"message": {"content": "I wave.", "tool_calls": calls}}]})


@asynccontextmanager
async def settings(model: PickyModel) -> AsyncIterator[CompanionSection]:
    async with serving("/chat/completions", model.answer) as url:
        yield CompanionSection(brain="openai", base_url=url, timeout=PATIENCE)


async def said(brain: OpenAIBrain) -> str:
    return "".join([piece async for piece in brain.reply(VIEW)])


async def test_a_model_answers_without_what_it_does_not_take() -> None:
    async with settings(PickyModel(NEWER)) as section:
        assert await said(OpenAIBrain(section)) == "I wave."
        assert await OpenAIBrain(section).choose(VIEW, [Action(name="wave")]) == ChosenAction("wave")
        assert await OpenAIBrain(section).suggest(VIEW) == ["I wave"]
        assert await Summariser(section).summarise("Ann", ["Hello."]) == "I wave."


async def test_what_a_model_does_not_take_is_offered_once_and_lengths_have_their_newer_name() -> None:
    model = PickyModel(NEWER)
    async with settings(model) as section:
        brain = OpenAIBrain(section)
        await said(brain)
        assert [NEWER.keys() & request.keys() for request in model.requests] == [
            {"stop", "max_tokens"},
            {"max_tokens"},
            set(),
        ]
        await said(brain)
        await brain.choose(VIEW, [Action(name="wave")])
        await brain.suggest(VIEW)
    lengths = [request["max_completion_tokens"] for request in model.requests if not NEWER.keys() & request.keys()]
    assert lengths == [50, 50, 200, 200]
    assert len(model.requests) == 3 + 1 + 2 + 1


@pytest.mark.parametrize(
    "refused",
    [
        {"messages": "context_length_exceeded"},
        {"max_tokens": "integer_above_max_value"},
        {"messages": "unsupported_value"},
        {"max_tokens": "unsupported_parameter", "max_completion_tokens": "unsupported_parameter"},
    ],
)
async def test_any_other_refusal_is_an_error(refused: dict[str, str]) -> None:
    async with settings(PickyModel(refused)) as section:
        with pytest.raises(BrainError, match="answered 400: Unsupported"):
            await said(OpenAIBrain(section))
        with pytest.raises(BrainError, match="answered 400: Unsupported"):
            await OpenAIBrain(section).choose(VIEW, [Action(name="wave")])


@pytest.mark.parametrize("param", ["stop", {"name": "stop"}, None])
async def test_a_refusal_of_what_was_not_asked_for_is_an_error(param: object) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        error = {"message": "Unsupported", "param": param, "code": "unsupported_parameter"}
        return web.json_response({"error": error}, status=400)

    async with serving("/chat/completions", answer) as url:
        with pytest.raises(BrainError, match="answered 400: Unsupported"):
            await said(OpenAIBrain(CompanionSection(brain="openai", base_url=url, timeout=PATIENCE)))
