"""Changes values in TOML as a careful person would: comments, order and every other value stay as they are."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import tomlkit
from tomlkit.container import Container, OutOfOrderTableProxy
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Item, Key, Table

from relay.errors import ConfigError

_TOKENS: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""' + r"|'''.*?'''" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'|#[^\r\n]*", re.S
)


def edited(text: str, values: Mapping[str, Any]) -> str:
    """The TOML with these values by dotted key; None takes one out, and leaves its comment where it was.

    A value is plain, or tomlkit's, which brings comments of its own. Raises ConfigError where the file is written in
    a way in which nothing can be changed without harm to the rest.
    """
    for key, value in values.items():
        path = key.split(".")
        wanted = _with(tomllib.loads(text), path, _plain(value))
        try:
            document = tomlkit.parse(text)
            gone = _put(document, path, value) if value is not None else _take_out(document, path)
            changed = tomlkit.dumps(document)
        except (TOMLKitError, TypeError, ValueError, KeyError, IndexError, AttributeError, NotImplementedError):
            changed, gone = "=", Counter()
        is_right = _filled(_read(changed), path[0]) == _filled(wanted, path[0])
        if not is_right or comments(text) - gone - comments(changed):
            raise ConfigError(f"{key}: the file writes this in a way that only you can change: change it there")
        text = changed
    return text


def comments(text: str) -> Counter[str]:
    """The comments in TOML, with how often each is there."""
    return Counter(found for found in _TOKENS.findall(text) if found.startswith("#"))


def excerpt(text: str, key: str) -> str:
    """What the file says of one table or list of tables, as it is written there; empty where it says nothing."""
    path = key.split(".")
    try:
        found: Any = tomlkit.parse(text)
        for name in path:
            found = found[name]
    except (TOMLKitError, LookupError, TypeError):
        return ""
    for name in reversed(path):
        found = {name: found}
    try:
        return tomlkit.dumps(found).strip() + "\n"
    except (TOMLKitError, TypeError, ValueError):
        return ""


def table_of(text: str, key: str) -> Any:
    """The value a person wrote as TOML, headed as in the file; None where nothing is left. Raises ConfigError."""
    path = key.split(".")
    try:
        data: Any = tomllib.loads(text)
        found: Any = tomlkit.parse(text)
    except (tomllib.TOMLDecodeError, TOMLKitError) as error:
        raise ConfigError(f"{key}: not valid TOML: {error}") from None
    for depth, name in enumerate(path):
        if others := [each for each in data if each != name]:
            begun = ".".join([*path[:depth], others[0]])
            raise ConfigError(f"{key}: only {key} can be written here, and {begun} is something else: take it out")
        if name not in data:
            return None
        data, found = data[name], found[name]
    return found


def _put(document: Container, path: list[str], value: Any) -> Counter[str]:
    """Returns the comments that belonged to what was there, where the value brings its own."""
    table: Any = document
    for name in path[:-1]:
        if name not in table:
            if document.body:
                document.add(tomlkit.nl())
            document.append(name, tomlkit.table())
        table = table[name]
    name = path[-1]
    if name not in table:
        _append(table, name, value if isinstance(value, Item) and not _is_flat(value) else _item(_plain(value)))
        return Counter()
    if isinstance(table, OutOfOrderTableProxy):
        table[name] = _item(_plain(value))
        return Counter()
    place, old = _found(table, name)
    if isinstance(value, Item) and isinstance(old, Table | AoT):
        body = _body(table)
        body[place] = (body[place][0], value)
        return comments(tomlkit.dumps({name: old}))
    if isinstance(old, Array) and isinstance(value, list):
        table[name] = _array_like(old, value)
        return Counter()
    table[name] = _item(_plain(value))
    return comments(old.as_string())


def _append(table: Any, name: str, value: Any) -> None:
    """Behind the last value of a table, before the comments and lines that lead on to what comes next."""
    if isinstance(table, InlineTable | OutOfOrderTableProxy):
        table[name] = value
        return
    body = _body(table)
    behind: list[tuple[Key | None, Item]] = []
    while body and body[-1][0] is None:
        behind.insert(0, body.pop())
    own = next((at for at, (_, item) in enumerate(behind) if not item.as_string().strip()), len(behind))
    body.extend(behind[:own])  # what stands right below the last value belongs to it
    table.append(name, value)
    body.extend(behind[own:])


def _take_out(document: Container, path: list[str]) -> Counter[str]:
    """Returns the comments of what is taken out. Of a value on lines of its own they stay, without the value."""
    table: Any = document
    has_lines = True
    for name in path[:-1]:
        if name not in table:
            return Counter()
        has_lines = not any(key is not None and key.key == name and key.is_dotted() for key, _ in _body(table))
        table = table[name]
    name = path[-1]
    if name not in table:
        return Counter()
    if isinstance(table, InlineTable | OutOfOrderTableProxy):
        del table[name]
        return Counter()
    place, old = _found(table, name)
    table.remove(name)
    if isinstance(old, Table | AoT):
        return comments(tomlkit.dumps({name: old}))
    lost = comments(f"{old.as_string()} {old.trivia.comment}")
    if lost and has_lines:
        words = " ".join(each.removeprefix("#").strip() for each in lost)
        _body(table)[place] = (None, tomlkit.comment(f"{name}: {words}"))
    return lost


def _found(table: Any, name: str) -> tuple[int, Item]:
    """Where it is, and the thing itself, which a look into the table gives as a plain value."""
    return next((at, item) for at, (key, item) in enumerate(_body(table)) if key is not None and key.key == name)


def _item(value: Any) -> Item:
    """A value on one line."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for name, each in value.items():
            table.append(name, _item(each))
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for each in value:
            array.append(_item(each))
        return array
    item: Item = tomlkit.item(value)
    return item


def _array_like(old: Array, values: list[Any]) -> Array:
    """A list on one line, or one on as many as before with the comments that were in it."""
    said = comments(old.as_string())
    if "\n" not in old.as_string():
        array = _item(values)
        assert isinstance(array, Array)
        return array
    array = tomlkit.array()
    for comment in said.elements():
        array.add_line(comment=comment.removeprefix("#").strip())
    for value in values:
        array.add_line(_item(value))
    array.add_line(indent="")
    return array


def _body(table: Any) -> list[tuple[Key | None, Item]]:
    body: list[tuple[Key | None, Item]] = (table if isinstance(table, Container) else table.value).body
    return body


def _is_flat(value: Item) -> bool:
    """A table of plain values, which fits on one line."""
    plain = value.unwrap()
    return isinstance(plain, dict) and not any(isinstance(each, dict | list) for each in plain.values())


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _with(data: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """The data as it has to be afterwards."""
    table = data
    for name in path[:-1]:
        if value is None and name not in table:
            return data
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{'.'.join(path)}: {name} is no section in the file: write [{name}] there")
    if value is None:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = value
    return data


def _filled(data: dict[str, Any] | None, section: str) -> dict[str, Any] | None:
    """The data without this section if it is empty: that means the same."""
    return {name: each for name, each in data.items() if each != {} or name != section} if data is not None else None


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
