"""A brain at any endpoint that speaks OpenAI's chat completions, local or not."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from relay.companion.brain import BrainError, Line, Pieces, View
from relay.companion.chat import Role
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
        self._url = settings.base_url.rstrip("/") + "/chat/completions"
        self._host = urlsplit(settings.base_url).hostname or "the endpoint"
        self._key = settings.api_key.get_secret_value() if settings.api_key else ""
        self._model = settings.model
        self._persona = settings.persona
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout, sock_connect=min(10.0, settings.timeout))

    async def reply(self, view: View) -> Pieces:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, headers=headers) as session,
                session.post(self._url, json=self._request(view), allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise BrainError(await self._refusal(response))
                async with aclosing(_lines(response.content)) as lines:
                    async for data in lines:
                        if data == "[DONE]":
                            return
                        yield self._piece(data)
        except TimeoutError:
            raise BrainError(f"{self._host} took longer than {self._timeout.total:g} s to answer") from None
        except aiohttp.ClientError as error:
            raise BrainError(f"{self._host} cannot be reached: {self._hide(str(error))}") from None

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
                raise BrainError(f"{self._host} failed: {self._hide(_message(event))}")
            choices = event.get("choices") or [{}]
            piece = (choices[0].get("delta") or {}).get("content")
        except (ValueError, AttributeError, LookupError, TypeError):
            raise BrainError(f"{self._host} sent what is no chat completion; is base_url right?") from None
        return piece if isinstance(piece, str) else ""

    async def _refusal(self, response: aiohttp.ClientResponse) -> str:
        body = (await response.content.read(4_096)).decode("utf-8", "replace")
        try:
            detail = _message(json.loads(body))
        except (ValueError, AttributeError):
            detail = body
        fix = {401: " (check companion.api_key)", 404: " (check companion.base_url and companion.model)"}
        return f"{self._host} answered {response.status}{fix.get(response.status, '')}: {self._hide(detail)}"

    def _hide(self, text: str) -> str:
        return (text.replace(self._key, "…") if self._key else text)[:300]


def _as_message(line: Line) -> dict[str, str]:
    if line.role is Role.ASSISTANT:
        return {"role": "assistant", "content": line.text}
    tag = _TAGS.get(line.role)
    return {"role": "user", "content": f"[{tag}: {line.text}]" if tag else line.text}


def _message(answer: Any) -> str:
    error = answer.get("error")
    return str(error.get("message") if isinstance(error, dict) else error or answer)


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
