"""Carries out what the relay does itself: answers, acts, counters, choices, and its own commands."""

import asyncio
import hashlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol
from zlib import crc32

from relay.acts import Act, ActRefused
from relay.commands.definition import Answer, Confidential, Use
from relay.commands.gate import CommandGate, Finished
from relay.config import ActionSection
from relay.config.forwarding import TEMPLATE_FIELDS
from relay.errors import RelayError
from relay.model import AudienceMessage, Origin, Outcome
from relay.text.sanitise import sanitise

log = logging.getLogger(__name__)

TIMEOUT: Final = 20.0
"""Seconds one use may take."""
LANES: Final = 16
"""Uses carried out at the same time, since some wait for the store; those of one viewer one after the other."""
LANE: Final = 64
"""Uses that wait in one lane; while it is full, all wait before it."""
ACTS_WAITING: Final = 32
"""Uses that wait for an act; acts are done one after the other."""
TEXT_LIMIT: Final = 500
"""Characters of what somebody wrote that an act is told."""
FAILED: Final = "That did not work."


Whisper = Callable[[AudienceMessage, str], Awaitable[bool]]
"""Tells a text to nobody but the author of a message, where that can be done; whether it was. Never raises."""


async def no_whisper(message: AudienceMessage, text: str) -> bool:
    """Where nothing can be told to one person alone."""
    return False


class Counters(Protocol):
    """Where counters are kept."""

    async def count(self, name: str, key: str) -> int:
        """Count once for this key, however often it is asked; what the counter has come to with it."""
        ...


class CommandExecutor:
    """`run` carries out what the commands accept. An act is done after the other; nothing else waits for them."""

    def __init__(
        self,
        commands: CommandGate,
        acts: Iterable[Act],
        counters: Counters,
        *,
        done: Callable[[Finished], None],
        labels: Mapping[str, str] | None = None,
        whisper: Whisper = no_whisper,
    ) -> None:
        """`done` hears how each use ended; `labels` are what people call the platforms, by their names.

        `whisper` takes answers that concern nobody but who asked.
        """
        self._commands = commands
        self._done = done
        self._labels = labels or {}
        self._whisper = whisper
        self._acts = {act.name: act for act in acts}
        self._counters = counters
        self._slow: asyncio.Queue[Use] = asyncio.Queue(ACTS_WAITING)
        self._lanes: dict[int, asyncio.Queue[Use]] = {}
        """Those that were needed so far."""

    async def run(self) -> None:
        """Carry out, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for uses in (self._slow, *self._lanes.values()):
                tasks.create_task(self._carry_out_all(uses))
            await self._sort(tasks)

    async def _sort(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            use = await self._commands.accepted.get()
            if not (isinstance(use.command.do, ActionSection) and use.command.do.act):
                lane = crc32(use.viewer.encode("utf-8", "replace")) % LANES
                if lane not in self._lanes:
                    self._lanes[lane] = asyncio.Queue(LANE)
                    tasks.create_task(self._carry_out_all(self._lanes[lane]))
                await self._lanes[lane].put(use)
            elif self._slow.full():
                self._done(Finished(use.message, Outcome.EXPIRED, "passed over: too many commands were waiting"))
            else:
                self._slow.put_nowait(use)

    async def _carry_out_all(self, uses: asyncio.Queue[Use]) -> None:
        while True:
            await self.carry_out(await uses.get())

    async def carry_out(self, use: Use) -> None:
        """To its end, whatever happens: a stream must not end because of one command."""
        answer: Answer = FAILED
        reason, is_done = f"{use.command.name}: failed", False
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._answer(use)
            reason, is_done = use.command.name, True
        except TimeoutError:
            log.warning("the command %s was not done within %g s", use.command.name, TIMEOUT)
        except RelayError as error:
            log.warning("the command %s was not done: %s", use.command.name, error)
        except Exception:
            log.exception("the command %s failed", use.command.name)
        if not await self._tell(use, answer):
            reason += ", the answer left out: too many at once"
            is_done &= isinstance(use.command.do, ActionSection) and use.command.do.act is not None
        self._done(Finished(use.message, Outcome.ANSWERED, reason, is_done=is_done))

    async def _tell(self, use: Use, answer: Answer) -> bool:
        """Where only who asked reads it, if that can be, else where it was asked. False if there was no room for it."""
        alone, in_public = (answer, answer) if isinstance(answer, str) else (answer.text, answer.in_public)
        command, message = use.command, use.message
        may_whisper = command.is_personal and not command.is_general and not message.is_unseen
        if may_whisper and alone and await self._whisper(message, alone):
            return True
        text = alone if message.is_unseen else in_public
        return not text or self._commands.answers.say(Origin.of(message), text)

    async def _answer(self, use: Use) -> Answer:
        do, screened = use.command.do, self._commands.answers.screened
        if isinstance(do, ActionSection):
            return await self.perform(do, use.message, {"text": use.text, **use.arguments})
        answer = await do(use) if do is not None else ""
        if isinstance(answer, str):
            return screened(answer)
        return Confidential(screened(answer.text), screened(answer.in_public))

    async def perform(self, action: ActionSection, message: AudienceMessage, arguments: dict[str, str]) -> str:
        """Do it for who wrote this message; what to answer, "" for nothing. Raises RelayError."""
        values = self._fields(message, arguments)
        if action.act is not None:
            act = self._acts.get(action.act.name)
            if act is None:
                raise ActRefused(f"{action.act.name}: nothing that can do it is connected")
            harmless = {name: sanitise(value, TEXT_LIMIT) for name, value in values.items()}
            given = {name: template.format_map(harmless) for name, template in action.act.arguments.items()}
            done = "pretended, so left undone" if message.pretended else await act(given)
            log.info("for a command: %s", done)
        if action.count is not None:
            values["count"] = str(await self._count(f"count.{action.count}", message))
        if action.choose:
            values["choice"] = drawn(action.choose, await self._count(_bag(action.choose), message) - 1)
        template = action.answer or ("{choice}" if action.choose else "")
        return self._commands.answers.fill(template, values) if template else ""

    async def _count(self, name: str, message: AudienceMessage) -> int:
        """What the counter has come to; what nobody did is not counted, and is always the first."""
        return 1 if message.pretended else await self._counters.count(name, message.key)

    def _fields(self, message: AudienceMessage, arguments: Mapping[str, str]) -> dict[str, str]:
        """What templates may use, as it was written."""
        text = arguments.get("text", message.text)
        return dict.fromkeys(TEMPLATE_FIELDS, "") | {
            "author": message.author.name,
            "platform": self._labels.get(message.platform, message.platform.capitalize()),
            "quote": f": {text}" if text else ".",
            "amount": str(message.amount or 0),
            "detail": message.detail or "",
            **arguments,
            "text": text,
        }


def drawn(choices: Sequence[str], number: int) -> str:
    """The choice with this number of an endless row in which each comes once before any comes again."""
    turn, place = divmod(number, len(choices))
    return random.Random(f"{_bag(choices)} {turn}").sample(choices, len(choices))[place]


def _bag(choices: Sequence[str]) -> str:
    """The name under which is counted how many were drawn; other choices begin anew."""
    return f"choose.{hashlib.sha256(repr(tuple(choices)).encode()).hexdigest()[:16]}"
