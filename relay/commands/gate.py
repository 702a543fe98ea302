"""Says of each use of a command whether it may be, and keeps what the relay is to do until that is done."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from relay.commands.answers import Answers
from relay.commands.cooldowns import Cooldowns, longest
from relay.commands.definition import Command, Use
from relay.commands.parsing import WrongArguments, read
from relay.commands.rewards import RewardTable
from relay.commands.table import Call, CommandTable
from relay.config import CommandsSection, RewardSection
from relay.model import AudienceMessage, Kind, Origin, Outcome, Role
from relay.moderation.roles import rank
from relay.moderation.wording import for_chat
from relay.system.bounded import remember

T = TypeVar("T")
WAITING: Final = 1_000
"""Uses that may wait to be carried out."""
TOO_OLD: Final = 60.0
"""Seconds after which a use is not carried out any more: nobody expects it."""
REMINDED: Final = 60.0
"""Seconds in which a viewer is told only once that a command is not for them."""
MAX_KNOWN: Final = 100_000
"""Viewers remembered as having written before, and uses that count in a stream."""
REPEATED: Final = 10.0
"""Seconds in which a viewer is told only once how a command is used."""
_FREE: Final = frozenset({Role.STREAMER, Role.MODERATOR})
"""Who waits for no cooldown and pays no bits."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a use is refused, for the record, and what to answer; "" for nothing."""

    reason: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a use ended that the relay carried out itself."""

    message: AudienceMessage
    outcome: Outcome
    reason: str
    is_done: bool = True
    """Whether it worked."""


class CommandGate:
    """Everything here returns at once. Times are seconds since the epoch, those of the messages themselves."""

    def __init__(self, settings: CommandsSection, answers: Answers, rewards: Sequence[RewardSection] = ()) -> None:
        self.table = CommandTable(settings, RewardTable(rewards))
        self.answers = answers
        self.accepted: asyncio.Queue[Use] = asyncio.Queue(WAITING)
        """What the relay is to do, for who carries it out."""
        self._cooldowns = Cooldowns()
        self._awaiting: dict[str, Use] = {}
        """Uses whose cooldowns count from the end of their answers, by the keys of the messages."""
        self._counted: OrderedDict[str, Command] = OrderedDict()
        """What was used in this stream of which only so many may be, by the keys of the messages."""
        self._first: OrderedDict[str, str] = OrderedDict()
        """The key of the first message of each viewer that we know of."""
        self._followed: OrderedDict[str, float] = OrderedDict()
        """When viewers followed, of whom we heard."""

    def adopt(self, settings: CommandsSection, rewards: Sequence[RewardSection] = ()) -> None:
        """Go by these settings from now on. A command that stays goes on to rest, and has been used as often."""
        self.table.adopt(settings)
        self.table.rewards = RewardTable(rewards)
        self.answers.adopt(settings)

    def notice(self, message: AudienceMessage) -> None:
        """Somebody in the audience said or did something, whatever becomes of it."""
        self.recognise(message)
        if message.kind is Kind.CHEER and self.table.call(message) is None:
            self._explain(message)

    def stream_changed(self, message: AudienceMessage) -> None:
        """When the companion's stream begins, uses are counted anew."""
        if message.kind is Kind.ONLINE:
            self.begin_stream()

    def begin_stream(self) -> None:
        """Uses are counted anew."""
        self._cooldowns.begin_stream()
        self._counted.clear()

    def may_count(self, message: AudienceMessage, now: float) -> bool:
        """Whether it is a use that would still count, or keep a command resting, if it was carried out."""
        call = None if message.pretended else self.table.call(message)
        return call is not None and (call.command.per_stream is not None or message.at + longest(call.command) > now)

    def recall(self, message: AudienceMessage, done_at: float) -> None:
        """This was used before a restart, and told or done then."""
        if (call := self.table.call(message)) is not None:
            self._cooldowns.used(call.command, message.viewer, message.at)
            if call.command.rests_from_speech:
                self._cooldowns.over(call.command, message.viewer, done_at)

    def recognise(self, message: AudienceMessage) -> None:
        """Whoever this is from is known from now on."""
        if message.kind is Kind.FOLLOW:
            self.followed(message.viewer, message.at)
        elif message.viewer not in self._first:
            remember(self._first, message.viewer, message.key, MAX_KNOWN)

    def followed(self, viewer: str, at: float) -> None:
        """This viewer follows since then."""
        remember(self._followed, viewer, at, MAX_KNOWN)

    def _explain(self, cheer: AudienceMessage) -> None:
        """The cheer buys nothing: say what it lacks. It is told as any cheer is."""
        call = self.table.meant(cheer)
        if call is None or not call.command.bits:
            return
        use = self._use(cheer, call)
        lacks = use if isinstance(use, Refusal) else self._too_few_bits(use)
        if lacks:
            self.answers.say(Origin.of(cheer), for_chat(lacks.answer))

    def meet(
        self, message: AudienceMessage, text: str, too_much: Callable[[AudienceMessage], str | None]
    ) -> Use | Refusal:
        """Somebody uses a command; `text` is what the filters have left of what stands behind its name.

        `too_much` says why what goes to the companion is refused, if it is. Who is refused is told, once.
        """
        met = self._meet(message, text, too_much)
        if isinstance(met, Refusal):
            if met.answer:
                self.answers.say(Origin.of(message), for_chat(met.answer))
        elif not message.pretended:
            self.edited(message)
            self._cooldowns.used(met.command, met.viewer, message.at)
            if met.command.rests_from_speech:
                self._awaiting[message.key] = met
            if met.command.per_stream is not None:
                remember(self._counted, message.key, met.command, MAX_KNOWN)
        return met

    def _meet(
        self, message: AudienceMessage, text: str, too_much: Callable[[AudienceMessage], str | None]
    ) -> Use | Refusal:
        if (call := self.table.call(message)) is None:
            return Refusal("the command is gone")
        use = self._use(message, replace(call, text=text))
        if isinstance(use, Refusal):
            return use
        if objection := self._objection(use):
            return objection
        reason = too_much(message) if use.command.tell else None
        return Refusal(reason) if reason else use

    def _use(self, message: AudienceMessage, call: Call) -> Use | Refusal:
        try:
            return Use(call.command, message, call.text, read(call.command.parameters, call.text))
        except WrongArguments as wrong:
            answer = f"{wrong} Use: {self.usage(call.command)}"
            return self._once(call.command, message, "wrong arguments", answer, REPEATED)

    def usage(self, command: Command) -> str:
        """How it is written."""
        return f"{self.table.prefix}{command.name} {command.form}".strip()

    def _objection(self, use: Use) -> Refusal | None:
        """What speaks against it; None when it may be."""
        command, roles, now = use.command, use.message.author.roles, use.message.at
        shown = command.title or f"{self.table.prefix}{command.name}"
        if rank(roles) < rank({command.least_role}):
            answer = f"Only for {command.least_role}s and up: {shown}."
            return self._once(command, use.message, f"only from {command.least_role} up", answer, REMINDED)
        if roles & _FREE or use.message.kind is Kind.CHEER:  # bits are spent: who pays is not sent away
            return None
        if objection := self._too_new(use, shown) or self._too_few_bits(use):
            return objection
        if command.per_stream is not None and self._cooldowns.uses(command) >= command.per_stream:
            answer = f"Used as often as one stream allows: {shown}."
            return self._once(command, use.message, "used up", answer, REMINDED)
        if left := self._cooldowns.left(command, use.viewer, now):
            is_news = self._cooldowns.is_news(command.name, left.whose, now, now + left.seconds)
            answer = f"Ready again in {_seconds(left.seconds)}: {shown}." if is_news else ""
            return Refusal(f"cooldown, {left.seconds:.1f} s", answer)
        return None

    def _too_new(self, use: Use, shown: str) -> Refusal | None:
        command, message = use.command, use.message
        if not command.first_timers and self._first.get(use.viewer, message.key) == message.key:
            answer = f"Say hello first, and then {shown} is yours."
            return self._once(command, message, "not for who has written nothing before", answer, REMINDED)
        followed = self._followed.get(use.viewer)
        if followed is not None and 0 <= message.at - followed < command.followed_for:
            answer = f"Only for who has followed for {_seconds(command.followed_for)}: {shown}."
            return self._once(command, message, "followed too lately", answer, REMINDED)
        return None

    def _too_few_bits(self, use: Use) -> Refusal | None:
        bits = use.command.bits
        if (use.message.amount or 0) >= bits:
            return None
        answer = f"Cheer {bits} bits with it: {self.table.prefix}{use.command.name} costs so many."
        return self._once(use.command, use.message, "too few bits", answer, REMINDED)

    def _once(self, command: Command, message: AudienceMessage, reason: str, answer: str, seconds: float) -> Refusal:
        """Each viewer is told the same only once in so many seconds."""
        about, now = f"{command.name} {reason}", message.at
        is_news = self._cooldowns.is_news(about, message.viewer, now, now + seconds)
        return Refusal(reason, answer if is_news else "")

    def take(self, message: AudienceMessage, text: str, now: float) -> Finished | None:
        """Have a use carried out. Not one that is too old, or too many at once: how it ended then."""
        call = self.table.call(message)
        use = Refusal("the command is gone") if call is None else self._use(message, replace(call, text=text))
        if isinstance(use, Refusal):
            return Finished(message, Outcome.REJECTED, use.reason)
        if message.at <= now - TOO_OLD:
            return Finished(message, Outcome.EXPIRED, "waited too long")
        try:
            self.accepted.put_nowait(use)
        except asyncio.QueueFull:
            return Finished(message, Outcome.EXPIRED, "passed over: too many commands were waiting")
        return None

    def clear(self) -> Sequence[AudienceMessage]:
        """Take out what is not begun."""
        return [self.accepted.get_nowait().message for _ in range(self.accepted.qsize())]

    def is_resting(self, key: str) -> bool:
        """Whether the message with this key used a command, or a reward, that rests from the end of its answer."""
        return key in self._awaiting

    def edited(self, message: AudienceMessage) -> None:
        """Its author has made something else of it: what it used before is used no more, and rests no longer."""
        self.over(message.key, message.at)
        self.undone(message.key)

    def over(self, key: str, now: float) -> None:
        """The answer to the message with this key was heard, or there will be none."""
        if use := self._awaiting.pop(key, None):
            self._cooldowns.over(use.command, use.viewer, now)

    def undone(self, key: str) -> None:
        """What the message with this key used was not carried out: it does not count in this stream."""
        if command := self._counted.pop(key, None):
            self._cooldowns.not_used(command)


def _seconds(left: float) -> str:
    return f"{left / 60:.0f} min" if left >= 120 else f"{max(1, round(left))} s"
