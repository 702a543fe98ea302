"""The web server around a running relay: what its pages and callers see and may do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk.opening import desk_of
from relay.application.gateway_state import gateway_state
from relay.application.interjecting import fall_silent, interject
from relay.application.overlay_page import renew_waiting_page
from relay.application.restarts import LiveRun
from relay.config.loading import Config
from relay.errors import ConfigError, VoxtaUnavailable
from relay.forwarding.rendering import TEXT_LIMIT, at_once, spoken_line
from relay.model import Caller, Role, SendAs
from relay.text.sanitise import sanitise
from relay.text.unicode import one_line
from relay.web.access import AccessLinks, SharedLinks
from relay.web.gateway.api import ApiActions
from relay.web.proxy.trust import Upstream
from relay.web.server import WebServer
from relay.wire.messages import ContextText


@asynccontextmanager
async def serving(
    config: Config,
    relay: Relay,
    audio: LiveAudio,
    run: LiveRun | None = None,
    upstream: Upstream | None = None,
) -> AsyncIterator[WebServer]:
    """The desk, the overlay and the HTTP API for as long as the context lasts. Raises ConfigError.

    A run by a settings file lets these be changed on the desk. With `upstream` web processes alone may ask, and what
    the relay keeps is in its store; then it raises InboxError, too.
    """
    button = Caller(source="web", name="button", roles=frozenset({Role.STREAMER}))
    actions = ApiActions(
        speakers=relay.voice,
        interrupt=lambda: relay.controls.run("interrupt", button),
        skip=lambda: relay.controls.run("skip", button),
        state=lambda: gateway_state(relay),
        talk=Told(relay),
    )
    links = AccessLinks(config.links_file) if upstream is None else await _shared_links(config, relay)
    await asyncio.to_thread(renew_waiting_page, config)
    async with (
        desk_of(config, relay, audio, links, run) as desk,
        WebServer(
            config.web,
            actions,
            audio.overlay,
            links,
            sounds=config.scenario.sounds,
            desk=desk,
            pictures=config.avatar.folder,
            upstream=upstream,
        ) as server,
    ):
        mirror = server.gateway.mirror
        looking = asyncio.create_task(mirror.keep_looking())
        try:
            with (
                relay.events.forwarded.told_to(mirror.told),
                relay.events.sent.told_to(mirror.sent),
                relay.events.received.told_to(mirror.received),
                relay.events.replied.told_to(mirror.replied),
                relay.events.changed.told_to(mirror.look),
            ):
                yield server
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


async def _shared_links(config: Config, relay: Relay) -> AccessLinks:
    links = SharedLinks(config.links_file, relay.inbox)
    await links.read()
    return links


@asynccontextmanager
async def serving_anywhere(config: Config, relay: Relay, audio: LiveAudio) -> AsyncIterator[WebServer]:
    """The same, on a free port when another program has the configured one."""
    anywhere = config.model_copy(update={"web": config.web.model_copy(update={"port": 0})})
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(serving(config, relay, audio))
        except ConfigError:
            server = await stack.enter_async_context(serving(anywhere, relay, audio))
        yield server


class Told:
    """Tells Voxta what callers of the gateway's API want it to know; see Talk."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def leave_unanswered(self) -> None:
        self._relay.voice.leave_unanswered()

    async def dialogue(self, text: str, source: str, author: str | None, *, reply: bool) -> None:
        relay, is_streamers = self._relay, source == "user"
        if reply:
            await fall_silent(relay)
        if (chat := relay.session.chat) is None:
            raise VoxtaUnavailable(relay.session.problem or "no chat is joined")
        line = sanitise(text, TEXT_LIMIT) if is_streamers else spoken_line(text, chat, author, source.title())
        send_as = SendAs.USER if reply else SendAs.NOREPLY
        forward = at_once(line, chat, send_as=send_as, is_streamers=is_streamers)
        await (interject(relay, forward) if reply else relay.session.send(forward))

    async def context(self, key: str, content: str, description: str | None) -> None:
        text = " ".join(one_line(content).replace("{{", "(").replace("}}", ")").split())
        await self._relay.session.update_context(f"gateway:{key}", [ContextText(text=text)] if text else [])
        chat = self._relay.session.chat
        if description and chat is not None:
            line = f"({key}) {sanitise(description, TEXT_LIMIT)}"
            await self._relay.session.send(at_once(line, chat, send_as=SendAs.NOREPLY))

    async def played(self, message_id: str | None, *, is_over: bool) -> None:
        session, voice = self._relay.session, self._relay.voice
        if message_id is None:
            raise VoxtaUnavailable("the character has said nothing yet; name a message_id")
        if is_over:
            await session.speech_completed(message_id)
            voice.completed_elsewhere(message_id)
        else:
            await session.speech_started(message_id, 0, 0, 0.0)
            voice.played_elsewhere(message_id, 0.0)
