"""The moderators' controls: one set of commands, whichever way they come in."""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from relay.errors import RelayError
from relay.model import AudienceMessage, Caller, ControlInfo, Held, Kind, Role
from relay.moderation.actions import Actions
from relay.moderation.audit import Audit
from relay.moderation.outbound import fit_to_post
from relay.moderation.switches import Mode, Switches
from relay.settings import check_rate_name
from relay.terms import check_term
from relay.text import folded, one_line

CHAT_COMMAND: Final = "!relay"
ANSWER_LIMIT: Final = 450
"""Characters of an answer; it has to fit into one chat message."""
COMPLETIONS: Final = 25
"""As many as Discord shows."""
_HOURS: Final = re.compile(r"^([01]?\d|2[0-3]):[0-5]\d-([01]?\d|2[0-3]):[0-5]\d$")
_STAFF: Final = frozenset({Role.STREAMER, Role.MODERATOR})

Run = Callable[[str, Caller], Awaitable[str]]
Complete = Callable[[str], Sequence[str]]


class Mistake(Exception):
    """The argument of a control does not fit; the text says what would."""


@dataclass(frozen=True)
class Control:
    """One entry of the command set."""

    name: str
    summary: str
    run: Run
    argument: str | None = None
    required: bool = False
    complete: Complete = lambda typed: ()

    @property
    def usage(self) -> str:
        if self.argument is None:
            return self.name
        return f"{self.name} {self.argument.upper()}" if self.required else f"{self.name} [{self.argument.upper()}]"


