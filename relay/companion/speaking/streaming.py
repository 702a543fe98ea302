"""Speech as a stream of samples, for clients that fetch no clips: the companion plays it to them by itself."""

import asyncio
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from relay.companion.speaking.clips import ADDRESS, Speech
from relay.companion.speaking.replies import CompanionReplies
from relay.companion.speaking.setup import Spawn
from relay.wire import server
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

RATE: Final = 16_000
"""Samples a second; mono, signed 16 bit little-endian."""
BLOCK: Final = 0.1
"""Seconds of sound that go out at once."""
LEAD: Final = 0.3
"""Seconds that the stream is ahead of what is heard, so that a late block leaves no gap."""


@dataclass(frozen=True)
class _End:
    """All of a reply is out."""

    message_id: str


class StreamPlayer:
    """A listener that plays the speech of one chat to one client, as fast as it is heard."""

    plays = True
    records = False

    def __init__(
        self,
        send_sound: Callable[[bytes], None],
        session_id: str,
        replies: CompanionReplies,
        speech: Speech,
        spawn: Spawn,
    ) -> None:
        self._send_sound = send_sound
        self.session_id = session_id
        self._replies = replies
        self._speech = speech
        self._waiting: asyncio.Queue[server.ReplyChunk | _End] = asyncio.Queue()
        self._cut = asyncio.Event()
        """Set where what plays is to end."""
        self._task = spawn(self._play())

    def send(self, message: WireMessage) -> None:
        """Take a message of the chat, as any listener does; returns at once."""
        match message:
            case server.ReplyChunk():
                self._waiting.put_nowait(message)
            case server.ReplyEnd() | server.ReplyCancelled():
                self._waiting.put_nowait(_End(message.message_id))
            case server.InterruptSpeech():
                while not self._waiting.empty():
                    self._waiting.get_nowait()
                self._cut.set()

    def stop(self) -> None:
        """The client is gone, or the chat is closed."""
        self._task.cancel()

    async def _play(self) -> None:
        while True:
            item = await self._waiting.get()
            self._cut.clear()
            if isinstance(item, _End):
                self._replies.speech_completed(item.message_id)
            else:
                await self._play_chunk(item)

    async def _play_chunk(self, chunk: server.ReplyChunk) -> None:
        wav = self._speech.wav((chunk.audio_url or "").removeprefix(f"{ADDRESS}/"))
        pcm = await asyncio.to_thread(samples, wav) if wav else b""
        started = server.SpeechPlaybackStarted(
            session_id=self.session_id,
            message_id=chunk.message_id,
            start_index=chunk.start_index,
            end_index=chunk.end_index,
            duration=len(pcm) / (2 * RATE),
            is_narration=chunk.is_narration,
        )
        if not self._cut.is_set():
            self._replies.speech_started(self, started, chunk.message_id)
            await self._stream(pcm)

    async def _stream(self, pcm: bytes) -> None:
        clock = asyncio.get_running_loop().time
        size, begun = 2 * int(RATE * BLOCK), clock()
        for at in range(0, len(pcm), size):
            if await self._is_cut_until(begun + at / (2 * RATE) - LEAD):
                return
            self._send_sound(pcm[at : at + size])
        await self._is_cut_until(begun + len(pcm) / (2 * RATE))

    async def _is_cut_until(self, moment: float) -> bool:
        """Wait for a moment of the loop's clock; whether the speech was cut off before."""
        try:
            async with asyncio.timeout_at(moment):
                await self._cut.wait()
        except TimeoutError:
            return self._cut.is_set()
        return True


def samples(wav: bytes) -> bytes:
    """The samples of a WAV file, at RATE; none when it cannot be read."""
    import av  # large, and few clients want a stream

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces: list[bytes] = []
    try:
        with av.open(io.BytesIO(wav), mode="r") as container:
            for frame in container.decode(audio=0):
                pieces += [piece.to_ndarray().tobytes() for piece in resampler.resample(frame)]
            pieces += [piece.to_ndarray().tobytes() for piece in resampler.resample(None)]
    except (av.FFmpegError, ValueError, IndexError) as error:
        log.warning("A clip cannot be streamed: %s", error)
    return b"".join(pieces)
