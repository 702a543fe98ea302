"""The Discord adapter: text channels and slash commands."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress

import discord
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential, wait_random

from relay.acts import Act
from relay.errors import AuthError, ConfigError, InboxError, PlatformUnavailable, PostRejected
from relay.model import Kind, Post, Settlement
from relay.platforms.base import Notes, Offering, Platform, PlatformControls, Receive, Selective, ViewerCommands
from relay.platforms.discord.acts import acts
from relay.platforms.discord.clock import DiscordClock
from relay.platforms.discord.commands import Command, Offers
from relay.platforms.discord.login import CLOSED_FOR_GOOD, INTENT_MISSING, granted_intents, leave, log_in, visit
from relay.platforms.discord.missed import Mark
from relay.platforms.discord.outgoing import FAILURES, explain, send, show_typing
from relay.platforms.discord.pulse import feel
from relay.platforms.discord.session import DiscordSession
from relay.platforms.discord.session_starts import SessionStarts, leave_some
from relay.platforms.discord.settings import PLATFORM, TEXT_LIMIT, DiscordSection
from relay.platforms.discord.voice.commands import voice_commands
from relay.platforms.discord.voice.session import DiscordVoice
from relay.platforms.intake import Intake
from relay.replies.outlet import Typing

log = logging.getLogger(__name__)

RETRY_WAIT = wait_exponential(multiplier=0.5, max=8.0) + wait_random(0, 2.0)
"""Between two tries to connect."""
NOTE_KNOWN = "discord known"
"""The note that holds the id up to which no message was missed."""
NOTE_EVERY = 2.0
"""Seconds between two looks whether that id has grown."""


class DiscordPlatform:
    """Listens in the chosen channels and their threads, and writes what the companion answers there."""

    name: str = PLATFORM
    text_limit: int = TEXT_LIMIT

    def __init__(
        self,
        settings: DiscordSection,
        receive: Receive,
        controls: PlatformControls,
        notes: Notes,
        *,
        look_back: float,
        wanted: Collection[Kind] = (),
        voice: DiscordVoice | None = None,
        commands: Sequence[Command] = (),
    ) -> None:
        """`voice` where the companion also speaks or listens; `commands` are offered besides its own.

        Messages it was not told of are looked up when they are at most `look_back` seconds old. Of what happens besides
        messages, only the `wanted` kinds are asked for.
        """
        self._settings = settings
        self.addressed_only = settings.listen_to == "addressed"
        """See Selective."""
        self._voice = voice
        self._offers = Offers(controls, [*(voice_commands(voice) if voice is not None else ()), *commands])
        self._intake = Intake(PLATFORM, receive)
        self._notes = notes
        self._look_back = look_back
        self._wanted = wanted
        self._mark: Mark | None = None
        self._clock = DiscordClock()
        self._starts = SessionStarts()
        self._session: DiscordSession | None = None
        self.listening = asyncio.Event()
        self._trouble = "not connected yet"

    async def run(self) -> None:
        """See Platform. When cancelled it stores what it has accepted before it returns."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._intake.run(), name="discord intake")
                tasks.create_task(self._remember(), name="discord note")
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
        await self._starts.turn()
        if self._mark is None:
            known = await self._notes.get_note(NOTE_KNOWN)
            self._mark = Mark(int(known) if known is not None else None)
        session = await self._begin(self._mark)
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

    async def _begin(self, mark: Mark) -> DiscordSession:
        async with visit(self._settings, self._clock) as (client, application):
            intents = granted_intents(application, voice=self._voice is not None, wanted=self._wanted)
            await leave_some(client)
        return DiscordSession(
            self._settings,
            intents,
            self._intake,
            mark,
            self._offers,
            self.listening,
            clock=self._clock,
            look_back=self._look_back,
            wanted=self._wanted,
            identifies=self._starts.begins,
        )

    async def _remember(self) -> None:
        """Note, for the next run, up to where nothing was missed: only what is stored counts."""
        noted: int | None = None
        while True:
            await asyncio.sleep(NOTE_EVERY)
            known = self._mark.known if self._mark is not None else None
            if known is None or known == noted:
                continue
            await self._intake.stored()
            with suppress(InboxError):  # later, then
                await self._notes.set_note(NOTE_KNOWN, str(known))
                noted = known

    def _in_voice(self, session: DiscordSession) -> AbstractAsyncContextManager[None]:
        return self._voice.attached(session) if self._voice is not None else nullcontext()

    async def post(self, post: Post) -> None:
        """See Platform."""
        if self._session is None:
            raise PlatformUnavailable(f"discord: {self._trouble}")
        if post.use is None or post.message_id is not None:
            await send(self._session, post)
        elif not self._offers.uses.answer(post.use, post.text):
            raise PostRejected("discord: who used the command does not wait for its answer any more")

    def offer(self, commands: ViewerCommands) -> None:
        """See Offering."""
        self._offers.viewers = commands

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """See Offering."""
        self._offers.uses.settled(settlements)

    def acts(self) -> Sequence[Act]:
        """See Acting."""
        return acts(lambda: self._session)

    async def typing(self, channel: str) -> None:
        """See Typing."""
        if self._session is not None:
            await show_typing(self._session, channel)

    def channels(self) -> Sequence[str]:
        """See Platform. In a forum nobody can write but in its posts."""
        forums = self._session.forums() if self._session is not None else frozenset()
        return [str(channel) for channel in self._settings.channels if channel not in forums]

    def health(self) -> str:
        """See Platform."""
        if self._intake.stuck:
            return f"the inbox does not answer; {len(self._intake)} messages wait for it"
        if self._session is None:
            return self._trouble
        if not self._session.connected:
            return "connecting"
        if trouble := self._session.trouble():
            return f"connected, but {trouble}"
        trouble = self._voice.health() if self._voice is not None else None
        return f"connected; {trouble}" if trouble else "connected"


async def _listen(session: DiscordSession) -> None:
    """Follow the gateway; discord.py itself resumes and reconnects. Raises AuthError or PlatformUnavailable."""
    pulse = asyncio.create_task(feel(lambda: session.ws), name="discord pulse")
    try:
        await session.connect()
    except discord.PrivilegedIntentsRequired:
        raise AuthError(INTENT_MISSING) from None
    except discord.ConnectionClosed as error:
        if error.code in CLOSED_FOR_GOOD:
            raise AuthError(CLOSED_FOR_GOOD[error.code]) from None
        raise PlatformUnavailable(f"discord: the gateway closed the connection ({error.code})") from None
    except FAILURES as error:
        raise PlatformUnavailable(str(explain(error, "gateway"))) from None
    finally:
        pulse.cancel()
        await asyncio.gather(pulse, return_exceptions=True)
    raise PlatformUnavailable("discord: the gateway closed the connection")


def _may_pass(error: BaseException) -> bool:
    """Whether time may heal it. A cancellation is no failure to retry."""
    return isinstance(error, Exception) and not isinstance(error, AuthError | ConfigError)


_: type[Platform] = DiscordPlatform
_offering: type[Offering] = DiscordPlatform
_selective: type[Selective] = DiscordPlatform
_typing: type[Typing] = DiscordPlatform
