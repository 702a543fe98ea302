"""Posting to chat within Twitch's rules."""

import asyncio
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from twitchio import ChatMessage
from twitchio.exceptions import MessageRejectedError

from relay.errors import AuthError, PlatformUnavailable, PostRejected, RateLimited, RelayError, TextRejected
from relay.model import Post, Role
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.incoming.draft import roles
from relay.platforms.twitch.pacing import CHANNEL_GAP, MessageWindow
from relay.platforms.twitch.settings import TEXT_LIMIT

REMEMBERED = 100
_GAP = re.compile(r"(?<!\s)\s*[\n\t]\s*")
"""What has no place in a line of chat."""


@dataclass(eq=False)
class _Sent:
    """A text on its way to chat, or there already."""

    channel: str
    essence: str
    nonce: str
    id: str | None = None
    echoed: bool = False
    unsure: bool = False
    """A try ended without an answer."""


def _essence(text: str) -> str:
    """The letters and digits alone: what survives whatever Twitch does to spaces and invisible characters."""
    return "".join(char for char in text if char.isalnum()) or text.strip()


class Outgoing:
    """Posts one after the other in each channel."""

    def __init__(self, connection: TwitchConnection) -> None:
        self._connection = connection
        self._window = MessageWindow()
        self._turns: dict[str, asyncio.Lock] = {}
        self._privileged: set[str] = set()
        self._sent: deque[_Sent] = deque(maxlen=REMEMBERED)

    async def post(self, post: Post) -> None:
        """Write the message when the limits allow, as one line, for chat has no others. Fails as Platform.post does."""
        post = post.model_copy(update={"text": _GAP.sub(" ", post.text)})
        if not 0 < len(post.text.strip()) <= len(post.text) <= TEXT_LIMIT:
            raise PostRejected(f"a post of {len(post.text)} characters: Twitch takes 1 to {TEXT_LIMIT}")
        async with self._turns.setdefault(post.channel, asyncio.Lock()):
            tried = self._tried(post)
            if tried is not None and (tried.echoed or tried.id is not None):
                return
            await asyncio.sleep(self._wait(post.channel))
            if tried is None:
                tried = _Sent(post.channel, _essence(post.text), post.nonce, unsure=post.in_doubt)
                self._sent.append(tried)  # before the call: the echo may be quicker than the answer
            try:
                await self._send(post, tried)
            finally:
                self._window.sent(post.channel, asyncio.get_running_loop().time())

    def is_own(self, message: ChatMessage) -> bool:
        """Whether this is the echo of a post.

        On the streamer's own account, what the streamer types comes from the same author and is no echo.
        """
        account = self._connection.account.id
        if message.chatter.id != account:
            return False
        self._note_rank(message)
        return self._echo(message) or message.broadcaster.id != account

    def _note_rank(self, message: ChatMessage) -> None:
        privileged = roles(message.badges) & {Role.STREAMER, Role.MODERATOR}
        (self._privileged.add if privileged else self._privileged.discard)(message.broadcaster.id)

    def _echo(self, message: ChatMessage) -> bool:
        text = _essence(message.text)
        for sent in reversed(self._sent):
            same = text.endswith(sent.essence) and sent.channel == message.broadcaster.id and not sent.echoed
            if message.id == sent.id or same:
                sent.echoed = True
                return True
        return False

    def _tried(self, post: Post) -> _Sent | None:
        return next((sent for sent in self._sent if (sent.channel, sent.nonce) == (post.channel, post.nonce)), None)

    def _wait(self, channel: str) -> float:
        privileged = channel == self._connection.account.id or channel in self._privileged
        return self._window.reserve(channel, privileged, asyncio.get_running_loop().time())

    async def _send(self, post: Post, sent: _Sent) -> None:
        try:
            call = self._connection.call_as_app if self._connection.by_conduit else self._connection.call
            sent.id = await call(lambda: self._request(post, sent), "posting to chat")
        except PlatformUnavailable:
            sent.unsure = True
            raise
        except RelayError as error:
            with suppress(ValueError):
                self._sent.remove(sent)
            raise _refusal(error) from None

    async def _request(self, post: Post, sent: _Sent) -> str | None:
        account = self._connection.account.id
        channel = self._connection.client.create_partialuser(post.channel)
        try:
            message = await channel.send_message(
                post.text,
                sender=account,
                token_for=None if self._connection.by_conduit else account,
                reply_to_message_id=post.reply_to,
            )
        except MessageRejectedError as error:
            if error.code == "msg_duplicate" and sent.unsure:
                return None  # the earlier try had arrived after all
            raise _rejection(error) from None
        if not message.sent:
            raise PostRejected("Twitch did not post it and gave no reason")
        return message.id


def _refusal(error: RelayError) -> RelayError:
    """The error a caller of Platform.post knows what to do with."""
    if isinstance(error, RateLimited | PostRejected):
        return error
    if isinstance(error, AuthError):
        return PlatformUnavailable(str(error))
    return PostRejected(str(error))


def _rejection(error: MessageRejectedError) -> RelayError:
    if error.code == "msg_ratelimit":
        return RateLimited("Twitch dropped a post that came too quickly", CHANNEL_GAP)
    return TextRejected(f"Twitch rejected the post: {error.message} ({error.code})")
