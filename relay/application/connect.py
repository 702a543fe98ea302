"""The way to Voxta that the settings want: a server, a gateway, or the embedded companion."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager

from relay.application.events import Events
from relay.companion.serving.server import CompanionServer
from relay.companion.voice.build import voice_for
from relay.config import CompanionSection, VoxtaSection
from relay.config.loading import Config
from relay.speech.clips import OWN_VOICE
from relay.voxta.gateway import GatewaySession
from relay.voxta.link import Link
from relay.voxta.login import saved_key
from relay.voxta.session import VoxtaSession

log = logging.getLogger(__name__)


@asynccontextmanager
async def voxta(config: Config, *, port: int | None = None, emotes: Container[str] = frozenset()) -> AsyncIterator[str]:
    """The address of Voxta: as configured, or an embedded companion's for as long as the context lasts.

    The companion's usual port is Voxta's as well, and left to it, as Voxta may be started later.
    `emotes` are words that it does not read aloud.
    """
    if (url := voxta_elsewhere(config)) is not None:
        yield url
        return
    if port is None:
        port = 0 if config.companion.port == CompanionSection().port else config.companion.port
    settings = config.companion.model_copy(update={"port": port})
    async with CompanionServer(
        settings, models=config.models_folder, emotes=emotes, hearing=config.hearing
    ) as companion:
        yield companion.url


def voxta_elsewhere(config: Config) -> str | None:
    """The address of Voxta, as configured; None where the embedded companion stands for it."""
    match config.voxta.mode:
        case "server":
            return config.voxta.url
        case "gateway":
            return config.voxta.gateway_url
    return None


def key_of(config: Config) -> VoxtaSection:
    """How to get in: the embedded companion asks for its own key, a server for the one set or that of a login.

    Raises ConfigError when a login cannot be read.
    """
    if config.voxta.mode == "embedded":
        return config.voxta.model_copy(update={"api_key": config.companion.access_key})
    if config.voxta.mode == "server" and config.voxta.api_key is None:
        key = saved_key(config.voxta_token_file, config.voxta.url)
        return config.voxta.model_copy(update={"api_key": key})
    return config.voxta


def link(config: Config, url: str, events: Events, *, hears: bool, may_tell: Callable[[], bool]) -> Link:
    """A way to one chat, which tells through `events`; see VoxtaSession and GatewaySession."""
    listen, changed = events.received, events.chat_changed
    if config.voxta.mode == "gateway":
        if hears:
            log.warning("A Voxta Gateway takes no sound: what people say is not passed on")
        own = OWN_VOICE if config.speech.enabled else None
        return GatewaySession(config.voxta, listen=listen, changed=changed, audio_url=own, may_tell=may_tell)
    return VoxtaSession(
        key_of(config),
        listen=listen,
        changed=changed,
        sent=events.sent,
        url=url,
        speaks=config.speech.enabled,
        hears=hears,
        may_tell=may_tell,
    )


def own_voice(config: Config, emotes: Container[str] = frozenset()) -> Callable[[str], Awaitable[bytes]] | None:
    """The voice that reads, but for `emotes`, where Voxta's sound cannot be had; None where it can."""
    if config.voxta.mode != "gateway":
        return None
    return voice_for(config.companion, config.models_folder, emotes=emotes).speak
