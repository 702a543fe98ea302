"""Answers that are begun on a likely end of somebody's turn, and thrown away unheard when they go on.

Such an answer is begun for what the character would know if somebody had said this. It counts only if that is, to the
letter, what the character knows when it is asked. The chat knows nothing of it before, nor does anybody who listens.
"""

import asyncio
from contextlib import aclosing
from typing import Final

from relay.companion.brains.base import Brain, ChatView, Pieces
from relay.companion.brains.reasoning import said
from relay.companion.brains.sentences import sentences
from relay.companion.speaking.clips import ServedClip, Speech
from relay.companion.speaking.setup import Spawn

TRIES: Final = 3
"""Answers that are begun in vain, at most, until one was wanted: who falters ten times costs no more than that."""
AHEAD: Final = 100
"""Pieces that are read of an answer before it is wanted; a token each where a model streams."""
HOLD: Final = 5.0
"""Seconds for which the rest of an answer is kept waiting, then it is given up: its end of the line costs, too."""


class EarlyAnswers:
    """Stands between the replies and the brain. Without `begin` it only passes on."""

    def __init__(self, brain: Brain, speech: Speech, spawn: Spawn) -> None:
        self._brain = brain
        self._speech = speech
        self._spawn = spawn
        self._begun: _Begun | None = None
        self._first: _Begun | None = None
        """The one that is being said, until its first sentence was asked for."""
        self._in_vain = 0

    def begin(self, view: ChatView, *, aloud: bool) -> None:
        """Begin to answer for what a character knows, in place of what was begun before; once is enough.

        With `aloud` its first sentence is spoken, too.
        """
        if self._begun is not None and self._begun.view == view:
            return
        self.abandon()
        if self._in_vain < TRIES:
            self._in_vain += 1
            self._begun = _Begun(view, self._brain, self._speech, self._spawn, aloud=aloud)

    def abandon(self) -> None:
        """Nobody wants the answer that was begun."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.abandon()

    def reply(self, view: ChatView) -> Pieces:
        """The brain's answer; the one that was begun if it was for just this."""
        begun, self._begun, self._in_vain = self._begun, None, 0
        self._let_go()
        if begun is None:
            return self._brain.reply(view)
        if begun.view == view and begun.is_good:
            self._first = begun
            return begun.wanted()
        begun.abandon()
        return self._brain.reply(view)

    async def clip(self, sentence: str) -> ServedClip | None:
        """See Speech; one that was spoken early is there already."""
        first, self._first = self._first, None
        if first is not None and (ready := await first.clip(sentence)) is not None:
            return ready
        return await self._speech.clip(sentence)

    def _let_go(self) -> None:
        if self._first is not None:
            self._first.forget()
            self._first = None


class _Begun:
    """One answer on its way, which nobody knows of yet."""

    def __init__(self, view: ChatView, brain: Brain, speech: Speech, spawn: Spawn, *, aloud: bool) -> None:
        self.view = view
        self._speech = speech
        self._pieces: list[str] = []
        self._news = asyncio.Event()
        self._is_wanted = asyncio.Event()
        self._failure: Exception | None = None
        self._is_read = False
        self._sentence = ""
        self._clip: ServedClip | None = None
        self._reading = spawn(self._read(brain.reply(view)))
        self._voicing = spawn(self._voice()) if aloud else None

    @property
    def is_good(self) -> bool:
        """Whether it is whole so far."""
        return self._failure is None and not self._reading.cancelled()

    def abandon(self) -> None:
        self._reading.cancel()
        self.forget()

    def forget(self) -> None:
        """Its first sentence is not wanted."""
        if self._voicing is not None:
            self._voicing.cancel()
        if self._clip is not None:
            self._speech.forget(self._clip)
            self._clip = None

    async def wanted(self) -> Pieces:
        """All of it, from its beginning. Raises what the brain raises."""
        self._is_wanted.set()
        try:
            async with aclosing(self._replayed()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._reading.cancel()

    async def clip(self, sentence: str) -> ServedClip | None:
        """The speech of its first sentence, if that is it."""
        if self._voicing is not None:
            await asyncio.wait({self._voicing})
        clip, self._clip = self._clip, None
        if clip is not None and sentence != self._sentence:
            self._speech.forget(clip)
            return None
        return clip

    async def _read(self, source: Pieces) -> None:
        try:
            async with aclosing(source) as pieces:
                async for piece in pieces:
                    self._pieces.append(piece)
                    self._tell()
                    if len(self._pieces) >= AHEAD and not self._is_wanted.is_set():
                        async with asyncio.timeout(HOLD):
                            await self._is_wanted.wait()
        except Exception as error:  # whoever reads it gets it
            self._failure = error
        finally:
            self._is_read = True
            self._tell()

    async def _voice(self) -> None:
        try:
            async with aclosing(sentences(said(self._replayed(), lambda _: None), self.view.limits)) as spoken:
                self._sentence = await anext(spoken, "")
            if self._sentence:
                self._clip = await self._speech.clip(self._sentence)
        except Exception:
            return  # whoever wants it gets to know

    async def _replayed(self) -> Pieces:
        at = 0
        while True:
            while at < len(self._pieces):
                yield self._pieces[at]
                at += 1
            if self._is_read:
                break
            self._news.clear()
            await self._news.wait()
        if self._failure is not None:
            raise self._failure

    def _tell(self) -> None:
        self._news.set()
