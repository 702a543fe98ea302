"""Whether an event or an action may happen now: all its conditions have to hold."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

import regex

from relay.companion.scenario.flags import Moment, holds
from relay.companion.scenario.model import Conditional, EventWindow
from relay.companion.state.chat import Message, MessageRole, ScenarioState
from relay.text.patterns import found

log = logging.getLogger(__name__)

Draw = Callable[[str], float]
"""A number from 0 up to 1 for a name; the same for the same name at the same point of a chat."""


@dataclass(frozen=True)
class Situation:
    """What conditions are held against."""

    story: ScenarioState
    now: Moment
    message: Message | None
    """What was said; None when only time went by."""
    draw: Draw


def draw_for(seed: int, index: int) -> Draw:
    """Draws at one point of a chat, told by the index of the next message."""
    return lambda name: random.Random(f"{seed}:{index}:{name}").random()


def happens(part: Conditional, situation: Situation) -> bool:
    """Whether all conditions hold, and chance wills it."""
    if not may_happen(part, situation):
        return False
    chance = _chance(part, situation)
    return chance >= 1 or situation.draw(part.name) < chance


def may_happen(part: Conditional, situation: Situation) -> bool:
    """Whether all conditions hold that chance has no part in."""
    return (
        part.enabled
        and not (part.once and part.name in situation.story.happened)
        and holds(part.flags, situation.story.flags.names)
        and _in_window(part.messages, situation, _messages)
        and _in_window(part.time, situation, _seconds)
        and _is_target(part.target, situation.message)
        and _matches(part, situation.message)
    )


def _messages(moment: Moment) -> float:
    return moment.messages


def _seconds(moment: Moment) -> float:
    return moment.time


Measure = Callable[[Moment], float]


def _count(window: EventWindow, situation: Situation, measure: Measure) -> float | None:
    """How far it is from the window's start; None while its flag is not set."""
    start = situation.story.flags.since(window.since) if window.since else Moment(0, 0.0)
    return None if start is None else measure(situation.now) - measure(start)


def _in_window(window: EventWindow | None, situation: Situation, measure: Measure) -> bool:
    if window is None:
        return True
    count = _count(window, situation, measure)
    return count is not None and window.min <= count and (window.max is None or count <= window.max)


def _is_target(target: str, message: Message | None) -> bool:
    if not target or message is None:
        return not target
    if target == "user":
        return message.role is MessageRole.USER
    return message.role is MessageRole.ASSISTANT and target in ("assistant", message.sender.role)


def _matches(part: Conditional, message: Message | None) -> bool:
    if not part.match or message is None:
        return not part.match
    try:
        return found(regex.compile(part.match, regex.IGNORECASE), message.text) is not None
    except TimeoutError:
        log.warning("%s: its match takes too long on a message and is taken as none; make it simpler", part.name)
        return False


def _chance(part: Conditional, situation: Situation) -> float:
    """The probability; through a window with an end it rises evenly, from its share of one step up to the whole."""
    for window, measure in ((part.messages, _messages), (part.time, _seconds)):
        if window is not None and window.max is not None and window.max > window.min:
            count = _count(window, situation, measure) or 0.0
            steps = max(1.0, window.max - window.min)
            low = part.probability / steps
            return low + (part.probability - low) * (count - window.min) / (window.max - window.min)
    return part.probability


def due(part: Conditional, situation: Situation) -> float | None:
    """The chat time from which time alone may make it happen; None when it cannot."""
    if part.time is None or part.target or part.match:
        return None
    start = situation.story.flags.since(part.time.since) if part.time.since else Moment(0, 0.0)
    return None if start is None else start.time + part.time.min
