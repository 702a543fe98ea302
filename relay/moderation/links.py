"""Links in a line, also those without https:// and those written so that no program makes a link of them.

A line here is what `relay.text.one_line` makes. Every pattern takes linear time: it starts only where a word starts,
and what it has taken it does not give back.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from relay.disguise import Span
from relay.text import skeleton

_CLEAR: Final = frozenset({
    "com", "net", "org", "io", "gg", "tv", "co", "xyz", "biz", "ru", "de", "uk", "fr", "es", "nl", "pl", "eu", "br",
    "jp", "cn", "ly", "icu", "vip", "buzz", "gq", "tk", "ml", "cf", "ga", "cc", "ws", "pw", "su", "example",
})  # fmt: skip
"""Endings that make a link of a bare name."""
_ALSO_WORDS: Final = frozenset({
    "app", "click", "club", "dev", "info", "link", "live", "online", "shop", "site", "store", "top", "win",
})  # fmt: skip
"""The same, unless they begin the next sentence: `nice shop.Live now`. All other endings need a path after them."""
_LINK: Final = re.compile(
    r"\b[a-z][a-z0-9+-]{1,20}+:[/\\]{2}[^\s<>\"']++"
    r"|(?<![\w.-])(?<!\w@)[\w-]++(?:[.\u3002][\w-]++)++(?::\d{1,5})?+(?:[/?#\\][^\s<>\"']*+)?+",
    re.IGNORECASE,
)
_SPELLED: Final = re.compile(
    r"(?<![\w-])[\w-]{2,63}+(?:"
    r"\s?[(\[{]\s?(?i:dot|\.)\s?[)\]}]\s?[A-Za-z]{2,24}"
    r"|\s{1,3}(?i:dot)\s{1,3}(?i:com|net|org|gg|tv|io|ru|xyz)"
    r"|(?:\s\.\s?|\.\s)(?:com|net|org|gg|ru|xyz)"
    r")(?![\w-])(?:/[^\s<>\"']*+)?+"
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*:[/\\]+", re.IGNORECASE)
_HOST_ENDS: Final = re.compile(r"[/\\?#]")
_NO_LINK_ENDS_SO: Final = ".,;:!?)"


def links(line: str, allowed: Collection[str] = ()) -> Iterator[Span]:
    """Where a line links to hosts that are neither allowed nor below an allowed one."""
    if "." in line or "\u3002" in line or "//" in line or "\\\\" in line:
        for match in _LINK.finditer(line):
            text = match.group().rstrip(_NO_LINK_ENDS_SO)
            if _is_link(text) and not _is_allowed(_host(text), allowed):
                yield match.start(), match.start() + len(text)
    if "." in line or "dot" in line.casefold():
        for match in _SPELLED.finditer(line):
            text = re.sub(r"\s|[(\[{)\]}]", "", re.sub(r"(?i)\sdot\s|[(\[{]\s?dot\s?[)\]}]", ".", match.group()))
            if not _is_allowed(_host(text), allowed):
                yield match.span()


def _is_link(text: str) -> bool:
    if _SCHEME.match(text):
        return bool(_host(text))
    name = _HOST_ENDS.split(text, maxsplit=1)[0]
    labels = name.partition(":")[0].replace("\u3002", ".").split(".")
    ending = skeleton(labels[-1])
    if name != text or ":" in name:
        return (ending.isalpha() and 2 <= len(ending) <= 24) or (len(labels) == 4 and "".join(labels).isdigit())
    if ending in _ALSO_WORDS:
        return not (labels[-1].istitle() and not labels[-2].istitle())
    return ending in _CLEAR or ending.startswith("xn--") or (labels[0].casefold() == "www" and len(labels) > 2)


def _host(link: str) -> str:
    """As a browser reads it: what stands before an @ is no host, and a backslash is a slash."""
    authority = _HOST_ENDS.split(_SCHEME.sub("", link, count=1), maxsplit=1)[0].rpartition("@")[2]
    return authority.partition(":")[0].replace("\u3002", ".").strip(".").lower()


def _is_allowed(host: str, allowed: Collection[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in map(str.lower, allowed))
