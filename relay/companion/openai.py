"""A brain at any endpoint that speaks OpenAI's chat completions, local or not."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import aiohttp

from relay.companion.brain import BrainError, Line, Pieces, View
from relay.companion.chat import Role
from relay.companion.endpoint import Endpoint, message
from relay.companion.templates import render
from relay.settings import CompanionSection

SERVICE: Final = "openai"
LOOK_BACK: Final = 40
"""How many messages the model is given."""
LINE_LIMIT: Final = 1_000_000
"""Bytes a line of the stream may have."""

_TAGS: Final = {Role.EVENT: "Event", Role.NOTE: "Note", Role.SECRET: "Secret, known only to you"}


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

    async def reply(self, view: View) -> Pieces:
        async with (
            self._endpoint.post(json=self._request(view)) as response,
            aclosing(_lines(response.content)) as lines,
        ):
            async for data in lines:
                if data == "[DONE]":
                    return
                yield self._piece(data)

    def _request(self, view: View) -> dict[str, Any]:
        names = {"char": view.character, "user": view.user}
        system = "\n".join([render(self._persona, names), *view.contexts])
        request: dict[str, Any] = {
            "model": self._model,
            "stream": True,
            "messages": [{"role": "system", "content": system}, *map(_as_message, view.lines[-LOOK_BACK:])],
        }
        if view.limits.max_new_tokens is not None:
            request["max_tokens"] = view.limits.max_new_tokens
        return request

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


def _as_message(line: Line) -> dict[str, str]:
    if line.role is Role.ASSISTANT:
        return {"role": "assistant", "content": line.text}
    tag = _TAGS.get(line.role)
    return {"role": "user", "content": f"[{tag}: {line.text}]" if tag else line.text}


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
