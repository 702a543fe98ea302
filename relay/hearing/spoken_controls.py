"""The few controls that can be said aloud, and how people say them. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import regex

from relay.text.unicode import one_line


class SpokenControl(StrEnum):
    """What is to be done."""

    INTERRUPT = "interrupt"
    SKIP = "skip"
    PAUSE = "pause"
    RESUME = "resume"
    LOUDER = "louder"
    QUIETER = "quieter"


_SAID: Final[Mapping[str, Mapping[SpokenControl, tuple[str, ...]]]] = {
    "en": {
        SpokenControl.INTERRUPT: ("stop", "stop talking", "stop it", "be quiet", "quiet", "silence", "shut up", "hush"),
        SpokenControl.SKIP: ("skip", "skip it", "skip that", "skip this"),
        SpokenControl.PAUSE: ("pause", "take a break"),
        SpokenControl.RESUME: ("go on", "continue", "resume", "come back"),
        SpokenControl.LOUDER: ("louder", "a bit louder", "speak louder", "speak up", "volume up"),
        SpokenControl.QUIETER: ("quieter", "a bit quieter", "speak quieter", "not so loud", "volume down", "softer"),
    },
    "de": {
        SpokenControl.INTERRUPT: ("stopp", "halt", "sei still", "sei ruhig", "ruhe", "still", "hör auf", "schweig"),
        SpokenControl.SKIP: ("überspringen", "überspring das", "überspringe das", "lass das aus"),
        SpokenControl.PAUSE: ("mach pause", "mach mal pause", "pausiere"),
        SpokenControl.RESUME: ("weiter", "mach weiter", "geht weiter", "komm zurück"),
        SpokenControl.LOUDER: ("lauter", "etwas lauter", "sprich lauter", "ein bisschen lauter"),
        SpokenControl.QUIETER: ("leiser", "etwas leiser", "sprich leiser", "ein bisschen leiser", "nicht so laut"),
    },
}
"""In words as recognisers write them, without case and punctuation. Those of all languages count at once, as nobody
says which one is spoken."""
_CONTROLS: Final = {
    tuple(said.split()): control for spoken in _SAID.values() for control, ways in spoken.items() for said in ways
}
_CALLS: Final = frozenset({"hey", "ok", "okay", "hi", "hallo", "he"})
_POLITE: Final = frozenset({"please", "bitte", "now", "jetzt"})
_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")


def spoken_control(text: str, names: Iterable[str]) -> SpokenControl | None:
    """The control that the text is, and nothing besides; one of the companion's names may stand before it.

    "Vox, stop!" is one, "Don't stop, Vox" and "Stop the music" are not.
    """
    words = _words(text)
    for name in map(_words, names):
        rest = words[1:] if words[:1] and words[0] in _CALLS else words
        if name and rest[: len(name)] == name:
            words = rest[len(name) :]
            break
    while words and words[-1] in _POLITE:
        words = words[:-1]
    while words and words[0] in _POLITE:
        words = words[1:]
    return _CONTROLS.get(words)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(one_line(text).casefold()))
