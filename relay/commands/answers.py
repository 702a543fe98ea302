"""What the relay answers to commands: harmless, short, and within a budget of its own."""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from relay.config import CommandsSection
from relay.config.forwarding import fields_in
from relay.model import Origin
from relay.moderation.budget import TokenBucket
from relay.moderation.outbound import Outbound, OutboundAction
from relay.moderation.wording import ANSWER_LIMIT, for_chat
from relay.text.unicode import one_line

VALUE_LIMIT: Final = 200
"""Characters shown of what somebody wrote."""
_MAY_BE_SAID: Final = (OutboundAction.PASS, OutboundAction.MASK)
_UNSEEN: Final = "@\u200b"
"""An at sign that mentions nobody."""


class Answers:
    """Posts through `post`, at once. One budget for each platform, since each has a limit of its own."""

    def __init__(
        self,
        settings: CommandsSection,
        outbound: Outbound,
        post: Callable[[Origin, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._outbound = outbound
        self._post = post
        self._buckets: dict[str, TokenBucket] = {}

    def adopt(self, settings: CommandsSection) -> None:
        """Say as much as these settings allow from now on."""
        self._settings = settings
        self._buckets.clear()

    def fill(self, template: str, values: Mapping[str, str]) -> str:
        """The template with what people wrote; "" when the filters leave nothing that may be said.

        What the streamer wrote may be said, a link say. What people wrote may not be, alone or put together with it.
        """
        shown = {name: _shown(values[name]) for name in _fields(template)}
        if not shown:
            return template.format()
        text, alone = template.format_map(shown), template.format_map(dict.fromkeys(shown, "x"))
        whole, own = self._outbound.judge(text), self._outbound.judge(alone)
        theirs = [self._outbound.judge(value).action for value in shown.values() if value]
        if whole.reason == own.reason and all(action is OutboundAction.PASS for action in theirs):
            return text
        return for_chat(whole.text) if whole.action in _MAY_BE_SAID else ""

    def screened(self, text: str) -> str:
        """What the relay itself has to say, as far as the filters let it; it mentions nobody."""
        judged = self._outbound.judge(text)
        return for_chat(judged.text) if judged.action in _MAY_BE_SAID else ""

    def say(self, origin: Origin, text: str) -> bool:
        """Post it, unless too much was said lately."""
        if not text:
            return False
        if origin.platform not in self._buckets:
            settings = self._settings
            self._buckets[origin.platform] = TokenBucket(settings.answers_per_minute, settings.answers_at_once)
        if not self._buckets[origin.platform].take(self._clock()):
            return False
        self._post(origin, text if len(text) <= ANSWER_LIMIT else f"{text[: ANSWER_LIMIT - 1]}…")
        return True


_fields = lru_cache(fields_in)


def _shown(value: str) -> str:
    """What somebody wrote, in an answer: one line that mentions nobody."""
    line = one_line(value)
    return (line if len(line) <= VALUE_LIMIT else f"{line[: VALUE_LIMIT - 1]}…").replace("@", _UNSEEN)
