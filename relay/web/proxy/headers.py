"""Which headers are passed on: those between the two ends, not those between one of them and us (RFC 9110, 7.6.1)."""

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web
from multidict import CIMultiDict

from relay.web.proxy.trust import CLIENT, HOST, PREFIX, SCHEME, SECRET, CoreAddress

_HOP_BY_HOP: Final = frozenset(
    name.lower()
    for name in (
        hdrs.CONNECTION,
        hdrs.KEEP_ALIVE,
        hdrs.PROXY_AUTHENTICATE,
        hdrs.PROXY_AUTHORIZATION,
        "Proxy-Connection",
        hdrs.TE,
        hdrs.TRAILER,
        hdrs.TRANSFER_ENCODING,
        hdrs.UPGRADE,
    )
)
_OURS: Final = frozenset(
    name.lower()
    for name in (
        hdrs.HOST,
        hdrs.CONTENT_LENGTH,
        hdrs.CONTENT_ENCODING,  # the body is there already, and unpacked
        hdrs.EXPECT,
        hdrs.FORWARDED,
        CLIENT,
        HOST,
        SCHEME,
        PREFIX,
        "X-Real-IP",
        SECRET,
    )
)
"""What we say ourselves, whatever who asks has said."""
_HANDSHAKE: Final = "sec-websocket-"
"""Of a WebSocket, which is opened anew towards the core."""


def onward(request: web.Request, core: CoreAddress, prefix: str) -> CIMultiDict[str]:
    """Those of a request, for the core."""
    kept = _end_to_end(request.headers)
    headers = CIMultiDict((name, value) for name, value in kept.items() if name.lower() not in _OURS)
    headers[SECRET] = core.secret
    headers[CLIENT] = request.remote or ""
    headers[HOST] = request.host
    headers[SCHEME] = request.scheme
    headers[PREFIX] = prefix
    return headers


def back(answered: Mapping[str, str]) -> CIMultiDict[str]:
    """Those of its answer."""
    return _end_to_end(answered)


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for name in headers.get(hdrs.CONNECTION, "").split(",")}
    dropped = _HOP_BY_HOP | named
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if name.lower() not in dropped and not name.lower().startswith(_HANDSHAKE)
    )
