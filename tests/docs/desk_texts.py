"""`python -m tests.docs.desk_texts` writes all texts of the desk into its catalogue, and the translations to match.

What is new in a translation stands there without a text; what the desk does not say any more is taken out.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Final

import polib
from babel.messages.extract import extract

from relay.application.settings.catalogue import catalogue, section_titles
from relay.web.desk.texts import LOCALE
from tests.docs.own_texts import own_texts
from tests.docs.pages import ROOT

SCRIPTS: Final = ROOT / "relay" / "web" / "static" / "desk"
TEMPLATE: Final = LOCALE / "desk.pot"
KEYWORDS: Final = {"t": None, "n": (1, 2)}
"""What marks a text in the scripts; see texts.js."""
_CALL: Final = re.compile(r"\b[tn]\((?=\s*[\"'])")
_LONGEST: Final = 2_000
"""Characters of one call."""
RELAY: Final = ROOT / "relay"
PHRASES: Final = {"phrase": None}
"""What marks a text in the relay's own modules; see `relay/guide.py`."""
_ABOUT: Final = {
    "Project-Id-Version": "Voxta Relay",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Transfer-Encoding": "8bit",
}


def texts_of(script: str) -> dict[str, str]:
    """What a script says: one to many, "" where there is only one form."""
    texts: dict[str, str] = {}
    for call in _CALL.finditer(script):  # one by one, since Babel does not look into the arguments of a call
        piece = script[call.start() : call.start() + _LONGEST].encode()
        found = next(iter(extract("javascript", BytesIO(piece), KEYWORDS, options={"encoding": "utf-8"})), None)
        if found is not None and found[1]:
            one, many = found[1] if isinstance(found[1], tuple) else (found[1], "")
            texts[one] = many
    return texts


def phrases_of(module: str) -> dict[str, str]:
    """What a module of the relay has pages say."""
    if "phrase(" not in module:
        return {}
    found = extract("python", BytesIO(module.encode()), PHRASES, options={"encoding": "utf-8"})
    return {message: "" for _, message, _, _ in found if isinstance(message, str)}


def said() -> dict[str, str]:
    """All the desk says, in order."""
    texts: dict[str, str] = {}
    for script in sorted(SCRIPTS.rglob("*.js")):
        texts |= texts_of(script.read_text("utf-8"))
    for module in sorted(RELAY.rglob("*.py")):
        texts |= phrases_of(module.read_text("utf-8"))
    for text in chain(own_texts(), _explained()):
        texts.setdefault(text, "")
    return dict(sorted(texts.items(), key=lambda text: (text[0].casefold(), text[0])))


def _explained() -> Iterator[str]:
    """What the sections of the settings are about, and what each setting and each part of an entry is for."""
    yield from filter(None, section_titles().values())
    yield from (setting.about for setting in catalogue().values() if setting.about)
    for entry in filter(None, (setting.entry for setting in catalogue().values())):
        yield from (part["description"] for name, part in entry["properties"].items() if part["description"] != name)


def template() -> str:
    """The catalogue without a translation, as text."""
    return str(_file(said(), polib.POFile(), dict(_ABOUT)))


def translated(catalogue: Path) -> str:
    """A catalogue in line with what the desk says, as text."""
    old = polib.pofile(str(catalogue), encoding="utf-8")
    return str(_file(said(), old, dict(old.metadata)))


def _file(texts: dict[str, str], old: polib.POFile, about: dict[str, str]) -> polib.POFile:
    known = {(entry.msgid, entry.msgid_plural): entry for entry in old}
    file = polib.POFile(wrapwidth=10_000)
    file.metadata = about
    for one, many in texts.items():
        empty = polib.POEntry(msgid=one, msgid_plural=many, msgstr_plural={0: "", 1: ""} if many else {})
        file.append(known.get((one, many), empty))
    return file


def main() -> None:
    """Write them."""
    TEMPLATE.write_text(template() + "\n", "utf-8")
    for file in LOCALE.glob("*.po"):
        file.write_text(translated(file) + "\n", "utf-8")


if __name__ == "__main__":
    main()
