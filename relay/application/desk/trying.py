"""Trying things out without an audience: a sentence of the streamer, the microphone, and whether anybody hears it."""

import asyncio
import math
import time
from collections.abc import Iterator
from typing import Any, Final

from pydantic import Field

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk.playing import RecordingPlayer
from relay.application.desk.pretending import pretence_actions
from relay.application.interjecting import fall_silent, interject, until
from relay.config.loading import Config
from relay.errors import VoxtaUnavailable
from relay.forwarding.rendering import TEXT_LIMIT, at_once
from relay.model import Caller, Role
from relay.text.for_pages import for_pages
from relay.text.sanitise import sanitise
from relay.web.desk.actions import DeskAction, DeskError, Fields
from relay.web.desk.topics import Topic

EVERY: Final = 0.1
"""Seconds between two looks at the level, so that a meter moves."""
SILENT: Final = -90.0
"""dBFS of what is shown as silence."""
HEARD_WITHIN: Final = 15.0
"""Seconds from asking for a sentence to its sound; a voice may have to be loaded first."""
OTHERS_WITHIN: Final = 0.5
"""Seconds other places may be later than the first one."""
SENTENCE: Final = "Hello! If you can hear this, everything is set up."


class SentenceToSay(Fields):
    text: str = Field(min_length=1, max_length=500, description="what the streamer says")


class Loudness(Fields):
    decibels: float = Field(ge=-80, le=0, allow_inf_nan=False, description="dBFS from which on somebody talks")


class Spoken(Fields):
    text: str = Field(SENTENCE, min_length=1, max_length=200, description="what the companion says")


class Trying:
    """What the view shows, and what can be done there. `player` has to run."""

    def __init__(self, config: Config, relay: Relay, audio: LiveAudio) -> None:
        self._relay = relay
        self._audio = audio
        self._config = config
        self.topic = Topic("try", self.state, time.monotonic, every=EVERY, mark=self.state)
        self.player = RecordingPlayer(relay, lambda: None)

    def actions(self) -> Iterator[DeskAction[Any]]:
        yield from pretence_actions(self._relay)
        yield from self.player.actions()
        yield DeskAction("say", "Tell the companion something as the streamer", SentenceToSay, self._say, Role.STREAMER)
        yield DeskAction("threshold", "How loud the microphone has to be", Loudness, self._set_threshold, Role.STREAMER)
        yield DeskAction("speak", "Have a sentence said, and find out where it is heard", Spoken, self._speak)

    def state(self) -> dict[str, object]:
        config, overlay = self._config, self._audio.overlay
        return {
            "character": bool(self._relay.session.chat),
            "rewards": self._relay.commands.gate.table.rewards.names,
            "microphone": self._microphone(),
            "speech": {
                "is_on": config.speech.enabled,
                "sinks": list(config.speech.sinks),
                "overlay": overlay.condition(),
            },
            "recording": self.player.state(),
        }

    def _microphone(self) -> dict[str, object] | None:
        microphone = self._audio.streamers_microphone
        if microphone is None:
            return None
        levels, talking = microphone.levels(), self._relay.floor.speakers(time.monotonic())
        return {
            "threshold": microphone.threshold,
            "configured": self._config.obs.threshold,
            "problem": "" if levels else microphone.health(),
            "inputs": [
                {"name": name, "level": decibels(level), "talks": f"microphone:{name}" in talking}
                for name, level in levels.items()
            ],
        }

    async def _say(self, given: SentenceToSay, by: Caller) -> str:
        """It goes to Voxta as words of the user's own, and the companion is interrupted for them."""
        relay = self._relay
        text = sanitise(given.text, TEXT_LIMIT)
        await relay.controls.note(by, f"say {text}")
        await fall_silent(relay)
        if (chat := relay.session.chat) is None:
            raise VoxtaUnavailable(relay.session.problem or "no chat is joined")
        await interject(relay, at_once(text, chat, is_streamers=True))
        return for_pages("Said.")

    async def _set_threshold(self, given: Loudness, by: Caller) -> dict[str, object]:
        microphone = self._audio.streamers_microphone
        if microphone is None:
            raise DeskError(
                "unavailable", "no microphone is watched: set obs.enabled to true and name it in obs.inputs"
            )
        before, microphone.threshold = microphone.threshold, given.decibels
        await self._relay.controls.note(by, f"threshold {before:g} to {given.decibels:g} dBFS, for this run")
        return {"threshold": given.decibels}

    async def _speak(self, given: Spoken, by: Caller) -> dict[str, object]:
        """Through the whole of it: the character's voice, our playback, and every place where it is to be heard."""
        if not self._config.speech.enabled:
            raise DeskError("unavailable", "speech is off: set speech.enabled to true")
        if self._relay.session.chat is None:
            raise VoxtaUnavailable(self._relay.session.problem or "no chat is joined")
        await self._relay.controls.note(by, f"have said {given.text}")
        heard_at, asked_at = self._relay.voice.playback.heard_at, time.monotonic()
        await self._relay.session.have_said(sanitise(given.text, TEXT_LIMIT))
        if await until(self._relay, lambda: any(at >= asked_at for at in heard_at.values()), HEARD_WITHIN):
            await asyncio.sleep(OTHERS_WITHIN)
        heard = {name for name, at in heard_at.items() if at >= asked_at}
        return {
            "overlay": self._audio.overlay.condition(),
            "sinks": [{"name": name, "played": name in heard} for name in self._config.speech.sinks],
        }


def decibels(level: float) -> float:
    """Of full scale, to a whole one: a meter shows no more."""
    return SILENT if level <= 0 else max(SILENT, float(round(20 * math.log10(level))))
