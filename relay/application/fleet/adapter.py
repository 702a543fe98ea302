"""One account of a platform for many companions: hears the channels of all, and gives each what is its own."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING

from relay.application.fleet.accounts import SharedAccount, has_account, settings_mark
from relay.application.fleet.changes import FleetChanges
from relay.application.fleet.keeper import Keeper, log_failure
from relay.application.fleet.left_out import LeftOut
from relay.application.fleet.routes import Routes
from relay.application.fleet.voices import SharedVoices
from relay.application.processes.adapter import Owner, by_turns, host, load, while_ours
from relay.application.processes.elsewhere import RemoteControls
from relay.application.processes.ingress import Ingress
from relay.application.processes.kinds import platform_service
from relay.application.processes.measures import EVERY_COMPANION
from relay.application.processes.remote_commands import OffersOfCores, RemoteCommands
from relay.application.processes.standby import MakeSure, is_done_before
from relay.application.settings import Fleet
from relay.application.tracing import hearing, wanted_spans
from relay.application.voice_places import is_in_voice
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import mistakes
from relay.config.base import PlatformSection
from relay.config.loading import Config
from relay.model import Caller, ControlInfo, Held, Incoming, Kind, PlatformDecision, Retraction, Suggestion
from relay.platforms.base import Notes, Platform, Receive, Tunable
from relay.platforms.info import PlatformWishes, Surroundings
from relay.platforms.sharing import Share, Shareable

if TYPE_CHECKING:
    from relay.system.spans import MessageSpans


log = logging.getLogger(__name__)


class SharedAdapter:
    """A platform in this process, or the one that stands by for that of another process with the same login.

    `follow` gives it other companions meanwhile.
    """

    def __init__(self, account: SharedAccount, fleet: Fleet, bus: Bus, watch: Watch, left_out: LeftOut) -> None:
        self._info = account.info
        self._login = account.section
        self._bus = bus
        self._watch = watch
        self._spans: MessageSpans | None = None
        self._ingress: dict[str, Ingress] = {}
        self._commands: dict[str, RemoteCommands] = {}
        self._voices = SharedVoices(account.info, bus, self._share)
        self._choosing: Keeper[str] = Keeper(self._not_chosen)
        self._left_out = left_out
        self._know(fleet)
        self._service = platform_service(self._info, self._config())
        # Who has other settings there hears other companions with the same login, and stands by for others alike.
        self._space = f"{self._service}/{settings_mark(self._login)}"
        self._offers = OffersOfCores(bus, lambda: self._commands)
        self._wants_more = asyncio.Event()
        self._asked: frozenset[Kind] = frozenset()
        """The kinds that the platform asks for."""
        self.platform: Platform | None = None
        """While this process hears, and no other."""

    async def run(self) -> None:
        """Until cancelled. Raises AuthError or ConfigError when it never listened and a person has to act."""
        log.info("%s is the account of %s", self._space, ", ".join(self._ingress))
        voices = (config for config in self._companions.values() if is_in_voice(config, self._info))
        load(self._info, next(voices, self._config()), self._bus)
        await by_turns(self._login, self._space, self._bus, self._hear)

    async def _hear(self, make_sure: MakeSure) -> None:
        """Anew whenever companions want more told: what a platform asks for it asks for when it connects."""
        while not await is_done_before(self._wants_more, partial(self._hear_wanted, make_sure)):
            log.info("%s begins anew: it asks for what its companions want told now", self._space)
            self._wants_more.clear()

    async def _hear_wanted(self, make_sure: MakeSure) -> None:
        async with wanted_spans(self._process) as self._spans, asyncio.TaskGroup() as tasks:
            platform = self.platform = self._built(while_ours(self.receive, make_sure))
            following = tasks.create_task(self._offers.run(), name="viewers' commands")
            try:
                await self._share()
                await self._voices.follow(self._companions)
                with self._watch.exposition.telling_of(EVERY_COMPANION, self._left_out):
                    await host(platform, self._service, self._bus, self._watch, make_sure, self.owner, self._space)
            finally:
                self.platform = None  # or `follow` starts voices meanwhile that nobody ends
                following.cancel()
                await self._choosing.end(*self._choosing)
                await self._voices.end()

    def _built(self, receive: Receive) -> Platform:
        """One that asks for all that any of the companions wants told."""
        controls, config = SharedControls(self.owner, self._bus), self._config()
        each = [Surroundings.of(own, receive, controls, self._notes()) for own in self._companions.values()]
        self._asked = _kinds(self._companions)
        wishes = reduce(or_, (own.wishes for own in each))
        around = replace(each[0], wishes=wishes, look_back=max(own.look_back for own in each))
        return self._info.build(self._info.settings(config), around)

    def _notes(self) -> Notes:
        """What processes share out among themselves they also note together, whatever else each has set."""
        if self._login.heard_alone() is None:
            return self._bus
        return AccountNotes(self._bus, self._service, self._space, self._info.login_notes)

    async def follow(self, fleet: Fleet, _: FleetChanges) -> None:
        """Hear the channels of these companions from now on, or as soon as the platform lets them be heard."""
        self._know(fleet)
        if self.platform is not None and not _kinds(self._companions) <= self._asked:
            self._wants_more.set()
        await self._choosing.end(*self._choosing)
        if isinstance(self.platform, Tunable):
            self._choosing.start("channels", partial(self._choose, self.platform), f"channels of {self._space}")
        await self._share()
        if self.platform is not None:
            await self._voices.follow(self._companions)

    async def _choose(self, platform: Tunable) -> bool:
        await platform.set_channels(self._places())
        return False

    def _not_chosen(self, _: str, group: ExceptionGroup[Exception]) -> None:
        who = mistakes.some(list(self._companions))
        what = f"{self._info.label} of {who}: the channels stay as they were, and are tried again"
        log_failure(log, what, group)

    def _know(self, fleet: Fleet) -> None:
        self._companions = {name: config for name, config in fleet.companions.items() if self._is_ours(config)}
        self._process = fleet.process
        self._ingress = {
            name: self._ingress.get(name) or Ingress(self._bus.companion_stream(name, "ingress"))
            for name in self._companions
        }
        before, self._commands = self._commands, {}
        for name, config in self._companions.items():
            self._commands[name] = before.get(name) or RemoteCommands(config.commands.prefix)
            self._commands[name].prefix = config.commands.prefix
        self._routes = Routes.of(fleet.companions)
        self._places_of = self._routes.places_of(self._info.name)

    async def _share(self) -> None:
        """Each has its own there."""
        if isinstance(self.platform, Shareable):
            shares = (
                Share(name, self._places_of.get(name, ()), commands, self._voices.of(name))
                for name, commands in self._commands.items()
            )
            await self.platform.share(list(shares))

    def _config(self) -> Config:
        """Of the platform, as it is now: with the channels of all."""
        channels = [channel for section in self._sections() for channel in dict(section)["channels"]]
        section = self._login.model_copy(update={"channels": tuple(channels)})
        return self._process.model_copy(update={self._info.name: section})

    def _places(self) -> list[str]:
        return [place for section in self._sections() for place in section.listened_to()]

    def _sections(self) -> list[PlatformSection]:
        return [self._info.settings(config) for config in self._companions.values()]

    def _is_ours(self, config: Config) -> bool:
        return has_account(self._login, self._info.settings(config))

    async def receive(self, *incoming: Incoming) -> None:
        """See Receive: to whom it belongs, in the order it came."""
        shares: dict[str, list[Incoming]] = {}
        for each in incoming:
            for name in self._owners(_places_of(each)):
                shares.setdefault(name, []).append(each)
        handed = (self._way_to(name)(*share) for name, share in shares.items())
        # All are waited for: what is still on its way when it is handed over again would arrive after what is newer.
        for problem in await asyncio.gather(*handed, return_exceptions=True):
            if problem is not None:
                raise problem

    def _way_to(self, companion: str) -> Receive:
        receive = self._ingress[companion].receive
        return receive if self._spans is None else hearing(receive, self._spans.of(companion))

    def owner(self, places: Sequence[str]) -> str | None:
        """The companion that is there; None where none is."""
        named = [name for place in places for name in (place, self._named(place))]
        owner = self._routes.companion_of(self._info.name, *named)
        return owner if owner in self._ingress else None

    def _owners(self, places: Sequence[str]) -> Collection[str]:
        """Whose it is; what names no place may be anybody's."""
        if not places:
            return self._ingress.keys()
        if (owner := self.owner(places)) is not None:
            return (owner,)
        self._left_out.note(self._info.name, self._named(places[-1]))
        return ()

    def _named(self, place: str) -> str:
        """A place as settings name it."""
        return self.platform.channel_name(place) if isinstance(self.platform, Tunable) else place


