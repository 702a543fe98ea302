"""The Twitch adapter: audience messages in over EventSub, posts out over the API, by way of TwitchIO."""

import asyncio
import logging
import random
import time
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential
from twitchio import ChatMessage
from twitchio.models.eventsub_ import BaseEvent

from relay.acts import Act
from relay.errors import PlatformError, PlatformUnavailable, RateLimited, RelayError
from relay.model import AudienceMessage, Kind, Post
from relay.platforms.base import Receive, Stream
from relay.platforms.intake import Intake, Seen
from relay.platforms.twitch.acts import TwitchActs
from relay.platforms.twitch.catalogue import wished
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.failures import FAILURES, LOG_IN_AGAIN, translate
from relay.platforms.twitch.gate import Gate
from relay.platforms.twitch.incoming import read, read_beside
from relay.platforms.twitch.incoming.twins import twin
from relay.platforms.twitch.outgoing import Outgoing
from relay.platforms.twitch.redeemed_texts import RedeemedTexts
from relay.platforms.twitch.rewards import TwitchRewards
from relay.platforms.twitch.settings import PLATFORM, TEXT_LIMIT, TwitchSection
from relay.platforms.twitch.socket import EventSocket
from relay.platforms.twitch.sources import left_out
from relay.platforms.twitch.subscriptions import Reconciler
from relay.platforms.twitch.tokens import TokenFile, redact, redacted_logs
from relay.platforms.twitch.unread import UnreadEvents
from relay.platforms.twitch.whispers import Whispers, lacking
from relay.system.clock import now

log = logging.getLogger(__name__)
T = TypeVar("T")
E = TypeVar("E", bound=Exception)
CHECK_LOGIN_EVERY = 1800.0
"""Seconds; Twitch wants a login validated every hour, and TwitchIO would after 55 minutes."""
PATIENCE = 30.0
"""The longest wait between two tries to connect, in seconds."""
SETTLE = 1.0
"""Seconds between two looks at the subscriptions, however many Twitch takes away."""
REMEMBERED = 20_000
"""Ids of events kept to tell what Twitch delivers twice."""


