"""What the text of a `send` asks for: a message, a reply, or a slash command. A pure parser."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from relay.companion.chat import Refused, Role


@dataclass(frozen=True)
class Post:
    """Add a message to the chat."""

    role: Role
    text: str
    reply: bool | None = None
    """None leaves it to the role."""
    character: str | None = None
    scenario_role: str | None = None
    use_story_writer: bool = False
    max_new_tokens: int | None = None
    max_sentences: int | None = None
    narrate: bool | None = None


@dataclass(frozen=True)
class Ask:
    """Ask for a reply without a message."""


@dataclass(frozen=True)
class SetFlags:
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Regenerate:
    """Take the last reply back and make another one."""


@dataclass(frozen=True)
class Rollback:
    """Take the last exchange back."""


Command = Post | Ask | SetFlags | Regenerate | Rollback


def parse(text: str) -> Command:
    """Read the text of a `send`. Raises Refused at a command that is unknown, wrong or not implemented yet."""
    text = text.strip()
    if text in ("", "*"):
        return Ask()
    if text.startswith("/"):
        return _command(text)
    if text.startswith("[") and text.endswith("]"):
        return _post("[…]", text[1:-1], Role.EVENT)
    return Post(Role.USER, text)


_COMMAND: Final = re.compile(r"/([^\s:]*):?\s*(.*)", re.DOTALL)


def _command(text: str) -> Command:
    match = _COMMAND.fullmatch(text)
    assert match is not None
    name, rest = match[1].lower(), match[2]
    if name in _POSTS:
        return _post(f"/{name}", rest, _POSTS[name])
    if name in _OTHERS:
        return _OTHERS[name](rest)
    if name in _LATER:
        raise Refused(f"/{name} is not implemented yet; the message is lost")
    known = ", ".join(f"/{known}" for known in (*_POSTS, *_OTHERS))
    raise Refused(f"unknown command /{match[1][:40]}; the message is lost (known are {known})")


def _post(command: str, text: str, role: Role) -> Post:
    if not text.strip():
        raise Refused(f"{command} needs a text")
    return Post(role, text.strip())


def _noreply(rest: str) -> Command:
    return replace(_post("/noreply", rest, Role.USER), reply=False)


def _set_flags(rest: str) -> Command:
    changes = tuple(rest.replace(",", " ").split())
    if not changes:
        raise Refused("/setflags needs flags, such as a !b pose.sit")
    return SetFlags(changes)


_ARGUMENT: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))', re.DOTALL)


def _message(rest: str) -> Command:
    arguments, text = _split_arguments(rest)
    post = Post(Role.ASSISTANT, text.strip())
    for name, value in arguments.items():
        read = _ARGUMENTS.get(name)
        if read is None:
            raise Refused(f"/message: there is no --{name[:40]} (known are {', '.join(f'--{a}' for a in _ARGUMENTS)})")
        post = read(post, value)
    if not post.text:
        raise Refused("/message needs a text after --")
    if post.character is not None and post.scenario_role is not None:
        raise Refused("/message: --character and --scenario-role exclude each other")
    if post.role is not Role.ASSISTANT and (post.character or post.scenario_role):
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


def _role(value: str | None) -> Role:
    for role in Role:
        if value is not None and role.value.lower() == value.lower():
            return role
    raise Refused(f"/message: --role is one of {', '.join(Role)}, not {(value or '')[:40]!r}")


_ARGUMENTS: Final[dict[str, Callable[[Post, str | None], Post]]] = {
    "role": lambda post, value: replace(post, role=_role(value)),
    "character": lambda post, value: replace(post, character=_word("character", value)),
    "scenario-role": lambda post, value: replace(post, scenario_role=_word("scenario-role", value)),
    "use-story-writer": lambda post, value: replace(post, use_story_writer=_boolean("use-story-writer", value)),
    "max-new-tokens": lambda post, value: replace(post, max_new_tokens=_number("max-new-tokens", value)),
    "max-sentences": lambda post, value: replace(post, max_sentences=_number("max-sentences", value)),
    "reply": lambda post, value: replace(post, reply=_boolean("reply", value)),
    "narrate": lambda post, value: replace(post, narrate=_boolean("narrate", value)),
}
_POSTS: Final = {
    "event": Role.EVENT,
    "note": Role.NOTE,
    "secret": Role.SECRET,
    "instructions": Role.INSTRUCTIONS,
    "char": Role.ASSISTANT,
}
_OTHERS: Final[dict[str, Callable[[str], Command]]] = {
    "noreply": _noreply,
    "message": _message,
    "setflags": _set_flags,
    "regenerate": lambda rest: Regenerate(),
    "rollback": lambda rest: Rollback(),
}
_LATER: Final = frozenset({"story", "trigger", "summarize", "repeat", "capture", "context", "image"})
