"""A brain at any endpoint that speaks OpenAI's chat completions, local or not."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

import aiohttp

from relay.companion.brain import BrainError, Choice, Pieces, View
from relay.companion.endpoint import Endpoint, message, whole
from relay.companion.prompt import ChatMessage, prompt
from relay.companion.scenario.model import Action
from relay.companion.tools import CHOICE, answered, called, choice_of, content, instruction, tool
from relay.settings import CompanionSection

SERVICE: Final = "openai"
LINE_LIMIT: Final = 1_000_000
"""Bytes a line of the stream may have."""
CHOICE_TOKENS: Final = 200
"""Tokens the choice of an action may take."""
SUGGEST: Final = "Write three short things {user} could say next, one on each line, without numbers and quotes."
NO_TOOLS: Final = frozenset({400, 404, 422, 501})
"""How endpoints answer that do not know tools."""


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
        async with aclosing(self._stream(view, self._prompt(view))) as pieces:
            async for piece in pieces:
                yield piece

    async def write(self, view: View, prompt: str) -> Pieces:
        async with aclosing(self._stream(view, self._story(view, prompt))) as pieces:
            async for piece in pieces:
                yield piece

    async def choose(self, view: View, actions: Sequence[Action]) -> Choice | None:
        if self._has_tools:
            asked: dict[str, Any] = {
                "messages": [*self._prompt(view), {"role": "system", "content": CHOICE}],
                "tools": [tool(action) for action in actions],
                "tool_choice": "auto",
            }
            self._has_tools, answer = await self._ask(asked, NO_TOOLS)
            if self._has_tools:
                return choice_of(*called(answer), actions)
        messages = [*self._prompt(view), {"role": "system", "content": instruction(actions)}]
        _, answer = await self._ask({"messages": messages})
        return choice_of(*answered(answer), actions)

    async def suggest(self, view: View) -> list[str]:
        messages = [*self._prompt(view), {"role": "system", "content": SUGGEST.format(user=view.user)}]
        _, answer = await self._ask({"messages": messages, "temperature": 0.8})
        lines = content(answer).splitlines()
        return [line for text in lines if (line := text.strip(' -*\t0123456789."')[:200])][:3]

    async def _ask(self, asked: dict[str, Any], tolerated: frozenset[int] = frozenset()) -> tuple[bool, Any]:
        """One answer as a whole, and whether the endpoint took the request."""
        request = {"model": self._model, "stream": False, "temperature": 0, "max_tokens": CHOICE_TOKENS} | asked
        async with self._endpoint.post(json=request, tolerated=tolerated) as response:
            if response.status != 200:
                return False, None
            body = await whole(response, LINE_LIMIT)
        try:
            return True, json.loads(body or b"")
        except ValueError:
            raise self._endpoint.no("chat completion") from None

    def _prompt(self, view: View) -> list[ChatMessage]:
        return prompt(view, self._persona, self._budget)

    def _story(self, view: View, wanted: str) -> list[ChatMessage]:
        told = (
            "You are the narrator now, not a character. Write what happens next, as narration, without dialogue tags "
            f"and without a comment of your own. Begin with this and go on from it: {wanted}"
        )
        return [*self._prompt(view), {"role": "system", "content": told}]

    async def _stream(self, view: View, messages: list[ChatMessage]) -> Pieces:
        request: dict[str, Any] = {"model": self._model, "stream": True, "messages": messages}
        if view.limits.max_new_tokens is not None:
            request["max_tokens"] = view.limits.max_new_tokens
        async with (
            self._endpoint.post(json=request) as response,
            aclosing(_lines(response.content)) as lines,
        ):
            async for data in lines:
                if data == "[DONE]":
                    return
                yield self._piece(data)

    def _piece(self, data: str) -> str:
        """The text in one event of the stream. Raises BrainError at an error or what is no event."""
        try:
            event = json.loads(data)
            if event.get("error"):
                raise BrainError(f"{self._endpoint.host} failed: {self._endpoint.hide(message(event))}")
            choices = event.get("choices") or [{}]
            piece = (choices[0].get("delta") or {}).get("content")
        except (ValueError, AttributeError, LookupError, TypeError):
            raise self._endpoint.no("chat completion") from None
        return piece if isinstance(piece, str) else ""


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
