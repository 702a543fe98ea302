"""The desk's texts in other languages: gettext catalogues in `relay/web/locale/`, sent to the browser as JSON."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import polib
from aiohttp import web

LOCALE: Final = Path(__file__).parents[1] / "locale"

Texts = dict[str, str | list[str]]
"""English to translated; a list has the forms for one and for many."""


async def texts(request: web.Request) -> web.Response:
    """Answers the browser's request for one language."""
    found = catalogue(request.match_info["language"])
    if found is None:
        raise web.HTTPNotFound(text=f"there is no such language; there are en, {', '.join(languages())}")
    return web.json_response(found)


def languages() -> list[str]:
    """Besides English, which stands in the code."""
    return sorted(file.stem for file in LOCALE.glob("*.po"))


@lru_cache(maxsize=8)
def catalogue(language: str) -> Texts | None:
    """What is translated; None for a language there is no catalogue of."""
    if language not in languages():
        return None
    entries = polib.pofile(str(LOCALE / f"{language}.po"), encoding="utf-8").translated_entries()
    return {entry.msgid: _forms(entry) for entry in entries}


def _forms(entry: polib.POEntry) -> str | list[str]:
    return [entry.msgstr_plural[n] for n in sorted(entry.msgstr_plural)] if entry.msgid_plural else entry.msgstr
