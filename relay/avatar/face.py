"""The model's mouth while something is heard, and its expression while a reply lasts. Still when it is quiet."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from relay.avatar.client import VTubeStudio
from relay.avatar.expressions import Expressions
from relay.avatar.lip_shapes import CLOSED, VOWELS, LipShape
from relay.avatar.mouth import Mouth
from relay.config import VTubeStudioSection
from relay.replies.reply import Reply, Sentence
from relay.speech.playback import Playback

FRAME: Final = 1 / 30
"""Seconds between two movements; the model is drawn more often and smooths what is between them."""
AWAKE_EVERY: Final = 0.5
"""Seconds between two signs of life where nothing moves; VTube Studio forgets them after one."""


class Face:
    """Hears of the speech as a PlaybackListener. `changed` is to be called whenever it may have begun or ended."""

    def __init__(
        self,
        settings: VTubeStudioSection,
        playback: Playback,
        studio: VTubeStudio,
        *,
        loudness: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`loudness` in LUFS is that of all clips."""
        self._settings = settings
        self._playback = playback
        self._studio = studio
        self._expressions = Expressions(settings, studio)
        self._mouth = Mouth(playback, loudness)
        self._clock = clock
        self._news = asyncio.Event()
        self._shape = CLOSED
        """What the model shows."""
        self._spoke_at = float("-inf")
        playback.listen(self)
        studio.on_connected(self._news.set)

    def sentence_began(self, sentence: Sentence, duration: float) -> None:
        """See PlaybackListener."""
        if duration and sentence.affect:
            self._expressions.want(sentence.affect)
        self._news.set()

    def reply_heard(self, reply: Reply) -> None:
        """See PlaybackListener."""

    def changed(self) -> None:
        """Look at once whether something is heard."""
        if (self._playback.sounding is None) is (self._shape is not CLOSED):
            self._news.set()

    async def run(self) -> None:
        """Move until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._expressions.run())
            tasks.create_task(self._keep_moving())

    async def _keep_moving(self) -> None:
        while True:
            self._news.clear()
            await self._move(self._shape_now())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest()):
                    await self._news.wait()
            self._relax_when_quiet()

    def _rest(self) -> float | None:
        """Seconds until the next look, unless something happens before; None for until then."""
        if self._playback.sounding is not None:
            return FRAME
        if self._settings.keep_awake:
            return AWAKE_EVERY
        return self._settings.linger if self._expressions.is_wanted else None

    def _relax_when_quiet(self) -> None:
        is_quiet = self._expressions.is_wanted and not self._playback.is_busy
        if is_quiet and self._clock() - self._spoke_at >= self._settings.linger:
            self._expressions.want("")

    def _shape_now(self) -> LipShape:
        now = self._clock()
        if self._playback.sounding is not None:
            self._spoke_at = now
        return self._mouth.shape(now)

    async def _move(self, shape: LipShape) -> None:
        """Set the mouth. One that is closed and stays so is told once, or as often as keeps the model awake."""
        if shape is CLOSED and self._shape is CLOSED and not self._settings.keep_awake:
            return
        self._shape = shape
        await self._studio.move(_values(shape))


def _values(shape: LipShape) -> dict[str, float]:
    """What VTube Studio's inputs are set to; each is from 0 to 1."""
    opening, width = shape.opening, shape.width
    vowels = {f"Voice{vowel}": amount for vowel, amount in zip(VOWELS, shape.vowels, strict=True)}
    return vowels | {
        "MouthOpen": opening,
        "VoiceVolume": opening,
        "VoiceVolumePlusMouthOpen": opening,
        "MouthSmile": width,
        "VoiceFrequency": width,
        "VoiceFrequencyPlusMouthSmile": width,
        "VoiceSilence": 1.0 - opening,
    }
