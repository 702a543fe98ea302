"""The state a gateway shows, and the events that lead from one state to the next."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel

Event = tuple[str, dict[str, Any]]
"""Its type and its data."""


class GatewayCharacter(BaseModel):
    """A character of the chat."""

    id: str
    name: str
    creator_notes: str | None = None
    text_gen_service: str | None = None


class KeyState(BaseModel):
    """What keys and lights show of the relay; no Voxta Gateway tells that."""

    connected: bool = False
    """Whether Voxta is reached."""
    paused: bool = False
    halt: Literal["paused", "off_stream", "quiet_hours", "away"] | None = None
    """Why nothing is passed on; None when it is."""
    mode: str = "all"
    """Whose chat is heard."""
    held: int = 0
    """How much waits for a decision."""
    waiting: int = 0
    """How much of the audience's waits for its turn."""
    volume: int = 100
    """How loud the companion speaks, in percent of its voice."""
    floor: str = "free"
    """What the companion does: free, awaiting, thinking, speaking or finishing."""
    talking: bool = False
    """Whether a person talks, or a character of a game."""


class GatewayState(BaseModel):
    """What `GET /state` tells, and a client that subscribes."""

    connected: bool = False
    """Whether Voxta is reached."""
    chat_active: bool = False
    ai_state: Literal["idle", "thinking", "speaking"] = "idle"
    current_speaker_id: str | None = None
    """The character that is speaking."""
    external_speaker_active: bool = False
    external_speaker_source: str | None = None
    characters: tuple[GatewayCharacter, ...] = ()
    relay: KeyState = KeyState()

    def people(self) -> dict[str, Any]:
        """The characters as events list them."""
        return {"characters": [character.model_dump() for character in self.characters]}


def changes(before: GatewayState, now: GatewayState) -> Iterator[Event]:
    """What has happened in between, in the order clients expect."""
    if now.connected and not before.connected:
        yield "voxta_connected", {}
    if now.chat_active and not before.chat_active:
        yield "chat_started", now.people()
    if now.chat_active and now.characters != before.characters:
        yield "characters_updated", now.people()
    if before.external_speaker_active and not now.external_speaker_active:
        yield "external_speaker_stopped", {"source": before.external_speaker_source}
    if now.external_speaker_active and not before.external_speaker_active:
        yield "external_speaker_started", {"source": now.external_speaker_source, "reason": None}
    if now.ai_state != before.ai_state:
        yield "ai_state_changed", {"old_state": before.ai_state, "new_state": now.ai_state}
    if before.chat_active and not now.chat_active:
        yield "chat_closed", {}
    if before.connected and not now.connected:
        yield "voxta_disconnected", {}
    if now.relay != before.relay:
        yield "relay_changed", now.relay.model_dump()
