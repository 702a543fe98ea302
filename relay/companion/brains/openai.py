"""A brain at any endpoint that speaks OpenAI's chat completions, local or not."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from relay.companion.brains.base import BrainError, ChatView, ChosenAction, Pieces
from relay.companion.brains.own_words import alone, unnamed
from relay.companion.brains.prompt import ChatMessage, prompt, story, tokens
from relay.companion.brains.reasoning import Habit, Thought, parted, spoken
from relay.companion.brains.tools import (
    CHOICE,
    answered,
    called,
    choice_of,
    content,
    declines,
    instruction,
    named,
    tool,
)
from relay.companion.scenario.model import Action
from relay.config import CompanionSection
from relay.system.endpoint import Call, Endpoint, message, sound

LINE_LIMIT: Final = 1_000_000
"""Bytes a line of the stream, or an answer as a whole, may have."""
CHOICE_TOKENS: Final = 200
"""Tokens the choice of an action may take."""
STOPS: Final = 4
"""Texts at which an answer stops, at most, at OpenAI."""
SUGGEST: Final = "Write three short things {user} could say next, one on each line, without numbers and quotes."
NO_TOOLS: Final = frozenset({400, 404, 422, 500, 501})
"""How endpoints answer that take no tools: Ollama and vLLM with 400, routers with 404, llama.cpp with 500."""

_OF_TOOLS: Final = re.compile("tool|function", re.IGNORECASE)


def endpoint_of(settings: CompanionSection) -> Endpoint:
    """The one that [companion] names for its model."""
    return Endpoint(
        settings.base_url,
        settings.api_key,
        timeout=settings.timeout,
        error=BrainError,
        settings=("companion.base_url", "companion.model", "companion.api_key"),
    )


class OpenAIBrain:
    """Streams each answer from `base_url`/chat/completions. The key is in no error and no log."""

    def __init__(self, settings: CompanionSection) -> None:
        self._endpoint = endpoint_of(settings)
        self._model = settings.model
        self._persona = settings.persona
        self._budget = settings.context_tokens
        self._habit = Habit()
        self._has_tools = True
        """Whether the endpoint takes tools, as far as is known."""

    async def check(self) -> str:
        return await self._endpoint.offers(self._model)

    async def reply(self, view: ChatView) -> Pieces:
        stream = self._stream(view, self._prompt(view))
        own = alone(unnamed(stream, view.character), view.others, view.user) if view.others else stream
        async with aclosing(own) as pieces:
            async for piece in pieces:
                yield piece

    async def write(self, view: ChatView, prompt: str) -> Pieces:
        messages = story(view, self._persona, self._budget, prompt)
        async with aclosing(self._stream(view, messages)) as pieces:
            async for piece in pieces:
                yield piece

    async def choose(self, view: ChatView, actions: Sequence[Action]) -> ChosenAction | None:
        if not actions:
            return None
        if self._has_tools:
            known = named(actions)
            answer = await self._call(view, known)
            found = called(answer) or answered(spoken(content(answer)))
            if found is not None or declines(answer):
                return choice_of(found, {action.name: action for action in actions} | known)
            self._has_tools = answer is not None
        answer = await self._ask({"messages": self._prompt(view, instruction(actions))})
        return choice_of(answered(spoken(content(answer))), {action.name: action for action in actions})

    async def suggest(self, view: ChatView) -> list[str]:
        answer = await self._ask({"messages": self._prompt(view, SUGGEST.format(user=view.user)), "temperature": 0.8})
        lines = spoken(content(answer)).splitlines()
        return [line for text in lines if (line := text.strip(' -*\t0123456789."')[:200])][:3]

    async def _call(self, view: ChatView, known: Mapping[str, Action]) -> Any:
        """The answer of a model that is offered these actions as tools; None when the endpoint refuses tools."""
        tools = [tool(name, action) for name, action in known.items()]
        room = tokens(json.dumps(tools, ensure_ascii=False))
        messages = self._prompt(view, CHOICE, room)
        return await self._ask({"messages": messages, "tools": tools, "tool_choice": "auto"}, NO_TOOLS)

    async def _ask(self, asked: dict[str, Any], tolerated: frozenset[int] = frozenset()) -> Any:
        """One answer as a whole; None for a refusal with a tolerated status that speaks of tools."""
        request = {"model": self._model, "stream": False, "temperature": 0, "max_tokens": CHOICE_TOKENS} | asked
        async with self._endpoint.asked(_completion(request), tolerated=tolerated) as response:
            if response.refusal is None:
                return self._read(await response.whole(LINE_LIMIT) or b"")
            if not _OF_TOOLS.search(str(response.refusal)):
                raise response.refusal
            return None

    def _prompt(self, view: ChatView, task: str = "", reserved: int = 0) -> list[ChatMessage]:
        return prompt(view, self._persona, self._budget - reserved, task)

    async def _stream(self, view: ChatView, messages: list[ChatMessage]) -> Pieces:
        """The pieces of an answer, those that are thought as Thought. Raises BrainError at what is no answer."""
        async with aclosing(parted(self._deltas(view, messages), self._habit)) as pieces:
            async for piece in pieces:
                yield piece

    async def _deltas(self, view: ChatView, messages: list[ChatMessage]) -> Pieces:
        request: dict[str, Any] = {"model": self._model, "stream": True, "messages": messages}
        if view.limits.max_new_tokens is not None:
            request["max_tokens"] = view.limits.max_new_tokens
        if view.others:
            request["stop"] = [f"\n{name}:" for name in view.others][:STOPS]
        half, is_answer = "", False
        async with (
            self._endpoint.asked(_completion(request)) as response,
            aclosing(self._events(response.pieces())) as events,
        ):
            async for data in events:
                is_answer = True
                if data == "[DONE]":
                    return
                for piece in self._piece(data):
                    text = half + piece
                    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
                    text = sound(text[: len(text) - len(half)])
                    yield Thought(text) if isinstance(piece, Thought) else text
        if not is_answer:
            raise self._endpoint.no("chat completion")

    def _piece(self, data: str) -> list[str]:
        """What is thought and what is said in one event of the stream. Raises BrainError at what is no event."""
        try:
            choices = self._read(data).get("choices") or [{}]
            delta = choices[0].get("delta") or {}
            thought = delta.get("reasoning") or delta.get("reasoning_content")
            said = delta.get("content")
        except (AttributeError, LookupError, TypeError):
            raise self._endpoint.no("chat completion") from None
        return [*([Thought(thought)] if isinstance(thought, str) else []), *([said] if isinstance(said, str) else [])]

    def _read(self, data: str | bytes) -> Any:
        """What is in an answer. Raises BrainError when it is an error, or no JSON."""
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            raise self._endpoint.no("chat completion") from None
        if isinstance(answer, dict) and answer.get("error"):
            raise BrainError(f"{self._endpoint.host} failed: {self._endpoint.hide(message(answer))}")
        return answer

    async def _events(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
        """The data of each server-sent event, however the bytes were cut."""
        rest = b""
        async for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LINE_LIMIT:
                raise self._endpoint.no("chat completion")
            for line in lines:
                if line.startswith(b"data:"):
                    yield line[5:].strip().decode("utf-8", "replace")
        if rest.startswith(b"data:"):
            yield rest[5:].strip().decode("utf-8", "replace")


def _completion(request: dict[str, Any]) -> Call:
    return lambda client: client.chat.completions.with_streaming_response.create(**request)
