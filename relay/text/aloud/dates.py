"""Dates and times of day in the words of a language. Pure."""

import re
from functools import lru_cache
from typing import Final

from relay.text.aloud.languages import Language
from relay.text.aloud.numbers import asked

_ISO: Final = re.compile(r"(?<![\w.-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])")
_SLASHED: Final = re.compile(r"(?<![\w./-])(\d{1,2})/(\d{1,2})/(\d{4})(?![\w/-])")
_INFLECTED: Final = r"(?:(?P<word>am|vom|zum|dem|den|ab|bis|seit|der|die|das)\s+)?"
_DOTTED: Final = re.compile(
    rf"(?<![\w.-]){_INFLECTED}(?P<day>\d{{1,2}})\. ?(?P<month>\d{{1,2}})\.(?: ?(?P<year>\d{{4}}))?(?![\w-])",
    re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"(?<![\w:.,])(?P<hour>\d{1,2})[:.](?P<minute>[0-5]\d)(?![\d:]|[.,]\d)"
    r"(?: ?(?P<half>[AaPp]\.?[Mm]\b\.?|Uhr\b|h\b))?(?!\w)"
    r"|(?<![\w:.,])(?P<alone>\d{1,2}) ?(?P<only>[AaPp]\.?[Mm]\b\.?|Uhr\b)"
)


def with_dates_as_words(line: str, language: Language) -> str:
    """The line with its dates and times as words, where these are known; else as numbers apart."""
    if not any(map(str.isdecimal, line)):
        return line
    line = _ISO.sub(lambda found: _date(found["year"], found["month"], found["day"], language), line)
    line = _SLASHED.sub(lambda found: _slashed(found, language), line)
    if language.code == "de":
        line = _DOTTED.sub(lambda found: _dotted(found, language), line)
    if language.months:
        named = _named(language.months, day_first=language.code == "de")
        line = named.sub(lambda found: _with_name(found, language), line)
    return _TIME.sub(lambda found: _time(found, language), line)


def _date(year: str, month: str, day: str, language: Language, word: str = "") -> str:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return f"{year} {month} {day}"
    if not language.months:
        return f"{int(day)} {int(month)} {year}"
    return _said(int(day), language.months[int(month) - 1], year, language, word)


def _said(day: int, month: str, year: str, language: Language, word: str = "") -> str:
    """`word` stands before it, and decides in German how it ends."""
    nth = asked(day, language.code, to="ordinal")
    if language.code == "de":
        ending = {"": "r", "der": "", "die": "", "das": ""}.get(word.lower(), "n")
        return f"{word} {nth}{ending} {month} {year}".strip()
    return f"{month} {nth}, {year}".rstrip(", ") if language.month_first else f"{nth} of {month} {year}".rstrip()


def _slashed(found: re.Match[str], language: Language) -> str:
    month, day, year = found.groups()
    if not language.month_first or int(month) > 12:
        month, day = day, month
    return _date(year, month, day, language)


def _dotted(found: re.Match[str], language: Language) -> str:
    if not (1 <= int(found["month"]) <= 12 and 1 <= int(found["day"]) <= 31):
        return found.group()
    return _date(found["year"] or "", found["month"], found["day"], language, found["word"] or "")


@lru_cache(8)
def _named(months: tuple[str, ...], *, day_first: bool) -> re.Pattern[str]:
    name, day, year = rf"(?P<month>{'|'.join(months)})", r"(?P<day>\d{1,2})", r"(?P<year>\d{4})"
    if day_first:
        return re.compile(rf"{_INFLECTED}(?<![\w.]){day}\. ?{name}\b(?: {year}(?!\w))?", re.IGNORECASE)
    return re.compile(rf"(?<!\w){name} {day}(?:st|nd|rd|th)?(?!\w|[.,:]\d)(?:,? {year}(?!\w))?")


def _with_name(found: re.Match[str], language: Language) -> str:
    word = found.groupdict().get("word") or ""
    if not 1 <= int(found["day"]) <= 31:
        return found.group()
    return _said(int(found["day"]), found["month"], found["year"] or "", language, word)


def _time(found: re.Match[str], language: Language) -> str:
    half = (found["half"] or found["only"] or "").replace(".", "").upper()
    hour, minute = int(found["hour"] or found["alone"]), int(found["minute"] or 0)
    is_one = ":" in found.group() or half
    if not is_one or hour > 24 or (half in ("AM", "PM") and not 1 <= hour <= 12):
        return found.group()
    if language.code == "en":
        return _english(hour, minute, half)
    if language.code == "de" and half in ("", "UHR", "H"):
        return f"{'ein' if hour == 1 else asked(hour, 'de')} Uhr {asked(minute, 'de') if minute else ''}".rstrip()
    return f"{hour} {minute} {half}".rstrip() if found["hour"] else found.group()


def _english(hour: int, minute: int, half: str) -> str:
    if half not in ("AM", "PM") and (hour > 12 or hour == 0):
        half, hour = "AM" if hour in (0, 24) else "PM", hour % 12 or 12
    exact = "" if half in ("AM", "PM") else "o'clock"
    minutes = (f"oh {asked(minute, 'en')}" if minute < 10 else asked(minute, "en")) if minute else exact
    return " ".join(part for part in (asked(hour, "en"), minutes, half) if part and part not in ("UHR", "H"))
