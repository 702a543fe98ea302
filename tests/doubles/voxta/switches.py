"""How real Voxta servers differ from one another, and where one of them may be stricter than the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class Negotiation(Enum):
    """How the hub may be reached."""

    EITHER = auto()
    REQUIRED = auto()
    """Only with an id from `/hub/negotiate`."""
    ABSENT = auto()
    """Nothing answers at `/hub/negotiate`: the WebSocket has to be opened straight away."""


class KeyRule(Enum):
    """What becomes of a client that shows no API key, or a wrong one."""

    OPEN = auto()
    """It is welcome, as on the user's own machine."""
    REFUSED = auto()
    """401, for the hub and for everything else."""
    ASKED = auto()
    """The hub lets it in and answers `authenticate` with `authenticationRequired`."""


class Rights(Enum):
    """What a client may do that asked for a scope."""

    OPEN = auto()
    """Anything, whatever it asked for."""
    SCOPED = auto()
    """What its scopes cover: see `rights.py`."""
    APP_ONLY = auto()
    """As SCOPED, and keys are good for `role:app` alone: who asks for more is not welcomed."""


class Sound(Enum):
    """What `audioUrl` holds."""

    ONCE = auto()
    """`/api/tts/gens/{id}`, which can be fetched once."""
    CACHED = auto()
    """`/api/tts/cached/{id}.{extension}?token=…`, which can be fetched again."""
    EMPTY = auto()
    """Nothing: there is text alone."""
    SILENCE = auto()
    """`silence:{milliseconds}`, which is no address."""
    PATCHY = auto()
    """Every second chunk has no sound."""
    BROKEN = auto()
    """An address whose download fails."""


class Pieces(Enum):
    """How a reply is cut into chunks."""

    SENTENCES = auto()
    WHOLE = auto()
    CUMULATIVE = auto()
    """Each chunk repeats all that came before it."""


@dataclass(frozen=True)
class Switches:
    """The defaults are what the newest sources agree on."""

    flags_as_objects: bool = True
    roles_as_numbers: bool = False
    nulls: bool = False
    """What is optional and absent is sent as null instead of left out, and a message in the history has no text."""
    strangers: bool = False
    """Each message has fields nobody knows, and a message of an unknown type goes before it."""
    negotiation: Negotiation = Negotiation.EITHER
    key: KeyRule = KeyRule.OPEN
    rights: Rights = Rights.OPEN
    completion_first: bool = True
    """An invocation is completed when it is queued, before an error about it."""
    voice_fails: bool = False
    """The service that speaks reports an error for each reply, which goes on as text."""
    chat_flow: bool = True
    sound: Sound = Sound.ONCE
    mp3_only: bool = False
    """WAV is not made, even for those who ask for it."""
    audio_gap_ms: int | None = None
    pieces: Pieces = Pieces.SENTENCES
    thinks: bool = False
    """`replyThink` comes before the reply."""
    waits_for_playback: bool = True
    """A turn ends when the client that plays has acknowledged each chunk and the reply, and not before."""
    queued_triggers: bool = False
    """App triggers stall the turn until they are reported complete."""
    restless: bool = False
    """In each turn somebody joins the chat, and leaves it again when the reply is over."""
    api_version: str | None = "2025-11"
    cuts_its_text: bool = True
    """What was not heard of an interrupted reply is cut from its message."""
    tells_empty_sessions: bool = True
    """`chatsSessionsUpdated` comes after `welcome` even when no chat is open."""
    refuses_by_closing: bool = False
    """A chat that cannot be subscribed to is answered with `chatClosed` and an empty chatId."""
    ends_with_owner: bool = False
    """A chat is closed when the connection is gone of whoever opened it; it can be resumed, as another session."""


VARIATIONS: Final[Mapping[str, Switches]] = MappingProxyType(
    {
        "default": Switches(),
        "flags as strings": Switches(flags_as_objects=False),
        "roles as numbers": Switches(roles_as_numbers=True),
        "nulls": Switches(nulls=True),
        "strangers": Switches(strangers=True),
        "negotiation required": Switches(negotiation=Negotiation.REQUIRED),
        "no negotiation": Switches(negotiation=Negotiation.ABSENT),
        "key needed": Switches(key=KeyRule.REFUSED),
        "key asked for": Switches(key=KeyRule.ASKED),
        "rights by scope": Switches(rights=Rights.SCOPED),
        "apps only": Switches(rights=Rights.APP_ONLY, key=KeyRule.REFUSED),
        "error before completion": Switches(completion_first=False),
        "voice fails": Switches(voice_fails=True),
        "no chatFlow": Switches(chat_flow=False),
        "sound cached": Switches(sound=Sound.CACHED),
        "no sound": Switches(sound=Sound.EMPTY),
        "silence": Switches(sound=Sound.SILENCE),
        "patchy sound": Switches(sound=Sound.PATCHY),
        "broken sound": Switches(sound=Sound.BROKEN),
        "mp3 only": Switches(mp3_only=True),
        "audio gap": Switches(audio_gap_ms=40),
        "whole replies": Switches(pieces=Pieces.WHOLE),
        "cumulative replies": Switches(pieces=Pieces.CUMULATIVE),
        "thinks": Switches(thinks=True),
        "playback unasked": Switches(waits_for_playback=False),
        "queued triggers": Switches(queued_triggers=True),
        "restless company": Switches(restless=True),
        "older API": Switches(api_version="2025-08"),
        "newer API": Switches(api_version="2031-01"),
        "no API version": Switches(api_version=None),
        "text never cut": Switches(cuts_its_text=False),
        "sessions untold": Switches(tells_empty_sessions=False),
        "refused by closing": Switches(refuses_by_closing=True),
        "ends with owner": Switches(ends_with_owner=True),
    }
)
"""The default, and each other way of each switch in turn, by a name for people."""
