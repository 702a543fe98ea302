"""What the text of a `send` asks for: a message, a reply, or a slash command. A pure parser."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from relay.companion.state.chat import MessageRole, Refused
from relay.companion.state.orders import AddMessage, ChangeFlags, SetContext


@dataclass(frozen=True)
class Ask:
    """Ask for a reply without a message."""


@dataclass(frozen=True)
class Trigger:
    """Let an action happen."""

    action: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Repeat:
    """Let the character say its last words again."""


@dataclass(frozen=True)
class Regenerate:
    """Take the last reply back and make another one."""


@dataclass(frozen=True)
class Rollback:
    """Take the last exchange back."""


Command = AddMessage | ChangeFlags | SetContext | Ask | Trigger | Repeat | Regenerate | Rollback


def parse(text: str) -> Command:
    """Read the text of a `send`. Raises Refused at a command that is unknown or wrong."""
    text = text.strip()
    if text in ("", "*"):
        return Ask()
    if text.startswith("/"):
        return _command(text)
    if text.startswith("[") and text.endswith("]"):
        return _post("[…]", text[1:-1], MessageRole.EVENT)
    return AddMessage(MessageRole.USER, text)


_COMMAND: Final = re.compile(r"/([^\s:]*):?\s*(.*)", re.DOTALL)


def _command(text: str) -> Command:
    match = _COMMAND.fullmatch(text)
    assert match is not None
    name, rest = match[1].lower(), match[2]
    if name in _POSTS:
        return _post(f"/{name}", rest, _POSTS[name])
    if name in _OTHERS:
        return _OTHERS[name](rest)
    if name in _ELSEWHERE:
        raise Refused(f"/{name} needs {_ELSEWHERE[name]}, which this companion does not have; the message is lost")
    known = ", ".join(f"/{known}" for known in (*_POSTS, *_OTHERS))
    raise Refused(f"unknown command /{match[1][:40]}; the message is lost (known are {known})")


def _post(command: str, text: str, role: MessageRole) -> AddMessage:
    if not text.strip():
        raise Refused(f"{command} needs a text")
    return AddMessage(role, text.strip())


def _noreply(rest: str) -> Command:
    return replace(_post("/noreply", rest, MessageRole.USER), reply=False)


def _story(rest: str) -> Command:
    return replace(_post("/story", rest, MessageRole.STORY), use_story_writer=True)


def _set_flags(rest: str) -> Command:
    changes = tuple(rest.replace(",", " ").split())
    if not changes:
        raise Refused("/setflags needs flags, such as a !b pose.sit")
    return ChangeFlags(changes)


def _set_context(rest: str) -> Command:
    """Without a text, what was set before is forgotten."""
    return SetContext("/context", rest.strip() or None)


_NAMED: Final = re.compile(r'\s*(\w+)=(?:"([^"]*)"|(\S*))')


def _trigger(rest: str) -> Command:
    name, _, values = rest.strip().partition(" ")
    if not name:
        raise Refused("/trigger needs the name of an action, such as /trigger wave speed=3")
    arguments, at, values = [], 0, values.strip()
    while at < len(values):
        match = _NAMED.match(values, at)
        if match is None:
            raise Refused(f"/trigger: {values[at:][:40]!r} is no argument; write name=value")
        arguments.append((match[1], match[2] if match[2] is not None else match[3]))
        at = match.end()
    return Trigger(name, tuple(arguments))


_ARGUMENT: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))', re.DOTALL)


def _message(rest: str) -> Command:
    arguments, text = _split_arguments(rest)
    post = AddMessage(MessageRole.ASSISTANT, text.strip())
    for name, value in arguments.items():
        read = _ARGUMENTS.get(name)
        if read is None:
            raise Refused(f"/message: there is no --{name[:40]} (known are {', '.join(f'--{a}' for a in _ARGUMENTS)})")
        post = read(post, value)
    if not post.text:
        raise Refused("/message needs a text after --")
    if post.character is not None and post.scenario_role is not None:
        raise Refused("/message: --character and --scenario-role exclude each other")
    if post.role is not MessageRole.ASSISTANT and (post.character or post.scenario_role):
        raise Refused(f"/message: --character and --scenario-role go with --role Assistant, not {post.role}")
    return post


def _split_arguments(rest: str) -> tuple[dict[str, str | None], str]:
    """The arguments before the lone `--`, and the text after it. A value of None means there was none."""
    arguments: dict[str, str | None] = {}
    name: str | None = None
    at = 0
    while match := _ARGUMENT.match(rest, at):
        at = match.end()
        quoted, bare = match[1], match[2]
        if bare == "--":
            return arguments, rest[at:]
        if bare is not None and bare.startswith("--"):
            name = bare[2:].lower()
            arguments[name] = None
        elif name is None:
            raise Refused(f"/message: {(bare or quoted)[:40]!r} belongs to no argument; the text comes after --")
        else:
            arguments[name] = bare if bare is not None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            name = None
    raise Refused("/message needs a text after --")


def _boolean(name: str, value: str | None) -> bool:
    if value is None or value.lower() == "true":
        return True
    if value.lower() == "false":
        return False
    raise Refused(f"/message: --{name} is true or false, not {value[:40]!r}")


def _number(name: str, value: str | None) -> int:
    if value is not None and re.fullmatch(r"[1-9][0-9]{0,5}", value):
        return int(value)
    raise Refused(f"/message: --{name} is a number from 1, not {(value or '')[:40]!r}")


def _word(name: str, value: str | None) -> str:
    if not value:
        raise Refused(f"/message: --{name} needs a value")
    return value


def _role(value: str | None) -> MessageRole:
    for role in _ROLES:
        if value is not None and role.value.lower() == value.lower():
            return role
    raise Refused(f"/message: --role is one of {', '.join(_ROLES)}, not {(value or '')[:40]!r}")


_ARGUMENTS: Final[dict[str, Callable[[AddMessage, str | None], AddMessage]]] = {
    "role": lambda post, value: replace(post, role=_role(value)),
    "character": lambda post, value: replace(post, character=_word("character", value)),
    "scenario-role": lambda post, value: replace(post, scenario_role=_word("scenario-role", value)),
    "use-story-writer": lambda post, value: replace(post, use_story_writer=_boolean("use-story-writer", value)),
    "max-new-tokens": lambda post, value: replace(post, max_new_tokens=_number("max-new-tokens", value)),
    "max-sentences": lambda post, value: replace(post, max_sentences=_number("max-sentences", value)),
    "reply": lambda post, value: replace(post, reply=_boolean("reply", value)),
    "narrate": lambda post, value: replace(post, narrate=_boolean("narrate", value)),
}
_ROLES: Final = tuple(role for role in MessageRole if role is not MessageRole.STORY)
_POSTS: Final = {
    "event": MessageRole.EVENT,
    "note": MessageRole.NOTE,
    "secret": MessageRole.SECRET,
    "instructions": MessageRole.INSTRUCTIONS,
    "char": MessageRole.ASSISTANT,
}
_OTHERS: Final[dict[str, Callable[[str], Command]]] = {
    "noreply": _noreply,
    "message": _message,
    "story": _story,
    "setflags": _set_flags,
    "context": _set_context,
    "trigger": _trigger,
    "repeat": lambda rest: Repeat(),
    "regenerate": lambda rest: Regenerate(),
    "rollback": lambda rest: Rollback(),
}
_ELSEWHERE: Final = {
    "summarize": "a memory service",
    "capture": "a vision service",
    "image": "an image service",
}
