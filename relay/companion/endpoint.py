"""What all OpenAI-compatible endpoints share: a request, its deadline, and errors that name the fix."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr

from relay.errors import RelayError


class Endpoint:
    """One address that is posted to. Raises `error`, whose text is fit to be shown; the key is in none and in no log.

    `url` is the base, to which `path` is added; `timeout` is the seconds a whole answer may take. `settings` names
    the keys of the address, the model and the key, for those who have to mend them.
    """

    def __init__(
        self,
        url: str,
        path: str,
        key: SecretStr | None,
        *,
        timeout: float,
        error: type[RelayError],
        settings: tuple[str, str, str],
    ) -> None:
        self._url = url.rstrip("/") + path
        self.host = urlsplit(url).hostname or "the endpoint"
        self._key = key.get_secret_value() if key else ""
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(10.0, timeout))
        self._error = error
        address, model, key_name = (f"companion.{name}" for name in settings)
        self._address = address
        self._fixes = {401: f" (check {key_name})", 403: f" (check {key_name})", 404: f" (check {address} and {model})"}

    @asynccontextmanager
    async def post(
        self, *, tolerated: frozenset[int] = frozenset(), **body: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a post, whose status is 200 or `tolerated`. `body` is what aiohttp takes: `json` or `data`."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, headers=headers) as session,
                session.post(self._url, allow_redirects=False, **body) as response,
            ):
                if response.status != 200 and response.status not in tolerated:
                    raise await self.refusal(response)
                yield response
        except TimeoutError:
            raise self._error(f"{self.host} took longer than {self._timeout.total:g} s to answer") from None
        except aiohttp.ClientError as error:
            problem = f"{self.host} cannot be reached (check {self._address}): {self.hide(str(error))}"
            raise self._error(problem) from None

    def no(self, kind: str) -> RelayError:
        """The error for an answer that is not what was asked for."""
        return self._error(f"{self.host} sent what is no {kind}; is {self._address} right?")

    def hide(self, text: str) -> str:
        """The text without the key, cut to what can be shown."""
        return sound(text.replace(self._key, "…") if self._key else text)[:300]

    async def refusal(self, response: aiohttp.ClientResponse) -> RelayError:
        """The error for an answer whose status is not 200."""
        body = (await response.content.read(4_096)).decode("utf-8", "replace")
        try:
            detail = message(json.loads(body))
        except (ValueError, AttributeError, RecursionError):
            detail = body
        fix = self._fixes.get(response.status, "")
        return self._error(f"{self.host} answered {response.status}{fix}: {self.hide(detail)}")


def sound(text: str) -> str:
    """The text with the halves of a character put together; a half without its other, which JSON may hold but no
    message can carry, is replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def message(answer: Any) -> str:
    """What an answer with an error says."""
    error = answer.get("error")
    return str(error.get("message") if isinstance(error, dict) else error or answer)


async def whole(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The body, or None when it has more than `limit` bytes."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
