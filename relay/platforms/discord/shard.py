"""One shard of the bot: a session of the gateway after the other. Knows nothing of the other shards."""

import asyncio
import logging

import discord
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from relay.errors import AuthError, ConfigError, PlatformUnavailable
from relay.platforms.discord.bot import Bot
from relay.platforms.discord.login import CLOSED_FOR_GOOD, INTENT_MISSING, granted_intents, leave, log_in, visit
from relay.platforms.discord.missed import Mark
from relay.platforms.discord.outgoing import FAILURES, explain
from relay.platforms.discord.pulse import feel
from relay.platforms.discord.session import DiscordSession
from relay.platforms.discord.session_starts import SessionStarts, ask_gateway
from relay.platforms.discord.settings import PLATFORM
from relay.platforms.discord.sharding import INVALID_SHARD, SHARDING_REQUIRED, GatewayShard, Resharded
from relay.platforms.intake import Intake
from relay.system.backoff import backoff
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)

RETRY_WAIT = backoff(1.0, 10.0)
"""Between two tries to connect."""


class ShardLine:
    """Listens to the servers of one shard."""

    def __init__(self, bot: Bot, shard: GatewayShard, known: int | None) -> None:
        """`known` is the id of a message up to which an earlier run missed none."""
        self.shard = shard
        self.session: DiscordSession | None = None
        """While it is logged in."""
        self.intake = Intake(PLATFORM, bot.receive)
        """Its own, so that what it looks up holds up no other shard."""
        self.mark = Mark(known)
        self._bot = bot
        self._starts = SessionStarts(shard.of)
        self._trouble = "not connected yet"

    async def run(self) -> None:
        """Stay connected until cancelled, and store then what was accepted.

        Raises AuthError or ConfigError when a person has to act, and Resharded.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.intake.run(), name=f"discord intake {self.shard.id}")
            await self._stay_connected()

    async def _stay_connected(self) -> None:
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(_may_pass), wait=RETRY_WAIT, before_sleep=self._note_failure, reraise=True
            ):
                with attempt:
                    await self._connect()

    def _note_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        self._note(for_pages(f"not connected, trying again: {error}"))

    def _note(self, trouble: str) -> None:
        self._trouble = trouble
        log.warning("discord: %s", trouble if self.shard.of == 1 else f"{self.shard}: {trouble}")

    async def _connect(self) -> None:
        """One session, to its end. Raises when it never got to listen, or when a person has to act."""
        bot = self._bot
        await self._starts.turn()
        async with visit(bot.settings, bot.clock) as (visitor, application):
            intents = granted_intents(application, voice=bot.voices.may_come, wanted=bot.wanted)
            advice = await ask_gateway(visitor)
            bot.sharding.advised(advice.shards)
            bot.buckets.at_once = advice.at_once
            line, starts = visitor.http.connector, self._starts
            await self._run(
                DiscordSession(bot, self.shard, intents, self.intake, self.mark, line, identifies=starts.begins)
            )

    async def _run(self, session: DiscordSession) -> None:
        try:
            await self._bot.buckets.turn(self.shard.id)
            await log_in(session, self._bot.settings)
            self.session = session
            async with self._bot.voices.attached(session):
                await self._listen(session)
        except PlatformUnavailable as error:
            if self.shard not in self._bot.hearing:
                raise
            self._note(f"connection lost: {error}")
        finally:
            self.session = None
            self._bot.hearing.ends(self.shard)
            await leave(session)

    async def _listen(self, session: DiscordSession) -> None:
        """Follow the gateway; discord.py itself resumes and reconnects. Raises AuthError or PlatformUnavailable."""
        pulse = asyncio.create_task(feel(lambda: session.ws), name=f"discord pulse {self.shard.id}")
        try:
            await session.connect()
        except discord.PrivilegedIntentsRequired:
            raise AuthError(INTENT_MISSING) from None
        except discord.ConnectionClosed as error:
            if error.code in (INVALID_SHARD, SHARDING_REQUIRED):
                raise self._bot.sharding.refused(error.code, self.shard) from None
            if error.code in CLOSED_FOR_GOOD:
                raise AuthError(CLOSED_FOR_GOOD[error.code]) from None
            raise PlatformUnavailable(f"discord: the gateway closed the connection ({error.code})") from None
        except FAILURES as error:
            raise PlatformUnavailable(str(explain(error, "gateway"))) from None
        finally:
            pulse.cancel()
            await asyncio.gather(pulse, return_exceptions=True)
        raise PlatformUnavailable("discord: the gateway closed the connection")

    def trouble(self) -> str | None:
        """What is wrong, in one line; None when nothing is."""
        if self.intake.stuck:
            return f"the inbox does not answer; {len(self.intake)} messages wait for it"
        if self.session is None:
            return self._trouble
        return None if self.session.connected else "connecting"


def _may_pass(error: BaseException) -> bool:
    """Whether time may heal it. A cancellation is no failure to retry."""
    return isinstance(error, Exception) and not isinstance(error, AuthError | ConfigError | Resharded)
