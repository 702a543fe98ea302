"""HTTP answers as Discord words them. The content type is exact: discord.py reads nothing else as JSON."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

JSON_TYPE = "application/json"


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(data).encode(), headers={**(headers or {}), "Content-Type": JSON_TYPE}
    )


def nothing(headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=204, headers=headers)


def error(status: int, code: int, message: str) -> web.Response:
    return answer({"code": code, "message": message}, status)


def too_many(retry_after: float) -> web.Response:
    """429 as the API sends it: through its proxy (`Via`), with the wait in the body."""
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
    return answer(body, 429, {"Via": "1.1 google", "Retry-After": str(retry_after)})


class Refused(Exception):
    """A handler's refusal; the server turns it into an answer."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = error(status, code, message)
