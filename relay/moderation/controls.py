"""The moderators' controls: one set of commands, whichever way they come in."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

from relay.errors import InboxError, RelayError
from relay.model import AudienceMessage, Caller, ControlInfo, Held, Kind, Role, Suggestion
from relay.moderation import switching
from relay.moderation.audit import Audit
from relay.moderation.completion import Completion, fitting, modes, off, plain
from relay.moderation.control import Control, ControlCall, Run
from relay.moderation.runtime import Runtime
from relay.moderation.switches import Mode, Switches
from relay.moderation.switching import Change, Gone, Mistake
from relay.moderation.wording import for_chat, listed, quoted
from relay.system.cancellation import to_its_end
from relay.text.unicode import one_line

log = logging.getLogger(__name__)

CHAT_COMMAND: Final = "!relay"
_STAFF: Final = frozenset({Role.STREAMER, Role.MODERATOR})
_HELD: Final = "ID|first|all"
_SEPARATORS: Final = re.compile(r"[\s,]+")


class Controls:
    """Parses, checks who asks, acts, and writes what was done into the audit log.

    An audit log that cannot be written stops nobody from silencing the companion: what was asked for is done, the
    answer says that it was not written down, and the relay's own log says what and by whom.
    """

    def __init__(self, actions: Runtime, audit: Audit, *, clock: Callable[[], float] = time.time) -> None:
        self._actions = actions
        self._audit = audit
        self._clock = clock
        self._switching = asyncio.Lock()
        self._may_be = Completion(actions)
        self._table = {control.name: control for control in self._controls()}

    def commands(self) -> Sequence[ControlInfo]:
        """See the platforms' protocol."""
        return [control.info for control in self._table.values()]

    async def complete(self, name: str, typed: str, by: Caller) -> Sequence[Suggestion]:
        """See the platforms' protocol."""
        control = self._table.get(name)
        return fitting(control.complete, typed) if control else ()

    async def held(self, by: Caller) -> Sequence[Held]:
        """See the platforms' protocol."""
        return self._actions.held()

    async def run(self, words: str, by: Caller) -> str:
        """Do what the words say. The answer is one that any chat can show."""
        try:
            return await self.carry_out(words, by)
        except Mistake as mistake:
            answer = f"{mistake} Use: {mistake.usage}" if mistake.usage else str(mistake)
        except RelayError as error:
            answer = f"That did not work: {error}"
        except Exception:  # a stream must not end because of one command
            log.exception("the control %s failed", quoted(words))
            answer = "That did not work; the log of the relay says why."
        return for_chat(answer)

    async def carry_out(self, words: str, by: Caller) -> str:
        """The same, for who tells answers from failures: raises Mistake when nothing was done, or what made it fail."""
        if not by.may_control:
            raise Mistake("Only moderators and the streamer can do that.")
        name, _, rest = one_line(words).partition(" ")
        control = self._table.get(name.casefold() or "status")
        if control is None:
            raise Mistake(f"There is no {quoted(name)}. There are: {', '.join(self._table)}.")
        try:
            answer = await control.run(ControlCall(control.name, control.taken(rest), by))
        except Mistake as mistake:
            mistake.usage = control.usage if type(mistake) is Mistake else ""
            raise
        return for_chat(answer) or "Done."

    def _controls(self) -> Sequence[Control]:
        may_be, approve, reject = self._may_be, self._actions.approve, self._actions.reject
        put_first, drop = self._actions.put_first, self._actions.drop
        return (
            Control("status", "What is connected, what waits, and what is set", self._status),
            Control("pause", "Forward nothing until resumed", self._switch(switching.pause)),
            Control("resume", "Forward again", self._switch(switching.resume)),
            Control(
                "rate",
                "Forwards a minute, such as 12, kind.follow 3 or viewer reset",
                self._switch(switching.rate),
                "rate",
                "[NAME] NUMBER|reset",
                may_be.rates,
            ),
            Control("mode", "Whose chat is heard", self._switch(switching.mode), "mode", "|".join(Mode), modes),
            Control("mute", "Do not hear a viewer", self._switch(switching.mute), "viewer", "VIEWER", may_be.viewers),
            Control("unmute", "Hear a viewer again", self._switch(switching.unmute), "viewer", "VIEWER", may_be.muted),
            Control(
                "block",
                "Refuse messages with a word, a phrase or a /pattern/",
                self._switch(switching.block),
                "term",
                "TERM",
            ),
            Control("unblock", "Allow a term again", self._switch(switching.unblock), "term", "TERM", may_be.terms),
            Control(
                "quiet",
                "Hours in which nothing is forwarded, such as 23:00-07:30",
                self._switch(switching.quiet),
                "hours",
                "HH:MM-HH:MM|off",
                off,
            ),
            Control("held", "What waits for a decision", self._held),
            Control(
                "approve",
                "Let through what is held",
                self._decide(approve, "Approved: {ids}."),
                "id",
                _HELD,
                may_be.held,
            ),
            Control("reject", "Drop what is held", self._decide(reject, "Rejected: {ids}."), "id", _HELD, may_be.held),
            Control("edit", "Let through what is held in other words", self._edit, "change", "ID TEXT", may_be.held),
            Control(
                "now", "Tell this before all else", self._move(put_first, "It is next."), "id", "ID", may_be.waiting
            ),
            Control("drop", "Do not tell what waits", self._move(drop, "Dropped."), "id", "ID", may_be.waiting),
            Control("skip", "Stop this answer and go on with the next", self._skip),
            Control("interrupt", "Silence the companion now", self._interrupt),
            Control(
                "volume",
                "How loud the companion speaks, such as 80",
                self._switch(switching.volume),
                "percent",
                "NUMBER|reset",
            ),
            Control("clear", "Drop everything that waits", self._clear),
            Control("emergency", "Silence the companion, pause and clear at once", self._emergency),
            Control("why", "What happened to a message", self._why, "id", "ID"),
            Control(
                "help",
                "What there is, or how one of them is used",
                self._help,
                "name",
                "NAME",
                self._names,
                optional=True,
            ),
        )

    def _names(self, _: str) -> Iterator[Suggestion]:
        return map(plain, self._table)

    # Looking

    async def _status(self, order: ControlCall) -> str:
        return " | ".join((await self._actions.status()).splitlines())

    async def _held(self, order: ControlCall) -> str:
        return listed([_line(held, order.by) for held in self._actions.held()]) or "Nothing is held."

    async def _why(self, order: ControlCall) -> str:
        return await self._actions.why(order.argument)

    async def _help(self, order: ControlCall) -> str:
        if not order.argument:
            return " | ".join(control.usage for control in self._table.values())
        control = self._table.get(order.argument.casefold())
        if control is None:
            raise Mistake(f"There is no {quoted(order.argument)}: {', '.join(self._table)}.")
        return f"{control.usage}: {control.summary}"

    # Switching

    def _switch(self, change: Change) -> Run:
        async def run(order: ControlCall) -> str:
            async with self._switching:  # what one moderator changes must not undo what another just did
                before = self._actions.switches()
                after, answer = change(before, order.argument)
                if after == before:
                    return answer
                return answer + await to_its_end(self._apply(order, before, after))

        return run

    async def _apply(self, order: ControlCall, before: Switches, after: Switches) -> str:
        await self._actions.switch(after)
        return await self._note(order.by, order.words, _changed(before, after), _changed(after, before))

    # Acting

    def _decide(self, act: Callable[[str], Awaitable[bool]], done: str) -> Run:
        async def run(order: ControlCall) -> str:
            decided = {held_id: await act(held_id) for held_id in self._meant(order.argument)}
            ids = [held_id for held_id, is_done in decided.items() if is_done]
            gone = [quoted(held_id) for held_id, is_done in decided.items() if not is_done]
            if gone and not ids:
                raise Gone(f"Not held (any more): {', '.join(gone)}.")
            if not ids:
                return "Nothing is held."
            answer = done.format(ids=", ".join(ids)) + (f" Not held (any more): {', '.join(gone)}." if gone else "")
            return answer + await self._note(order.by, f"{order.name} {' '.join(ids)}")

        return run

    async def _edit(self, order: ControlCall) -> str:
        held_id, _, text = order.argument.partition(" ")
        if not text.strip():
            raise Mistake("Something is missing.")
        if not await self._actions.approve(held_id.casefold(), text.strip()):
            raise Gone(f"Not held (any more): {quoted(held_id)}.")
        return f"Approved: {held_id.casefold()}." + await self._note(order.by, order.words)

    def _move(self, act: Callable[[str], Awaitable[bool]], done: str) -> Run:
        async def run(order: ControlCall) -> str:
            if not await act(order.argument):
                raise Gone(f"That does not wait (any more): {quoted(order.argument)}.")
            return done + await self._note(order.by, order.words)

        return run

    async def _emergency(self, order: ControlCall) -> str:
        """Silence comes first. A store that is away keeps nothing but the pause from being done."""
        count = await self._silence()
        async with self._switching:
            before = self._actions.switches()
            after, _ = switching.pause(before, "")
            try:
                await to_its_end(self._actions.switch(after))
            except InboxError as error:
                await self._note(order.by, f"emergency ({count}), not paused")
                raise InboxError(f"silent, and {count} messages were dropped, but not paused: {error}") from None
        count += await self._silence()  # what went on its way until the pause was kept
        answer = f"Silent and paused; {count} messages were dropped."
        what = f"emergency ({count})"
        return answer + await self._note(order.by, what, _changed(before, after), _changed(after, before))

    async def _silence(self) -> int:
        """How many messages were dropped."""
        await self._actions.interrupt()
        return await self._actions.clear()

    def _meant(self, argument: str) -> list[str]:
        wanted = argument.casefold()
        if wanted in ("first", "all"):
            ids = [held.id for held in sorted(self._actions.held(), key=lambda held: held.at)]
            return ids[:1] if wanted == "first" else ids
        return [word for word in _SEPARATORS.split(wanted) if word]

    async def _skip(self, order: ControlCall) -> str:
        return await self._acted(order, "Skipped.") if await self._actions.skip() else "There is nothing to skip."

    async def _interrupt(self, order: ControlCall) -> str:
        return await self._acted(order, "Silent.") if await self._actions.interrupt() else "It is silent already."

    async def _clear(self, order: ControlCall) -> str:
        count = await self._actions.clear()
        return f"{count} messages were dropped." + await self._note(order.by, f"clear ({count})")

    async def _acted(self, order: ControlCall, answer: str) -> str:
        return answer + await self._note(order.by, order.name)

    async def note(self, by: Caller, what: str) -> str:
        """Write into the same log what was done otherwise than by a control; "", or what to add to the answer."""
        return await self._note(by, what)

    async def _note(
        self,
        by: Caller,
        what: str,
        before: dict[str, object] | None = None,
        after: dict[str, object] | None = None,
    ) -> str:
        """Write it into the audit log; "", or what to add to the answer when that fails."""
        try:
            await asyncio.to_thread(self._audit.write, by, what, self._clock(), before, after)
        except OSError as error:
            log.error("the audit log cannot be written: %s; %s (%s %s): %s", error, by.name, by.source, by.id, what)
            return " (It could not be written into the audit log.)"
        return ""


def command_in(message: AudienceMessage) -> str | None:
    """The words of a `!relay …` by a moderator or the streamer; None for everyone and everything else."""
    if message.kind is not Kind.CHAT or not message.author.roles & _STAFF:
        return None
    first, _, rest = one_line(message.text).partition(" ")
    return rest if first.casefold() == CHAT_COMMAND else None


def _line(held: Held, by: Caller) -> str:
    """What the companion said and what is held back is not shown to the chat it is held back from."""
    is_reply = held.id.startswith("r")
    text = "(only shown in private)" if is_reply and not by.in_private else quoted(held.text)
    return f"{held.id} {one_line(held.whose)}: {text} ({held.reason})"


def _changed(one: Switches, other: Switches) -> dict[str, object]:
    """The fields of `one` that differ."""
    names = {name for name in Switches.model_fields if getattr(one, name) != getattr(other, name)}
    return one.model_dump(mode="json", include=names)
