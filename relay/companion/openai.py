"""A brain at any endpoint that speaks OpenAI's chat completions, local or not."""

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

import aiohttp

from relay.companion.brain import BrainError, Choice, Pieces, View
from relay.companion.endpoint import Endpoint, message, sound, whole
from relay.companion.prompt import ChatMessage, prompt, story, tokens
from relay.companion.scenario.model import Action
from relay.companion.tools import CHOICE, answered, called, choice_of, content, declines, instruction, named, tool
from relay.settings import CompanionSection

SERVICE: Final = "openai"
LINE_LIMIT: Final = 1_000_000
"""Bytes a line of the stream, or an answer as a whole, may have."""
CHOICE_TOKENS: Final = 200
"""Tokens the choice of an action may take."""
SUGGEST: Final = "Write three short things {user} could say next, one on each line, without numbers and quotes."
NO_TOOLS: Final = frozenset({400, 404, 422, 500, 501})
"""How endpoints answer that take no tools: Ollama and vLLM with 400, routers with 404, llama.cpp with 500."""

_OF_TOOLS: Final = re.compile("tool|function", re.IGNORECASE)


class OpenAIBrain:
    """Streams each answer from `base_url`/chat/completions. The key is in no error and no log."""

    def __init__(self, settings: CompanionSection) -> None:
        self._endpoint = Endpoint(
            settings.base_url,
            "/chat/completions",
            settings.api_key,
            timeout=settings.timeout,
            error=BrainError,
            settings=("base_url", "model", "api_key"),
        )
        self._model = settings.model
        self._persona = settings.persona
        self._budget = settings.context_tokens
        self._has_tools = True
        """Whether the endpoint takes tools, as far as is known."""

    async def reply(self, view: View) -> Pieces:
        stream = self._stream(view, self._prompt(view))
        async with aclosing(unnamed(stream, view.character) if view.others else stream) as pieces:
            async for piece in pieces:
                yield piece

    async def write(self, view: View, prompt: str) -> Pieces:
        messages = story(view, self._persona, self._budget, prompt)
        async with aclosing(self._stream(view, messages)) as pieces:
            async for piece in pieces:
                yield piece

    async def choose(self, view: View, actions: Sequence[Action]) -> Choice | None:
        if not actions:
            return None
        if self._has_tools:
            known = named(actions)
            answer = await self._call(view, known)
            found = called(answer) or answered(content(answer))
            if found is not None or declines(answer):
                return choice_of(found, {action.name: action for action in actions} | known)
        answer = await self._ask({"messages": self._prompt(view, instruction(actions))})
        self._has_tools = False
        return choice_of(answered(content(answer)), {action.name: action for action in actions})

    async def suggest(self, view: View) -> list[str]:
        answer = await self._ask({"messages": self._prompt(view, SUGGEST.format(user=view.user)), "temperature": 0.8})
        lines = content(answer).splitlines()
        return [line for text in lines if (line := text.strip(' -*\t0123456789."')[:200])][:3]

    async def _call(self, view: View, known: Mapping[str, Action]) -> Any:
        """The answer of a model that is offered these actions as tools; None when the endpoint refuses tools."""
        tools = [tool(name, action) for name, action in known.items()]
        room = tokens(json.dumps(tools, ensure_ascii=False))
        messages = self._prompt(view, CHOICE, room)
        return await self._ask({"messages": messages, "tools": tools, "tool_choice": "auto"}, NO_TOOLS)

    async def _ask(self, asked: dict[str, Any], tolerated: frozenset[int] = frozenset()) -> Any:
        """One answer as a whole; None for a refusal with a tolerated status that speaks of tools."""
        request = {"model": self._model, "stream": False, "temperature": 0, "max_tokens": CHOICE_TOKENS} | asked
        async with self._endpoint.post(json=request, tolerated=tolerated) as response:
            if response.status != 200:
                refusal = await self._endpoint.refusal(response)
                if not _OF_TOOLS.search(str(refusal)):
                    raise refusal
                return None
            return self._read(await whole(response, LINE_LIMIT) or b"")

    def _prompt(self, view: View, task: str = "", reserved: int = 0) -> list[ChatMessage]:
        return prompt(view, self._persona, self._budget - reserved, task)

    async def _stream(self, view: View, messages: list[ChatMessage]) -> Pieces:
        request: dict[str, Any] = {"model": self._model, "stream": True, "messages": messages}
        if view.limits.max_new_tokens is not None:
            request["max_tokens"] = view.limits.max_new_tokens
        half = ""
        async with (
            self._endpoint.post(json=request) as response,
            aclosing(_lines(response.content)) as lines,
        ):
            async for data in lines:
                if data == "[DONE]":
                    return
                piece = half + self._piece(data)
                half = piece[-1:] if "\ud800" <= piece[-1:] <= "\udbff" else ""
                yield sound(piece[: len(piece) - len(half)])

    def _piece(self, data: str) -> str:
        """The text in one event of the stream. Raises BrainError at an error or what is no event."""
        try:
            choices = self._read(data).get("choices") or [{}]
            piece = (choices[0].get("delta") or {}).get("content")
        except (AttributeError, LookupError, TypeError):
            raise self._endpoint.no("chat completion") from None
        return piece if isinstance(piece, str) else ""

    def _read(self, data: str | bytes) -> Any:
        """What is in an answer. Raises BrainError when it is an error, or no JSON."""
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            raise self._endpoint.no("chat completion") from None
        if isinstance(answer, dict) and answer.get("error"):
            raise BrainError(f"{self._endpoint.host} failed: {self._endpoint.hide(message(answer))}")
        return answer


async def unnamed(pieces: Pieces, name: str) -> Pieces:
    """The pieces without the name that models put in front of their words where they see others' names."""
    mark = f"{name}:"
    head: str | None = ""
    async with aclosing(pieces):
        async for piece in pieces:
            if head is not None:
                head = (head + piece).lstrip()
                if mark.startswith(head):
                    continue
                piece, head = head.removeprefix(mark), None
            yield piece
    if head and head != mark:
        yield head


async def _lines(stream: aiohttp.StreamReader) -> AsyncGenerator[str, None]:
    """The data of each server-sent event, however the bytes were cut."""
    rest = b""
    async for chunk in stream.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_LIMIT:
            raise aiohttp.ClientPayloadError("a line without an end")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip().decode("utf-8", "replace")
    if rest.startswith(b"data:"):
        yield rest[5:].strip().decode("utf-8", "replace")
