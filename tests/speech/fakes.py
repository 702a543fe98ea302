"""A sink of our own kind, clips and replies, for tests that tell speech as a timeline."""

import asyncio
from collections import deque

from relay.errors import SpeechError
from relay.replies.replies import Replies
from relay.replies.reply import Reply, Sentence
from relay.speech.base import FRAME, RATE, Clip, SinkListener
from relay.wire import server
from relay.wire.messages import WireMessage

SECOND = bytes(2 * RATE)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def add(replies: Replies, sentence: Sentence) -> Reply:
    """Another sentence of a reply, as Voxta tells it."""
    start, end = sentence.start_index, sentence.end_index
    return _took(
        replies,
        server.ReplyChunk(message_id=sentence.message_id, text=sentence.text, start_index=start, end_index=end),
    )


def begin(replies: Replies, message_id: str) -> Reply:
    """A reply is generated."""
    return _took(replies, server.ReplyGenerating(message_id=message_id))


def end(replies: Replies, message_id: str) -> Reply:
    """The text of a reply is complete."""
    return _took(replies, server.ReplyEnd(message_id=message_id))


def cancel(replies: Replies, message_id: str) -> Reply:
    """Voxta has given up a reply."""
    return _took(replies, server.ReplyCancelled(message_id=message_id))


def _took(replies: Replies, message: WireMessage) -> Reply:
    step = replies.apply(message)
    assert step is not None
    return step.reply


async def settle() -> None:
    """Let everything that only waits for the loop be done."""
    for _ in range(5):
        await asyncio.sleep(0)


class ManualSink:
    """Plays only when told to, in seconds."""

    def __init__(self, name: str = "overlay", *, is_open: bool = True, has_sound: bool = True) -> None:
        self.name = name
        self.has_sound = has_sound
        self.is_open = is_open
        self.is_paused = False
        self.volume = 1.0
        self.queue: deque[Clip] = deque()
        self._heard: dict[str, float] = {}
        self._listener: SinkListener | None = None

    def listen(self, listener: SinkListener) -> None:
        self._listener = listener

    def play(self, clip: Clip) -> None:
        self.queue.append(clip)

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def cut(self) -> None:
        self.queue.clear()
        self.is_paused = False

    def seconds_heard(self, clip: Clip) -> float:
        return self._heard.get(clip.id, 0.0)

    def set_volume(self, volume: float) -> None:
        self.volume = volume

    def advance(self, seconds: float) -> None:
        """Let time pass for the ears, and report."""
        assert self._listener is not None
        while seconds > 1e-9 and self.queue and not self.is_paused:
            clip = self.queue[0]
            before = self._heard.get(clip.id, 0.0)
            if not before:
                self._listener.started(self, clip)
            step = min(seconds, clip.duration - before)
            self._heard[clip.id] = before + step
            seconds -= step
            if before + step >= clip.duration - 1e-9 and self.queue and self.queue[0] is clip:
                self.queue.popleft()
                self._listener.ended(self, clip)

    def set_open(self, is_open: bool) -> None:
        assert self._listener is not None
        self.is_open = is_open
        self.queue.clear()
        self._listener.changed(self)


class Library:
    """Makes a clip of a second for each address; `slow` ones only when they are let go, `bad` ones never."""

    def __init__(self) -> None:
        self.slow: dict[str, asyncio.Event] = {}
        self.bad: set[str] = set()
        self.clips: dict[str, Clip] = {}

    async def fetch(self, url: str, message_id: str, text: str) -> Clip:
        if url in self.slow:
            await self.slow[url].wait()
        if url in self.bad:
            raise SpeechError(f"{url} cannot be had")
        clip = Clip(id=f"clip-{url}", message_id=message_id, text=text, pcm=SECOND)
        self.clips[url] = clip
        return clip


assert len(SECOND) == 2 * RATE * FRAME * 50
