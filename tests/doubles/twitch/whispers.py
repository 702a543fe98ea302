"""api.twitch.tv/helix/whispers: https://dev.twitch.tv/docs/api/reference/#send-whisper"""

import time
from collections import deque

from aiohttp import web

from tests.doubles.twitch.identity import Identity
from tests.doubles.twitch.state import State, TwitchError

MANAGE = "user:manage:whispers"
RECIPIENTS = 40
"""Different ones in a day."""
LIMITS = ((3, 1.0), (100, 60.0))
"""Whispers in so many seconds."""
STRANGERS_LIMIT = 500
"""Characters to who has not whispered to the sender; what is longer is cut."""


class Whispers:
    """The documentation has the statuses and their reasons, not the words of every one."""

    def __init__(self, state: State, identity: Identity) -> None:
        self._state = state
        self._identity = identity
        self._at: deque[float] = deque(maxlen=LIMITS[-1][0])
        self.sent: list[tuple[str, str]] = []
        """The recipient's login and the text."""
        self.has_phone = True
        """Whether the sender's phone number is verified."""
        self.may_send = True
        """Whether the sender is neither suspended nor has switched whispers off."""
        self.closed: set[str] = set()
        """The logins of those who take no whispers from strangers."""
        self.recipients_left = RECIPIENTS

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/helix/whispers", self.send)]

    async def send(self, request: web.Request) -> web.Response:
        grant = self._identity.allowed(request, MANAGE)
        sender, recipient = request.query["from_user_id"], request.query["to_user_id"]
        if sender != grant.user.id:
            raise TwitchError(401, "The ID in from_user_id must match the user ID in the user access token.")
        if not self.has_phone:
            raise TwitchError(401, "the sender does not have a verified phone number")
        if not self.may_send:
            raise TwitchError(403, "The account that's sending the message doesn't allow sending whispers.")
        message = (await request.json())["message"]
        self._check(sender, recipient, message)
        user = self._state.by_id(recipient)
        if user is None:
            raise TwitchError(404, "The ID in to_user_id was not found.")
        self._spend(user.login)
        self.sent.append((user.login, message[:STRANGERS_LIMIT]))
        self._state.changes.happened()
        return web.Response(status=204)

    def _check(self, sender: str, recipient: str, message: str) -> None:
        if sender == recipient:
            raise TwitchError(400, "A user cannot whisper themself")
        if not recipient.isdecimal():
            raise TwitchError(400, "The ID in the to_user_id query parameter is not valid.")
        if not message.strip():
            raise TwitchError(400, "The message field must not be empty.")
        user = self._state.by_id(recipient)
        if user is not None and user.login in self.closed:
            raise TwitchError(400, "The recipient's settings prevent this sender from sending them whispers")

    def _spend(self, login: str) -> None:
        now = time.monotonic()
        known = login in {recipient for recipient, _ in self.sent}
        too_quick = any(len(self._at) >= count and self._at[-count] > now - span for count, span in LIMITS)
        if too_quick or (not known and not self.recipients_left):
            raise TwitchError(429, "The sending user exceeded the number of whisper requests that they may make.")
        self._at.append(now)
        self.recipients_left -= not known
