"""Which chat to join, and how. Pure."""

from collections.abc import Collection, Sequence

from relay.config import VoxtaSection
from relay.wire import client
from relay.wire.messages import ChatSession, WireMessage


def choose(
    settings: VoxtaSection,
    sessions: Sequence[ChatSession],
    wanted: str | None,
    *,
    ours: str | None = None,
    may_open: bool,
    closed_to_us: Collection[str] = (),
) -> WireMessage | None:
    """The call that joins the configured chat; None when there is nothing to join yet.

    `wanted` is the chat that was joined before, and `ours` the same when we had opened it ourselves: no other comes
    before that. `may_open` allows to resume or start one, and sessions that are `closed_to_us` are left alone.
    """
    join, character = settings.join, settings.character_id
    open_to_us = [session for session in sessions if session.session_id not in closed_to_us]
    found = next((s for s in open_to_us if s.chat_id == wanted), None)
    if found is None and may_open and ours is not None:
        return client.ResumeChat(chat_id=ours)
    if found is None and join == "character":
        found = next((s for s in open_to_us if character in [c.id for c in s.characters]), None)
    if found is None and join == "open" and open_to_us:
        found = open_to_us[0]
    if found is not None:
        return client.SubscribeToChat(session_id=found.session_id, chat_id=found.chat_id)
    if not may_open or join == "open":
        return None
    if wanted is not None:
        return client.ResumeChat(chat_id=wanted)
    return client.StartChat(character_id=character)
