"""What the relay and an overlay page tell each other over the WebSocket: JSON objects with a `type`.

`static/overlay.js` is the other end; `VERSION` changes when one of them would no longer understand the other.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

VERSION: Final = 2

Seconds = Annotated[float, Field(ge=0, le=3_600, allow_inf_nan=False)]
CueId = Annotated[str, Field(min_length=1, max_length=200)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Hello(_Message):
    """The first message. A page of another version loads itself anew."""

    type: Literal["hello"] = "hello"
    version: int = VERSION


class Cue(_Message):
    """A clip to be played behind the others; its sound is at `clips/<id>.wav` while it is queued."""

    type: Literal["clip"] = "clip"
    id: CueId
    speaker: str
    """The name of the character, or nothing."""
    words: tuple[tuple[str, Seconds], ...]
    """The text in pieces, and for each the second at which it was said."""
    duration: Seconds
    start: Seconds = 0.0
    """Seconds of it that were heard elsewhere already: a page that joins late begins there."""


class Pause(_Message):
    type: Literal["pause"] = "pause"


class Resume(_Message):
    type: Literal["resume"] = "resume"


class CutClips(_Message):
    type: Literal["cut"] = "cut"


class Volume(_Message):
    type: Literal["volume"] = "volume"
    volume: float


class Sync(_Message):
    """How far the page that leads has come, for those that play along."""

    type: Literal["sync"] = "sync"
    id: CueId
    seconds: Seconds


class PlaySound(_Message):
    """A sound of the streamer's own, played at once and beside the speech; it is at `sounds/<name>`."""

    type: Literal["sound"] = "sound"
    name: str


PoseState = Literal["silent", "listening", "thinking", "speaking"]


class Pose(_Message):
    """How the companion looks now, for pages that show pictures of it."""

    type: Literal["pose"] = "pose"
    state: PoseState = "silent"
    mood: str = ""
    """The emotion of what is said, in small letters; empty for none."""
    open: bool = False
    """Whether the mouth is, while it speaks."""


class Subtitle(_Message):
    """What a person in the voice channel said."""

    type: Literal["subtitle"] = "subtitle"
    name: str
    text: str


class Ping(_Message):
    """To be answered with a `pong` at once; a page that stays silent counts as gone."""

    type: Literal["ping"] = "ping"


ToPage = Hello | Cue | Pause | Resume | CutClips | Volume | Sync | PlaySound | Pose | Subtitle | Ping


class PageSound(StrEnum):
    """Whether a page can be heard."""

    ON = "on"
    WAITING = "waiting"
    """The browser lets it play once somebody has clicked."""
    MUTED = "muted"
    """Its address says so."""


class Ready(_Message):
    """The first message of a page, and again whenever its sound comes or goes. It then begins where the others are."""

    type: Literal["ready"] = "ready"
    version: Literal[2]
    sound: PageSound
    captions: bool = True
    """Whether it shows what is said."""


class Started(_Message):
    """The first sample was heard `at` seconds ago."""

    type: Literal["started"] = "started"
    id: CueId
    at: Seconds


class Position(_Message):
    """So much of a clip was heard."""

    type: Literal["position"] = "position"
    id: CueId
    seconds: Seconds


class ClipEnded(_Message):
    type: Literal["ended"] = "ended"
    id: CueId


class Failed(_Message):
    """The page cannot play a clip, and comes again by itself."""

    type: Literal["error"] = "error"
    id: CueId


class Pong(_Message):
    type: Literal["pong"] = "pong"


FromPage = Ready | Started | Position | ClipEnded | Failed | Pong
_FROM_PAGE: TypeAdapter[FromPage] = TypeAdapter(Annotated[FromPage, Field(discriminator="type")])


def parse(text: str) -> FromPage:
    """Raises ValueError that says what is wrong with a message."""
    try:
        return _FROM_PAGE.validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(map(str, problem['loc'])) or 'message'}: {problem['msg']}") from None
