"""Recognition on this machine, by sherpa-onnx: in one thread of its own, for all who speak at once."""

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from relay.errors import RelayError
from relay.hearing.base import HEARING_RATE, Recogniser, Recognition, RecognitionError
from relay.hearing.recognition.engines import KINDS, kind_of
from relay.hearing.recognition.words import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TAIL: Final = 0.8
"""Seconds of silence after a turn, in which a streaming model says its last words: more than the sound that any of them
looks at once, which is 0.77 s for those of Kroko."""
LONGEST: Final = 120
"""Seconds of one turn that are listened to."""


class LocalRecogniser:
    """Loads its model beside the event loop from the beginning; who speaks before that is understood a little later."""

    def __init__(
        self, name: str, folder: Path, language: str = "", *, prepare: Callable[[], None] | None = None
    ) -> None:
        """`prepare` is called in the thread before the model is loaded; it raises RelayError when it must not be."""
        self._name = name
        self._lock = threading.Lock()
        self._waiting: dict[_Turn, None] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="recognition")
        self._loaded: Future[_Engine] = self._pool.submit(_load, folder, language, prepare)
        weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)

    def begin(self, language: str = "") -> Recognition:
        """`language` makes no difference: a model has its own."""
        return _Turn(self._wake)

    async def check(self) -> str:
        engine = await asyncio.shield(asyncio.wrap_future(self._loaded))
        how = "while people speak" if engine.streams else "after each turn"
        return f"{self._name} understands on this machine, {how}"

    def _wake(self, turn: "_Turn") -> None:
        """Let the thread look at the turn, for which it looks at all that wait at once."""
        with self._lock:
            is_asleep = not self._waiting
            self._waiting[turn] = None
        if is_asleep:
            self._pool.submit(_advance, self._loaded, self._take)

    def _take(self) -> "list[_Turn]":
        with self._lock:
            turns, self._waiting = list(self._waiting), {}
        return turns


class _Turn:
    """What one person says, on its way through the thread."""

    def __init__(self, wake: "Callable[[_Turn], None]") -> None:
        self.text = ""
        self.sound: deque[bytes] = deque()
        self.is_over = False
        self.is_abandoned = False
        self.stream: Any = None
        """The engine's, from when the thread has seen it first."""
        self.done: Future[str] = Future()
        self._wake = wake
        self._left = 2 * LONGEST * HEARING_RATE

    def feed(self, pcm: bytes) -> None:
        if kept := pcm[: self._left]:
            self._left -= len(kept)
            self.sound.append(kept)
            self._wake(self)

    async def finish(self) -> str:
        self.is_over = True
        self._wake(self)
        return await asyncio.wrap_future(self.done)

    def abandon(self) -> None:
        self.is_abandoned = True
        self.sound.clear()

    def samples(self) -> "npt.NDArray[np.float32]":
        """What has come since the last time."""
        import numpy as np

        pieces = []
        while self.sound:
            with suppress(IndexError):  # somebody abandons it meanwhile
                pieces.append(self.sound.popleft())
        return np.frombuffer(b"".join(pieces), "<i2").astype(np.float32) / np.float32(2**15)

    def answer(self, text: str) -> None:
        self.text = text
        with suppress(InvalidStateError):  # nobody waits any more
            self.done.set_result(text)

    def fail(self, error: BaseException) -> None:
        with suppress(InvalidStateError):
            self.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class _Engine:
    """A model that is loaded; used by one thread."""

    recognizer: Any
    streams: bool

    def advance(self, turns: list[_Turn]) -> None:
        """Hear what has come, and answer those that are over."""
        if self.streams:
            self._listen(turns)
        elif over := [turn for turn in turns if turn.is_over]:  # sherpa-onnx ends the process when asked for none
            self._understand(over)

    def _listen(self, turns: list[_Turn]) -> None:
        import numpy as np

        ending = [turn for turn in turns if turn.is_over]
        for turn in turns:
            if turn.stream is None:
                turn.stream = self.recognizer.create_stream()
            turn.stream.accept_waveform(HEARING_RATE, turn.samples())
        for turn in ending:
            turn.stream.accept_waveform(HEARING_RATE, np.zeros(int(TAIL * HEARING_RATE), np.float32))
            turn.stream.input_finished()
        while ready := [turn for turn in turns if self.recognizer.is_ready(turn.stream)]:
            self.recognizer.decode_streams([turn.stream for turn in ready])
            for turn in ready:
                turn.text = words(self.recognizer.get_result(turn.stream))
        for turn in ending:
            turn.answer(turn.text)

    def _understand(self, turns: list[_Turn]) -> None:
        for turn in turns:
            turn.stream = self.recognizer.create_stream()
            turn.stream.accept_waveform(HEARING_RATE, turn.samples())
        self.recognizer.decode_streams([turn.stream for turn in turns])
        for turn in turns:
            turn.answer(words(turn.stream.result.text))


def _load(folder: Path, language: str, prepare: Callable[[], None] | None) -> _Engine:
    try:
        if prepare is not None:
            prepare()
        kind = KINDS[kind_of(folder, language)]
        return _Engine(kind.load(folder, language), kind.streams)
    except RelayError as error:
        raise RecognitionError(str(error)) from None
    except Exception as error:
        raise RecognitionError(f"the model in {folder} does not load: {error}"[:300]) from None


def _advance(loaded: Future[_Engine], take: Callable[[], list[_Turn]]) -> None:
    """In the thread: one look at all turns that have something new."""
    turns = [turn for turn in take() if not turn.is_abandoned and not turn.done.done()]
    if not turns:
        return
    try:
        loaded.result().advance(turns)
    except RecognitionError as error:
        failed: Exception = error
    except Exception as error:
        failed = RecognitionError(f"the model failed: {error}"[:300])
    else:
        return
    for turn in turns:
        turn.fail(RecognitionError(str(failed)))


_: type[Recogniser] = LocalRecogniser
