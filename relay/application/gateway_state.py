"""The running relay as callers of the HTTP API see it."""

import time
from typing import Final, Literal

from relay.application.composition import Relay
from relay.speech.floor import FloorState
from relay.web.gateway.state import GatewayCharacter, GatewayState, KeyState

_AI_STATES: Final[dict[FloorState, Literal["idle", "thinking", "speaking"]]] = {
    FloorState.IDLE: "idle",
    FloorState.AWAITING: "thinking",
    FloorState.THINKING: "thinking",
    FloorState.SPEAKING: "speaking",
    FloorState.FINISHING: "idle",
}


def _keys(relay: Relay, state: FloorState, *, talking: bool) -> KeyState:
    switches, halt = relay.runtime.switches(), relay.forwarder.halt
    return KeyState(
        connected=relay.session.is_connected,
        paused=switches.paused,
        halt=halt.code if halt is not None else None,
        mode=switches.mode,
        held=len(relay.runtime.held()),
        waiting=len(relay.forwarder.waiting),
        volume=round(100 * relay.dialogue.volume),
        floor="free" if state is FloorState.IDLE else state,
        talking=talking,
    )


def gateway_state(relay: Relay) -> GatewayState:
    """How it is now."""
    chat, now = relay.session.chat, time.monotonic()
    people = chat.characters if chat is not None else []
    state = relay.floor.state(now)
    ai_state = _AI_STATES[state]
    talking = sorted(relay.floor.speakers(now))
    return GatewayState(
        connected=relay.session.is_connected,
        chat_active=chat is not None,
        ai_state=ai_state,
        current_speaker_id=people[0].id if people and ai_state == "speaking" else None,
        external_speaker_active=bool(talking),
        external_speaker_source=talking[0].partition(":")[2] or talking[0] if talking else None,
        characters=tuple(
            GatewayCharacter(
                id=person.id,
                name=person.name,
                creator_notes=person.creator_notes,
                text_gen_service=person.text_gen_service,
            )
            for person in people
        ),
        relay=_keys(relay, state, talking=bool(talking)),
    )
