"""Personal data in a line: e-mail and IP addresses, phone and card numbers.

A line here is what `one_line` makes. Scores, dates and ids are numbers too: a number counts as a phone
number only when it is written like one or announced as one, and as a card number only when its check digit is right.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

import regex

from relay.text.obfuscation import Span

_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}+(?:@|\s?[(\[{]\s?(?:at|@)\s?[)\]}]\s?)"
    r"[\w-]{1,63}+(?:(?:\.|\s?[(\[{]\s?(?:dot|\.)\s?[)\]}]\s?)[\w-]{1,63}+){1,8}",
    re.IGNORECASE,
)
_NUMBER: Final = regex.compile(r"(?:(?<![\w.])[(]?|[+])\d(?:[ ().\-/]{0,3}\d){6,22}+(?!\w)")
_IP4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IP6: Final = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_DECIMAL: Final = re.compile(r"\d+\.\d+")
_DATE: Final = re.compile(r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2})(?![./-]?\d)")
_ROUND: Final = "00000"
"""Ends what counts something."""
_ANNOUNCED: Final = re.compile(
    r"\b(?:call|phone|tel|telephone|telefon|mobile|handy|whatsapp|sms|text me|number|nummer)"
    r"\W{0,3}(?:\w{1,5}\W{1,3}){0,3}$",
    re.IGNORECASE,
)
_CARD: Final = re.compile(r"3[47]\d{13}|3[0689]\d{12}|4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|6\d{15,18}")


def personal_data(line: str) -> Iterator[Span]:
    """Where personal data stands in a line."""
    if "@" in line or ("at" in line and any(bracket in line for bracket in "([{")):
        yield from (match.span() for match in _EMAIL.finditer(line))
    if "." in line:
        yield from (match.span() for match in _IP4.finditer(line) if _is_address(match.group()))
    if ":" in line:
        yield from (match.span() for match in _IP6.finditer(line) if _is_address(match.group()))
    for match in _NUMBER.finditer(line):
        if _is_personal(match.group(), line[max(0, match.start() - 32) : match.start()]):
            yield match.span()


def _is_address(text: str) -> bool:
    if sum(map(str.isalnum, text)) < 5 and ":" in text:
        return False  # `a::b` is code
    try:
        return not ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _is_personal(number: str, before: str) -> bool:
    digits = "".join(filter(str.isdigit, number))
    if _DECIMAL.fullmatch(number):
        return False
    if _CARD.fullmatch(digits) and _passes_luhn(digits):
        return True
    if len(digits) > 15 or digits.endswith(_ROUND) or _DATE.match(number):
        return False
    if number.startswith("+"):
        return len(digits) >= 8
    return _is_national(number, digits) or _ANNOUNCED.search(before) is not None


def _is_national(number: str, digits: str) -> bool:
    """Written as numbers are within a country: after a 0, or in the groups of North America or Brazil."""
    if number[0] in "0(" and len(digits) >= 9 and len(set(digits)) > 2:
        return not digits.startswith("000")
    groups = [len(group) for group in re.findall(r"\d+", number)]
    return groups[-3:] in ([3, 3, 4], [2, 5, 4])


def _passes_luhn(digits: str) -> bool:
    """The check digit of card numbers (ISO/IEC 7812-1)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
