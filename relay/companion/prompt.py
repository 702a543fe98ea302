"""What a language model is shown of a chat, within a number of tokens."""

import math
from typing import Final

from relay.companion.brain import Line, View
from relay.companion.chat import Role
from relay.companion.templates import render

LETTERS_A_TOKEN: Final = 3.5
"""Of plain Latin text. Tokenizers differ; the common rule of thumb is 4, and counting a little more is on the safe
side. Every other character counts as a token of its own, as it is with much Chinese or Japanese text."""
OVERHEAD: Final = 4
"""Tokens around each message, in the chat formats of common models."""

_TAGS: Final = {
    Role.EVENT: "Event",
    Role.STORY: "Event",
    Role.NOTE: "Note",
    Role.SECRET: "Secret, known only to you",
}

ChatMessage = dict[str, str]


def tokens(text: str) -> int:
    """About how many tokens a text is."""
    latin = sum(character.isascii() for character in text)
    return math.ceil(latin / LETTERS_A_TOKEN) + len(text) - latin


def prompt(view: View, persona: str, budget: int) -> list[ChatMessage]:
    """Who the character is and what it knows, then as many of the newest lines as fit; the newest one in any case.

    `persona` stands in for characters without their own. A newest line that alone is too long loses its beginning.
    """
    system = _system(view, persona)
    left = budget - _cost(system)
    kept: list[ChatMessage] = []
    for line in reversed(view.lines):
        message = _message(line, view)
        if _cost(message) > left:
            if not kept:
                kept.append({**message, "content": _end(message["content"], max(1, left - OVERHEAD))})
            break
        left -= _cost(message)
        kept.append(message)
    return [system, *reversed(kept)]


def _system(view: View, persona: str) -> ChatMessage:
    names = {"char": view.character, "user": view.user}
    parts = [view.persona or render(persona, names), view.scene, *view.contexts]
    if view.others:
        parts.insert(1, f"Also here: {', '.join(view.others)}. You speak for {view.character} alone.")
    return {"role": "system", "content": "\n".join(part for part in parts if part)}


def _message(line: Line, view: View) -> ChatMessage:
    if line.role is Role.ASSISTANT and line.name in ("", view.character):
        return {"role": "assistant", "content": line.text}
    tag = _TAGS.get(line.role)
    if tag is not None:
        return {"role": "user", "content": f"[{tag}: {line.text}]"}
    is_crowd = bool(view.others) or line.role is Role.ASSISTANT
    return {"role": "user", "content": f"{line.name}: {line.text}" if is_crowd and line.name else line.text}


def _cost(message: ChatMessage) -> int:
    return tokens(message["content"]) + OVERHEAD


def _end(text: str, budget: int) -> str:
    """As much of the end of a text as fits."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if tokens(text[middle:]) > budget else (low, middle)
    return text[low:]
