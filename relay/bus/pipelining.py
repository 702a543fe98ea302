"""What is asked of Redis at the same time goes there together: one round trip, and a few microseconds for each."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from hiredis import pack_command
from redis.exceptions import DataError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from relay.bus.writing import as_lost
from relay.errors import another

AT_MOST: Final = 256
"""Commands of one round trip."""
ALONE: Final = frozenset({"GET", "SET", "XRANGE", "XREVRANGE", "XREADGROUP"})
"""Those that may carry megabytes, such as clips: what is short, such as a lease, does not wait behind them."""

_Asked = tuple[bytes, asyncio.Future[Any]]


class Pipelining:
    """One round trip after the other; what is asked meanwhile goes with the next, so that nothing waits for company."""

    def __init__(self, client: Any, within: float) -> None:
        """What the library's client is asked goes this way, as nothing of it waits at the server.

        `within`: seconds for a round trip, after which its connection is given up.
        """
        self._pool = client.connection_pool
        self._read = client.response_callbacks
        self._alone = client.execute_command
        client.execute_command = self.execute
        self._within = within
        self._waiting: list[_Asked] = []
        self._sending: asyncio.Task[None] | None = None

    async def execute(self, *command: Any, **options: Any) -> Any:
        """The answer, which the library reads by its `options`.

        Raises what the library raises; then nobody knows whether the server has done it.
        """
        if command[0] in ALONE:
            return await self._alone(*command, **options)
        packed = _packed(command)
        answered = asyncio.get_running_loop().create_future()
        self._waiting.append((packed, answered))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(), name="redis")
        answer = await answered
        options.pop("keys", None)  # for the library's cache, which we do not have
        read = self._read.get(command[0])
        return answer if read is None else read(answer, **options)

    async def stop(self) -> None:
        """Give up what is under way."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait({self._sending})

    async def _send(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
                await self._exchange([asked for asked in some if not asked[1].done()])
        finally:
            self._sending = None
            for _, answered in self._waiting:
                answered.cancel()
            self._waiting.clear()

    async def _exchange(self, some: Sequence[_Asked]) -> None:
        try:
            async with asyncio.timeout(self._within):
                answers = await self._answers([command for command, _ in some])
        except TimeoutError:
            answers = [RedisTimeoutError("no answer in time") for _ in some]
        except Exception as error:
            lost = as_lost(error)
            answers = [another(lost) for _ in some]
        except BaseException:
            for _, answered in some:
                answered.cancel()
            raise
        for (_, answered), answer in zip(some, answers, strict=True):
            if answered.done():
                continue
            if isinstance(answer, Exception):
                answered.set_exception(answer)
            else:
                answered.set_result(answer)

    async def _answers(self, commands: Sequence[bytes]) -> list[Any]:
        """What the server refuses is an exception among them."""
        if not commands:
            return []
        connection = await self._pool.get_connection()
        answers: list[Any] = []
        try:
            await connection.send_packed_command(b"".join(commands))
            for _ in commands:
                try:
                    answers.append(await connection.read_response())
                except ResponseError as refusal:
                    answers.append(refusal)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._pool.release(connection)
        return answers


def _packed(command: tuple[Any, ...]) -> bytes:
    """As it is sent; the library gives some names in two words, and takes ten times as long to pack one itself."""
    name, *given = command
    try:
        packed: bytes = pack_command((*name.split(), *given))
    except (TypeError, UnicodeError) as error:
        raise DataError(f"{name} cannot be sent: {type(error).__name__}") from None
    return packed
