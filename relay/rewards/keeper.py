"""Keeps redemptions until their platforms know what became of them, over restarts, however long a platform is away."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from relay.errors import AuthError, RelayError
from relay.inbox.base import Record
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Forward, Outcome, Post, Retraction, Reward, Settlement
from relay.platforms.base import ChannelRewards
from relay.replies.replies import Step
from relay.rewards.redemptions import Redemption, Redemptions
from relay.system.backoff import backoff

log = logging.getLogger(__name__)

NOTE: Final = "redemptions"
"""The note that holds what is not settled."""
MOST: Final = 1_000
"""Redemptions followed at once; what is beyond that is left to the streamer."""
AT_ONCE: Final = 4
"""Calls to platforms that are under way together."""
PATIENCE: Final = 60.0
"""The longest wait between two tries to tell a platform, in seconds."""
_TOLD: Final = (Outcome.FORWARDED, Outcome.ANSWERED)
"""What is heard of otherwise."""
_KEPT: Final = TypeAdapter(list[Redemption])


class Store(Protocol):
    """The part of an inbox that is needed."""

    async def get_note(self, name: str) -> str | None: ...
    async def set_note(self, name: str, value: str) -> None: ...
    async def why(self, key: str) -> Record | None: ...


class RedemptionKeeper:
    """`run` tells the platforms. What it hears of returns at once, but for `expect`."""

    def __init__(
        self,
        store: Store,
        platforms: Callable[[], Mapping[str, ChannelRewards]],
        *,
        redemptions: Redemptions,
        concerns: Callable[[Reward], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`platforms` by their names. `concerns`: whether the relay is to settle what redeems this reward."""
        self._store = store
        self._platforms = platforms
        self._redemptions = redemptions
        self._concerns = concerns
        self._clock = clock
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._written = 0
        """The version that the store has."""
        self._retractions: list[Retraction] = []
        """Those whose victims were not looked up."""
        self._due: Sequence[Redemption] = ()
        """What a platform has to be told, and the store has."""
        self._is_due = asyncio.Event()
        self._calls = asyncio.Semaphore(AT_ONCE)
        self._is_restored = asyncio.Event()
        self._paid_back: frozenset[str] = frozenset()
        """The keys of those that the relay before this one left to be paid back."""
        self._said: set[str] = set()

    # What is heard

    async def expect(self, messages: Sequence[AudienceMessage]) -> list[str]:
        """Before these are stored: from now on no crash makes us forget one. The keys of those that are new here.

        Raises InboxError.
        """
        if not self._platforms() or not any(message.reward for message in messages):
            return []
        await self._is_restored.wait()
        added = [each.key for message in messages if (each := self._found(message)) and self._redemptions.add(each)]
        if added:
            await self._write()
        return added

    def _found(self, message: AudienceMessage) -> Redemption | None:
        redemption = Redemption.of(message)
        if redemption is None or redemption.platform not in self._platforms() or self.is_paid_back(redemption.key):
            return None
        if message.reward is None or not self._concerns(message.reward):
            return None
        if len(self._redemptions) >= MOST:
            self._say_once("too many", "more than %d redemptions wait: further ones are left to the streamer", MOST)
            return None
        return redemption

    def is_paid_back(self, key: str) -> bool:
        """Known of what was expected: it must not be done as well, even if its platform tells of it only now."""
        return key in self._paid_back

    def known_before(self, keys: Iterable[str]) -> None:
        """Of what was expected, this had been stored and settled long before."""
        for key in keys:
            self._redemptions.remove(key)
        self._news.set()

    def failed(self, key: str) -> None:
        """What the relay was to do itself did not work."""
        self._redemptions.refuse(key)
        self._news.set()

    def retracted(self, retraction: Retraction) -> None:
        """Something was taken back; unless it is one message, the store knows which that ends."""
        if len(self._redemptions):
            self._retractions.append(retraction)
            self._news.set()

    def told(self, forward: Forward) -> None:
        self._redemptions.told(forward)

    def given_up(self, forward: Forward) -> None:
        """Nothing answers it."""
        for key in forward.keys:
            self.failed(key)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        self._redemptions.settled(settlements, self._clock())
        self._news.set()

    def replied(self, step: Step) -> None:
        self._redemptions.replied(step.reply, self._clock())
        self._news.set()

    def posted(self, platform: str, post: Post, problem: str | None) -> None:
        if problem is None and post.message_id is not None:
            self._redemptions.posted(post.keys)
            self._news.set()

    def look(self) -> None:
        """Something may have changed about what is said."""
        self._news.set()

    # What is done

    async def run(self) -> None:
        """Until cancelled."""
        if not self._is_restored.is_set():
            await self._restore()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._decide())
            tasks.create_task(self._tell_all())

    async def _restore(self) -> None:
        """What the relay before this one had not told. Of what it left undecided, nobody heard the answer."""
        kept = await with_retries(self._store.get_note, NOTE)
        try:
            redemptions = _KEPT.validate_json(kept or "[]")
        except ValidationError:
            log.warning("what was noted of redemptions cannot be read: they are left to the streamer")
            redemptions = []
        for redemption in redemptions:
            self._redemptions.add(redemption)
            if redemption.is_fulfilled is None:
                await self._look_up(redemption, is_new=True)
        self._paid_back = frozenset(each.key for each in self._redemptions.decided() if not each.is_fulfilled)
        self._is_restored.set()

    async def _look_up(self, redemption: Redemption, *, is_new: bool) -> None:
        record = await with_retries(self._store.why, redemption.key)
        if not is_new and (record is None or record.settlement is None or record.settlement.outcome in _TOLD):
            return
        never_stored = Settlement(key=redemption.key, outcome=Outcome.DROPPED, reason="never stored", at=0.0)
        settlement = never_stored if record is None else record.settlement
        self._redemptions.settled([settlement] if settlement else [], self._clock())

    async def _decide(self) -> None:
        while True:
            self._news.clear()
            await self._look_for_retracted()
            self._redemptions.look(self._clock())
            while self._redemptions.version != self._written:
                await with_retries(self._write)
            self._due = self._redemptions.decided()
            if self._due:
                self._is_due.set()
            at = self._redemptions.next_at()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if at is None else max(0.01, at - self._clock())):
                    await self._news.wait()

    async def _look_for_retracted(self) -> None:
        retractions, self._retractions = self._retractions, []
        ids = {retraction.id for retraction in retractions}
        for redemption in self._redemptions.undecided() if retractions else ():
            if redemption.id in ids:
                self._redemptions.refuse(redemption.key)
            elif None in ids:
                await self._look_up(redemption, is_new=False)

    async def _write(self) -> None:
        async with self._writing:
            version = self._redemptions.version
            await self._store.set_note(NOTE, _KEPT.dump_json(self._redemptions.all()).decode())
            self._written = max(self._written, version)

    async def _tell_all(self) -> None:
        """Each by itself: one that its platform does not take keeps no other waiting."""
        async with asyncio.TaskGroup() as tasks:
            begun: set[str] = set()
            while True:
                await self._is_due.wait()
                self._is_due.clear()
                begun &= {each.key for each in self._due}
                for redemption in self._due:
                    if redemption.key not in begun:
                        begun.add(redemption.key)
                        tasks.create_task(self._settle(redemption))

    async def _settle(self, redemption: Redemption) -> None:
        await self._tell(redemption)
        self._redemptions.remove(redemption.key)
        self._news.set()

    async def _tell(self, redemption: Redemption) -> None:
        """Again and again until the platform has taken it, or says that it never will."""
        platform = self._platforms().get(redemption.platform)
        if platform is None:
            return
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(lambda error: isinstance(error, AuthError) or _may_pass(error)),
                wait=backoff(0.5, PATIENCE),
                before_sleep=self._note,
                reraise=True,
            ):
                with attempt:
                    async with self._calls:
                        await platform.settle(
                            redemption.reward_id, redemption.id, is_fulfilled=bool(redemption.is_fulfilled)
                        )
        except RelayError as error:
            self._say_once(redemption.reward_id, "a reward is left to the streamer: %s", error)
        except Exception:  # a stream must not end because of one redemption
            log.exception("a redemption could not be settled")
        else:
            log.info("%s a redemption", "fulfilled" if redemption.is_fulfilled else "refunded")

    def _note(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._say_once(str(error), "redemptions wait to be settled: %s", error)

    def _say_once(self, what: str, line: str, *about: object) -> None:
        if what not in self._said and len(self._said) < MOST:
            self._said.add(what)
            log.warning(line, *about)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, RelayError) and error.retryable