class Controls:
    """Parses, checks who asks, acts, and writes changes into the audit log."""

    def __init__(self, actions: Actions, audit: Audit, *, clock: Callable[[], float] = time.time) -> None:
        self._actions = actions
        self._audit = audit
        self._clock = clock
        self._table = {control.name: control for control in self._controls()}

    def commands(self) -> Sequence[ControlInfo]:
        """See the platforms' protocol."""
        return [
            ControlInfo(name=c.name, summary=c.summary, argument=c.argument, required=c.required)
            for c in self._table.values()
        ]

    def complete(self, name: str, typed: str) -> Sequence[str]:
        control = self._table.get(name)
        found = control.complete(typed) if control else ()
        wanted = typed.casefold()
        return [text[:100] for text in found if wanted in text.casefold()][:COMPLETIONS]

    def held(self) -> Sequence[Held]:
        return self._actions.held()

    async def run(self, words: str, by: Caller) -> str:
        """Do what the words say. The answer is one that any chat can show."""
        name, _, rest = one_line(words).partition(" ")
        control = self._table.get(name.casefold() or "status")
        if not by.may_control:
            return "Only moderators and the streamer can do that."
        if control is None:
            return f"There is no {_quoted(name)}. There are: {', '.join(self._table)}."
        if control.required and not rest.strip():
            return f"Something is missing: {control.usage}"
        try:
            answer = await control.run(rest.strip(), by)
        except Mistake as mistake:
            answer = f"{mistake} Use: {control.usage}"
        except RelayError as error:
            answer = f"That did not work: {error}"
        return fit_to_post(answer)[:ANSWER_LIMIT] or "Done."

    def _controls(self) -> Sequence[Control]:
        modes = lambda typed: list(Mode)  # noqa: E731
        muted = lambda typed: sorted(self._actions.switches().muted)  # noqa: E731
        terms = lambda typed: self._actions.switches().blocked_terms  # noqa: E731
        ids = lambda typed: [held.id for held in self._actions.held()]  # noqa: E731
        viewers = lambda typed: [name for name, _ in self._actions.viewers(typed)]  # noqa: E731
        return (
            Control("status", "What is connected, what waits, and what is set", self._status),
            Control("pause", "Forward nothing until resumed", self._pause),
            Control("resume", "Forward again", self._resume),
            Control("rate", "Forwards a minute: `12`, `kind.follow 3` or `viewer reset`", self._rate, "rate", True),
            Control("mode", "Whose chat is heard", self._mode, "mode", True, modes),
            Control("mute", "Do not hear a viewer", self._mute, "viewer", True, viewers),
            Control("unmute", "Hear a viewer again", self._unmute, "viewer", True, muted),
            Control("block", "Reject messages with this word, phrase or /pattern/", self._block, "term", True),
            Control("unblock", "Allow a term again", self._unblock, "term", True, terms),
            Control("quiet", "Hours in which nothing is forwarded: `23:00-07:30` or `off`", self._quiet, "hours", True),
            Control("held", "What waits for a decision", self._held),
            Control("approve", "Let what is held through: its id, or `all`", self._approve, "id", True, ids),
            Control("reject", "Drop what is held: its id, or `all`", self._reject, "id", True, ids),
            Control("skip", "Stop this answer and go on with the next", self._skip),
            Control("interrupt", "Silence the companion now", self._interrupt),
            Control("clear", "Drop everything that waits", self._clear),
            Control("why", "What happened to a message", self._why, "id", True),
            Control("help", "All controls", self._help),
        )

    # Looking

    async def _status(self, rest: str, by: Caller) -> str:
        return " | ".join((await self._actions.status()).splitlines())

    async def _held(self, rest: str, by: Caller) -> str:
        lines = [f"{held.id} {held.who}: {_quoted(held.text)} ({held.reason})" for held in self._actions.held()]
        return " | ".join(lines) or "Nothing is held."

    async def _why(self, rest: str, by: Caller) -> str:
        return await self._actions.why(rest)

    async def _help(self, rest: str, by: Caller) -> str:
        return " | ".join(control.usage for control in self._table.values())

    # Switching

    async def _pause(self, rest: str, by: Caller) -> str:
        return await self._switch(by, "pause", "Paused. Events and chat wait.", paused=True)

    async def _resume(self, rest: str, by: Caller) -> str:
        return await self._switch(by, "resume", "Going on.", paused=False)

    async def _rate(self, rest: str, by: Caller) -> str:
        *names, value = rest.split()
        name = names[0] if names else "all"
        try:
            check_rate_name(name)
            rates = {key: rate for key, rate in self._actions.switches().rates.items() if key != name}
            if value.casefold() == "reset":
                return await self._switch(by, f"rate {rest}", f"The rate {name} is as configured.", rates=rates)
            rate = float(value)
            if not 0 <= rate <= 100_000 or len(names) > 1:
                raise ValueError(f"{rest!r} is no rate: a number from 0 to 100000.")
        except ValueError as error:
            raise Mistake(f"{error}.".replace("..", ".")) from None
        return await self._switch(by, f"rate {rest}", f"{name}: {rate:g} a minute.", rates=rates | {name: rate})

    async def _mode(self, rest: str, by: Caller) -> str:
        if rest.casefold() not in list(Mode):
            raise Mistake(f"{_quoted(rest)} is no mode: {', '.join(Mode)}.")
        mode = Mode(rest.casefold())
        return await self._switch(by, f"mode {rest}", f"The mode is {mode}.", mode=mode)

    async def _mute(self, rest: str, by: Caller) -> str:
        viewer = self._viewer(rest)
        muted = self._actions.switches().muted | {viewer}
        return await self._switch(by, f"mute {rest}", f"{_quoted(rest)} is muted.", muted=muted)

    async def _unmute(self, rest: str, by: Caller) -> str:
        viewer, muted = self._viewer(rest), self._actions.switches().muted
        if viewer not in muted:
            return f"{_quoted(rest)} was not muted."
        return await self._switch(by, f"unmute {rest}", f"{_quoted(rest)} is heard again.", muted=muted - {viewer})

    async def _block(self, rest: str, by: Caller) -> str:
        try:
            term = check_term(rest)
        except ValueError as error:
            raise Mistake(f"{error}.") from None
        terms = self._actions.switches().blocked_terms
        if term in terms:
            return "That is blocked already."
        return await self._switch(by, f"block {rest}", "Blocked.", blocked_terms=(*terms, term))

    async def _unblock(self, rest: str, by: Caller) -> str:
        terms = self._actions.switches().blocked_terms
        kept = tuple(term for term in terms if term not in (rest, folded(rest), rest.casefold()))
        if kept == terms:
            return "That was not blocked here; the configuration may block it."
        return await self._switch(by, f"unblock {rest}", "Allowed again.", blocked_terms=kept)

    async def _quiet(self, rest: str, by: Caller) -> str:
        if rest.casefold() == "off":
            return await self._switch(by, "quiet off", "There are no quiet hours.", quiet_hours=None)
        if not _HOURS.match(rest):
            raise Mistake(f"{_quoted(rest)} is no time such as 23:00-07:30.")
        hours = "-".join(part.zfill(5) for part in rest.split("-"))
        return await self._switch(by, f"quiet {rest}", f"Nothing is forwarded {hours}.", quiet_hours=hours)

    async def _switch(self, by: Caller, what: str, answer: str, **changes: object) -> str:
        before = self._actions.switches()
        try:
            after = before.with_(**changes)
        except ValidationError as error:
            raise Mistake(error.errors()[0]["msg"]) from None
        await self._actions.switch(after)
        self._audit.write(by, what, self._clock(), _difference(before, after), _difference(after, before))
        return answer

    # Acting

    async def _approve(self, rest: str, by: Caller) -> str:
        return await self._decide(rest, by, "approve", self._actions.approve)

    async def _reject(self, rest: str, by: Caller) -> str:
        return await self._decide(rest, by, "reject", self._actions.reject)

    async def _decide(self, rest: str, by: Caller, name: str, act: Callable[[str], Awaitable[bool]]) -> str:
        ids = [held.id for held in self._actions.held()] if rest.casefold() == "all" else rest.casefold().split()
        done = [held_id for held_id in ids if await act(held_id)]
        if not done:
            return "Nothing of that name is held (any more)."
        self._audit.write(by, f"{name} {' '.join(done)}", self._clock())
        return f"{name}: {', '.join(done)}"

    async def _skip(self, rest: str, by: Caller) -> str:
        return await self._act(by, "skip", await self._actions.skip(), "Skipped.", "There is nothing to skip.")

    async def _interrupt(self, rest: str, by: Caller) -> str:
        return await self._act(by, "interrupt", await self._actions.interrupt(), "Silent.", "It is silent already.")

    async def _clear(self, rest: str, by: Caller) -> str:
        count = await self._actions.clear()
        return await self._act(by, f"clear ({count})", True, f"{count} messages were dropped.", "")

    async def _act(self, by: Caller, what: str, done: bool, yes: str, no: str) -> str:
        if done:
            self._audit.write(by, what, self._clock())
        return yes if done else no

    def _viewer(self, text: str) -> str:
        """`platform:id` as it is; a name as far as readers tell names apart."""
        viewer = text if ":" in text else folded(text.removeprefix("@"))
        if not viewer:
            raise Mistake(f"{_quoted(text)} is no viewer: give a name, or platform:id.")
        return viewer


def command_in(message: AudienceMessage) -> str | None:
    """The words of a `!relay …` by a moderator or the streamer; None for everyone and everything else."""
    if message.kind is not Kind.CHAT or not message.author.roles & _STAFF:
        return None
    first, _, rest = one_line(message.text).partition(" ")
    return rest if first.casefold() == CHAT_COMMAND else None


def _difference(one: Switches, other: Switches) -> dict[str, object]:
    """The fields of `one` that differ."""
    shown, others = one.model_dump(mode="json"), other.model_dump(mode="json")
    return {name: value for name, value in shown.items() if value != others[name]}


def _quoted(text: str) -> str:
    shown = one_line(text).replace("@", "@\u200b")
    return f"'{shown[:80]}'"