class TwitchPlatform:
    """Twitch's side of the relay; see Platform."""

    name = PLATFORM
    text_limit = TEXT_LIMIT

    def __init__(
        self,
        settings: TwitchSection,
        token_file: Path,
        receive: Receive,
        *,
        kinds: Collection[Kind] = frozenset(Kind),
        clock: Callable[[], float] = now,
    ) -> None:
        """`kinds` are those worth hearing of."""
        self._settings = settings
        self._clock = clock
        self._sources = wished(kinds, settings)
        self._seen = Seen(REMEMBERED)
        self._intake = Intake(self.name, receive)
        self._tokens = TokenFile(token_file)
        self._unread = UnreadEvents()
        self._gate = Gate(settings, self.channels)
        self._connection = TwitchConnection(settings, self._tokens, self._take, self._unread.note)
        self._outgoing = Outgoing(self._connection)
        self._whispers = Whispers(self._connection)
        self._redeemed_texts = RedeemedTexts()
        self.rewards = TwitchRewards(self._connection)
        self._reconciler = Reconciler(self._connection, self._sources, time.monotonic)
        self.listening = asyncio.Event()
        self._login_checked = 0.0
        self._sessions_in_vain = 0
        """How many in a row ended before everything was subscribed."""
        self._state = "not started"

    async def run(self) -> None:
        """See Platform.run."""
        failure: RelayError | None = None
        try:
            with redacted_logs():
                async with self._connection, asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._intake.run())
                    await self._stay_connected(tasks)
        except* RelayError as group:
            failure = _first(group)
        except* Exception as group:
            log.error("the Twitch adapter failed: %s", redact("".join(traceback.format_exception(group))))
            failure = PlatformError(f"a mistake of the relay ({type(_first(group)).__name__}); the log says more")
        finally:
            self._state = "stopped"
            self.listening.clear()
        if failure is not None:
            self._state = str(failure)
            raise failure

    async def post(self, post: Post) -> None:
        """See Platform.post."""
        if not self._connection.channels:
            raise PlatformUnavailable(f"Twitch is not connected: {self._state}")
        await self._outgoing.post(post)

    def channels(self) -> Sequence[str]:
        """See Platform.channels; empty until connected."""
        return [channel.id for channel in self._connection.channels]

    def names(self) -> Sequence[str]:
        """See Named. On the streamer's own account the name is the streamer's."""
        channels = self._connection.channels
        login = self._connection.account.login if channels else None
        return [] if login is None or login in [channel.login for channel in channels] else [login]

    def health(self) -> str:
        """See Platform.health."""
        waiting = f"{len(self._intake)} messages wait for the inbox" if len(self._intake) else ""
        lacking = [f"{', '.join(gives)} ({scope})" for scope, gives in self._lacking().items()]
        unheard = f"the login does not allow {', '.join(lacking)}: {LOG_IN_AGAIN}" if lacking else ""
        trouble = (self._reconciler.trouble, unheard, self._unread.trouble, waiting)
        return "; ".join(part for part in (self._state, *trouble) if part)

    def unread(self) -> Mapping[str, int]:
        """See Unread."""
        return self._unread.counts

    def acts(self) -> Sequence[Act]:
        """See Acting."""
        return TwitchActs(self._connection).all()

    async def whisper(self, message: AudienceMessage, text: str) -> bool:
        """See Whispering."""
        return self._settings.whispers and await self._whispers.tell(message, text)

    async def decide(self, message: AudienceMessage, *, approve: bool) -> None:
        """See Withholding: on what AutoMod holds."""
        connection = self._connection
        if not connection.channels:
            raise PlatformUnavailable(f"Twitch is not connected: {self._state}")
        account = connection.account.id
        moderator = connection.client.create_partialuser(account)
        act = moderator.approve_automod_messages if approve else moderator.deny_automod_messages
        await connection.call(lambda: act(message.id, token_for=account), "deciding about a held message")

    async def mended(self) -> None:
        """See Mendable: when somebody has logged in again."""
        await self._tokens.renewed()

    async def stream(self) -> Stream:
        """See Streaming: of the first channel."""
        connection = self._connection
        if not connection.channels:
            raise PlatformUnavailable(f"Twitch is not connected: {self._state}")
        client, account, channel = connection.client, connection.account.id, connection.channels[0].id

        async def live() -> list[Any]:
            return [stream async for stream in client.fetch_streams(user_ids=[channel], token_for=account)]

        streams = await connection.call(live, "looking up the stream")
        info = await connection.call(
            lambda: client.create_partialuser(channel).fetch_channel_info(token_for=account), "looking up the channel"
        )
        viewers = streams[0].viewer_count if streams else 0
        return Stream(bool(streams), info.title or "", info.game_name or "", viewers)

    async def _stay_connected(self, tasks: asyncio.TaskGroup) -> None:
        await self._patiently(self._log_in)
        while True:
            self._state = "connecting"
            self.listening.clear()
            socket: EventSocket | None = await self._patiently(self._open)
            while socket is not None:
                successor = await self._serve(socket)
                tasks.create_task(socket.retire())
                socket = successor
            await asyncio.sleep(random.uniform(0.0, min(PATIENCE, 0.25 * 2**self._sessions_in_vain)))
            self._sessions_in_vain = min(self._sessions_in_vain + 1, 10)

    async def _log_in(self) -> None:
        await self._connection.log_in()
        self._login_checked = self._clock()
        for scope, gives in self._lacking().items():
            log.warning("the Twitch login lacks %s: no %s; `relay auth twitch` asks for it", scope, ", ".join(gives))

    def _lacking(self) -> dict[str, list[str]]:
        """Scopes that the login lacks, each with what is missed without it."""
        if not self._connection.channels:
            return {}
        account = self._connection.account
        unheard = left_out(self._sources, account, self._connection.channels)
        return unheard | lacking(account, is_wanted=self._settings.whispers)

    async def _open(self) -> EventSocket:
        try:
            return await EventSocket.open(self._connection.client, self._connection.account.id)
        except FAILURES as error:
            raise translate(error, "connecting to EventSub") from None

    async def _serve(self, socket: EventSocket) -> EventSocket | None:
        """Keep the subscriptions up until the session ends. Its successor when Twitch asks to move, else None."""
        async with asyncio.TaskGroup() as tasks:
            upkeep = tasks.create_task(self._upkeep(socket))
            ended = tasks.create_task(socket.ended.wait())
            await asyncio.wait((upkeep, ended, socket.move_to), return_when=asyncio.FIRST_COMPLETED)
            upkeep.cancel()
            ended.cancel()
        if socket.move_to.done():
            try:
                return await socket.successor()
            except FAILURES as error:
                log.warning("%s", translate(error, "moving to another EventSub server"))
        log.warning("the connection to Twitch was lost; connecting again")
        return None

    async def _upkeep(self, socket: EventSocket) -> None:
        while True:
            await self._patiently(self._check, socket, at_most=self._settings.reconcile_every)
            names = ", ".join(f"#{channel.login}" for channel in self._connection.channels)
            self._state = f"connected as {self._connection.account.login} to {names}"
            self.listening.set()
            self._sessions_in_vain = 0
            await self._settled(socket)

    async def _settled(self, socket: EventSocket) -> None:
        """Wait until it is time for the next look, which is at once when Twitch took something away."""
        pause = min(SETTLE, self._settings.reconcile_every)
        await asyncio.sleep(pause)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.reconcile_every - pause):
                await socket.lost_some.wait()
        socket.lost_some.clear()

    async def _check(self, socket: EventSocket) -> None:
        if self._clock() - self._login_checked > CHECK_LOGIN_EVERY or self._tokens.is_newer:
            await self._connection.renew()
            self._login_checked = self._clock()
        if self._connection.account.id != socket.account:
            socket.ended.set()  # somebody logged in with another account, which needs a session of its own
            return
        await self._reconciler.reconcile(socket)

    async def _patiently(self, step: Callable[..., Awaitable[T]], *args: Any, at_most: float = PATIENCE) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PlatformError),
            wait=lambda state: _wait(state, at_most),
            before_sleep=self._note_trouble,
        )
        return await retrying(step, *args)

    def _note_trouble(self, attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        if self._state != str(error):
            self._state = str(error)
            log.warning("%s; trying again", error)

    def _take(self, event: BaseEvent) -> None:
        """Accept an event from TwitchIO; called in the order they arrive."""
        if event.metadata is None or not self._seen.add(event.metadata.message_id):
            return
        if isinstance(event, ChatMessage) and self._outgoing.is_own(event):
            return
        self._redeemed_texts.note(event)
        reader = read_beside if twin(event) in self._reconciler.live else read
        meaning = reader(event, self._connection.account.id, self._clock())
        for incoming in self._gate.let_in(event, meaning):
            self._intake.put(self._redeemed_texts.meant(incoming))


def _wait(state: RetryCallState, at_most: float) -> float:
    """Seconds until the next try: as long as Twitch asks, or a growing while."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RateLimited):
        return error.retry_after
    return wait_random_exponential(multiplier=0.25, max=at_most)(state)


def _first(group: BaseExceptionGroup[E]) -> E:
    for error in group.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("a group holds at least one error")
