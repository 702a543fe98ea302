"""`python -m tests.docs.actions_page` writes docs/actions.md: what can be called to steer the relay."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from relay.model import Role
from relay.web.desk.actions import DeskAction
from tests.docs.pages import ROOT
from tests.web.api.stage import whole_desk

PAGE: Final = ROOT / "docs" / "actions.md"

_INTRODUCTION: Final = """\
# Actions

All that can be done on the desk, as programs call it: `POST /api/<action>` with the fields in a JSON object of at most
16 KiB. The [HTTP API](http-api.md#the-desk-for-programs) tells how, and [Buttons](buttons.md) how Stream Deck does.
Links of moderators may call what is not marked as the streamer's.

| action | does | fields |
| --- | --- | --- |
"""


def page() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(f"{row}\n" for row in asyncio.run(_rows()))


async def _rows() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        async with whole_desk(Path(folder)) as (_, desk, _):
            return [_row(action) for action in sorted(desk.actions, key=lambda action: action.name)]


def _row(action: DeskAction[Any]) -> str:
    whose = " (the streamer's)" if action.role is Role.STREAMER else ""
    return f"| `{action.name}` | {_cell(action.summary)}{whose} | {_cell('; '.join(_fields(action)))} |"


def _fields(action: DeskAction[Any]) -> Iterator[str]:
    for name, field in action.fields.model_fields.items():
        optional = "" if field.is_required() else ", may be left out"
        yield f"`{name}`: {field.description}{optional}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
