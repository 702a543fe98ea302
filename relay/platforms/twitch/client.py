"""The Twitch adapter: audience messages in over EventSub, posts out over the API, by way of TwitchIO."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from twitchio import ChannelPointsRedemptionUpdate, ChatMessage
from twitchio.models.eventsub_ import BaseEvent

from relay.acts import Act
from relay.errors import ConfigError, PlatformError, PlatformUnavailable, RelayError
from relay.model import AudienceMessage, Incoming, Kind, Post
from relay.platforms.base import Notes, Receive, Stream
from relay.platforms.info import REMEMBERED_FOR, PlatformWishes
from relay.platforms.intake import Intake, Missed, Seen
from relay.platforms.sharing import IsOurs, everywhere
from relay.platforms.twitch.catalogue import wished
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.failures import LOG_IN_AGAIN
from relay.platforms.twitch.gate import Gate
from relay.platforms.twitch.incoming import read, read_beside
from relay.platforms.twitch.incoming.twins import twin
from relay.platforms.twitch.known_roles import KnownRoles
from relay.platforms.twitch.login_transport import LoginTransport
from relay.platforms.twitch.missed import MissedRedemptions
from relay.platforms.twitch.outgoing import Outgoing
from relay.platforms.twitch.reach import TwitchReach
from relay.platforms.twitch.redeemed_texts import RedeemedTexts
from relay.platforms.twitch.rewards import TwitchRewards
from relay.platforms.twitch.rights import EVERYTHING, unallowed
from relay.platforms.twitch.settings import PLATFORM, TEXT_LIMIT, TwitchSection
from relay.platforms.twitch.sources import AS_BOT
from relay.platforms.twitch.status import TwitchStatus
from relay.platforms.twitch.tokens import TokenFile, redact, redacted_logs
from relay.platforms.twitch.transport import EventTransport
from relay.platforms.twitch.unread import UnreadEvents
from relay.platforms.twitch.whispers import Whispers
from relay.system.clock import now
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)
E = TypeVar("E", bound=Exception)
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
        wishes: PlatformWishes = EVERYTHING,
        clock: Callable[[], float] = now,
        notes: Notes | None = None,
        remembered: float = REMEMBERED_FOR,
    ) -> None:
        """`wishes` are what is worth hearing and asking for. A conduit is found again by the `notes`.

        What was told longer than `remembered` seconds ago is taken for new if it is told again.
        """
        self._settings = settings
        self._clock = clock
        self._wishes = wishes
        self._sources = wished(wishes.kinds, settings)
        self._seen = Seen(REMEMBERED)
        self._intake = Intake(self.name, receive)
        self._tokens = TokenFile(token_file)
        self._unread = UnreadEvents()
        self._gate = Gate(settings, self.channels)
        self._connection = TwitchConnection(settings, self._tokens, self._take, self._unread.note)
        self._outgoing = Outgoing(self._connection)
        self._whispers = Whispers(self._connection)
        self._missed = MissedRedemptions(
            TwitchRewards(self._connection),
            are_wanted=Kind.REDEMPTION in wishes.kinds,
            remembered=remembered,
            clock=clock,
        )
        self._redeemed_texts = RedeemedTexts(self._gate.holds)
        self._roles = KnownRoles(self._connection)
        self._reach = TwitchReach(self._connection, everywhere)
        self.rewards = self._reach.rewards
        self._status = TwitchStatus()
        self.listening = self._status.listening
        self._transport = self._built_transport(notes)

    def _built_transport(self, notes: Notes | None) -> EventTransport:
        settings, connection, sources = self._settings, self._connection, self._sources
        if not settings.by_conduit:
            return LoginTransport(connection, sources, self._status, settings.reconcile_every)
        from relay.platforms.twitch.conduits.transport import ConduitTransport

        if notes is None:
            raise ConfigError('twitch.transport = "conduit" needs a store that keeps notes')
        return ConduitTransport(settings, connection, sources, self._status, notes, self._intake.stored)

    async def set_channels(self, names: Sequence[str]) -> None:
        """Hear these channels, by their logins, from now on, without connecting again; what stays is not touched.

        Raises PlatformError, and ConfigError where Twitch knows one of them not; then all stays as it was. Of many
        channels, heard by a conduit, such a one is told in the health and costs itself alone.
        """
        await self._connection.listen_to(names)
        self._transport.channels_changed()

    def channel_name(self, channel: str) -> str:
        """See Tunable: its login."""
        return self._connection.logins.get(channel, channel)

    async def run(self) -> None:
        """See Platform.run."""
        failure: RelayError | None = None
        try:
            with redacted_logs():
                async with self._connection, asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._intake.run())
                    tasks.create_task(self._make_up())
                    await self._status.patiently(self._log_in)
                    await self._transport.run()
        except* RelayError as group:
            failure = _first(group)
        except* Exception as group:
            log.error("the Twitch adapter failed: %s", redact("".join(traceback.format_exception(group))))
            failure = PlatformError(f"a mistake of the relay ({type(_first(group)).__name__}); the log says more")
        finally:
            self._status.unheard("stopped")
        if failure is not None:
            self._status.unheard(str(failure))
            raise failure

    async def post(self, post: Post) -> None:
        """See Platform.post."""
        if not self._connection.channels:
            raise PlatformUnavailable(f"Twitch is not connected: {self._status.state}")
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
        waiting = for_pages(f"{len(self._intake)} messages wait for the inbox") if len(self._intake) else ""
        lacking = [f"{', '.join(gives)} ({scope})" for scope, gives in self._lacking().items()]
        unheard = for_pages(f"the login does not allow {', '.join(lacking)}: {LOG_IN_AGAIN}") if lacking else ""
        trouble = (self._connection.trouble, self._transport.trouble, unheard, self._unread.trouble, waiting)
        return "; ".join(part for part in (self._status.state, *trouble) if part)

    def unread(self) -> Mapping[str, int]:
        """See Unread."""
        return self._unread.counts

    def acts(self) -> Sequence[Act]:
        """See Acting."""
        return self._reach.acts()

    async def whisper(self, message: AudienceMessage, text: str) -> bool:
        """See Whispering."""
        return self._settings.whispers and await self._whispers.tell(message, text)

    async def decide(self, message: AudienceMessage, *, approve: bool) -> None:
        """See Withholding: on what AutoMod holds."""
        connection = self._connection
        if not connection.channels:
            raise PlatformUnavailable(f"Twitch is not connected: {self._status.state}")
        account = connection.account.id
        moderator = connection.client.create_partialuser(account)
        act = moderator.approve_automod_messages if approve else moderator.deny_automod_messages
        await connection.call(lambda: act(message.id, token_for=account), "deciding about a held message")

    async def mended(self) -> None:
        """See Mendable: when somebody has logged in again."""
        await self._tokens.renewed()

    async def stream(self) -> Stream:
        """See Streaming."""
        return await self._reach.stream()

    def within(self, is_ours: IsOurs) -> TwitchReach:
        """See Divisible."""
        return TwitchReach(self._connection, is_ours)

    async def _log_in(self) -> None:
        await self._connection.log_in()
        for scope, gives in self._lacking().items():
            log.warning("the Twitch login lacks %s: no %s; `relay auth twitch` asks for it", scope, ", ".join(gives))

    def _lacking(self) -> dict[str, list[str]]:
        """Scopes that the login lacks, each with what is missed without it."""
        if not self._connection.channels:
            return {}
        lacking = unallowed(self._wishes, self._settings, self._connection)
        if self._settings.by_conduit and AS_BOT not in self._connection.account.scopes:
            return {AS_BOT: ["chat by a conduit"], **lacking}
        return lacking

    def _take(self, event: BaseEvent) -> None:
        """Accept an event from TwitchIO; called in the order they arrive."""
        if event.metadata is None or not self._seen.add(event.metadata.message_id) or self._missed.is_known(event):
            return
        if isinstance(event, ChatMessage) and self._outgoing.is_own(event):
            return
        if isinstance(event, ChannelPointsRedemptionUpdate) and event.id in self._connection.paid_back:
            return  # an answer that comes late is for others, too
        self._roles.note(event)
        reader = read_beside if twin(event) in self._transport.live else read
        self._tell(event, reader(event, self._connection.account.id, self._clock()), self._asked_of)

    def _tell(
        self, event: BaseEvent, meaning: Sequence[Incoming], whole: Callable[[Incoming], Incoming | Missed]
    ) -> None:
        self._redeemed_texts.note(event)
        for incoming in self._gate.let_in(event, meaning):
            self._intake.put(whole(self._roles.filled(self._redeemed_texts.meant(incoming))))
        if (taken_back := self._redeemed_texts.held(event)) is not None:
            self._intake.put(taken_back)

    def _asked_of(self, incoming: Incoming) -> Incoming | Missed:
        """The same, once Twitch has said what it knows of who did it."""
        unknown = self._roles.unknown(incoming)
        return incoming if unknown is None else asyncio.create_task(self._roles.asked(unknown))

    async def _make_up(self) -> None:
        """Tell of redemptions that nobody told us of, as points are owed: Twitch keeps them, unlike chat."""
        while True:
            await self._status.heard_anew()
            for event in await self._missed.found():
                at = min(self._clock(), event.redeemed_at.timestamp())
                self._tell(event, read(event, self._connection.account.id, at), lambda incoming: incoming)


def _first(group: BaseExceptionGroup[E]) -> E:
    for error in group.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("a group holds at least one error")
