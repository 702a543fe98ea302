"""Answers that one viewer alone reads, as whispers: https://dev.twitch.tv/docs/api/reference/#send-whisper"""

import asyncio
import logging
from typing import Final

from twitchio import HTTPException

from relay.errors import RateLimited, RelayError
from relay.model import AudienceMessage
from relay.platforms.twitch.connection import Account, TwitchConnection
from relay.platforms.twitch.failures import PHONE, explain
from relay.platforms.twitch.pacing import WhisperWindow

log = logging.getLogger(__name__)

SCOPE: Final = "user:manage:whispers"
REST: Final = 60.0
"""Seconds without a try after Twitch refused what concerns no single viewer."""
_OF_VIEWERS: Final = (400, 403, 404)
"""How Twitch refuses a whisper to one viewer: their settings forbid it, they block the account, or are gone."""
_BLOCKED: Final = (
    "viewers get whispers once they allow them from strangers, or follow the account, and the account has to allow "
    "whispers as well: see twitch.tv/settings/security"
)
_LIMIT: Final = "Twitch lets an account whisper to 40 people a day; set twitch.whispers = false if that is too few"


class Whispers:
    """Where Twitch refuses one, it says so and the log says once how to mend it.

    To somebody who never whispered to the account Twitch takes 500 characters; answers are shorter than that.
    """

    def __init__(self, connection: TwitchConnection) -> None:
        self._connection = connection
        self._window = WhisperWindow()
        self._rests_until = 0.0
        self._explained: set[str] = set()

    async def tell(self, message: AudienceMessage, text: str) -> bool:
        """See Whispering. Twitch may drop a whisper without saying so, and then it counts as told."""
        now = asyncio.get_running_loop().time()
        if not self._may_reach(message) or now < self._rests_until:
            return False
        wait = self._window.reserve(now)
        if wait is None:
            return False
        await asyncio.sleep(wait)
        try:
            refusal = await self._connection.call(lambda: self._send(message.author.id, text), "whispering to a viewer")
        except RelayError as error:
            self._rests_until = asyncio.get_running_loop().time() + REST
            self._explain(str(error), self._fix(error))
            return False
        if refusal:
            self._explain(f"Twitch refused whispering to a viewer ({refusal})", _BLOCKED)
        return not refusal

    def _may_reach(self, message: AudienceMessage) -> bool:
        """Whether there is a login that may, and the author is not the account itself."""
        connection = self._connection
        if not connection.channels or not message.author.id:
            return False
        return SCOPE in connection.account.scopes and message.author.id != connection.account.id

    async def _send(self, viewer: str, text: str) -> str:
        """ "" when it was sent, else why this viewer cannot have it. Raises what Twitch says otherwise."""
        account = self._connection.client.create_partialuser(self._connection.account.id)
        try:
            await account.send_whisper(to_user=viewer, message=text)
        except HTTPException as error:
            if error.status in _OF_VIEWERS:
                return explain(error)
            raise
        return ""

    def _fix(self, error: RelayError) -> str:
        if PHONE in str(error).lower():
            return f"verify one for {self._connection.account.login} at twitch.tv/settings/security"
        return _LIMIT if isinstance(error, RateLimited) or "429" in str(error) else ""

    def _explain(self, problem: str, fix: str) -> None:
        """Once for each way to mend it."""
        if fix not in self._explained:
            self._explained.add(fix)
            log.warning("%s, so it is answered in chat%s", problem, f"; {fix}" if fix else "")


def lacking(account: Account, *, is_wanted: bool) -> dict[str, list[str]]:
    """The scope that the login lacks, with what is missed without it."""
    return {SCOPE: ["answers by whisper"]} if is_wanted and SCOPE not in account.scopes else {}
