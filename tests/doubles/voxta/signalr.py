"""SignalR's JSON hub protocol, as ASP.NET Core speaks it: JSON records that end in U+001E.

https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md
"""

import json
from typing import Any, Final

Record = dict[str, Any]

END: Final = "\x1e"
INVOCATION: Final = 1
COMPLETION: Final = 3
PING: Final = 6
CLOSE: Final = 7


class BadRecord(Exception):
    """What came is no record of the protocol; the text says why."""


def encode(record: Record) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + END


def receive_message(payload: Any) -> Record:
    return {"type": INVOCATION, "target": "ReceiveMessage", "arguments": [payload]}


def completion(invocation_id: str, error: str | None = None) -> Record:
    record: Record = {"type": COMPLETION, "invocationId": invocation_id}
    return record if error is None else record | {"error": error}


def close(error: str | None = None, *, allow_reconnect: bool) -> Record:
    record: Record = {"type": CLOSE, "allowReconnect": allow_reconnect}
    return record if error is None else record | {"error": error}


def handshake_problem(record: Record) -> str | None:
    if record.get("protocol") != "json":
        return f"The protocol '{record.get('protocol')}' is not supported."
    if record.get("version") != 1:
        return f"The server does not support version {record.get('version')} of the 'json' protocol."
    return None


class Records:
    """Puts records together from frames, which may hold several or a part of one."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, frame: str | bytes) -> list[Record]:
        """Raises `BadRecord` at the first one that is none."""
        try:
            text = frame if isinstance(frame, str) else frame.decode()
        except UnicodeDecodeError as error:
            raise BadRecord("not UTF-8") from error
        *whole, self._rest = (self._rest + text).split(END)
        return [_record(text) for text in whole]


def _record(text: str) -> Record:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise BadRecord(f"not JSON: {text[:40]}") from error
    if not isinstance(record, dict):
        raise BadRecord("not an object")
    return record
