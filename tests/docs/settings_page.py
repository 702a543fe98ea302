"""`python -m tests.docs.settings_page` writes docs/settings.md: the settings, and what their example says of each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from relay.application.settings import settings_model
from relay.application.settings.catalogue import model_of
from relay.application.settings.explanations import Remarks, explanations
from relay.config import KindRule
from relay.model import Kind
from relay.platforms import listed
from tests.docs.pages import ROOT

PAGE: Final = ROOT / "docs" / "settings.md"

_INTRODUCTION: Final = """\
# Settings

`relay where` names your `relay.toml`, or where to write one: `%LOCALAPPDATA%\\voxta-relay\\relay.toml` on Windows,
`~/.config/voxta-relay/relay.toml` on Linux. Write there what you want otherwise; everything else keeps its default.
All settings with their defaults stand below, and in `config/relay.example.toml` of the repository.

An environment variable wins over the file, as does such a line in a file `.env` beside it:
`RELAY_TWITCH__CLIENT_ID=abc` sets `client_id` of `[twitch]`.
Lists are written with commas there (`RELAY_TWITCH__CHANNELS=ann,ben`), tables as JSON.
On Windows that file is the easier one: in Notepad save it as *All files*, or it becomes `.env.txt`.

A file or folder that is not named by its whole path counts from the folder of `relay.toml`: `"pictures"` is the folder
beside it, and `"~/pictures"` the one in your home. On Windows write `/`, as in `"C:/Users/you/pictures"`, or single
quotes: `'C:\\Users\\you\\pictures'`. In a variable it counts from the folder in which the relay is started.

The desk changes all of it for you: it writes the file and leaves your remarks and all else in it as they are. As it was
before the last change, the file stands beside it as `relay.toml.before`. Secrets that you give there go into your
system's keyring, or, where there is none, into a file beside the settings that only you can read.
A keyring that is locked waits 25 seconds for its password; then whatever needs the secret says that it is locked.
The environment goes before `.env`, that before these secrets, and those before `relay.toml`; `relay where` names the
places.

`relay check` names each mistake with the setting, its value and the fix. A setting that does not exist
is a mistake, too.

[Many streamers](fleet.md) can share one file: `[companions.NAME.twitch]` goes before `[twitch]` for one of them.
"""
_KINDS: Final = """\
What each kind of message becomes stands in `[forwarding.kinds.…]`, and `[[forwarding.rules]]` go before that;
[Messages](messages.md#your-own-rules) tells how. The defaults:

| kind | `enabled` | `send_as` | `template` |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page."""
    said = explanations()
    parts = [_INTRODUCTION]
    sections = settings_model(listed.PLATFORMS).model_fields
    for name, field in sorted(sections.items(), key=lambda section: [*said].index(section[0])):
        parts.append("\n".join([f"## {name}\n", *_section(model_of(field), said[name]), ""]))
        if name == "forwarding":
            rules = field.get_default().kinds.items()
            parts.append(_KINDS + "".join(row for kind, rule in rules for row in _rows(kind, rule)))
    return "\n".join(parts)


def _rows(kind: Kind, rule: KindRule) -> Iterator[str]:
    """One, or one for each moment of what has several."""
    for name, template in [(f"`{kind}`: {moment}", words) for moment, words in rule.moments.items()] or [
        (f"`{kind}`", rule.template)
    ]:
        yield f"| {name} | `{_toml(rule.enabled)}` | `{rule.send_as}` | `{template}` |\n"


def _section(model: type[BaseModel], said: Remarks) -> Iterator[str]:
    if said.about:
        yield f"{_cell(said.about[0].upper() + said.about[1:])}.\n"
    yield "| setting | default | what it is |"
    yield "| --- | --- | --- |"
    for name, field in model.model_fields.items():
        if name not in ("kinds", "rules", "own"):
            limits = f" ({limit})" if (limit := _limits(field)) else ""
            yield f"| `{name}` | {_default(field)} | {_cell(said.keys.get(name, ''))}{limits} |"


def _cell(text: str) -> str:
    """Fit to stand in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return "needed" if value is PydanticUndefined else "not set" if value is None else f"`{_cell(_toml(value))}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.10g}"
    if isinstance(value, SecretStr):
        return _toml(value.get_secret_value())
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_toml(each)}' for key, each in value.items())} }}" if value else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value.as_posix() if isinstance(value, Path) else value}"'


def _limits(field: FieldInfo) -> str:
    """The numbers that are allowed."""
    bounds = {key: getattr(part, key) for part in field.metadata for key in ("gt", "ge", "le") if hasattr(part, key)}
    least, most = bounds.get("ge"), bounds.get("le")
    if least is not None and most is not None:
        return f"{_toml(least)} to {_toml(most)}"
    if most is not None:
        return f"above {_toml(bounds['gt'])}, {_toml(most)} at most" if "gt" in bounds else f"{_toml(most)} at most"
    return f"{_toml(least)} or more" if least else ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
