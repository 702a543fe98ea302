"""Why nobody hears the companion although somebody should: told once, with the way out, as soon as it lasts."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from typing import Final

from relay.application.audio import SilentAudio
from relay.commands.explaining import Halt
from relay.config.loading import Config
from relay.system.periodic import until_multiple_of
from relay.wire import server, services
from relay.wire.messages import WireMessage

LASTS: Final = 15.0
"""Seconds after which a reason counts: OBS takes its time to open a page, and one that is opened anew is soon back."""
LOOK_EVERY: Final = 5.0
SILENT: Final = "Silent: "
"""What a line of the status begins with that tells a reason."""

_HALTS: Final = {
    Halt.PAUSED: "a moderator has paused it; `relay ctl resume` goes on",
    Halt.OFF_STREAM: "nothing is streamed in OBS, and obs.quiet_off_stream is on",
    Halt.QUIET_HOURS: "these are quiet hours; `relay ctl quiet off` ends them",
}

log = logging.getLogger(__name__)


class Silence:
    """Looks at all that can keep the companion from being read or heard."""

    def __init__(
        self,
        config: Config,
        audio: SilentAudio,
        *,
        halt: Callable[[], Halt | None],
        volume: Callable[[], float | None],
    ) -> None:
        """`halt` is why nothing is told to the companion, `volume` what moderators have set."""
        self._config = config
        self._audio = audio
        self._halt = halt
        self._volume = volume
        self._answer_failed: str | None = None
        self._voice_failed: str | None = None
        self._since: dict[str, float] = {}
        self._told: set[str] = set()

    def adopt(self, config: Config) -> None:
        """Go by these settings from now on."""
        self._config = config

    def hear(self, message: WireMessage) -> None:
        """Whether answers and their voice work is seen from what Voxta says."""
        match message:
            case server.ErrorMessage() if message.service_name == services.VOICE:
                self._voice_failed = message.message
            case server.ChatSessionError() if message.service_name != services.SCRIPTS:
                self._answer_failed = message.message
            case server.ReplyChunk():
                self._answer_failed = None
                if message.audio_url:
                    self._voice_failed = None

    def reasons(self) -> list[str]:
        """All there are now, each with what to do about it."""
        return list(self._reasons())

    def _reasons(self) -> Iterator[str]:
        if (halt := self._halt()) in _HALTS:
            yield _HALTS[halt]
        if self._answer_failed is not None:
            yield f"it could not answer: {self._answer_failed}; `relay check` tells more"
        if self._config.speech.enabled:
            yield from self._unheard()

    def _unheard(self) -> Iterator[str]:
        """Why answers are text alone although they are to be spoken."""
        config, set_to = self._config, self._volume()
        if config.voxta.mode == "embedded" and config.companion.speech == "none":
            yield 'it has no voice, so its answers are text: set companion.speech to "espeak" or "openai"'
        elif self._voice_failed is not None:
            yield f"its voice fails, so its answers are text: {self._voice_failed}"
        elif where := self._audio.unheard():
            yield f"it is heard nowhere, so its answers are text: {where}"
        if set_to == 0:
            yield "its volume is 0; `relay ctl volume reset` undoes that"
        elif set_to is None and config.speech.volume == 0:
            yield "its volume is 0: set speech.volume to 1"

    def look(self, now: float) -> None:
        """Write into the log what has begun to last and what is over, each once; `now` in seconds."""
        reasons = self.reasons()
        self._since = {reason: self._since.get(reason, now) for reason in reasons}
        for reason, since in self._since.items():
            if now - since >= LASTS and reason not in self._told:
                self._told.add(reason)
                log.warning("The companion is silent: %s", reason)
        for reason in self._told.difference(reasons):
            self._told.discard(reason)
            log.info("No longer so: %s", reason)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look(time.monotonic())
            await asyncio.sleep(until_multiple_of(LOOK_EVERY))
