"""Numbers and what is counted, in the words of a language. Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from relay.text.aloud.languages import Language, Unit

LONGEST: Final = 15
"""Digits up to which a number is one; a longer one, such as an account's id, is read digit by digit."""
_YEARS: Final = range(1900, 2100)
"""Whole numbers that are read as years."""

_NUMBER: Final = r"\d+(?:[.,]\d+)*"
_SPACED: Final = re.compile(r"(?<![\w.,+])(?<!\d )[1-9]\d{0,2}(?: \d{3})+(?! ?\d)")
"""A number whose thousands are parted by spaces; not what phone numbers and lists of numbers look like."""
_ANY: Final = re.compile(_NUMBER)
_MUCH: Final = re.compile(rf"(?<!\w)({_NUMBER})([kKM])(?!\w)")
_ORDINAL: Final = re.compile(r"(?<![\w.,])(\d{1,4})(?:st|nd|rd|th)(?!\w)", re.IGNORECASE)
_BETWEEN: Final = re.compile(rf"(?<![\w.,:/-])({_NUMBER})( ?[-\u2013] ?|:)({_NUMBER})(?![\w:/-])")
_HYPHEN: Final = re.compile(r"(?<=\w)-(?=\d)|(?<=\d)-(?=\w)")
_NEGATIVE: Final = re.compile(r"(?<![^\s(])[-\u2212](?=\d)")


def with_numbers_as_words(line: str, language: Language) -> str:
    """The line without digits, as far as num2words knows the language."""
    if not any(map(str.isdecimal, line)):
        return line
    words = language.words
    if language.decimal == ",":
        line = _SPACED.sub(lambda found: found.group().replace(" ", ""), line)
    line = _NEGATIVE.sub(f"{words.get('-', '')} ", line)
    line = _counted(_counted(line, language, language.currencies), language, language.units)
    line = _MUCH.sub(lambda found: f"{found[1]} {words.get(found[2].replace('K', 'k'), found[2])}", line)
    if language.code == "en":
        line = _ORDINAL.sub(lambda found: asked(int(found[1]), "en", to="ordinal"), line)
    line = _BETWEEN.sub(lambda found: _between(found, words), line)
    line = _HYPHEN.sub(" ", line)
    return _ANY.sub(lambda found: f" {spoken(found.group(), language)} ", line)


def spoken(number: str, language: Language) -> str:
    """One number as it is written, also with a fraction or as a version has them."""
    whole, fraction = _parted(number, language.decimal)
    if not whole:
        signs = {".": f" {language.words.get('.', '')} ", ",": ", "}
        return "".join(signs.get(part) or _whole(part, language) for part in re.split("([.,])", number))
    if not fraction:
        return _whole(whole, language)
    if (point := language.words.get("decimal")) is None and len(whole + fraction) <= LONGEST:
        return asked(Decimal(f"{whole}.{fraction}"), language.code)
    return f"{_whole(whole, language)} {point or ''} {_one_by_one(fraction, language)}"


@lru_cache(1024)
def asked(number: int | Decimal, code: str, *, to: str = "cardinal") -> str:
    """In words; as digits where num2words knows no such number or language."""
    from num2words import num2words

    try:
        return str(num2words(number, lang=code, to=to)).replace(",", "")
    except (NotImplementedError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return str(number)


def _between(found: re.Match[str], words: Mapping[str, str]) -> str:
    first, sign, last = found.groups()
    word = words.get(":" if sign == ":" else "to")
    apart = sign if len(sign) > 1 else " "  # a dash that stands alone is a pause in any language
    return f"{first}{apart}{last}" if word is None else f"{first} {word} {last}"


def _parted(number: str, decimal: str) -> tuple[str, str]:
    """Its whole part and its fraction; nothing where it is several numbers."""
    group = "," if decimal == "." else "."
    if re.fullmatch(rf"\d{{1,3}}(?:[{group}]\d{{3}})+(?:[{decimal}]\d+)?", number):
        number = number.replace(group, "")
    elif decimal == "," and re.fullmatch(r"\d+\.\d+", number):
        number = number.replace(".", ",")
    whole, _, fraction = number.partition(decimal)
    return (whole, fraction) if whole.isdecimal() and (fraction.isdecimal() or not fraction) else ("", "")


def _whole(digits: str, language: Language) -> str:
    if len(digits) > LONGEST or (digits[0] == "0" and len(digits) > 1):
        return _one_by_one(digits, language)
    number = int(digits)
    has_years = language.code in ("en", "de")
    return asked(number, language.code, to="year" if has_years and number in _YEARS else "cardinal")


def _one_by_one(digits: str, language: Language) -> str:
    return " ".join(asked(int(digit), language.code) for digit in digits)


def _counted(line: str, language: Language, units: Mapping[str, Unit]) -> str:
    """With the words of units behind their numbers; signs of currencies also stand before."""

    def amount(found: re.Match[str]) -> str:
        number, much, unit = found["number"], found["much"] or "", units[found["unit"]]
        if much:
            return f" {number} {language.words[much.replace('K', 'k')]} {unit.many} "
        whole, fraction = _parted(number, language.decimal)
        if not unit.cents or len(fraction) != 2:
            return f" {unit.one} " if (whole, fraction) == ("1", "") else f" {number} {unit.many} "
        cents = f"{language.words['&']} {int(fraction)} {unit.cents}" if int(fraction) else ""
        return f" {unit.one if whole == '1' else f'{whole} {unit.many}'} {cents} "

    for pattern in _patterns(tuple(units)):
        line = pattern.sub(amount, line)
    return line


@lru_cache(32)
def _patterns(units: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """A unit before its number, where it is a sign, and behind it."""
    names = sorted(map(re.escape, units), key=len, reverse=True)
    signs = [re.escape(unit) for unit in units if unit in "$€£¥"]
    number = rf"(?P<number>{_NUMBER})(?P<much>[kKM](?!\w))?+"
    before = [re.compile(rf"(?P<unit>{'|'.join(signs)}){number}")] if signs else []
    return (
        (*before, re.compile(rf"(?<![\w.,])(?<!\d[/:-]){number} ?(?P<unit>{'|'.join(names)})(?!\w)")) if names else ()
    )
