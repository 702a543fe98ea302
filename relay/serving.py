"""The web server around a running relay: what its pages and callers see and may do."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Literal

from relay.app import Relay
from relay.booth import LiveBooth
from relay.config import Config
from relay.errors import ConfigError
from relay.floor import FloorState
from relay.model import Caller, Role
from relay.web.gateway import Actions, Character, GatewayState
from relay.web.server import WebServer

_AI_STATES: Final[dict[FloorState, Literal["idle", "thinking", "speaking"]]] = {
    FloorState.IDLE: "idle",
    FloorState.AWAITING: "thinking",
    FloorState.THINKING: "thinking",
    FloorState.SPEAKING: "speaking",
}


@asynccontextmanager
async def serving(config: Config, relay: Relay, booth: LiveBooth) -> AsyncIterator[WebServer]:
    """The overlay and the HTTP API for as long as the context lasts. Raises ConfigError."""
    button = Caller(source="web", name="button", roles=frozenset({Role.STREAMER}))
    actions = Actions(
        speakers=relay.voice,
        interrupt=lambda: relay.controls.run("interrupt", button),
        skip=lambda: relay.controls.run("skip", button),
        state=lambda: _state(relay),
        leave_unanswered=relay.voice.leave_unanswered,
    )
    async with WebServer(config.web, actions, booth.overlay) as server:
        yield server


@asynccontextmanager
async def serving_anywhere(config: Config, relay: Relay, booth: LiveBooth) -> AsyncIterator[WebServer]:
    """The same, on a free port when another program has the configured one."""
    anywhere = config.model_copy(update={"web": config.web.model_copy(update={"port": 0})})
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(serving(config, relay, booth))
        except ConfigError:
            server = await stack.enter_async_context(serving(anywhere, relay, booth))
        yield server


def _state(relay: Relay) -> GatewayState:
    chat, now = relay.session.chat, time.monotonic()
    people = chat.characters if chat is not None else []
    ai_state = _AI_STATES[relay.floor.state(now)]
    talking = sorted(relay.floor.speakers(now))
    return GatewayState(
        connected=relay.session.is_connected,
        chat_active=chat is not None,
        ai_state=ai_state,
        current_speaker_id=people[0].id if people and ai_state == "speaking" else None,
        external_speaker_active=bool(talking),
        external_speaker_source=talking[0].partition(":")[2] or talking[0] if talking else None,
        characters=tuple(
            Character(
                id=person.id,
                name=person.name,
                creator_notes=person.creator_notes,
                text_gen_service=person.text_gen_service,
            )
            for person in people
        ),
    )
