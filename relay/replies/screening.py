"""What the companion says passes the filters sentence by sentence before anybody reads or hears it."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from relay.model import Held, ReplyText, Retraction, short_id
from relay.moderation.outbound import OVERLAP, Outbound, OutboundAction, Screened
from relay.moderation.switching import WordsRefused
from relay.replies.replies import Step
from relay.replies.reply import Reply, Sentence
from relay.system import clock
from relay.text.sentences import sentences
from relay.wire import server

CAPACITY = 50
"""Replies held at once; the oldest is dropped when one more is held."""
SILENCE: Final = "silence:"
"""Begins the address of a pause, such as `silence:680` (milliseconds); there is nothing to fetch."""
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


class _Judged(NamedTuple):
    """A whole text after the filters."""

    text: str
    """Without what must not be said, and else with all its white space."""
    held_for: str
    """Why a moderator has to decide; "" when none has to."""
    dropped_for: str
    """Why some of it must not be said; "" when all of it may be."""


class Screening:
    """Lets replies through to `release`, changed where the filters say so, or holds them for a moderator."""

    def __init__(self, outbound: Outbound, release: Callable[[ReplyText], None], *, hold_for: float) -> None:
        """`hold_for` in seconds: what nobody has decided on by then is dropped."""
        self._outbound = outbound
        self._release = release
        self._hold_for = hold_for
        self._held: OrderedDict[str, tuple[Held, ReplyText]] = OrderedDict()

    def adopt(self, *, hold_for: float) -> None:
        """Hold so long from now on."""
        self._hold_for = hold_for

    def screen(self, reply: ReplyText) -> None:
        """Judge a reply and pass it on, hold it, or drop what must not be said."""
        judged = self._judged(reply.text)
        screened = reply.model_copy(update={"text": judged.text})
        if judged.held_for:
            self._hold(screened, judged.held_for)
        elif screened.text:
            self._release(screened)

    def over(self, reply: Reply) -> None:
        """A reply that was spoken is over: judge what the audience reads of it."""
        if (public := reply.public) is not None:
            self.screen(public)

    def sentence(self, chunk: server.ReplyChunk, step: Step) -> Sentence:
        """What a chunk adds to what is said. Without an address for its sound when it must not be heard as it is.

        Sound cannot be masked or wait for a moderator, so only a sentence that passes as it stands is spoken.
        """
        may_be_heard = self._outbound.judge(step.added, step.before).action is OutboundAction.PASS
        url = chunk.audio_url or ""
        return Sentence(
            message_id=chunk.message_id,
            text=step.added,
            start_index=chunk.start_index,
            end_index=chunk.end_index,
            url=url if may_be_heard and not url.startswith(SILENCE) else "",
            gap=(chunk.audio_gap_ms or 0.0) / 1000,
            affect=(chunk.affect or "").strip(),
        )

    def held(self) -> Sequence[Held]:
        """What waits for a decision, oldest first."""
        limit = clock.now() - self._hold_for
        for held_id in [held.id for held, _ in self._held.values() if held.at <= limit]:
            del self._held[held_id]
        return [held for held, _ in self._held.values()]

    def approve(self, held_id: str, text: str | None = None) -> bool:
        """Let a held reply out, with another text where one is given. False when it is not there (any more).

        Raises WordsRefused for a text that must not be said, and holds the reply on.
        """
        entry = self._held.get(held_id)
        if entry is None or entry[0].at <= clock.now() - self._hold_for:
            return False
        reply = entry[1] if text is None else entry[1].model_copy(update={"text": self._reworded(text)})
        del self._held[held_id]
        self._release(reply)
        return True

    def _reworded(self, text: str) -> str:
        judged = self._judged(text)
        if judged.dropped_for:
            raise WordsRefused(f"The filters refuse that as well: {judged.dropped_for}.")
        return judged.text

    def _judged(self, text: str) -> _Judged:
        kept: list[str] = []
        results: list[Screened] = []
        before = ""
        for line in _lines(text):
            if not (said := line.strip()):
                kept.append(line)
                continue
            result = self._outbound.judge(said, before)
            before = f"{before} {said}"[-OVERLAP:]
            results.append(result)
            if result.action is not OutboundAction.DROP:
                kept.append(line.replace(said, result.text))
        held_for, dropped_for = (_reasons(results, each) for each in (OutboundAction.HOLD, OutboundAction.DROP))
        return _Judged("".join(kept).strip(), held_for, dropped_for)

    def reject(self, held_id: str) -> bool:
        """Drop a held reply. False when it is not there."""
        return self._held.pop(held_id, None) is not None

    def retract(self, retraction: Retraction) -> None:
        """Drop what is held and answers what was taken back: nobody is to let that out any more."""
        for held, reply in list(self._held.values()):
            if retraction.concerns(reply.keys, reply.authors, reply.places):
                del self._held[held.id]

    def _hold(self, reply: ReplyText, reason: str) -> None:
        now = clock.now()
        held = Held(
            id=short_id("r", f"{reply.message_id} {reply.text}", self._held),
            who=reply.character,
            text=reply.text,
            reason=reason,
            at=now,
            until=now + self._hold_for,
            spans=tuple(self._outbound.offending(reply.text)),
            pretended=reply.pretended,
        )
        self._held[held.id] = (held, reply)
        if len(self._held) > CAPACITY:
            self._held.popitem(last=False)


def _reasons(results: Iterable[Screened], action: OutboundAction) -> str:
    """For which something of it became that, each once."""
    return ", ".join(dict.fromkeys(each.reason for each in results if each.action is action))


def _lines(text: str) -> Iterator[str]:
    """What is judged at once: sentence by sentence, and of a block of code line by line; with all white space."""
    for sentence in sentences(text):
        yield from _LINE.findall(sentence)
