"""A crowd that is not there: invented viewers for the demo, and platforms that only take posts down."""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from relay.model import AudienceMessage, Author, Kind, Post, Role
from relay.platforms import listed
from relay.platforms.base import Receive
from relay.platforms.info import DemoCrowd, PlatformInfo
from relay.system import clock

LONGEST_POST: Final = 2000
"""Characters of a post, where nobody knows the platform."""

_NAMES: Final = (
    "PixelPenny", "NightOwl42", "SirLagsalot", "MochaMage", "TurboTurtle", "LunaLoops", "GrumpyGnome", "BitBard",
    "CaptainCrit", "WaffleWitch", "ZenZebra", "QuestQueen", "NoScopeNana", "RetroRiff", "SaltySnail", "HexHamster",
)  # fmt: skip
_CHAT: Final = (
    "hello everyone!", "what game is this?", "how long have you been streaming?", "that jump was insane",
    "do you like pineapple on pizza?", "who is your favourite character?", "LOL", "can you tell us a joke?",
    "I just got here, what did I miss?", "this boss looks impossible", "what should we play next?",
    "GG!", "I had the worst day, cheer me up", "is it true that you are an AI?", "good luck with the next round",
    "remember me from yesterday?", "/event the viewer becomes a moderator", "what is your opinion on cats?",
)  # fmt: skip
_OPENING: Final = (Kind.CHAT, Kind.FOLLOW, Kind.RAID, Kind.CHAT, Kind.SUBSCRIBE, Kind.CHAT)
"""What the crowd begins with, so that even a short show has something of everything."""
_LATER: Final = {
    Kind.CHAT: 82, Kind.FOLLOW: 6, Kind.CHEER: 4, Kind.SUBSCRIBE: 3, Kind.RESUBSCRIBE: 2, Kind.GIFT: 1, Kind.RAID: 1,
    Kind.REDEMPTION: 1,
}  # fmt: skip
_AMOUNTS: Final = {Kind.CHEER: 100, Kind.GIFT: 5, Kind.RAID: 42, Kind.RESUBSCRIBE: 12}
_SPOKEN: Final = frozenset({Kind.CHAT, Kind.CHEER, Kind.RESUBSCRIBE})


OPENING_GAP: Final = 0.7
"""Seconds between the first messages: nobody wants to wait for a show to begin."""


class QuietPlatform:
    """Brings nothing in and takes every post down."""

    def __init__(self, name: str, channels: Sequence[str] = ("lobby",)) -> None:
        self.name = name
        self.text_limit = next((info.text_limit for info in listed.PLATFORMS if info.name == name), LONGEST_POST)
        self._channels = channels
        self.listening = asyncio.Event()

    async def run(self) -> None:
        self.listening.set()
        await asyncio.Event().wait()

    async def post(self, post: Post) -> None:
        await asyncio.sleep(0)

    def channels(self) -> Sequence[str]:
        return self._channels

    def health(self) -> str:
        return "simulated"


class SimulatedPlatform(QuietPlatform):
    """The crowd that a platform has in the demo; the same seed writes the same."""

    def __init__(
        self, info: PlatformInfo[Any], receive: Receive, *, seed: int, wall: Callable[[], float] = clock.now
    ) -> None:
        super().__init__(info.name)
        crowd = info.crowd or DemoCrowd(per_minute=1.0)
        self._receive = receive
        self._random = random.Random(f"{seed}/{info.name}")
        self._gap = 60 / crowd.per_minute
        self._wall = wall
        self._events = crowd.has_events

    async def run(self) -> None:
        """Write until cancelled."""
        self.listening.set()
        for number, kind in enumerate(self._kinds()):
            gap = min(self._gap, OPENING_GAP) if number < len(_OPENING) else self._gap
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * gap)
            await self._receive(self._message(number, kind))

    def _kinds(self) -> Iterator[Kind]:
        if not self._events:
            return itertools.repeat(Kind.CHAT)
        later = iter(lambda: self._random.choices(list(_LATER), list(_LATER.values()))[0], None)
        return itertools.chain(_OPENING, later)

    def _message(self, number: int, kind: Kind) -> AudienceMessage:
        position = min(int(self._random.paretovariate(0.8)) - 1, len(_NAMES) - 1)
        name = _NAMES[position]
        roles = frozenset({Role.VIEWER, Role.SUBSCRIBER} if position % 3 == 0 else {Role.VIEWER})
        return AudienceMessage(
            platform=self.name,
            id=f"{self._wall():.3f}-{number}",
            channel="lobby",
            kind=kind,
            author=Author(id=name.lower(), name=name, roles=roles),
            text=self._random.choice(_CHAT) if kind in _SPOKEN else "",
            at=self._wall(),
            amount=_AMOUNTS.get(kind),
            detail="Hydrate!" if kind is Kind.REDEMPTION else None,
        )
