"""A character out of rules: offline, the same under the same seed, and it answers what was said.

It keeps no state: what it remembers of somebody it finds in the chat. Of what people write it repeats only names
and a few plain words, without anything that could ping somebody, form a link or be taken for a command.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from relay.companion.brains import phrases
from relay.companion.brains.base import NO_LIMITS, ChatView, ChosenAction, Pieces, SeenMessage
from relay.companion.brains.choosing import by_rules
from relay.companion.brains.phrases import Phrases
from relay.companion.brains.sentences import sentences
from relay.companion.scenario.model import Action
from relay.companion.state.chat import MessageRole

STORY_SENTENCES: Final = 2
"""Sentences of a story, where no number was asked for."""
_ENDED: Final = re.compile("^$|[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\\]]*$")
_SAID: Final = (MessageRole.USER, MessageRole.ASSISTANT, MessageRole.EVENT, MessageRole.STORY)


@dataclass(frozen=True)
class Said:
    """One person's words."""

    name: str
    """Fit to be repeated."""
    text: str


@dataclass(frozen=True)
class Idea:
    """What a rule came up with: one of these, filled with these."""

    options: Phrases
    thing: str = ""
    n: str = ""


Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match, Said, "Mind"], Idea]]


class RulesBrain:
    """Answers by the first rule that fits."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def reply(self, view: ChatView) -> Pieces:
        yield Mind(view, self._seed).answer()

    async def write(self, view: ChatView, prompt: str) -> Pieces:
        chance = random.Random(f"{self._seed}:{prompt}:{len(view.lines)}")
        begun = prompt.strip() if _ENDED.search(prompt.strip()) else f"{prompt.strip()}."
        given = [sentence async for sentence in sentences(_once(begun), NO_LIMITS)]
        limit = view.limits.max_sentences or max(len(given), STORY_SENTENCES)
        told = chance.sample(phrases.STORY, min(max(0, limit - len(given)), len(phrases.STORY)))
        texts = ["".join(given[:limit]).rstrip(), *(line.format(user=plain(view.user)) for line in told)]
        yield " ".join(text for text in texts if text)

    async def choose(self, view: ChatView, actions: Sequence[Action]) -> ChosenAction | None:
        line = next((line for line in reversed(view.lines) if line.role in _SAID), None)
        if line is None:
            return None
        texts = [said.text for said in heard(line.text, view.user)] if line.role is MessageRole.USER else [line.text]
        choices = (by_rules(text[:_ATTENTION], actions) for text in texts)
        return next((choice for choice in choices if choice is not None), None)

    async def suggest(self, view: ChatView) -> list[str]:
        answered = any(line.role is MessageRole.ASSISTANT for line in view.lines)
        return list(phrases.SUGGESTIONS_LATER if answered else phrases.SUGGESTIONS)


async def _once(text: str) -> Pieces:
    yield text


class Mind:
    """One answer in the making."""

    def __init__(self, view: ChatView, seed: int) -> None:
        self.view = view
        self.current = self._unanswered()
        self._random = random.Random(f"{seed}:{view.character}:{len(view.lines)}")
        self._recent = " ".join(line.text for line in view.lines[-12:] if line.role is MessageRole.ASSISTANT)

    def answer(self) -> str:
        """What to say to the newest thing said or done that was not answered yet."""
        if self.current is None:
            return self._word(Idea(phrases.FILLER), self.view.user)
        line = self.view.lines[self.current]
        if line.role is MessageRole.USER:
            return " ".join(self._respond(said) for said in heard(line.text, self.view.user)[:2])
        if line.role is MessageRole.ASSISTANT:
            return self._respond(Said(plain(line.name) or "friend", line.text[:_ATTENTION]))
        return self._react(line.text[:_ATTENTION])

    def _unanswered(self) -> int | None:
        """The place of what people said or did, or else another character, since this one spoke last."""
        lines = self.view.lines
        begin = 1 + max((place for place, line in enumerate(lines) if self._is_own(line)), default=-1)
        new = range(begin, len(lines))
        by_people = [
            place for place in new if lines[place].role in (MessageRole.USER, MessageRole.EVENT, MessageRole.STORY)
        ]
        by_others = [place for place in new if lines[place].role is MessageRole.ASSISTANT]
        return max(by_people or by_others, default=None)

    def _is_own(self, line: SeenMessage) -> bool:
        return line.role is MessageRole.ASSISTANT and (not self.view.others or line.name in ("", self.view.character))

    def before(self, name: str) -> list[Said]:
        """What this person said earlier, oldest first."""
        lines = self.view.lines[: self.current]
        said = (s for line in lines if line.role is MessageRole.USER for s in heard(line.text, self.view.user))
        return [s for s in said if s.name == name]

    def coin(self) -> bool:
        return self._random.random() < 0.5

    def _respond(self, said: Said) -> str:
        rules = _QUESTIONS if _asks(said.text) else _STATEMENTS
        for pattern, think in (*_ANYTHING, *rules):
            if match := pattern.search(said.text):
                return self._word(think(match, said, self), said.name)
        return self._word(Idea(phrases.OPEN_QUESTION if _asks(said.text) else phrases.STATEMENT), said.name)

    def _react(self, text: str) -> str:
        for pattern, options in _EVENTS:
            if match := pattern.search(text):
                groups = match.groupdict()
                name = plain(groups["name"]) or "friend"
                thanks = self._word(Idea(options, n=groups.get("n") or "many"), name)
                words = groups.get("text") or ""
                return f"{thanks} {self._respond(Said(name, words))}" if words.strip() else thanks
        return self._word(Idea(phrases.HAPPENED), self.view.user)

    def _word(self, thought: Idea, name: str) -> str:
        fields = {"name": name, "user": plain(self.view.user), "char": plain(self.view.character)}
        options = [option.format(**fields, thing=thought.thing, n=thought.n) for option in thought.options]
        return self._random.choice([option for option in options if option not in self._recent] or options)


# Who says what

_QUOTED: Final = re.compile(
    r"""\s*(?:\d+ viewers, such as )?(?P<name>[^:"()|\n]{1,60}?) """
    r"""\((?P<platform>[^()\n]{1,80})\)(?: asks| announces|, answering [^":*|\n]{1,60}(?:"[^"\n]*")?)?"""
    r"""(?:: "(?P<text>[^"]*)| \*(?P<deed>[^*\n]*)\*)"""
)
"""As the relay tells it: what they say, or what they do."""
_TAGGED: Final = re.compile(r"\[[A-Z ]{1,20}\] (?P<name>[^:\n]{1,60}): (?P<text>.*)", re.DOTALL)


_ATTENTION: Final = 1_000
"""Characters of a message that are listened to."""


def heard(text: str, user: str) -> list[Said]:
    """Who said what in a message: viewers by the name in front of their words, otherwise the user."""
    text = text[:_ATTENTION]
    found = list(_QUOTED.finditer(text)) or [m for m in [_TAGGED.fullmatch(text)] if m]
    return [Said(plain(m["name"]) or "friend", _words(m)) for m in found] or [Said(plain(user), text)]


def _words(found: re.Match[str]) -> str:
    groups = found.groupdict()
    return groups["text"] or groups.get("deed") or ""


def plain(words: str, limit: int = 25) -> str:
    """Letters, digits, spaces, _ and - only: no mention, link, markup or command survives."""
    kept = " ".join(re.sub(r"[^\w\s-]", "", words).split())[:limit].strip(" -_")
    return "friend" if kept.lower() in ("everyone", "here") else kept


def _asks(text: str) -> bool:
    return "?" in text or _QUESTION_WORD.match(text) is not None


_QUESTION_WORD: Final = re.compile(
    r"\W*(who|what|whats|what's|when|where|why|how|which|is|are|am|do|does|did|can|could|will|would|should|have|has)\b",
    re.IGNORECASE,
)

# What is remembered

_FACTS: Final = (
    (re.compile(r"\bmy favou?rite (?P<kind>\w+) is (?P<thing>[^.!?,]+)", re.I), "your favourite {kind} is {thing}"),
    (re.compile(r"\bi (?:really |just )?(?P<kind>like|love|hate) (?P<thing>[^.!?,]+)", re.I), "you {kind} {thing}"),
    (re.compile(r"\bi(?: am|'m) from (?P<thing>[^.!?,]+)", re.I), "you are from {thing}"),
)


def _facts(said: Said) -> list[tuple[str, str]]:
    """What somebody told about themselves: a key to ask for, and the fact in plain words."""
    if _asks(said.text):
        return []
    found = []
    for pattern, template in _FACTS:
        for match in pattern.finditer(said.text):
            groups = {key: plain(value, 30).lower() for key, value in match.groupdict().items()}
            found.append((groups.get("kind", "from"), template.format(**groups)))
    return found


def _recall(wanted: Callable[[str], bool], said: Said, mind: Mind) -> Idea:
    known = [fact for earlier in mind.before(said.name) for key, fact in _facts(earlier) if wanted(key)]
    return Idea(phrases.RECALLED, thing=known[-1]) if known else Idea(phrases.NOT_RECALLED)


# The rules


def _rule(pattern: str, options: Phrases) -> Rule:
    return re.compile(pattern, re.I), lambda match, said, mind: Idea(options)


def _greet(match: Match, said: Said, mind: Mind) -> Idea:
    return Idea(phrases.GREETING_AGAIN if mind.before(said.name) else phrases.GREETING)


def _known(match: Match, said: Said, mind: Mind) -> Idea:
    times = len(mind.before(said.name))
    return Idea(phrases.REMEMBERED, n=str(times)) if times > 1 else Idea(phrases.NEW_FACE)


def _calculate(match: Match, said: Said, mind: Mind) -> Idea:
    left, sign, right = int(match[1]), match[2], int(match[3])
    if sign == "/":
        return Idea(phrases.SUM, thing=f"{left / right:.4g}") if right else Idea(phrases.OPEN_QUESTION)
    return Idea(phrases.SUM, thing=str({"+": left + right, "-": left - right}.get(sign, left * right)))


def _choose(match: Match, said: Said, mind: Mind) -> Idea:
    return Idea(phrases.FIRST_CHOICE if mind.coin() else phrases.SECOND_CHOICE)


def _what_is_going_on(match: Match, said: Said, mind: Mind) -> Idea:
    known = [told for told in (mind.view.scene, *mind.view.contexts) if plain(told)]
    return Idea(phrases.NOW, thing=plain(known[-1], 200) + ".") if known else Idea(phrases.WHAT)


def _learn(match: Match, said: Said, mind: Mind) -> Idea:
    return Idea(phrases.LEARNED)


_ANYTHING: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            r"^\W*(hi|hello|hey|hiya|howdy|yo|greetings|good (morning|evening|afternoon))\b(\W+\w+){0,3}\W*$", re.I
        ),
        _greet,
    ),
    _rule(r"\bhow are you|how('s| is) it going|how do you feel\b", phrases.MOOD),
    _rule(r"\b(tell|know)\b.*\bjoke\b", phrases.JOKE),
)
_QUESTIONS: Final[tuple[Rule, ...]] = (
    _rule(
        r"\bwho are you|what('?s| is| are) (you|your name)\b|\bare you (an? )?(bot|ai|robot|human|real|machine)\b",
        phrases.IDENTITY,
    ),
    _rule(r"\bwho('?s| is) (the )?(streamer|host|streaming)\b", phrases.STREAMER),
    _rule(r"\b(what('?s| is) my name|who am i)\b", phrases.NAME_KNOWN),
    (re.compile(r"\bmy favou?rite (\w+)", re.I), lambda m, s, mind: _recall(lambda key: key == m[1].lower(), s, mind)),
    (
        re.compile(r"\bwhat do i (like|love|hate)\b", re.I),
        lambda m, s, mind: _recall(lambda key: key == m[1].lower(), s, mind),
    ),
    (re.compile(r"\bwhere am i from\b", re.I), lambda m, s, mind: _recall(lambda key: key == "from", s, mind)),
    (
        re.compile(r"\bwhat (do you (know|remember)|did i (say|tell))", re.I),
        lambda m, s, mind: _recall(lambda key: True, s, mind),
    ),
    (re.compile(r"\bremember me\b", re.I), _known),
    (re.compile(r"\b(\d{1,9}) ?([-+*x/]) ?(\d{1,9})\b"), _calculate),
    (re.compile(r"\bwhat('?s| is) (going on|happening|up)\b|\bwhat are we doing\b", re.I), _what_is_going_on),
    _rule(r"\byour favou?rite\b", phrases.FAVOURITE_OWN),
    _rule(r"\bdo you (like|love|enjoy)\b", phrases.LIKES),
    (re.compile(r"\w \bor \w", re.I), _choose),
    *(_rule(rf"\b({words})\b", options) for words, options in phrases.TOPICS.items() if "game" in words),
    _rule(r"\bwhy\b", phrases.WHY),
    _rule(r"\bwhen\b", phrases.WHEN),
    _rule(r"\bwhere\b", phrases.WHERE),
    _rule(r"\bwho\b", phrases.WHO),
    _rule(r"\bhow\b", phrases.HOW),
    _rule(r"\b(what|which)\b", phrases.WHAT),
    _rule(r"^\W*(is|are|am|do|does|did|can|could|will|would|should|have|has)\b", phrases.YES_NO),
)
_STATEMENTS: Final[tuple[Rule, ...]] = (
    _rule(r"\b(bye|goodbye|good night|goodnight|see you|cya)\b", phrases.FAREWELL),
    _rule(r"\b(thanks|thank you|thx|ty)\b", phrases.THANKS),
    _rule(
        r"\b(love you|you('re| are) (\w+ )?(great|cute|funny|awesome|amazing|smart|sweet|the best)|good bot)\b",
        phrases.COMPLIMENT,
    ),
    _rule(r"\b(bad bot|you('re| are) (\w+ )?(boring|dumb|stupid|annoying|bad)|shut up)\b", phrases.TEASED),
    _rule(r"\b(lol|lmao|rofl|haha\w*|hehe\w*)\b", phrases.LAUGH),
    (
        re.compile(
            "|".join(pattern.pattern.replace("?P<kind>", "?:").replace("?P<thing>", "?:") for pattern, _ in _FACTS),
            re.I,
        ),
        _learn,
    ),
    *(_rule(rf"\b({words})\b", options) for words, options in phrases.TOPICS.items()),
)

