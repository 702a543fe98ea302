"""Personal data and links in a text: found, and masked."""

import re
from collections.abc import Collection
from typing import Final

_EMAIL: Final = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b")
_DIGITS: Final = re.compile(r"(?<![\w.])\+?\d[\d ().\-/]{6,22}\d(?![\w])")
_IP: Final = re.compile(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b")
_LINK: Final = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"']+"
    r"|\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?:com|net|org|io|gg|tv|me|co|app|dev|xyz|info|biz|ru|de|uk|fr|es|it|nl|pl|eu|us|ca|au|br|in|jp|cn|to|ly|link|shop|"
    r"site|online|club|live|store|top|win|vip|example)\b(?:/[^\s<>\"']*)?",
    re.IGNORECASE,
)
_SPOKEN_LINK: Final = re.compile(
    r"\b([a-z0-9-]{2,63})\s*(?:\(?\bdot\b\)?|\[\.\]|\(\.\))\s*([a-z]{2,10})\b", re.IGNORECASE
)
_HOST: Final = re.compile(r"^(?:https?://)?(?:www\.)?([^/:?#]+)", re.IGNORECASE)


def mask_personal_data(text: str, mask: str = "***") -> str:
    """The text without e-mail addresses, IP addresses, phone numbers and card numbers."""
    if "@" in text:
        text = _EMAIL.sub(mask, text)
    if any(character.isdigit() for character in text):
        text = _DIGITS.sub(lambda match: mask if _is_personal(match.group()) else match.group(), _IP.sub(mask, text))
    return text


def links_in(text: str) -> list[str]:
    """The hosts a text links to, lower case; also spelled `example dot com`."""
    if "." not in text and "dot" not in text.lower():
        return []
    hosts = [_host(match.group()) for match in _LINK.finditer(text)]
    return hosts + [f"{name}.{ending}".lower() for name, ending in _SPOKEN_LINK.findall(text)]


def foreign_links(text: str, allowed: Collection[str]) -> list[str]:
    """The hosts a text links to that are neither allowed nor below an allowed one."""
    return [host for host in links_in(text) if not any(host == a or host.endswith(f".{a}") for a in allowed)]


def mask_links(text: str, allowed: Collection[str], mask: str = "(link)") -> str:
    """The text without links to hosts that are not allowed."""

    def judged(match: re.Match[str]) -> str:
        link = match.group().rstrip(".,;:!?)")
        return mask + match.group()[len(link) :] if foreign_links(link, allowed) else match.group()

    return _SPOKEN_LINK.sub(judged, _LINK.sub(judged, text))


def _host(link: str) -> str:
    found = _HOST.match(link)
    return (found.group(1) if found else link).lower().rstrip(".")


def _is_personal(number: str) -> bool:
    digits = "".join(character for character in number if character.isdigit())
    if 13 <= len(digits) <= 19 and _passes_luhn(digits):
        return True
    return 9 <= len(digits) <= 15 or (len(digits) >= 7 and number.startswith("+"))


def _passes_luhn(digits: str) -> bool:
    """The check digit of card numbers (ISO/IEC 7812-1)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
