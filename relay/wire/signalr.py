"""SignalR's JSON protocol without I/O: records split and joined, the handshake, the frames Voxta uses.

Frames are JSON objects, each ended by the record separator U+001E. Several may share one WebSocket message,
and one may be split over several.
"""

import json
import math
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

SEPARATOR: Final = "\x1e"
PING_EVERY: Final = 15.0
"""Seconds between pings; SignalR's default keep-alive."""
SILENCE_LIMIT: Final = 30.0
"""Seconds without any frame after which the other side counts as dead; SignalR's default timeout."""
MAX_RECORD: Final = 8 * 1024 * 1024
"""Characters an unfinished record may reach before the peer counts as broken."""
MAX_DEPTH: Final = 64
"""How deep a record may nest; what is read must be fit to be sent on."""

INVOCATION: Final = 1
COMPLETION: Final = 3
PING: Final = 6
CLOSE: Final = 7

Frame = dict[str, Any]


class FrameError(ValueError):
    """Bytes that are no SignalR frame. `problem` says why, without what they hold."""

    def __init__(self, problem: str, record: str = "") -> None:
        super().__init__(f"{problem}: {record[:80]!r}" if record else problem)
        self.problem = problem


class Records:
    """Collects WebSocket text into whole frames."""

    def __init__(self) -> None:
        self._records: deque[str] = deque()
        """Whole ones that were not read yet."""
        self._rest = ""

    def feed(self, text: str) -> Iterator[Frame]:
        """Yield each frame that `text` completes.

        Raises FrameError at a record that is no JSON object; the records after it can still be read by
        feeding "".
        """
        *whole, self._rest = (self._rest + text).split(SEPARATOR)
        self._records += whole
        while self._records:
            record = self._records.popleft()
            if record.strip():
                yield _parse(record)
        if len(self._rest) > MAX_RECORD:
            self._rest = ""
            raise FrameError(f"a record longer than {MAX_RECORD} characters")


def _parse(record: str) -> Frame:
    try:
        frame = _DECODER.decode(record)
        if "\\ud" in record.lower():
            frame = json.loads(json.dumps(frame, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise FrameError("not JSON", record) from error
    if not isinstance(frame, dict):
        raise FrameError("not a JSON object", record)
    if record.count("{") + record.count("[") > MAX_DEPTH and _depth(frame) > MAX_DEPTH:
        raise FrameError(f"nested deeper than {MAX_DEPTH}", record)
    return frame


def _finite(number: str) -> float:
    """A float that JSON can hold. Raises ValueError at NaN and infinity, which other peers could not read."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number[:20]} is no JSON number")
    return value


_DECODER: Final = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _depth(value: Any) -> int:
    depth, layer = 0, [value]
    while layer:
        depth += 1
        children = [v.values() if isinstance(v, dict) else v for v in layer if isinstance(v, dict | list)]
        layer = [child for group in children for child in group]
    return depth


def encode(frame: Frame) -> str:
    """One frame as text, separator included."""
    return _ENCODER.encode(frame) + SEPARATOR


HANDSHAKE: Final[Frame] = {"protocol": "json", "version": 1}
HANDSHAKE_OK: Final[Frame] = {}
PING_FRAME: Final[Frame] = {"type": PING}


def invocation(target: str, argument: Frame, invocation_id: str | None = None) -> Frame:
    """A call of `target` with one argument; with an id, the other side answers with a completion."""
    frame: Frame = {"type": INVOCATION}
    if invocation_id is not None:
        frame["invocationId"] = invocation_id
    return frame | {"target": target, "arguments": [argument]}


def invocation_record(target: str, argument: bytes, invocation_id: str) -> bytes:
    """A call with an id, encoded, of an argument that is JSON already."""
    head = f'{{"type":{INVOCATION},"invocationId":"{invocation_id}","target":"{target}","arguments":['
    return b"%s%s]}\x1e" % (head.encode(), argument)


def completion(invocation_id: str, error: str | None = None) -> Frame:
    """The answer to an invocation that carried an id."""
    frame: Frame = {"type": COMPLETION, "invocationId": invocation_id}
    return frame if error is None else frame | {"error": error}


def close(error: str | None = None, *, allow_reconnect: bool = False) -> Frame:
    """The last frame before the connection ends. Clients that may reconnect by themselves do when it allows that."""
    frame: Frame = {"type": CLOSE}
    if allow_reconnect:
        frame["allowReconnect"] = True
    return frame if error is None else frame | {"error": error}
