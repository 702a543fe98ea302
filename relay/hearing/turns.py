"""What the words tell about a turn: whether it is over, whether it is one at all, and whom it is for. Pure.

Nothing here reads more than the words; where they tell nothing, the usual silence ends a turn and its length decides.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

import regex

from relay.config import HearingSection
from relay.hearing.word_lists import WordLists, all_lists, lists_for, words_of
from relay.text.naming import calls

LONGEST_BACKCHANNEL: Final = 5
"""Words, laughter and repetition aside. Who says more has something to say."""
_WHOLE_SENTENCE: Final = 3
"""Words in front of a full stop that make it plain; engines set one behind a single word, too."""
_WHOLE_QUESTION: Final = 5
"""Words of a question that nothing at its end leaves open. "What is the best" has four."""
_LONGEST_PHRASE: Final = 4
_GOES_ON: Final = ("…", "...", ",", ";", ":", "-", "\N{EN DASH}", "\N{EM DASH}", "、")
_ENDS: Final = ("?", "!", "\N{FULLWIDTH QUESTION MARK}", "\N{FULLWIDTH EXCLAMATION MARK}")
_STOPS: Final = (".", "。")

_CLAUSE: Final = regex.compile(r"[,!?:]")
_SOUNDS: Final = regex.compile(r"\[[^\[\]]*\]|\([^()]*\)|\*[^*]*\*|[♪♫]+")
"""How engines write what is no word: [laughter], (coughs), *sighs*."""
_HUM: Final = regex.compile(r"h*m+(?:h+m+)*|[uae]+h+m*|o+h+|h+u+h+|u+h+u+h+|aa+")
_LAUGHTER: Final = regex.compile(r"[bmw]?[aeou]?(?:[hj]+[aeiou]+){2,}[hj]*")


def patience(text: str, language: str, settings: HearingSection) -> float:
    """Seconds of silence that end a turn of which `text` is understood so far.

    `language` as in BCP 47, "" when it is not known; `text` is "" where the engine tells nothing before the end.
    """
    words = words_of(_SOUNDS.sub(" ", text))
    if not words:
        return settings.turn
    lists = lists_for(language, words)
    if _is_unfinished(text, words, lists):
        return settings.turn_max
    return settings.turn_min if _is_done(text, words, lists) else settings.turn


def is_backchannel(text: str, language: str = "") -> bool:
    """Whether who says this only listens: "mhm", "yeah, right", laughter. False where no words are known."""
    spoken = _SOUNDS.sub(" ", text)
    words = [word for word, _ in groupby(words_of(spoken)) if not _LAUGHTER.fullmatch(word)]
    if not words:
        return bool(text.strip())
    lists = all_lists(language) or (None,)
    return len(words) <= LONGEST_BACKCHANNEL and any(_is_made_of(words, each) for each in lists)


def addresses_somebody_else(text: str, *, companion: Iterable[str], others: Iterable[str], language: str = "") -> bool:
    """Whether one of the `others` is spoken to by name, and the companion is not named.

    Only where the words show it: whoever is merely spoken of ("Bob is late", "do you know Bob") is not addressed.
    """
    return not calls(text, companion) and any(_addresses(text, name, language) for name in others)


def _is_unfinished(text: str, words: Sequence[str], lists: WordLists | None) -> bool:
    said = text.rstrip()
    if said.endswith(_ENDS):
        return False
    if said.endswith(_GOES_ON):
        return True
    if lists is None or not any(ending in lists.unfinished for ending in _endings(words)):
        return False
    may_end = words[-1] in lists.may_end and (said.endswith(_STOPS) or _asks(words, lists))
    return not may_end and not _closes(words, lists)


def _is_done(text: str, words: Sequence[str], lists: WordLists | None) -> bool:
    said = text.rstrip()
    if said.endswith(_ENDS) or (lists is not None and _closes(words, lists)):
        return True
    is_open = lists is not None and words[-1] in lists.unfinished
    if said.endswith(_STOPS):
        return len(words) >= _WHOLE_SENTENCE and not is_open
    return lists is not None and not is_open and len(words) >= _WHOLE_QUESTION and _asks(words, lists)


def _closes(words: Sequence[str], lists: WordLists) -> bool:
    """Whether a phrase that closes a turn is its end; a single word has to be all of it."""
    return " ".join(words) in lists.done or any(" " in each and each in lists.done for each in _endings(words))


def _asks(words: Sequence[str], lists: WordLists) -> bool:
    return any(beginning in lists.questions for beginning in _beginnings(words))


def _beginnings(words: Sequence[str]) -> list[str]:
    return [" ".join(words[:count]) for count in range(1, min(_LONGEST_PHRASE, len(words)) + 1)]


def _endings(words: Sequence[str]) -> list[str]:
    return [" ".join(words[-count:]) for count in range(1, min(_LONGEST_PHRASE, len(words)) + 1)]


def _is_made_of(words: Sequence[str], lists: WordLists | None) -> bool:
    """Whether these are nothing but phrases of listeners, one after the other."""
    if not words:
        return True
    counts = [count for count, beginning in enumerate(_beginnings(words), 1) if _is_listening(beginning, lists)]
    return any(_is_made_of(words[count:], lists) for count in counts)


def _is_listening(phrase: str, lists: WordLists | None) -> bool:
    if _HUM.fullmatch(phrase) is not None:
        return True
    return lists is not None and (phrase in lists.backchannels or phrase in lists.laughter)


def _addresses(text: str, name: str, language: str) -> bool:
    called, words = words_of(name), words_of(text)
    if not called or not calls(text, (name,)):
        return False
    places = [at for at in range(len(words) - len(called) + 1) if words[at : at + len(called)] == called]
    return any(
        _is_called(words[:at], words[at + len(called) :], lists) for at in places for lists in all_lists(language)
    ) or _is_set_apart(text, name)


def _is_called(before: Sequence[str], after: Sequence[str], lists: WordLists) -> bool:
    """By the words around a name: "hey Bob …", "Bob", "Bob can you …"."""
    if before:
        return " ".join(before) in lists.calls or any(each in lists.calls for each in _endings(before)[:1] if not after)
    return not after or after[0] in lists.you or _asks_whom(after, lists)


def _asks_whom(after: Sequence[str], lists: WordLists) -> bool:
    """Whether words of a question lead to "you": "can you", "what do you"."""
    for word in after[:_LONGEST_PHRASE]:
        if word in lists.you:
            return True
        if word not in lists.questions:
            return False
    return False


def _is_set_apart(text: str, name: str) -> bool:
    """Whether punctuation sets a name apart, at the beginning or the end: "Bob, look", "not now, Bob!"."""
    beginning, comma, end = _CLAUSE.split(text, 1)[0], "," in text, text.rpartition(",")[2]
    return (beginning != text and words_of(beginning) == words_of(name)) or (comma and words_of(end) == words_of(name))
