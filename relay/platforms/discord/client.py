"""The Discord adapter: text channels and slash commands."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

import discord
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential, wait_random

from relay.acts import Act
from relay.errors import AuthError, ConfigError, PlatformUnavailable
from relay.model import Post
from relay.platforms.base import Controls, Platform, Receive, Typing
from relay.platforms.discord.acts import acts
from relay.platforms.discord.commands import Command
from relay.platforms.discord.incoming import PLATFORM
from relay.platforms.discord.login import INTENT_MISSING, TOKEN_REFUSED, granted_intents, leave, log_in, visit
from relay.platforms.discord.missed import Mark
from relay.platforms.discord.outgoing import FAILURES, TEXT_LIMIT, explain, send, show_typing
from relay.platforms.discord.session import Session
from relay.platforms.discord.voice.commands import voice_commands
from relay.platforms.discord.voice.session import DiscordVoice
from relay.platforms.intake import Intake
from relay.settings import DiscordSection

log = logging.getLogger(__name__)

TOKEN_REVOKED = 4004
"""The gateway's close code for a token that is not valid (any more)."""
RETRY_WAIT = wait_exponential(multiplier=0.5, max=60.0) + wait_random(0, 1.0)
"""Between two tries to connect."""


class DiscordPlatform:
    """Listens in the chosen channels and their threads, and writes what the companion answers there."""

    name: str = PLATFORM
    text_limit: int = TEXT_LIMIT

    def __init__(
        self,
        settings: DiscordSection,
        receive: Receive,
        controls: Controls,
        *,
        voice: DiscordVoice | None = None,
        commands: Sequence[Command] = (),
    ) -> None:
        """`voice` where the companion also speaks or listens; `commands` are offered besides its own."""
        self._settings = settings
        self._controls = controls
        self._voice = voice
        self._commands = [*(voice_commands(voice) if voice is not None else ()), *commands]
        self._intake = Intake(PLATFORM, receive)
        self._mark = Mark()
        self._session: Session | None = None
        self.listening = asyncio.Event()
        self._trouble = "not connected yet"

    async def run(self) -> None:
        """See Platform. When cancelled it stores what it has accepted before it returns."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._intake.run(), name="discord intake")
                await self._stay_connected()
        except ExceptionGroup as failures:
            self._trouble = str(failures.exceptions[0])
            raise failures.exceptions[0] from None

    async def _stay_connected(self) -> None:
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(_may_pass), wait=RETRY_WAIT, before_sleep=self._note_failure, reraise=True
            ):
                with attempt:
                    await self._connect()

    def _note_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        self._trouble = f"not connected, trying again: {error}"
        log.warning("discord: %s", self._trouble)

    async def _connect(self) -> None:
        """One session, to its end. Raises when it never got to listen, or when a person has to act."""
        async with visit(self._settings) as (_, application):
            intents = granted_intents(application, voice=self._voice is not None)
        session = Session(
            self._settings, intents, self._intake, self._mark, self._controls, self._commands, self.listening
        )
        try:
            await log_in(session, self._settings)
            self._session = session
            async with self._in_voice(session):
                await _listen(session)
        except PlatformUnavailable as error:
            if not self.listening.is_set():
                raise
            self._trouble = f"connection lost: {error}"
            log.warning("discord: %s", self._trouble)
        finally:
            self._session = None
            self.listening.clear()
            await leave(session)

    def _in_voice(self, session: Session) -> AbstractAsyncContextManager[None]:
        return self._voice.attached(session) if self._voice is not None else nullcontext()

    async def post(self, post: Post) -> None:
        """See Platform."""
        if self._session is None:
            raise PlatformUnavailable(f"discord: {self._trouble}")
        await send(self._session, post)

    def acts(self) -> Sequence[Act]:
        """See Acting."""
        return acts(lambda: self._session)

    async def typing(self, channel: str) -> None:
        """See Typing."""
        if self._session is not None:
            await show_typing(self._session, channel)

    def channels(self) -> Sequence[str]:
        """See Platform."""
        return [str(channel) for channel in self._settings.channels]

    def health(self) -> str:
        """See Platform."""
        if self._intake.stuck:
            return f"the inbox does not answer; {len(self._intake)} messages wait for it"
        if self._session is None:
            return self._trouble
        if not self._session.connected:
            return "connecting"
        if self._session.is_ready() and (unseen := self._session.unseen()):
            return f"connected, but cannot see {', '.join(map(str, unseen))}: give the bot View Channel there"
        trouble = self._voice.health() if self._voice is not None else None
        return f"connected; {trouble}" if trouble else "connected"


async def _listen(session: Session) -> None:
    """Follow the gateway; discord.py itself resumes and reconnects. Raises AuthError or PlatformUnavailable."""
    try:
        await session.connect()
    except discord.PrivilegedIntentsRequired:
        raise AuthError(INTENT_MISSING) from None
    except discord.ConnectionClosed as error:
        if error.code == TOKEN_REVOKED:
            raise AuthError(TOKEN_REFUSED) from None
        raise PlatformUnavailable(f"discord: the gateway closed the connection ({error.code})") from None
    except (*FAILURES, AttributeError) as error:  # discord.py trips over its own when the first attempt fails
        raise PlatformUnavailable(str(explain(error, "gateway"))) from None
    raise PlatformUnavailable("discord: the gateway closed the connection")


def _may_pass(error: BaseException) -> bool:
    """Whether time may heal it. A cancellation is no failure to retry."""
    return isinstance(error, Exception) and not isinstance(error, AuthError | ConfigError)


_: type[Platform] = DiscordPlatform
_typing: type[Typing] = DiscordPlatform
