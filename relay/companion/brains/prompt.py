"""What a language model is shown of a chat, within a number of tokens."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Final

from relay.companion.brains.base import ChatView, SeenMessage
from relay.companion.scenario.templates import render
from relay.companion.state.chat import MessageRole

LETTERS_A_TOKEN: Final = 3.5
"""Of plain Latin text. Tokenizers differ; the common rule of thumb is 4, and counting a little more is on the safe
side. Every other character counts as a token of its own, as it is with much Chinese or Japanese text."""
OVERHEAD: Final = 4
"""Tokens around each message, in the chat formats of common models; an estimate, too."""
LEAST: Final = 50
"""Tokens of the newest line that are shown in any case, even if who the character is leaves none."""

_TAGS: Final = {
    MessageRole.EVENT: "Event",
    MessageRole.STORY: "Event",
    MessageRole.NOTE: "Note",
    MessageRole.SECRET: "Secret, known only to you",
}

ChatMessage = dict[str, str]

BEFORE: Final[ChatMessage] = {"role": "user", "content": "[...]"}
"""Stands in front where a chat, or what fits of it, would not begin with the user."""


def tokens(text: str) -> int:
    """About how many tokens a text is."""
    latin = len(text.encode("ascii", "ignore"))
    return math.ceil(latin / LETTERS_A_TOKEN) + len(text) - latin


def prompt(view: ChatView, persona: str, budget: int, task: str = "") -> list[ChatMessage]:
    """Who the character is and what it knows, then as many of the newest lines as fit, then the task, if any.

    After the system message user and assistant speak in turn and the user begins, since the templates of many models
    refuse all else.

    `persona` stands in for characters without their own; it, the scene and the task are never cut. Contexts have at
    most half of what these leave. A newest line that alone is too long loses its beginning.
    """
    closing = [{"role": "user", "content": f"[{task}]"}] if task else []
    left = budget - sum(_cost(message) for message in [_system(view, persona, ()), BEFORE, *closing])
    contexts = _newest(view.contexts, min(left // 2, left - LEAST))
    left -= sum(tokens(context) + 1 for context in contexts)
    return [_system(view, persona, contexts), *_in_turn([*_lines(view, max(left, LEAST)), *closing])]


def story(view: ChatView, persona: str, budget: int, wanted: str) -> list[ChatMessage]:
    """The same for the story writer, who stands beside all characters and makes a text of what is wanted."""
    who = view.persona or render(persona, {"char": view.character, "user": view.user})
    told = f"You are the narrator of this story, and none of its characters. {view.character} was told: {who}"
    length = view.limits.max_sentences
    task = (
        "Write what happens next, as narration in the present tense, without a comment of your own and in "
        f"{_sentences(length) if length else 'one short paragraph'}. "
        f"Begin with this and go on from it: {wanted}"
    )
    beside = replace(view, character="", persona=told, others=(view.character, *view.others))
    return prompt(beside, "", budget, task)


def _sentences(count: int) -> str:
    return "one sentence" if count == 1 else f"at most {count} sentences"


def _system(view: ChatView, persona: str, contexts: Sequence[str]) -> ChatMessage:
    names = {"char": view.character, "user": view.user}
    parts = [view.persona or render(persona, names), _company(view), view.scene, *contexts]
    return {"role": "system", "content": "\n".join(part for part in parts if part)}


def _company(view: ChatView) -> str:
    if not view.others:
        return ""
    alone = f" You speak for {view.character} alone, without a name in front." if view.character else ""
    return f"Also here: {', '.join(view.others)}.{alone}"


def _lines(view: ChatView, budget: int) -> list[ChatMessage]:
    """As many of the newest lines as fit, in order; the newest one at least in part."""
    kept: list[ChatMessage] = []
    for line in reversed(view.lines):
        message = _message(line, view)
        if _cost(message) > budget:
            return kept[::-1] or [_shortened(line, view, budget)]
        budget -= _cost(message)
        kept.append(message)
    return kept[::-1]


def _in_turn(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages with what one says after oneself made one, begun by the user."""
    said = [(role, [message["content"] for message in run]) for role, run in groupby(messages, itemgetter("role"))]
    opening = [] if said and said[0][0] == "user" else [BEFORE]
    return [*opening, *({"role": role, "content": "\n".join(texts)} for role, texts in said)]


def _message(line: SeenMessage, view: ChatView) -> ChatMessage:
    if line.role is MessageRole.ASSISTANT and line.name in ("", view.character):
        return {"role": "assistant", "content": line.text}
    tag = _TAGS.get(line.role)
    if tag is not None:
        return {"role": "user", "content": f"[{tag}: {line.text}]"}
    is_crowd = bool(view.others) or line.role is MessageRole.ASSISTANT
    return {"role": "user", "content": f"{line.name}: {line.text}" if is_crowd and line.name else line.text}


def _shortened(line: SeenMessage, view: ChatView, budget: int) -> ChatMessage:
    """The message with as much of the end of its text as fits; what tells who spoke stays."""
    mark = _cost(_message(replace(line, text=""), view))
    text = _longest(line.text, max(1, budget - mark - 1), lambda text, length: text[len(text) - length :])
    return _message(replace(line, text=text), view)


def _newest(contexts: Sequence[str], budget: int) -> list[str]:
    """The newest contexts that fit, in order; the first that does not fit loses its end."""
    kept: list[str] = []
    for context in reversed(contexts):
        budget -= 1  # the line break
        part = _longest(context, budget, lambda text, length: text[:length])
        budget -= tokens(part)
        kept += [part] if part else []
        if part != context:
            break
    return kept[::-1]


def _cost(message: ChatMessage) -> int:
    return tokens(message["content"]) + OVERHEAD


def _longest(text: str, budget: int, part: Callable[[str, int], str]) -> str:
    """The longest part of a text that fits."""
    low, high = 0, min(len(text), max(0, math.floor(budget * LETTERS_A_TOKEN)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens(part(text, middle)) <= budget else (low, middle - 1)
    return part(text, low)
