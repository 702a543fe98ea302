"""The viewers' commands as slash commands: typed options, and the answer where it was asked."""

import asyncio
import inspect
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final

import discord
from discord import app_commands

from relay.model import AudienceMessage, CommandInfo, ParameterInfo
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.incoming import Listening, read_question, read_use
from relay.platforms.discord.interactions import FOLLOW_UP_WITHIN, SlashCommand, Use, in_time, whisper
from relay.platforms.discord.markup import Names
from relay.platforms.discord.mentions import names_in
from relay.platforms.discord.offers import Offers
from relay.platforms.discord.uses import OpenUse

log = logging.getLogger(__name__)

Accept = Callable[[AudienceMessage], asyncio.Future[None]]
"""Takes a use at once; the future is done when it is stored."""
Read = Callable[[Use, Mapping[str, Any], Names, float], AudienceMessage]
"""Makes a message of a use, its arguments, the names mentioned in them, and when it was."""

STORED_WITHIN: Final = 1.0
"""Seconds to wait for the inbox. With the time for names and a refusal, all is said before Discord gives up."""
TOLD_WITHIN: Final = 0.5
"""Seconds in which a refusal comes that comes at once; a question may wait for its turn much longer."""
QUESTION_LIMIT: Final = 500
ASKED: Final = "Asked! The answer comes here."
SLOW: Final = "Got it. This may take a moment."
PAYLOAD_LIMIT: Final = 8_000
"""Characters of a command's names, descriptions and choices ("Application Commands", "Limits")."""
COMPLETED: Final = 25
"""Choices that Discord shows ("Application Commands", "Application Command Option Structure")."""
UNTOLD: Final = (
    CommandInfo(
        name="ask",
        summary="Ask the companion something",
        parameters=(ParameterInfo(name="question", max_length=QUESTION_LIMIT),),
        is_told=True,
        is_question=True,
    ),
)
"""What is offered while nobody has told what there is: what is asked meanwhile waits for the companion."""


