"""A process that hears a platform, and does there what the core asks for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from relay.application.processes.elsewhere import RemoteControls
from relay.application.processes.ingress import Ingress
from relay.application.processes.kinds import platform_service
from relay.application.processes.remote_commands import OffersOfCores, RemoteCommands
from relay.application.processes.remote_platform import plain
from relay.application.processes.standby import MakeSure, alone
from relay.application.processes.voice_host import VoiceHost
from relay.application.tracing import heard
from relay.application.voice_places import is_in_voice
from relay.application.watching import Watch, listens
from relay.bus.bus import Bus
from relay.bus.calls import Handler
from relay.config import OfferSection
from relay.config.base import PlatformSection
from relay.config.loading import Config
from relay.errors import InboxError, InboxTaken, PlatformUnavailable
from relay.model import AudienceMessage, Incoming, Post, Role, Settlement
from relay.platforms.base import (
    Acting,
    ChannelRewards,
    Named,
    Notes,
    Offering,
    Platform,
    PlatformControls,
    Receive,
    Redeeming,
    Stream,
    Streaming,
    Unread,
    Whispering,
    Withholding,
)
from relay.platforms.info import PlatformInfo, Surroundings
from relay.platforms.sharing import Divisible
from relay.platforms.supervision import Supervisor
from relay.platforms.voice import VoiceChannels
from relay.replies.outlet import Typing
from relay.system.periodic import repeat

TELL_EVERY: Final = 0.5
"""Seconds between two looks at how the platform is; what has changed is told."""
_READ_BEFORE: Final = ("is_live", "title", "game", "viewers")
"""What cores of older relays can read of a stream: they do not say so."""

Owner = Callable[[Sequence[str]], str | None]
"""The companion that is in these places, the closest first; None where none is."""
_There = Callable[[Any], object]
"""The platform in the channels of who asks."""


async def run_adapter(info: PlatformInfo[Any], config: Config, bus: Bus, watch: Watch) -> None:
    """Until cancelled; where another process hears the same with this account, stand by for it.

    Raises AuthError or ConfigError when the platform never listened and a person has to act.
    """
    section, service = info.settings(config), platform_service(info, config)
    load(info, config, bus)
    await by_turns(section, service, bus, partial(_hear, info, config, bus, watch))


def load(info: PlatformInfo[Any], config: Config, bus: Bus) -> None:
    """All that hearing takes: it keeps the process from all else for seconds, in which a lease would end."""
    shape(info, config, bus)
    if is_in_voice(config, info):
        VoiceHost(info, config, bus)


def shape(info: PlatformInfo[Any], config: Config, bus: Bus) -> Platform:
    """The platform as it can be asked what it is, and never run."""

    async def receive(*_: Incoming) -> None: ...

    return built(info, config, receive, RemoteControls(bus, config.relay.name), bus)


async def by_turns(section: PlatformSection, login: str, bus: Bus, hear: Callable[[MakeSure], Awaitable[None]]) -> None:
    """Hear what these settings say; while another process hears the same with this login, stand by for it."""
    part = section.heard_alone()
    await (hear(_anybody_may) if part is None else alone(bus, f"adapter/{login}/{part}", hear))


async def _anybody_may() -> None:
    """Several share it out."""


def while_ours(receive: Receive, make_sure: MakeSure) -> Receive:
    """Once another process hears, this one brings all but what the account itself may have written.

    What both have heard is told once. But what the streamer wrote may be an answer that the other one has posted.
    """

    async def ours(*incoming: Incoming) -> None:
        try:
            await make_sure()
        except InboxTaken:
            incoming = tuple(each for each in incoming if not _may_be_posted(each))
        if incoming:
            await receive(*incoming)

    return ours


def _may_be_posted(incoming: Incoming) -> bool:
    return isinstance(incoming, AudienceMessage) and Role.STREAMER in incoming.author.roles


async def _hear(info: PlatformInfo[Any], config: Config, bus: Bus, watch: Watch, make_sure: MakeSure) -> None:
    companion = config.relay.name
    commands = RemoteCommands(config.commands.prefix)
    offers = OffersOfCores(bus, lambda: {companion: commands})
    ingress = Ingress(bus.companion_stream(companion, "ingress"))
    async with heard(config, while_ours(ingress.receive, make_sure)) as receive, asyncio.TaskGroup() as tasks:
        voice = VoiceHost(info, config, bus) if is_in_voice(config, info) else None
        channels = voice.channels if voice is not None else None
        platform = built(info, config, receive, RemoteControls(bus, companion), bus, channels)
        if isinstance(platform, Offering):
            platform.offer(commands)
        beside = [tasks.create_task(offers.run(), name="viewers' commands")]
        if voice is not None:
            beside.append(tasks.create_task(voice.run(), name="voice channels"))
        try:
            await host(platform, platform_service(info, config), bus, watch, make_sure, lambda _: companion)
        finally:
            for each in beside:
                each.cancel()


def built(
    info: PlatformInfo[Any],
    config: Config,
    receive: Receive,
    controls: PlatformControls,
    notes: Notes,
    voice: VoiceChannels | None = None,
) -> Platform:
    """The platform of a process of its own, with these settings."""
    return info.build(info.settings(config), Surroundings.of(config, receive, controls, notes, voice))


async def host(
    platform: Platform, service: str, bus: Bus, watch: Watch, make_sure: MakeSure, owner: Owner, condition: str = ""
) -> None:
    """Run the platform until cancelled, say how it is, and do there what cores ask for while it is ours.

    The `owner` of a place is who hears it, and nobody else acts there.
    `condition` names it in the readiness of a process that has several accounts there.
    """
    with ExitStack() as stack:
        if isinstance(platform, Offering):
            settled = bus.channel(f"{service} settled")
            stack.enter_context(bus.pubsub.heard_by(settled, _settled(platform)))
        ours = {name: _once_sure(handler, make_sure) for name, handler in handlers(platform, owner).items()}
        stack.enter_context(bus.calls.serving(service, ours))
        stack.enter_context(watch.readiness.needing({condition or platform.name: listens(platform)}))
        supervisor = Supervisor([platform], lambda *_: None)
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(_tell(platform, service, supervisor, bus, owner), name="presence")
            try:
                await supervisor.run()
            finally:
                telling.cancel()
                bus.presence.withdraw(service)


async def _tell(platform: Platform, service: str, supervisor: Supervisor, bus: Bus, owner: Owner) -> None:
    async def look() -> None:
        bus.presence.offer(service, told(platform, supervisor, owner))

    await repeat(look, TELL_EVERY, "telling how the platform is")


def told(platform: Platform, supervisor: Supervisor, owner: Owner) -> Mapping[str, Any]:
    """How it is, for the core."""
    of: dict[str, list[str]] = {}
    for channel in (channels := platform.channels()):
        if (companion := owner((channel,))) is not None:
            of.setdefault(companion, []).append(channel)
    return {
        "listening": platform.listening.is_set(),
        "health": supervisor.health(platform),
        "channels": list(channels),
        "of": of,
        "names": list(platform.names()) if isinstance(platform, Named) else [],
        "unread": dict(platform.unread()) if isinstance(platform, Unread) else {},
    }


def _settled(platform: Offering) -> Any:
    def hear(message: bytes | None) -> None:
        if message is not None:
            platform.settled([Settlement.model_validate(each) for each in json.loads(message)])

    return hear


def _once_sure(handler: Handler, make_sure: MakeSure) -> Handler:
    async def handle(asked: Any) -> Any:
        try:
            await make_sure()
        except InboxError as problem:  # nothing was tried: who asked may ask again
            raise PlatformUnavailable(f"nobody knows whether this process may do it: {problem}") from problem
        return await handler(asked)

    return handle


def handlers(platform: Platform, owner: Owner) -> Mapping[str, Handler]:
    """What the core can ask of it, by method; see RemotePlatform for the other end.

    What names neither a channel nor a message is done where the companion that asks is, and nowhere else.
    """

    async def post(asked: Any) -> None:
        await platform.post(Post.model_validate(asked))

    def there(asked: Any) -> object:
        companion: str = asked["companion"]

        def is_ours(places: Sequence[str]) -> bool:
            return owner(places) == companion

        return platform.within(is_ours) if isinstance(platform, Divisible) else platform

    return {"post": post, **_optional(platform), **_in_channels(platform, there), **_rewards(platform, there)}


def _optional(platform: Platform) -> Mapping[str, Handler]:
    async def typing(asked: Any) -> None:
        assert isinstance(platform, Typing)
        await platform.typing(asked["channel"])

    async def whisper(asked: Any) -> bool:
        assert isinstance(platform, Whispering)
        return await platform.whisper(AudienceMessage.model_validate(asked["message"]), asked["text"])

    async def decide(asked: Any) -> None:
        assert isinstance(platform, Withholding)
        await platform.decide(AudienceMessage.model_validate(asked["message"]), approve=asked["approve"])

    return {"typing": typing, "whisper": whisper, "decide": decide}


def _in_channels(platform: Platform, there: _There) -> Mapping[str, Handler]:
    async def act(asked: Any) -> str:
        acting = there(asked)
        acts = {each.name: each for each in acting.acts()} if isinstance(acting, Acting) else {}
        if asked["name"] not in acts:
            raise PlatformUnavailable(f"{platform.name} knows no {asked['name']}: its process is of another version")
        return await acts[asked["name"]](asked["arguments"])

    async def stream(asked: Any) -> Mapping[str, Any]:
        streaming = there(asked)
        assert isinstance(streaming, Streaming)
        return _readable(await streaming.stream(), asked.get("fields", _READ_BEFORE))

    return {"act": act, "stream": stream}


def _readable(stream: Stream, fields: Collection[str]) -> Mapping[str, Any]:
    return {name: value for name, value in plain(stream).items() if name in fields}


def _rewards(platform: Platform, there: _There) -> Mapping[str, Handler]:
    if not isinstance(platform, Redeeming):
        return {}

    def rewards(asked: Any) -> ChannelRewards:
        redeeming = there(asked)
        assert isinstance(redeeming, Redeeming)
        return redeeming.rewards

    async def check(asked: Any) -> None:
        await rewards(asked).check()

    async def list_all(asked: Any) -> Sequence[Mapping[str, Any]]:
        return [plain(each) for each in await rewards(asked).list()]

    async def stream(asked: Any) -> Mapping[str, Any]:
        return _readable(await rewards(asked).stream(), asked.get("fields", (*_READ_BEFORE, "channel")))

    async def create(asked: Any) -> Mapping[str, Any]:
        offer = OfferSection.model_validate(asked["offer"])
        return plain(await rewards(asked).create(asked["title"], offer, takes_text=asked["takes_text"]))

    async def pause(asked: Any) -> None:
        await rewards(asked).pause(asked["reward_id"], is_paused=asked["is_paused"])

    async def settle(asked: Any) -> None:
        await rewards(asked).settle(asked["reward_id"], asked["redemption_id"], is_fulfilled=asked["is_fulfilled"])

    found = {
        "check": check,
        "list": list_all,
        "stream": stream,
        "create": create,
        "pause": pause,
        "settle": settle,
    }
    return {f"rewards.{name}": handler for name, handler in found.items()}
