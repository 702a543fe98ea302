"""What somebody is about to have said, told to the embedded companion so that it can begin to answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from relay.config import HearingSection
from relay.config.loading import Config
from relay.errors import VoxtaError
from relay.forwarding.forwarder import Forwarder
from relay.hearing.turns import patience
from relay.model import AudienceMessage
from relay.voxta.link import Link
from relay.voxta.session import VoxtaSession

log = logging.getLogger(__name__)


class Anticipation:
    """Tells only the newest guess: what was guessed while the one before was on its way is no news any more."""

    def __init__(
        self,
        settings: HearingSection,
        worded: Callable[[AudienceMessage], str | None],
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        """`worded` is how the companion would be told of a message, if it would be and had to answer. `tell` tells it
        what is likely to come, or "" when nothing is any more."""
        self._settings = settings
        self._worded = worded
        self._tell = tell
        self._who = ""
        self._guess: str | None = None
        """None when there is nothing to tell."""
        self._news = asyncio.Event()

    def may_be_done(self, who: str, message: AudienceMessage) -> None:
        """They fell silent behind these words, perhaps for good."""
        if patience(message.text, self._settings.language, self._settings) > self._settings.turn_min:
            return
        if (guess := self._worded(message)) is not None:
            self._say(who, guess)

    def goes_on(self, who: str) -> None:
        """They were not done."""
        if who == self._who:
            self._say("", "")

    def is_done(self, who: str) -> None:
        """What they said is on its way as any message."""
        if who == self._who:
            self._who, self._guess = "", None

    def _say(self, who: str, guess: str) -> None:
        self._who, self._guess = who, guess
        self._news.set()

    async def run(self) -> None:
        """Tell what is guessed until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._guess is not None:
                try:
                    await self._tell(self._guess)
                except VoxtaError as error:
                    log.debug("The companion was not told what is likely to come: %s", error)


def anticipation_for(config: Config, session: Link, forwarder: Forwarder) -> Anticipation | None:
    """None where no answer may be begun early: the embedded companion alone can, and where the words are ours."""
    is_ours = config.voxta.mode == "embedded" and config.hearing.through != "voxta"
    if not (is_ours and config.companion.begin_early and isinstance(session, VoxtaSession)):
        return None
    return Anticipation(config.hearing, forwarder.worded, session.anticipate)
