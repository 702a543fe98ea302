"""What is shown and not read aloud: code, links, markup, pictures and emotes. Pure."""

import re
import unicodedata
from collections.abc import Container
from typing import Final

from relay.text.links import links
from relay.text.sentences import FENCE

_BLOCK: Final = re.compile(rf"{FENCE}.*?(?:{FENCE}|$)", re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]*)`")
_WORDS: Final = re.compile(r"[!/]?[^\W\d_]+(?:[ '-][^\W\d_]+)*")
"""What in a piece of code can be said, such as a command's name."""
_LINK_TEXT: Final = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_LINE_START: Final = re.compile(r"^[^\S\n]*(?:#{1,6}|>+|[-*+]|-#)(?=\s)", re.MULTILINE)
_EMOTE: Final = re.compile(r"<a?:\w{1,40}:\d{1,25}>|(?<![\w:]):[A-Za-z][\w+-]{1,40}:(?![\w:])")
_MENTION: Final = re.compile(r"<(?:@[!&]?|#|t:|/[\w -]{1,40}:|id:)[\w:-]{0,40}>")
"""Written with a number that nobody can say."""
_SMILEY: Final = re.compile(
    r"(?<!\S)(?:>?[:;=]['\u2019]?[-^o]?[)(\]\[DPpOo/\\|3*]+|[xX]D+|<[/\\]?3+|\^[_.-]?\^|[oO][._][oO]|[TQ;][._-][TQ;]"
    r"|-[._]-|>[._]<|\u00af\\?_\(.{1,3}\)_/\u00af)(?=[\s.,!?]|$)"
)
_EMOTES: Final = frozenset({
    "4Head", "5Head", "AYAYA", "BabyRage", "BatChest", "BibleThump", "BlessRNG", "CoolStoryBob", "DansGame",
    "FailFish", "FeelsBadMan", "FeelsGoodMan", "FeelsOkayMan", "FeelsStrongMan", "FrankerZ", "GivePLZ", "HeyGuys",
    "HYPERS", "Jebaited", "KEKL", "KEKW", "Kappa", "KappaHD", "KappaPride", "Keepo", "Kreygasm", "LUL", "LULW",
    "LuvSign", "MadgeNow", "MercyWing1", "MercyWing2", "MonkaS", "NODDERS", "NOPERS", "NotLikeThis", "OMEGALUL",
    "PJSalt", "PagMan", "Pepega", "PepeHands", "PepeLaugh", "PogBones", "PogChamp", "PogU", "POGGIES", "POGSLIDE",
    "Poooound", "ResidentSleeper", "SabaPing", "Sadge", "SMOrc", "SSSsss", "SeemsGood", "Squid1", "Squid2",
    "Squid3", "Squid4", "StinkyCheese", "SwiftRage", "TakeNRG", "TheIlluminati", "TPFufun", "TriHard", "VoHiYo",
    "VoteNay", "VoteYea", "WeirdChamp", "WideHardo", "WutFace", "catJAM", "forsenE", "monkaS", "monkaW",
    "modCheck", "pepeD", "pepeJAM", "peepoClap", "peepoHappy", "peepoLeave", "peepoSad", "ppHop",
    "widepeepoHappy", "xqcL",
})  # fmt: skip
"""Widely used emotes of stream chats, as they are written; some other words are too good to lose."""
_NAME: Final = re.compile(r"(?<![@\w])\w+(?!\w)")
_MARKUP: Final = re.compile(r"[*~`|<>\\\[\]{}^\u2122\u00ae\u00a9]+")
_NEVER_READ: Final = frozenset({"Cc", "Cs", "Co", "Cn", "So", "Sk", "Me"})


def without_blocks(text: str) -> str:
    """The text without blocks of code and what begins a line: marks of headings, lists and quotations."""
    return _LINE_START.sub(" ", _BLOCK.sub(" ", text))


def without_markup(line: str, emotes: Container[str] = frozenset()) -> str:
    """The line without anything that is only to be seen, as `emotes` of a channel's own are."""
    line = _LINK_TEXT.sub(r"\1 ", line)
    line = _CODE.sub(lambda code: code[1] if _WORDS.fullmatch(code[1]) else " ", line)
    line = _SMILEY.sub(" ", _MENTION.sub(" ", _EMOTE.sub(" ", line)))
    line = _NAME.sub(lambda name: " " if name.group() in _EMOTES or name.group() in emotes else name.group(), line)
    for start, end in sorted(links(line), reverse=True):
        line = f"{line[:start]} {line[end:]}"
    return _MARKUP.sub(" ", line)


def without_pictures(line: str) -> str:
    """The line without emoji and other signs that have no sound, and what hides."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(" " if _is_silent(character) else character for character in line if character != "\ufe0f")


def _is_silent(character: str) -> bool:
    return character != "\u00b0" and unicodedata.category(character) in _NEVER_READ
