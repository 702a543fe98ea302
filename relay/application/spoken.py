"""What people said aloud, on its way to the character: from here on it is a message like any other."""

import secrets
import time
from collections.abc import Callable

from relay.forwarding.rendering import STREAMERS
from relay.hearing.base import Hearer, SpokenText
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Author, Kind, Talker
from relay.platforms.base import Receive
from relay.system import clock


class SpokenWords:
    """Hears everybody in the voice channels of one platform."""

    def __init__(
        self,
        platform: str,
        talker: Callable[[str], Talker],
        receive: Receive,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`talker` knows who a speaker is."""
        self._platform = platform
        self._talker = talker
        self._receive = receive
        self._steady = steady

    def is_all(self, who: str, text: str) -> bool:
        """See Hearer."""
        return False

    async def said(self, spoken: SpokenText) -> None:
        """See Hearer. Returns when it is stored."""
        await with_retries(self._receive, self._message(spoken))

    def _message(self, spoken: SpokenText) -> AudienceMessage:
        talker = self._talker(spoken.who)
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
