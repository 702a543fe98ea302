"""Asking another process to do something, and hearing what came of it."""

import asyncio
import json
import logging
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from relay.bus.presence import Presence, Suits, any_of_them
from relay.bus.pubsub import PubSub
from relay.errors import InboxError, InboxTaken, NobodyThere, RateLimited, RelayError

log = logging.getLogger(__name__)

WITHIN: Final = 10.0
"""Seconds a call may take in all, unless said otherwise: another process has taken over by then."""
AGAIN: Final = 1.0
"""Seconds without an answer after which the same call is made again, to whoever serves it then."""
REMEMBERED: Final = 1_000
"""Calls of which a process knows that it has done them already."""

Handler = Callable[[Any], Awaitable[Any]]
"""Does what is asked with the argument, fit for JSON, and returns what is. What it raises is raised where was asked."""


class RemoteCalls:
    """`run` answers and hears answers until cancelled.

    A call is asked again until it is answered, with the same id: a process does it once. Where the process that does it
    dies, the next one may do it anew, so what is called should bear that.
    """

    def __init__(self, pubsub: PubSub, presence: Presence) -> None:
        self._pubsub = pubsub
        self._presence = presence
        self._services: dict[str, list[Mapping[str, Handler]]] = {}
        """Of several in this process the last one answers: any of them may."""
        self._open: dict[str, asyncio.Future[Any]] = {}
        self._under_way: dict[str, asyncio.Task[bytes | None]] = {}
        """What is being done, by the ids of the calls."""
        self._done: OrderedDict[str, asyncio.Task[bytes | None]] = OrderedDict()
        self._working: set[asyncio.Task[None]] = set()

    @contextmanager
    def serving(self, service: str, handlers: Mapping[str, Handler]) -> Iterator[None]:
        """Answer calls for this service, by their methods; that it can be had is told by `Presence.offer`."""
        served = self._services.setdefault(service, [])
        served.append(handlers)
        try:
            yield
        finally:
            served.remove(handlers)

    async def ask(
        self,
        service: str,
        method: str,
        argument: Any = None,
        *,
        within: float = WITHIN,
        suits: Suits = any_of_them,
    ) -> Any:
        """What the method returns, of a process that suits while there is one, else of any that serves it.

        Raises what it raised, and NobodyThere when nobody serves it in time.
        """
        id = uuid.uuid4().hex
        answered = self._open[id] = asyncio.get_running_loop().create_future()
        asked = {
            "id": id,
            "answer_to": self._presence.id,
            "service": service,
            "method": method,
            "argument": argument,
            "within": within,
        }
        try:
            async with asyncio.timeout(within):
                return await self._asked(service, suits, json.dumps(asked).encode(), answered)
        except TimeoutError:
            raise NobodyThere(f"no process answers for {service} within {within:g} s") from None
        finally:
            del self._open[id]
            answered.cancel()

    async def _asked(self, service: str, suits: Suits, asked: bytes, answered: asyncio.Future[Any]) -> Any:
        while True:
            there = await self._presence.find(service, suits)
            with suppress(InboxError):
                await self._pubsub.tell(_channel(there.id), asked)
            await asyncio.wait({answered}, timeout=AGAIN)
            if answered.done():
                return _read(answered.result())

    async def run(self) -> None:
        with self._pubsub.heard_by(_channel(self._presence.id), self._hear):
            try:
                await asyncio.Event().wait()
            finally:
                await self._end()

    async def _end(self) -> None:
        """What is being done is given up: who asked asks the next process."""
        tasks = [*self._working, *self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, message: bytes | None) -> None:
        if message is None:
            return
        said = json.loads(message)
        if "answer_to" in said:
            work = asyncio.create_task(self._answer(said), name=f"call of {said['method']}")
            self._working.add(work)
            work.add_done_callback(self._working.discard)
        elif (waiting := self._open.get(said["id"])) is not None and not waiting.done():
            waiting.set_result(said)

    async def _answer(self, asked: Mapping[str, Any]) -> None:
        if not (served := self._services.get(asked["service"])):
            return  # served no more; who asked asks whoever serves it next
        handler = served[-1].get(asked["method"]) or _unknown
        id = asked["id"]
        if (work := self._under_way.get(id) or self._done.get(id)) is None:
            work = self._under_way[id] = asyncio.create_task(_carried_out(asked, handler), name=asked["method"])
            work.add_done_callback(lambda _: self._remember(id))
        if (answer := await asyncio.shield(work)) is None:
            self._done.pop(id, None)  # it may be this process's to do when it is asked again
            return
        with suppress(InboxError):
            await self._pubsub.tell(_channel(asked["answer_to"]), answer)

    def _remember(self, id: str) -> None:
        self._done[id] = self._under_way.pop(id)
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)


async def _unknown(_: Any) -> Any:
    raise NobodyThere("the process that should do it is of another version, and does not know how")


def _channel(process: str) -> str:
    return f"relay-process:{process}"


async def _carried_out(asked: Mapping[str, Any], handler: Handler) -> bytes | None:
    """No longer than who asked waits; an older relay does not say how long that is.

    None where another process has taken over, which is asked next.
    """
    answer: dict[str, Any] = {"id": asked["id"]}
    in_time = asyncio.timeout(asked.get("within"))
    try:
        async with in_time:
            answer["result"] = await handler(asked["argument"])
    except InboxTaken:
        return None
    except RelayError as error:
        answer["error"] = {"type": type(error).__name__, "text": str(error)}
        if isinstance(error, RateLimited):
            answer["error"]["retry_after"] = error.retry_after
    except Exception as mistake:
        if in_time.expired():
            log.warning("%s of %s took too long for who asked, and is given up", asked["method"], asked["service"])
        else:
            log.exception("%s of %s failed", asked["method"], asked["service"])
        answer["error"] = {"type": "RelayError", "text": f"a mistake of the relay ({type(mistake).__name__})"}
    return json.dumps(answer).encode()


def _read(answer: Mapping[str, Any]) -> Any:
    """The result, or the error raised."""
    if (error := answer.get("error")) is None:
        return answer["result"]
    kind = _kinds(RelayError).get(error["type"], RelayError)
    if kind is RateLimited:
        raise RateLimited(error["text"], retry_after=error["retry_after"])
    raise kind(error["text"])


def _kinds(base: type[RelayError]) -> dict[str, type[RelayError]]:
    """The errors there are, by name; other rooms have some of their own.

    For one that is made of more than a text stands what it is a kind of.
    """
    found = {base.__name__: base}
    for each in base.__subclasses__():
        found |= _kinds(each)
        if "__init__" in vars(each) and each is not RateLimited:
            found[each.__name__] = base
    return found
