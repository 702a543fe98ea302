"""A brain at any endpoint that speaks OpenAI's chat completions, local or not."""

import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from relay.companion.brains.base import ChatView, ChosenAction, Pieces
from relay.companion.brains.completions import Completions
from relay.companion.brains.own_words import alone, unnamed
from relay.companion.brains.prompt import ChatMessage, prompt, story, tokens
from relay.companion.brains.reasoning import Habit, parted, spoken
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

CHOICE_TOKENS: Final = 200
"""Tokens the choice of an action, or suggestions, may take."""
STOPS: Final = 4
"""Texts at which an answer stops, at most, at OpenAI."""
SUGGEST: Final = "Write three short things {user} could say next, one on each line, without numbers and quotes."


class OpenAIBrain:
    """Streams each answer from `base_url`/chat/completions. The key is in no error and no log."""

    def __init__(self, settings: CompanionSection) -> None:
        self._completions = Completions(settings)
        self._persona = settings.persona
        self._budget = settings.context_tokens
        self._habit = Habit()
        self._has_tools = True
        """Whether the endpoint takes tools, as far as is known."""

    async def check(self) -> str:
        return await self._completions.check()

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
        return await self._ask({"messages": messages, "tools": tools, "tool_choice": "auto"})

    async def _ask(self, asked: dict[str, Any]) -> Any:
        return await self._completions.whole(asked, CHOICE_TOKENS)

    def _prompt(self, view: ChatView, task: str = "", reserved: int = 0) -> list[ChatMessage]:
        return prompt(view, self._persona, self._budget - reserved, task)

    async def _stream(self, view: ChatView, messages: list[ChatMessage]) -> Pieces:
        """The pieces of an answer, those that are thought as Thought. Raises BrainError at what is no answer."""
        async with aclosing(parted(self._deltas(view, messages), self._habit)) as pieces:
            async for piece in pieces:
                yield piece

    def _deltas(self, view: ChatView, messages: list[ChatMessage]) -> Pieces:
        asked: dict[str, Any] = {"messages": messages}
        if view.limits.max_new_tokens is not None:
            asked["max_tokens"] = view.limits.max_new_tokens
        if view.others:
            asked["stop"] = [f"\n{name}:" for name in view.others][:STOPS]
        return self._completions.pieces(asked)
