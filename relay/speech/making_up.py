"""What is owed to who interrupted, once they are done: an answer, and maybe the rest of what they cut off."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from relay.config import FloorSection
from relay.errors import VoxtaError
from relay.replies.reply import Reply
from relay.speech.reports import Reports, Voxta

ANSWER_WAIT: Final = 2.0
"""Seconds Voxta has to answer a person whose words are known before it is asked to go on."""
UNDERSTOOD_WITHIN: Final = 10.0
"""Seconds that understanding a person may take: a recogniser may be loaded first, and a service may be busy."""


class MakingUp:
    """Waits for Voxta to answer by itself, and asks it to when it does not. Times are of one clock."""

    def __init__(self, settings: FloorSection, voxta: Voxta, reports: Reports, failed: Callable[[], None]) -> None:
        """`reports` are told before anything is asked; `failed` hears that it could not be."""
        self._settings = settings
        self._voxta = voxta
        self._reports = reports
        self._failed = failed
        self._rest = ""
        self._wants_answer = True
        self._is_recognising = False
        """Voxta, or the relay for it, is about to know what somebody says."""
        self.due_at: float | None = None
        """When Voxta is asked to go on; None while nothing is owed."""

    def interrupted(self, cut: Iterable[Reply]) -> None:
        """A person has cut these off."""
        self._rest = " ".join(reply.unheard for reply in cut if reply.unheard)

    def yielded(self, now: float, *, is_answered: bool) -> bool:
        """The person is done. Whether an answer is waited for now."""
        wants_answer, self._wants_answer = self._wants_answer, True
        if is_due := wants_answer and not is_answered and self._settings.after != "nothing":
            self._wait(now)
        return is_due

    def recognising(self, now: float, *, is_under_way: bool) -> None:
        """What a person says is about to be known, or is known now. Whom Voxta has not understood it cannot answer."""
        self._is_recognising = is_under_way
        if self.due_at is not None:
            self._wait(now)

    def leave_unanswered(self) -> None:
        """Who has interrupted wants no answer when they are done."""
        self._wants_answer = False

    def answered(self) -> bool:
        """There is nothing to wait for any more. Whether there was."""
        was_due, self.due_at = self.due_at is not None, None
        return was_due

    def ask_if_due(self, now: float) -> None:
        """Have Voxta say the rest of what was cut off, or answer where there is none, if it has not by itself."""
        if self.due_at is not None and now >= self.due_at:
            self.due_at = None
            self._is_recognising = False  # it may never end, and who interrupts next waits no more
            rest, self._rest = self._rest, ""
            self._reports.add(partial(self._ask, rest if self._settings.after == "resume" else ""))

    def forget(self) -> None:
        """The chat is gone."""
        self.due_at, self._rest, self._is_recognising = None, "", False

    async def _ask(self, rest: str) -> None:
        try:
            await (self._voxta.have_said(rest) if rest else self._voxta.ask_for_reply())
        except VoxtaError:
            self._failed()
            raise

    def _wait(self, now: float) -> None:
        self.due_at = now + (UNDERSTOOD_WITHIN if self._is_recognising else ANSWER_WAIT)
