"""A platform as the core has it: the real one is connected in another process, its adapter."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache, partial
from typing import Any, Final

from relay.acts import Act, Arguments
from relay.application.processes.outbound import StreamOutbox
from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.presence import ProcessSign
from relay.errors import RelayError
from relay.model import AudienceMessage, Post, Settlement
from relay.platforms.base import (
    Acting,
    ChannelReward,
    ChannelRewards,
    Named,
    Offering,
    Platform,
    Redeeming,
    Selective,
    Stream,
    Streaming,
    Unread,
    ViewerCommands,
    Whispering,
    Withholding,
)
from relay.replies.outlet import Outbox, Posted, Typing

log = logging.getLogger(__name__)

DECORATION_WITHIN: Final = 2.0
"""Seconds for what nobody misses."""
ACT_WITHIN: Final = 30.0
"""Seconds an act may take."""
_FIELDS: Final = [field.name for field in fields(Stream)]
"""What can be read here of a stream; an adapter of a newer relay knows more."""


class RemotePlatform:
    """What every platform is. `shape` is the same platform, built here and never run: it tells what there is."""

    def __init__(
        self, shape: Platform, service: str, bus: Bus, companion: str, outbox: Callable[[Posted], Outbox]
    ) -> None:
        """The companion is who has it here; with the same account others may have it as well."""
        self.name = shape.name
        self.service = service
        """What its adapter can be asked for as."""
        self.text_limit = shape.text_limit
        self.listening = asyncio.Event()
        self.shape = shape
        self._companion = companion
        self._outbox = outbox
        self.bus = bus
        self.is_run = asyncio.Event()
        """Set when the core has begun to listen."""
        self._channels: Sequence[str] = ()
        """Those of the companion, as they were last told."""

    def signs(self) -> Iterator[Mapping[str, Any]]:
        """What its adapters tell; see `told` in adapter.py."""
        return (sign.services[self.service] for sign in self.bus.presence.of(self.service))

    async def ask(self, method: str, within: float = ACT_WITHIN, **about: Any) -> Any:
        """Have an adapter do it for this companion, the one that hears its channels where there are several.

        Raises what it raises, and NobodyThere.
        """
        asked = {**about, "companion": self._companion}
        return await self.bus.calls.ask(self.service, method, asked, within=within, suits=self._hears_us)

    def _hears_us(self, sign: ProcessSign) -> bool:
        return bool(self._ours(sign.services[self.service]))

    def _ours(self, told: Mapping[str, Any]) -> Sequence[str]:
        ours: Sequence[str] = told.get("of", {}).get(self._companion, ())  # a process of an older relay tells of none
        return ours

    async def run(self) -> None:
        """See Platform: whether adapters hear their channels."""
        self.is_run.set()
        while True:
            if self._is_heard():
                self.listening.set()
            else:
                self.listening.clear()
            self._channels = self.channels()
            await self.bus.presence.change_of(self.service)

    def _is_heard(self) -> bool:
        return any(sign["listening"] for sign in self.signs())

    async def post(self, post: Post) -> None:
        """See Outlet; what has to arrive goes through the outbox."""
        await self.ask("post", **post.model_dump(mode="json"))

    def outbox(self, posted: Posted) -> Outbox:
        """See PostsElsewhere."""
        return self._outbox(posted)

    def channels(self) -> Sequence[str]:
        """See Outlet: the companion's own, whatever else its account hears.

        While nobody hears the platform it has those that were last told: posts wait until somebody does. Where several
        processes share its channels, those of one that is away are missing.
        """
        told = list(dict.fromkeys(channel for sign in self.signs() for channel in self._ours(sign)))
        return told if told or self._is_heard() else self._channels

    def health(self) -> str:
        """See Platform."""
        told = [sign["health"] for sign in self.signs()]
        return "; ".join(dict.fromkeys(told)) or f"no process runs it: start one with `--only {self.name}`"


class _Typing(RemotePlatform):
    async def typing(self, channel: str) -> None:
        try:
            await self.ask("typing", DECORATION_WITHIN, channel=channel)
        except RelayError as error:
            log.debug("nobody is shown that an answer is on its way: %s", error)


class _Acting(RemotePlatform):
    def acts(self) -> Sequence[Act]:
        assert isinstance(self.shape, Acting)
        return [Act(act.name, act.arguments, partial(self._perform, act.name)) for act in self.shape.acts()]

    async def _perform(self, name: str, asked: Arguments) -> str:
        return str(await self.ask("act", name=name, arguments=asked.model_dump(mode="json")))


class _Whispering(RemotePlatform):
    async def whisper(self, message: AudienceMessage, text: str) -> bool:
        try:
            return bool(await self.ask("whisper", message=message.model_dump(mode="json"), text=text))
        except RelayError as error:
            log.warning("%s: a whisper was not written: %s", self.name, error)
            return False


class _Withholding(RemotePlatform):
    async def decide(self, message: AudienceMessage, *, approve: bool) -> None:
        await self.ask("decide", message=message.model_dump(mode="json"), approve=approve)


class _Unread(RemotePlatform):
    def unread(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for sign in self.signs():
            for kind, count in sign["unread"].items():
                counts[kind] = counts.get(kind, 0) + count
        return counts


class _Named(RemotePlatform):
    def names(self) -> Sequence[str]:
        return list(dict.fromkeys(name for sign in self.signs() for name in sign["names"]))


class _Selective(RemotePlatform):
    @property
    def addressed_only(self) -> bool:
        assert isinstance(self.shape, Selective)
        return self.shape.addressed_only


class _Streaming(RemotePlatform):
    async def stream(self) -> Stream:
        return Stream(**await self.ask("stream", fields=_FIELDS))


class _Offering(RemotePlatform):
    """What there is to offer, adapters ask of the core themselves."""

    def offer(self, commands: ViewerCommands) -> None: ...

    def settled(self, settlements: Sequence[Settlement]) -> None:
        theirs = [each.model_dump(mode="json") for each in settlements if each.key.startswith(f"{self.name}:")]
        if theirs:
            self.bus.announce(f"{self.service} settled", theirs)


class _Redeeming(RemotePlatform):
    @property
    def rewards(self) -> ChannelRewards:
        return RemoteRewards(self)


class RemoteRewards:
    """See ChannelRewards."""

    def __init__(self, platform: RemotePlatform) -> None:
        self._platform = platform

    async def check(self) -> None:
        await self._platform.ask("rewards.check")

    async def list(self) -> Sequence[ChannelReward]:
        return [ChannelReward(**each) for each in await self._platform.ask("rewards.list")]

    async def stream(self) -> Stream:
        return Stream(**await self._platform.ask("rewards.stream", fields=_FIELDS))

    async def create(self, title: str, offer: Any, *, takes_text: bool) -> ChannelReward:
        about = {"title": title, "offer": offer.model_dump(mode="json"), "takes_text": takes_text}
        return ChannelReward(**await self._platform.ask("rewards.create", **about))

    async def pause(self, reward_id: str, *, is_paused: bool) -> None:
        await self._platform.ask("rewards.pause", reward_id=reward_id, is_paused=is_paused)

    async def settle(self, reward_id: str, redemption_id: str, *, is_fulfilled: bool) -> None:
        about: dict[str, Any] = {"reward_id": reward_id, "redemption_id": redemption_id, "is_fulfilled": is_fulfilled}
        await self._platform.ask("rewards.settle", **about)


_ABILITIES: Final[Sequence[tuple[Any, type[RemotePlatform]]]] = (
    (Typing, _Typing),
    (Acting, _Acting),
    (Whispering, _Whispering),
    (Withholding, _Withholding),
    (Unread, _Unread),
    (Named, _Named),
    (Selective, _Selective),
    (Streaming, _Streaming),
    (Offering, _Offering),
    (Redeeming, _Redeeming),
)


def remote(shape: Platform, service: str, bus: Bus, companion: str, lease: Lease) -> RemotePlatform:
    """The platform with the abilities that the shape has and no others, for the core with the companion's lease."""
    abilities = tuple(ours for theirs, ours in _ABILITIES if isinstance(shape, theirs))
    outbox = partial(StreamOutbox, shape.name, service, companion, bus, lease)
    return _kind(f"Remote{type(shape).__name__}", abilities)(shape, service, bus, companion, outbox)


@cache
def _kind(name: str, abilities: tuple[type[RemotePlatform], ...]) -> type[RemotePlatform]:
    """One for all companions: to make a class, and to ask for the first time what it can do, takes a millisecond."""
    return type(name, abilities or (RemotePlatform,), {})


def plain(stream: Stream | ChannelReward) -> dict[str, Any]:
    """Fit for JSON."""
    return asdict(stream)