def _kinds(companions: Mapping[str, Config]) -> frozenset[Kind]:
    """All that any of them wants told."""
    return frozenset().union(*(PlatformWishes.of(config).kinds for config in companions.values()))


def _places_of(incoming: Incoming) -> Sequence[str]:
    """Where it happened, as the platform tells it, the closest first; empty where it does not tell."""
    if isinstance(incoming, PlatformDecision):
        return ()
    if isinstance(incoming, Retraction) and incoming.channel is not None:
        return (incoming.channel, *incoming.places)
    return incoming.places


class AccountNotes:
    """See the platforms' Notes: those of one account, as another one has missed something else.

    They are kept for its login as well, where they are found once its settings are others.
    """

    def __init__(self, bus: Bus, login: str, account: str, of_login: Collection[str]) -> None:
        """Notes `of_login` are the same for all accounts of that login."""
        self._bus = bus
        self._login = login
        self._account = account
        self._of_login = of_login

    async def get_note(self, name: str) -> str | None:
        for known in (*self._names(name), name):  # the bare one is of who heard for all accounts
            if (value := await self._bus.get_note(known)) is not None:
                return value
        return None

    async def set_note(self, name: str, value: str) -> None:
        for known in self._names(name):
            await self._bus.set_note(known, value)

    def _names(self, name: str) -> Sequence[str]:
        of_login = f"{self._login} {name}"
        return (of_login,) if name in self._of_login else (f"{self._account} {name}", of_login)


class SharedControls:
    """See PlatformControls: those of the companion that is where somebody asks."""

    def __init__(self, owner: Owner, bus: Bus) -> None:
        self._owner = owner
        self._bus = bus
        self._anybodys = RemoteControls(bus, "")

    def commands(self) -> Sequence[ControlInfo]:
        return self._anybodys.commands()

    async def complete(self, name: str, typed: str, by: Caller) -> Sequence[Suggestion]:
        there = self._there(by)
        return await there.complete(name, typed, by) if there is not None else ()

    async def held(self, by: Caller) -> Sequence[Held]:
        there = self._there(by)
        return await there.held(by) if there is not None else ()

    async def run(self, words: str, by: Caller) -> str:
        there = self._there(by)
        return await there.run(words, by) if there is not None else "No companion is in this channel."

    def _there(self, by: Caller) -> RemoteControls | None:
        owner = self._owner(by.places)
        return RemoteControls(self._bus, owner) if owner is not None else None
