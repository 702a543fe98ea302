"""Links in a line, also those without https:// and those written so that no program makes a link of them.

A line here is what `one_line` makes. Every pattern takes linear time: it starts only where a word starts,
and what it has taken it does not give back. A full stop is part of a link where a word stands before it, so that no
host is looked at twice; any other hides nothing.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from linkify_it.tlds import TLDS

from relay.text.obfuscation import Span
from relay.text.unicode import skeleton

_ENDINGS: Final = frozenset(
    {ending.lower() for ending in TLDS}
    | {ending[4:].encode().decode("punycode") for ending in TLDS if ending.startswith("XN--")}
    | {"example"}
)
"""All top-level domains, those of other scripts in both forms."""
MAX_LINKS: Final = 100
"""Links told apart in one line; after so many the rest of the line is one."""
MAX_NAMES: Final = 200
"""Words with a full stop in them that are looked at in one line, more than anybody writes; the rest is one link."""
_OFTEN_WORDS: Final = frozenset({
    "am", "as", "at", "be", "best", "call", "cool", "day", "do", "fun", "game", "games", "here", "how", "in", "is",
    "it", "like", "lol", "love", "my", "new", "no", "now", "one", "open", "play", "pm", "red", "run", "so", "team",
    "today", "us", "wow", "you",
})  # fmt: skip
"""Endings that are more often the next word. They make a link with www or a path, or by what stands around it."""
_NEVER_ALONE: Final = frozenset({"am", "as", "at", "be", "do", "in", "is", "it", "my", "so", "us"})
"""Those of them that begin sentences but never are one: with no word behind them they end a link."""
_OFTEN_CODE: Final = frozenset({"id", "java", "map", "md", "name", "ps", "py", "rs", "sh"})
"""Endings that are more often a file's or code. They make a link only with www or a path."""
_ANNOUNCE: Final = frozenset({
    "visit", "join", "click", "browse", "goto", "url", "link", "site", "website", "domain", "go to", "check out",
    "besuch", "besucht", "visita", "entra en",
})  # fmt: skip
"""What stands in front of a link."""
_NO_HOSTS: Final = frozenset({"it", "this", "that", "here", "there", "them", "me", "us", "him", "her", "one", "now"})
"""What else is announced so: `join us.it is fun`."""
_ALSO_WORDS: Final = frozenset({
    "app", "click", "club", "dev", "info", "link", "live", "online", "shop", "site", "store", "top", "win",
})  # fmt: skip
"""The same, unless they begin the next sentence: `nice shop.Live now`."""
_LINK: Final = re.compile(
    r"\b[a-z][a-z0-9+-]{1,20}+:[/\\]{2}[^\s<>\"']++"
    r"|(?<![\w-])(?<!\w[.\u3002])(?<!\w@)[\w-]++(?:[.\u3002][\w-]++)+(?::\d{1,5})?(?:[/?#\\][^\s<>\"']*+)?",
    re.IGNORECASE,
)
_SPELLED: Final = re.compile(
    r"(?<![\w-])[\w-]{2,63}+(?:"
    r"\s?[(\[{]\s?(?i:dot|\.)\s?[)\]}]\s?[A-Za-z]{2,24}"
    r"|\s{1,3}(?i:dot)\s{1,3}(?i:com|net|org|gg|tv|io|ru|xyz)"
    r"|(?:\s\.\s?|\.\s)(?:com|net|org|gg|ru|xyz)"
    r")(?![\w-])(?:/[^\s<>\"']*+)?"
)
_GOES_ON: Final = re.compile(r"[\s,'\u2019-]*\w")
_LOOK_BACK: Final = 20
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*:[/\\]+", re.IGNORECASE)
_HOST_ENDS: Final = (re.compile(r"[/\\?#]"), re.compile("/"))
"""As browsers read it, and as those do to whom a backslash, ? or # before an @ is a part of the user's name."""
_NO_LINK_ENDS_SO: Final = ".,;:!?)"


def links(line: str, allowed: Collection[str] = ()) -> Iterator[Span]:
    """Where a line links to hosts that are neither allowed nor below an allowed one."""
    for count, (start, end) in enumerate(_links(line, allowed)):
        yield (start, end) if count < MAX_LINKS else (start, len(line))
        if count == MAX_LINKS:
            return


def _links(line: str, allowed: Collection[str]) -> Iterator[Span]:
    if "." in line or "\u3002" in line or "//" in line or "\\\\" in line:
        for count, match in enumerate(_LINK.finditer(line)):
            if count == MAX_NAMES:
                yield match.start(), len(line)
                break
            text = match.group().rstrip(_NO_LINK_ENDS_SO)
            start, end = match.start(), match.start() + len(text)
            if (_is_link(text) or _is_meant(line, start, end)) and not _is_allowed(text, allowed):
                yield start, end
    if "." in line or "dot" in line.casefold():
        for match in _SPELLED.finditer(line):
            text = re.sub(r"\s|[(\[{)\]}]", "", re.sub(r"(?i)\sdot\s|[(\[{]\s?dot\s?[)\]}]", ".", match.group()))
            if not _is_allowed(text, allowed):
                yield match.span()


def _is_link(text: str) -> bool:
    if _SCHEME.match(text):
        return bool(_hosts(text)[0])
    name = _HOST_ENDS[0].split(text, maxsplit=1)[0]
    labels = name.partition(":")[0].replace("\u3002", ".").split(".")
    ending = skeleton(labels[-1])
    if name != text or ":" in name:
        return (ending.isalpha() and 2 <= len(ending) <= 24) or (len(labels) == 4 and "".join(labels).isdigit())
    if ending in _ALSO_WORDS:
        return not (labels[-1].istitle() and not labels[-2].istitle())
    if labels[0].casefold() == "www" and len(labels) >= 3:
        return True
    if labels[-1].lower() in _ENDINGS or ending in _ENDINGS:
        return ending not in _OFTEN_WORDS and ending not in _OFTEN_CODE
    return ending.startswith("xn--")


def _is_meant(line: str, start: int, end: int) -> bool:
    """Whether what may be two sentences without a space between them is a link by what stands around it."""
    name, _, ending = line[start:end].replace("\u3002", ".").rpartition(".")
    if ending.lower() not in _OFTEN_WORDS or name.isdecimal() or (ending.istitle() and not name.istitle()):
        return False
    if ending.lower() in _NEVER_ALONE and _GOES_ON.match(line, end) is None:
        return True
    before = line[max(0, start - _LOOK_BACK) : start].lower().replace(":", " ").split()
    if before and not before[-1].strip(".\u3002"):
        before.pop()
    is_announced = not _ANNOUNCE.isdisjoint((" ".join(before[-2:]), *before[-1:]))
    return is_announced and name.lower() not in _NO_HOSTS


def _hosts(link: str) -> list[str]:
    """Where it may lead: readers differ about what stands before an @."""
    rest = _SCHEME.sub("", link, count=1)
    authority, other = (ends.split(rest, maxsplit=1)[0] for ends in _HOST_ENDS)
    read = [authority, other] if "@" in other else [authority]
    return [each.rpartition("@")[2].partition(":")[0].replace("\u3002", ".").strip(".").lower() for each in read]


def _is_allowed(link: str, allowed: Collection[str]) -> bool:
    """Whether all it may lead to is allowed, or below what is."""
    names = [name.lower() for name in allowed]
    return all(any(host == name or host.endswith(f".{name}") for name in names) for host in _hosts(link))