# Things that happen

_EVENTS: Final[tuple[tuple[re.Pattern[str], Phrases], ...]] = tuple(
    (re.compile(rf'^(?P<name>.{{1,60}}?) {what}(?:.*?: "(?P<text>[^"]*))?', re.I | re.DOTALL), options)
    for what, options in (
        (r"is raiding\b(?:\D*(?P<n>\d+))?", phrases.RAID),
        (r"goes on (?:paying|with a paid)\b", phrases.SUBSCRIBED),
        (r"passes on the gift\b", phrases.PASSED_ON),
        (r"donated (?P<n>[\d.]+ \w+)", phrases.DONATED),
        (r"(?:just )?gifted 1\b", phrases.ONE_GIFT),
        (r"(?:just )?gifted\b(?:\D*(?P<n>\d+))?", phrases.GIFT),
        (r"has been subscribed\b(?:\D*(?P<n>\d+))?", phrases.RESUBSCRIBED),
        (r"(?:just )?(?:re)?subscribed\b", phrases.SUBSCRIBED),
        (r"(?:just )?cheered\b(?:\D*(?P<n>\d+))?", phrases.CHEERED),
        (r"(?:just )?redeemed\b", phrases.REDEEMED),
        (r"(?:just )?followed\b", phrases.FOLLOWED),
    )
)
