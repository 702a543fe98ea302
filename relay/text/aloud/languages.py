"""What a language calls the signs, units and abbreviations that stand in a text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Unit:
    """What is counted: one of it, with its number, and what several are called."""

    one: str
    many: str
    cents: str = ""
    """Hundredths of a currency."""


@dataclass(frozen=True)
class Language:
    """How one language reads aloud. What is empty is left out of the speech."""

    code: str
    """As num2words calls it; where it knows none, digits stay digits."""
    decimal: str = "."
    """What stands before the fraction of a number; the other of comma and full stop parts its thousands, and a space
    does where this is a comma."""
    month_first: bool = False
    """Whether 11/22/2026 is in November."""
    words: Mapping[str, str] = field(default_factory=dict)
    """For signs; `-` before a number, `to` for one between two numbers, `decimal` in one, k and M behind one."""
    units: Mapping[str, Unit] = field(default_factory=dict)
    currencies: Mapping[str, Unit] = field(default_factory=dict)
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    """Those with a full stop are found without regard to the spaces in them, all as they are written."""
    months: tuple[str, ...] = ()


_DATA_SIZES: Final = {
    "KB": Unit("one kilobyte", "kilobytes"),
    "MB": Unit("one megabyte", "megabytes"),
    "GB": Unit("one gigabyte", "gigabytes"),
    "TB": Unit("one terabyte", "terabytes"),
}

ENGLISH: Final = Language(
    code="en",
    month_first=True,
    words={
        "&": "and", "+": "plus", "=": "equals", "\u00d7": "times", "-": "minus", ".": "point", "decimal": "point",
        "to": "to", ":": "to", "k": "thousand", "M": "million",
    },
    units={
        **_DATA_SIZES,
        "mm": Unit("one millimeter", "millimeters"), "cm": Unit("one centimeter", "centimeters"),
        "km": Unit("one kilometer", "kilometers"), "km/h": Unit("one kilometer an hour", "kilometers an hour"),
        "mph": Unit("one mile an hour", "miles an hour"), "kg": Unit("one kilogram", "kilograms"),
        "mg": Unit("one milligram", "milligrams"), "ml": Unit("one milliliter", "milliliters"),
        "ms": Unit("one millisecond", "milliseconds"), "min": Unit("one minute", "minutes"),
        "Hz": Unit("one hertz", "hertz"), "kHz": Unit("one kilohertz", "kilohertz"),
        "MHz": Unit("one megahertz", "megahertz"),
        "GHz": Unit("one gigahertz", "gigahertz"), "dB": Unit("one decibel", "decibels"),
        "fps": Unit("one frame a second", "frames a second"), "FPS": Unit("one frame a second", "frames a second"),
        "°C": Unit("one degree Celsius", "degrees Celsius"), "°F": Unit("one degree Fahrenheit", "degrees Fahrenheit"),
        "°": Unit("one degree", "degrees"), "%": Unit("one percent", "percent"),
    },
    currencies={
        "$": Unit("one dollar", "dollars", "cents"), "USD": Unit("one dollar", "dollars", "cents"),
        "€": Unit("one euro", "euros", "cents"), "EUR": Unit("one euro", "euros", "cents"),
        "£": Unit("one pound", "pounds", "pence"), "GBP": Unit("one pound", "pounds", "pence"),
        "¥": Unit("one yen", "yen"), "JPY": Unit("one yen", "yen"),
    },
    abbreviations={
        "Mr.": "Mister", "Mrs.": "Missus", "Dr.": "Doctor", "Prof.": "Professor", "Jr.": "Junior", "Sr.": "Senior",
        "vs.": "versus", "vs": "versus", "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera",
        "approx.": "approximately", "w/": "with", "w/o": "without",
        "Jan.": "January", "Feb.": "February", "Aug.": "August", "Sept.": "September", "Oct.": "October",
        "Nov.": "November", "Dec.": "December",
    },
    months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ),
)  # fmt: skip

GERMAN: Final = Language(
    code="de",
    decimal=",",
    words={
        "&": "und", "+": "plus", "=": "gleich", "\u00d7": "mal", "-": "minus", ".": "Punkt", "decimal": "Komma",
        "to": "bis", ":": "zu", "k": "tausend", "M": "Millionen",
    },
    units={
        "KB": Unit("ein Kilobyte", "Kilobyte"), "MB": Unit("ein Megabyte", "Megabyte"),
        "GB": Unit("ein Gigabyte", "Gigabyte"),
        "TB": Unit("ein Terabyte", "Terabyte"), "mm": Unit("ein Millimeter", "Millimeter"),
        "cm": Unit("ein Zentimeter", "Zentimeter"), "km": Unit("ein Kilometer", "Kilometer"),
        "km/h": Unit("ein Kilometer pro Stunde", "Kilometer pro Stunde"), "kg": Unit("ein Kilogramm", "Kilogramm"),
        "mg": Unit("ein Milligramm", "Milligramm"), "ml": Unit("ein Milliliter", "Milliliter"),
        "ms": Unit("eine Millisekunde", "Millisekunden"), "min": Unit("eine Minute", "Minuten"),
        "Hz": Unit("ein Hertz", "Hertz"), "kHz": Unit("ein Kilohertz", "Kilohertz"),
        "MHz": Unit("ein Megahertz", "Megahertz"),
        "GHz": Unit("ein Gigahertz", "Gigahertz"), "dB": Unit("ein Dezibel", "Dezibel"),
        "fps": Unit("ein Bild pro Sekunde", "Bilder pro Sekunde"),
        "FPS": Unit("ein Bild pro Sekunde", "Bilder pro Sekunde"),
        "°C": Unit("ein Grad Celsius", "Grad Celsius"), "°F": Unit("ein Grad Fahrenheit", "Grad Fahrenheit"),
        "°": Unit("ein Grad", "Grad"), "%": Unit("ein Prozent", "Prozent"),
    },
    currencies={
        "$": Unit("ein Dollar", "Dollar", "Cent"), "USD": Unit("ein Dollar", "Dollar", "Cent"),
        "€": Unit("ein Euro", "Euro", "Cent"), "EUR": Unit("ein Euro", "Euro", "Cent"),
        "£": Unit("ein Pfund", "Pfund", "Pence"), "GBP": Unit("ein Pfund", "Pfund", "Pence"),
        "¥": Unit("ein Yen", "Yen"), "JPY": Unit("ein Yen", "Yen"),
    },
    abbreviations={
        "z.B.": "zum Beispiel", "d.h.": "das heißt", "u.a.": "unter anderem", "u.U.": "unter Umständen",
        "i.d.R.": "in der Regel", "o.Ä.": "oder Ähnliches", "usw.": "und so weiter", "bzw.": "beziehungsweise",
        "bspw.": "beispielsweise", "ca.": "circa", "evtl.": "eventuell", "ggf.": "gegebenenfalls", "vgl.": "vergleiche",
        "inkl.": "inklusive", "exkl.": "exklusive", "max.": "maximal", "Nr.": "Nummer", "Str.": "Straße",
        "Dr.": "Doktor", "Prof.": "Professor", "St.": "Sankt", "Std.": "Stunden", "Min.": "Minuten",
        "Sek.": "Sekunden", "Mio.": "Millionen", "Mrd.": "Milliarden",
    },
    months=(
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
        "Dezember",
    ),
)  # fmt: skip

_COMMA: Final = frozenset({
    "az", "be", "bg", "ca", "cs", "da", "el", "eo", "es", "et", "fi", "fr", "hr", "hu", "id", "is", "it", "lt",
    "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr", "uk", "vi",
})  # fmt: skip
"""Languages that write 3,14."""


def language_of(tag: str) -> Language:
    """Of a tag such as en-US, de or pt_BR; English where it is empty."""
    main, *rest = tag.replace("_", "-").casefold().split("-")
    if main in ("", "en"):
        return ENGLISH if not rest or rest[0] == "us" else _BRITISH
    if main == "de":
        return GERMAN
    code = "_".join([main, *(part.upper() for part in rest[:1])])
    return Language(code=code, decimal="," if main in _COMMA else ".")


_BRITISH: Final = Language(**{**vars(ENGLISH), "month_first": False})
