"""What all OpenAI-compatible endpoints share: a request by OpenAI's own client, and errors that name the fix.

The client tries again what was refused for the moment (429, 5xx) and what did not get through, before an answer began.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from relay.errors import RelayError
from relay.system.kept_connections import certificates, transport

if TYPE_CHECKING:  # it takes its time to load, and not everybody needs it
    import httpx2
    from openai import AsyncAPIResponse, AsyncOpenAI

RETRIES: Final = 2
"""Times a request is tried again; OpenAI's usual number."""
CONNECT: Final = 10.0
"""Seconds a connection may take to be made."""

REST: Final = 0.05
"""Seconds in which the end of a body comes after what was wanted of it; usually it came with that."""

MODELS: Final = 2**20
"""Bytes that a list of models may have."""
_TELLS_NO_MODELS: Final = frozenset({404, 405, 501})

_UNWANTED: Final = frozenset({"unsupported_parameter", "unsupported_value"})
"""How OpenAI calls refusals of a single thing that was asked for."""

_IS_LOADED: Final = threading.Event()

Call = Callable[["AsyncOpenAI"], AbstractAsyncContextManager["AsyncAPIResponse[Any]"]]
"""One of the client's calls `….with_streaming_response.create(…)`."""


class Endpoint:
    """One base address. Raises `error`, whose text is fit to be shown; the key is in none and in no log.

    `timeout` is the seconds in which something of an answer has to come, from its beginning to its end. `settings`
    names the keys of the address, the model and the key, for those who have to mend them.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr | None,
        *,
        timeout: float,
        error: type[RelayError],
        settings: tuple[str, str, str],
    ) -> None:
        self._url = url
        self.host = urlsplit(url).hostname or "the endpoint"
        self._key = key.get_secret_value() if key else ""
        self._timeout = timeout
        self._error = error
        self._loading = asyncio.Lock()
        address, model, key_name = settings
        self._address = address
        self._model = model
        self._fixes = {401: f" (check {key_name})", 403: f" (check {key_name})", 404: f" (check {address} and {model})"}

    @asynccontextmanager
    async def asked(self, call: Call, *, tolerated: frozenset[int] = frozenset()) -> "AsyncIterator[Answer]":
        """The answer to a call, which may also be a refusal with a `tolerated` status."""
        await self._loaded()
        import httpx2
        import openai

        has_begun = False
        try:
            async with transport() as over, call(self._client(over, tolerated)) as response:
                self._check(response)
                has_begun = True
                yield Answer(response.http_response)
        except openai.APIStatusError as error:
            if error.status_code not in tolerated:
                raise self._refusal(error) from None
            unwanted = str(error.param) if error.code in _UNWANTED else ""
            yield Answer(error.response, refusal=self._refusal(error), unwanted=unwanted)
        except (openai.APITimeoutError, httpx2.TimeoutException):
            what = "paused in its answer for more than" if has_begun else "took longer than"
            raise self._error(f"{self.host} {what} {self._timeout:g} s") from None
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            cause = self.hide(str(error.__cause__ or error) or type(error).__name__)
            what = "broke off in the middle of its answer" if has_begun else "cannot be reached"
            fix = "" if has_begun else f" (check {self._address})"
            raise self._error(f"{self.host} {what}{fix}: {cause}") from None

    def get_ready(self) -> None:
        """Begin to load the client, as something is about to be asked. Returns at once."""
        if not _IS_LOADED.is_set():
            _begin_loading()

    async def _loaded(self) -> None:
        """Load the client beside the event loop, which would stand still for the second or two that it takes."""
        if not _IS_LOADED.is_set():
            async with self._loading:  # who came first goes first
                await asyncio.to_thread(_load)

    def _client(self, over: "httpx2.AsyncHTTPTransport", tolerated: frozenset[int]) -> "AsyncOpenAI":
        import httpx2
        import openai

        limits = httpx2.Timeout(self._timeout, connect=min(CONNECT, self._timeout))
        return openai.AsyncOpenAI(
            base_url=self._url,
            api_key=self._key or "none",
            timeout=limits,
            max_retries=RETRIES,
            http_client=httpx2.AsyncClient(
                transport=over,
                timeout=limits,
                trust_env=False,
                event_hooks={
                    "request": [] if self._key else [_go_without_key],
                    "response": [partial(_settle, tolerated)],
                },
            ),
        )

    def _check(self, response: "AsyncAPIResponse[Any]") -> None:
        """A page for people is no answer, whatever its status says."""
        if response.status_code != 200:
            raise self._error(f"{self.host} answered {response.status_code} (check {self._address})")
        if "html" in response.headers.get("content-type", ""):
            raise self._error(f"{self.host} sent a web page; is {self._address} right?")

    async def offers(self, model: str) -> str:
        """One line when it answers and has this model, as far as it tells."""
        names = await self.models()
        if not names or any(_is(name, model) for name in names):
            return f"{self.host} answers"
        raise self._error(f"{self.host} has no {model!r} (check {self._model}); it has {', '.join(names)}"[:300])

    async def models(self) -> list[str]:
        """Those it tells of, which costs nothing; empty where it answers and tells of none."""
        async with self.asked(
            lambda client: client.models.with_streaming_response.list(), tolerated=_TELLS_NO_MODELS
        ) as answer:
            body = None if answer.refusal else await answer.whole(MODELS)
        return _names(body)

    def no(self, kind: str) -> RelayError:
        """The error for an answer that is not what was asked for."""
        return self._error(f"{self.host} sent what is no {kind}; is {self._address} right?")

    def hide(self, text: str) -> str:
        """The text without the key, cut to what can be shown."""
        return sound(text.replace(self._key, "…") if self._key else text)[:300]

    def _refusal(self, error: Any) -> RelayError:
        """The error for an answer whose status is not 200."""
        body = error.response.text[:4_096]
        try:
            detail = message(json.loads(body))
        except (ValueError, AttributeError, RecursionError):
            detail = body
        fix = self._fixes.get(error.status_code, "")
        return self._error(f"{self.host} answered {error.status_code}{fix}: {self.hide(detail)}")


class Answer:
    """What came back. `refusal` is None where the endpoint did as asked, and `unwanted` the name of what was asked
    that alone it does not take, as far as it tells."""

    def __init__(self, response: Any, refusal: RelayError | None = None, unwanted: str = "") -> None:
        self.refusal = refusal
        self.unwanted = unwanted
        self._pieces: AsyncIterator[bytes] = response.aiter_bytes()

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        return self._pieces

    async def read_out(self) -> None:
        """Nothing of the rest is wanted; but only a body that is read to its end leaves its connection to the next."""
        import httpx2

        with suppress(httpx2.HTTPError, TimeoutError):
            async with asyncio.timeout(REST):
                async for _ in self._pieces:
                    pass

    async def whole(self, limit: int) -> bytes | None:
        """The body, or None when it has more than `limit` bytes."""
        body = bytearray()
        async for piece in self.pieces():
            body += piece
            if len(body) > limit:
                return None
        return bytes(body)


def sound(text: str) -> str:
    """The text with the halves of a character put together; a half without its other, which JSON may hold but no
    message can carry, is replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def message(answer: Any) -> str:
    """What an answer with an error says."""
    error = answer.get("error")
    return str(error.get("message") if isinstance(error, dict) else error or answer)


def _names(body: bytes | None) -> list[str]:
    """Of the models in such a list; none when it is no list."""
    try:
        return [str(model["id"]) for model in json.loads(body or b"{}")["data"]]
    except (ValueError, TypeError, LookupError, RecursionError):
        return []


def _is(listed: str, model: str) -> bool:
    """Whether a list has the model under this name.

    Ollama lists tags that nobody has to say, OpenRouter no variants (`:nitro`), and Google puts `models/` before names.
    """
    listed, model = listed.removeprefix("models/"), model.removeprefix("models/")
    return listed in (model, model.partition(":")[0]) or listed.partition(":")[0] == model


async def _go_without_key(request: "httpx2.Request") -> None:
    del request.headers["Authorization"]  # the client insists on one


async def _settle(tolerated: frozenset[int], response: "httpx2.Response") -> None:
    if response.status_code in tolerated:
        response.headers["x-should-retry"] = "false"  # what tells something is no failure


@cache
def _begin_loading() -> None:
    threading.Thread(target=_load, name="endpoint client", daemon=True).start()


def _load() -> None:
    import openai  # noqa: F401

    for noisy in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    certificates()
    _IS_LOADED.set()
