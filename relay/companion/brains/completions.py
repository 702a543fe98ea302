"""The answers of a language model, whole or as they come, at any endpoint that speaks OpenAI's chat completions."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from relay.companion.brains.base import BrainError, Pieces
from relay.companion.brains.reasoning import Thought, spoken
from relay.companion.brains.tools import called, content
from relay.config import CompanionSection
from relay.system.endpoint import Answer, Call, Endpoint, message, sound

LINE_LIMIT: Final = 1_000_000
"""Bytes a line of the stream, or an answer as a whole, may have."""
THOUGHTFUL: Final = 2_000
"""Tokens an answer may take once its model was seen to need more than it had for its thought alone."""
NO_TOOLS: Final = frozenset({400, 404, 422, 500, 501})
"""How endpoints answer that take no tools: Ollama and vLLM with 400, routers with 404, llama.cpp with 500."""
_INSTEAD: Final = {"max_tokens": "max_completion_tokens", "stop": "", "temperature": ""}
"""What OpenAI's newer models refuse, though older ones and other endpoints know nothing else: its name with them, or
nothing where it is left out."""

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


class Completions:
    """Asks the model of [companion]. Raises BrainError; the key is in no error and no log."""

    def __init__(self, settings: CompanionSection) -> None:
        self._endpoint = endpoint_of(settings)
        self._model = settings.model
        self._names: dict[str, str] = {}
        """Of _INSTEAD, what the model was seen to refuse."""
        self._is_thoughtful = False
        """Whether a thought was seen to take all the room of an answer."""

    async def check(self) -> str:
        return await self._endpoint.offers(self._model)

    async def whole(self, asked: dict[str, Any], room: int) -> Any:
        """One answer as a whole, of at most `room` tokens, or THOUGHTFUL if its model needs them to think.

        None for the refusal of tools.
        """
        if not self._is_thoughtful:
            answer = await self._answer(asked, room)
            if not _is_mere_thought(answer):
                return answer
            self._is_thoughtful = True
        answer = await self._answer(asked, THOUGHTFUL)
        if _is_mere_thought(answer):
            raise BrainError(f"{self._endpoint.host} thought for {THOUGHTFUL} tokens without an answer")
        return answer

    async def _answer(self, asked: dict[str, Any], room: int) -> Any:
        request = {"model": self._model, "stream": False, "temperature": 0, "max_tokens": room} | asked
        async with self._asked(request) as response:
            return None if response.refusal else self._read(await response.whole(LINE_LIMIT) or b"")

    async def pieces(self, asked: dict[str, Any]) -> Pieces:
        """The pieces of an answer, what comes marked as thought as Thought."""
        request = {"model": self._model, "stream": True} | asked
        half, is_answer = "", False
        async with (
            self._asked(request) as response,
            aclosing(self._events(response.pieces())) as events,
        ):
            async for data in events:
                is_answer = True
                if data == "[DONE]":
                    await response.read_out()
                    return
                for piece in self._piece(data):
                    text = half + piece
                    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
                    text = sound(text[: len(text) - len(half)])
                    yield Thought(text) if isinstance(piece, Thought) else text
        if not is_answer:
            raise self._endpoint.no("chat completion")

    @asynccontextmanager
    async def _asked(self, request: dict[str, Any]) -> AsyncIterator[Answer]:
        """The answer, or the refusal of tools, to a request without what the model does not take."""
        tolerated = NO_TOOLS if "tools" in request else frozenset({400})
        while True:
            sent = {name: value for key, value in request.items() if (name := self._names.get(key, key))}
            async with self._endpoint.asked(_completion(sent), tolerated=tolerated) as answer:
                if answer.unwanted in sent.keys() & _INSTEAD.keys():
                    self._names[answer.unwanted] = _INSTEAD[answer.unwanted]
                    continue
                if answer.refusal and not ("tools" in request and _OF_TOOLS.search(str(answer.refusal))):
                    raise answer.refusal from None
                yield answer
                return

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
                if (data := _data(line)) is not None:
                    yield data
        if (data := _data(rest)) is not None:
            yield data


def _data(line: bytes) -> str | None:
    """The data of a line; None of one without.

    llama.cpp until September 2025 tells of a failure in a field `error`, and goes on to [DONE] as if all was well.
    """
    field, _, value = line.partition(b":")
    data = value.strip().decode("utf-8", "replace")
    match field:
        case b"data":
            return data
        case b"error":
            return f'{{"error": {data}}}'
    return None


def _is_mere_thought(answer: Any) -> bool:
    """Whether an answer was cut off before anything was said or called: its model thought until there was no room."""
    try:
        is_cut = answer["choices"][0]["finish_reason"] == "length"
    except (LookupError, TypeError):
        return False
    return is_cut and called(answer) is None and not spoken(content(answer)).strip()


def _completion(request: dict[str, Any]) -> Call:
    return lambda client: client.chat.completions.with_streaming_response.create(**request)
