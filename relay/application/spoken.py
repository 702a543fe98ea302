"""What people said aloud, on its way to the character: from here on it is a message like any other."""

import secrets
import time
from collections.abc import Callable

from relay.application.anticipation import Anticipation
from relay.application.asides import Asides
from relay.application.spoken_orders import SpokenOrders
from relay.forwarding.rendering import STREAMERS
from relay.hearing.base import Hearer, SpokenText
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Author, Kind, Talker
from relay.platforms.base import Receive
from relay.speech.voice import Voice
from relay.system import clock


class SpokenWords:
    """Hears everybody in the voice channels of one platform."""

    def __init__(
        self,
        platform: str,
        talker: Callable[[str], Talker],
        receive: Receive,
        orders: SpokenOrders,
        voice: Voice,
        asides: Asides,
        anticipation: Anticipation | None = None,
        *,
        overheard: Callable[[AudienceMessage], object],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`talker` knows who a speaker is; `anticipation` hears what they are about to have said, `overheard` what they
        say to each other."""
        self._platform = platform
        self._talker = talker
        self._receive = receive
        self._orders = orders
        self._voice = voice
        self._asides = asides
        self._anticipation = anticipation
        self._overheard = overheard
        self._steady = steady
        self._beside: set[str] = set()
        """Whose last words over the companion were not for it."""

    def is_spoken_over(self) -> bool:
        """See Hearer."""
        return self._voice.is_speaking

    def so_far(self, who: str, text: str) -> None:
        """See Hearer."""
        if self._asides.is_one(text, speaker=self._talker(who).name, over=True):
            self._beside.add(who)
            self._voice.listens(who)
        elif who in self._beside:
            self._beside.remove(who)
            self._voice.says_more(who)

    def is_all(self, who: str, text: str) -> bool:
        """See Hearer."""
        return self._orders.found(self._talker(who), text) is not None

    def expect(self, *, is_expected: bool) -> None:
        """See Hearer."""
        self._voice.expect_words(is_expected=is_expected)

    def may_be_done(self, who: str, text: str) -> None:
        """See Hearer."""
        talker = self._talker(who)
        if self._anticipation is None or self._asides.is_one(text, speaker=talker.name, over=who in self._beside):
            return
        self._anticipation.may_be_done(who, self._message(SpokenText(who, text, self._steady()), talker))

    def goes_on(self, who: str) -> None:
        """See Hearer."""
        if self._anticipation is not None:
            self._anticipation.goes_on(who)

    async def said(self, spoken: SpokenText) -> None:
        """See Hearer. Returns when it is stored, done, or found to be for nobody here."""
        if self._anticipation is not None:
            self._anticipation.is_done(spoken.who)
        self._voice.recognising(is_under_way=False)
        talker = self._talker(spoken.who)
        if (order := self._orders.found(talker, spoken.text)) is not None:
            self._voice.expect_words(is_expected=False)
            await self._orders.carry_out(order, talker)
        elif self._asides.is_one(spoken.text, speaker=talker.name, over=spoken.over):
            self._voice.expect_words(is_expected=False)
            if self._asides.is_to_somebody(spoken.text, speaker=talker.name):
                self._overheard(self._message(spoken, talker))
        else:
            await with_retries(self._receive, self._message(spoken, talker))

    def _message(self, spoken: SpokenText, talker: Talker) -> AudienceMessage:
        return AudienceMessage(
            platform=self._platform,
            id=f"voice-{secrets.token_hex(8)}",
            channel=talker.channel,
            kind=Kind.VOICE,
            author=Author(id=talker.id, name=talker.name, roles=talker.roles),
            text=spoken.text,
            at=clock.now() - (self._steady() - spoken.ended),
            moment=STREAMERS if talker.is_streamer else None,
        )


_: type[Hearer] = SpokenWords