class Slash:
    """Makes slash commands whose uses are audience messages."""

    def __init__(self, listening: Listening, accept: Accept, clock: PlatformClock, offers: Offers) -> None:
        self._listening = listening
        self._accept = accept
        self._clock = clock
        self._offers = offers
        self._uses = offers.uses

    def offered(self, infos: Sequence[CommandInfo]) -> list[SlashCommand]:
        """Those Discord can have; the others are left to chat."""
        return [command for info in infos if (command := self._offer(info)) is not None]

    def _offer(self, info: CommandInfo) -> SlashCommand | None:
        def read(use: Use, given: Mapping[str, Any], names: Names, at: float) -> AudienceMessage:
            arguments = {name: _shown(value) for name, value in given.items() if value is not None}
            viewers = self._offers.viewers_of(use)
            assert viewers is not None, "it is offered where a companion is"
            theirs = next((each for each in viewers.offered() or () if each.name == info.name), info)
            if theirs.is_question and "question" in arguments:  # a kind of its own, with nothing around what is asked
                return read_question(use, arguments["question"], names, at)
            return read_use(use, viewers.written(info.name, arguments), names, at)

        try:
            command = self._command(info, read)
        except (TypeError, ValueError) as error:
            log.warning("discord: %s is no slash command, only a command in chat: %s", info.name, error)
            return None
        return command if _size(info) <= PAYLOAD_LIMIT else None

    def _command(self, info: CommandInfo, read: Read) -> SlashCommand:
        async def callback(use: Use, /, **given: Any) -> None:
            await self._carry_out(use, info, read, given)

        parameters = [inspect.Parameter("_use", inspect.Parameter.POSITIONAL_ONLY, annotation=Use)]
        callback.__signature__ = inspect.Signature(parameters + [_option(each) for each in info.parameters])  # type: ignore[attr-defined]
        described = app_commands.describe(**{each.name: _hint(each) for each in info.parameters})(callback)
        chosen = app_commands.choices(
            **{p.name: [app_commands.Choice(name=c, value=c) for c in p.choices] for p in info.parameters if p.choices}
        )(described)
        description = (info.summary or info.name)[:100]
        command: SlashCommand = app_commands.Command(name=info.name, description=description, callback=chosen)
        if info.completes:
            command.autocomplete(info.completes)(self._completing())
        return command

    def _completing(self) -> Callable[[Use, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
        async def complete(use: Use, typed: str) -> list[app_commands.Choice[str]]:
            viewers = self._offers.viewers_of(use)
            names = [each.name for each in (viewers.offered() if viewers is not None else None) or ()]
            begun = [name for name in names if name.startswith(typed.lower())]
            return [app_commands.Choice(name=name, value=name) for name in begun[:COMPLETED]]

        return complete

    async def _carry_out(self, use: Use, info: CommandInfo, read: Read, given: Mapping[str, Any]) -> None:
        if not self._listening.covers(use.channel):
            return await whisper(use, self._elsewhere(use))
        at, since = self._clock.arrived(), time.monotonic()
        typed = " ".join(value for value in given.values() if isinstance(value, str))
        message = read(use, given, await names_in(use, typed), at)
        spent = time.monotonic() - since
        waiting = self._uses.begin(message.id)
        try:
            stored = self._accept(message)
            await (self._told(use, waiting, stored) if info.is_told else self._done(use, waiting, info, spent))
        finally:
            self._uses.end(message.id)

    def _elsewhere(self, use: Use) -> str:
        """Where to use it on the same server."""
        known = (id for id in sorted(self._listening.channels) if use.guild is not None and use.guild.get_channel(id))
        places = ", ".join(f"<#{id}>" for id in known)
        return f"I only listen in {places}. Please ask me there." if places else "I listen nowhere on this server."

    async def _told(self, use: Use, waiting: OpenUse, stored: asyncio.Future[None]) -> None:
        """The companion answers in the channel; who asked is told of nothing but what keeps it from that."""
        await asyncio.wait({stored}, timeout=STORED_WITHIN)
        try:
            async with asyncio.timeout(TOLD_WITHIN):
                await waiting.ended()
        except TimeoutError:
            await whisper(use, ASKED if stored.done() else SLOW)
        else:
            return await whisper(use, self._words(use, waiting) if waiting.is_refused else ASKED)
        try:
            async with asyncio.timeout(FOLLOW_UP_WITHIN):
                await waiting.settled()
        except TimeoutError:
            return
        if waiting.is_refused:
            await whisper(use, self._words(use, waiting))

    def _words(self, use: Use, waiting: OpenUse) -> str:
        return waiting.words(partial(self._offers.explained, use))

    async def _done(self, use: Use, waiting: OpenUse, info: CommandInfo, spent: float) -> None:
        """The relay answers, to everybody or to who asked; see `in_time` for the seconds spent before."""

        async def answer() -> bool:
            await waiting.ended()
            return True

        is_known = await in_time(use, answer(), False, private=info.is_personal, spent=spent)
        private = info.is_personal or waiting.is_refused or not waiting.answers
        await whisper(use, self._words(use, waiting) if is_known else SLOW, private=private)


def _option(parameter: ParameterInfo) -> inspect.Parameter:
    annotation: Any = str
    match parameter.type:
        case "text":
            annotation = app_commands.Range[str, 1, parameter.max_length]
        case "number" if parameter.min is not None or parameter.max is not None:
            annotation = app_commands.Range[float, parameter.min, parameter.max]
        case "number":
            annotation = float
        case "viewer":
            annotation = discord.User
    kind = inspect.Parameter.KEYWORD_ONLY
    if parameter.optional:
        return inspect.Parameter(parameter.name, kind, default=None, annotation=annotation | None)
    return inspect.Parameter(parameter.name, kind, annotation=annotation)


def _hint(parameter: ParameterInfo) -> str:
    kind = {"number": "a number", "viewer": "somebody here", "choice": "one of these"}.get(parameter.type, "a text")
    low, high = parameter.min, parameter.max
    bounds = [f"from {low:g}" if low is not None else "", f"to {high:g}" if high is not None else ""]
    return " ".join([kind, *filter(None, bounds)])


def _shown(value: Any) -> str:
    """An option's value as somebody would write it."""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if isinstance(value, discord.User | discord.Member):
        return value.display_name if any(map(str.isalnum, value.display_name)) else value.name
    return str(value)


def _size(info: CommandInfo) -> int:
    """Characters of the command as Discord counts them."""
    options = sum(len(p.name) + len(_hint(p)) + 2 * sum(map(len, p.choices)) for p in info.parameters)
    return len(info.name) + len(info.summary) + options
