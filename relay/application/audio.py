"""Where the companion is heard, and who besides Voxta tells that people talk: built as configured."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from relay.application.conditions import Condition, State
from relay.application.voice_places import (
    is_in_voice,
    listens_to_people,
    nobody_understands,
    speaks_at,
    voice_platform,
)
from relay.config.loading import Config
from relay.hearing.base import Hearer
from relay.hearing.one_stream import OneStream
from relay.hearing.recognition.build import recogniser_for
from relay.hearing.separate_voices import SeparateVoices
from relay.hearing.turns import patience
from relay.model import Talker
from relay.obs import BrowserSources, ObsClient, ObsMicrophone, ObsProgram
from relay.platforms.info import PlatformInfo
from relay.platforms.voice import Listener, VoiceChannels
from relay.speech.base import Sink
from relay.speech.chime import chime
from relay.speech.floor import STREAMER
from relay.speech.voice import Voice
from relay.text.for_pages import for_pages
from relay.web.overlay.messages import Pose, PoseState
from relay.web.overlay.sink import OverlaySink

if TYPE_CHECKING:
    from relay.hearing.echo import Echoes

_VOXTAS_EAR: Final = for_pages(
    'Choose a service for speech recognition in Voxta, or set hearing.through to "openai" or "local" in the settings.'
)

EnterVoice = Callable[[PlatformInfo[Any], Listener | None], VoiceChannels]
"""Has the companion in a platform's voice channels."""


class SilentAudio:
    """A silent one: the companion is not heard, and nobody is listened to."""

    @property
    def hearing(self) -> OneStream | None:
        """What people say, for Voxta to listen to; None where it need not."""
        return None

    @property
    def place(self) -> str:
        """The platform in whose voice channels people are heard; "" when nobody is."""
        return ""

    def tell(self, hearer: Hearer, muted: Callable[[], Collection[str]]) -> None:
        """What people say is for this one, from now on; who is `muted` is not heard. Called before `run`."""

    def open(self, voice: Voice) -> Sequence[Sink]:
        """Connect to the companion's voice: people who talk are told to it. Its sinks, the one that leads first."""
        return ()

    def lines(self) -> list[str]:
        """How it is, for people."""
        return [*(each.line for each in self.conditions() if each.text), *self.remarks()]

    def conditions(self) -> list[Condition]:
        """How each connection of its own is, for people."""
        return []

    def remarks(self) -> list[str]:
        """Advice that is about none of them."""
        return []

    def talker(self, speaker: str) -> Talker:
        """Who an external speaker is."""
        source, _, who = speaker.partition(":")
        is_streamer = source in (STREAMER, "microphone")
        return Talker(name=who or source, is_streamer=is_streamer)

    def unheard(self) -> str | None:
        """Where the companion is heard by nobody although it is to be, and what to do; None when it is heard."""
        return None

    def people(self) -> list[str]:
        """The names of those who hear the companion in a voice channel."""
        return []

    def confirm(self) -> None:
        """Let it be heard that what somebody said was understood as an order."""

    def effect(self, name: str) -> bool:
        """Play one of the streamer's sounds in the overlay. Whether any page plays it."""
        return False

    def subtitle(self, name: str, text: str) -> None:
        """Show what somebody said in the overlay."""

    def pose(self, state: PoseState, mood: str, is_open: bool) -> None:
        """Show another picture of the companion in the overlay."""

    def scene(self) -> str | None:
        """The scene OBS shows; None when it is not known."""
        return None

    @property
    def is_quiet(self) -> bool:
        """Whether the companion is to be quiet, since nothing is streamed."""
        return False

    async def run(self) -> None:
        """Listen until cancelled."""
        await asyncio.Event().wait()


class LiveAudio(SilentAudio):
    """The overlay, a platform's voice channels and the microphone in OBS, as far as the settings want them."""

    def __init__(self, config: Config, enter: EnterVoice | None = None) -> None:
        """`enter` where another process is in voice channels."""
        self._config = config
        self._enter = enter or self._enter_here
        self._with_voice = voice_platform(config)
        self._listens = listens_to_people(config)
        self._nobody_understands = nobody_understands(config)
        self.voices = self._ear() if self._listens else None
        """Takes what people say; None when nobody is heard."""
        self.echoes: Echoes | None = None
        """What of the companion's own voice people send back; None when nobody looks for it."""
        self._muted: Callable[[], Collection[str]] = frozenset
        self._obs: ObsClient | None = None
        self._program = ObsProgram(self._program_changed, quiet_off_stream=config.obs.quiet_off_stream)
        self._voice: Voice | None = None
        self.streamers_microphone: ObsMicrophone | None = None
        """The streamer's, as OBS hears it; None when OBS is not asked for any."""
        self.channels: VoiceChannels | None = None
        """The companion in voice channels; None when it neither speaks nor listens there."""
        self.overlay = OverlaySink()
        self._sinks: dict[str, Sink] = {}

    @property
    def hearing(self) -> OneStream | None:
        return self.voices if isinstance(self.voices, OneStream) else None

    @property
    def place(self) -> str:
        return self._with_voice.name if self._listens and self._with_voice is not None else ""

    def tell(self, hearer: Hearer, muted: Callable[[], Collection[str]]) -> None:
        self._muted = muted
        if (ear := self.hearing or self.voices) is not None:
            ear.hearer = hearer

    def open(self, voice: Voice) -> Sequence[Sink]:
        self._voice = voice
        config = self._config
        sinks: dict[str, Sink] = {"overlay": self.overlay}
        if self._with_voice is not None and is_in_voice(config, self._with_voice):
            listener = self._listener(voice, self.voices) if self.voices is not None else None
            self.channels = self._enter(self._with_voice, listener)
            sinks[self._with_voice.name] = self.channels.sink
        if config.obs.enabled:
            sources = BrowserSources(config.web.addresses, opened=lambda: self.overlay.pages, muted=self.overlay.mute)
            microphone = ObsMicrophone(config.obs, voice)
            self.streamers_microphone = microphone if config.obs.inputs else None
            self._obs = ObsClient(config.obs, [microphone, self._program, sources])
        self._sinks = {name: sinks[name] for name in config.speech.sinks if name in sinks and self._wants(name)}
        return list(self._sinks.values())

    def channels_of(self, platform: str) -> VoiceChannels | None:
        """The companion in the voice channels of that platform, if it is there."""
        return self.channels if self._with_voice is not None and self._with_voice.name == platform else None

    def remarks(self) -> list[str]:
        if self.echoes is None or not (heard := self.echoes.loudspeakers()):
            return []
        names = ", ".join(self.talker(who).name for who in heard)
        return [f"Echo: {names} hear the companion by loudspeakers; headphones help"]

    def conditions(self) -> list[Condition]:
        found: list[Condition] = []
        state: State
        if (obs := self._obs) is not None:
            state = "problem" if obs.needs_person else "ok" if obs.is_connected else "busy"
            found.append(Condition("obs", "OBS", state, obs.health()))
        if self._wants("overlay"):
            state = "ok" if self.overlay.is_open else "problem"
            found.append(Condition("overlay", "Overlay", state, self.overlay.condition()))
        if self.channels is not None and self._with_voice is not None:
            trouble = self.channels.trouble()
            label = for_pages(f"{self._with_voice.label} voice")
            found.append(Condition("voice", label, "problem" if trouble else "ok", trouble or ""))
        if self._listens:
            problem, fix = self._not_understood() or ("", "")
            found.append(Condition("hearing", "Hearing", "problem" if problem else "ok", problem, fix))
        return found

    def _not_understood(self) -> tuple[str, str] | None:
        """Why people are heard and make no text, and what to do where that does not say it; None when all is well."""
        if self._nobody_understands or self.voices is None or not self.voices.problem:
            return self._nobody_understands
        return self.voices.problem, _VOXTAS_EAR if self.hearing is not None else ""

    def talker(self, speaker: str) -> Talker:
        source, _, who = speaker.partition(":")
        return self.channels.talker(who) if source == "voice" and self.channels is not None else super().talker(speaker)

    def unheard(self) -> str | None:
        wanted = self._sinks.items()
        if not wanted or any(self._plays(sink) for _, sink in wanted):
            return None
        return "; ".join(
            self.overlay.remedy(self._config.web.address)
            if sink is self.overlay
            else f"nobody is in {name}'s voice channel"
            for name, sink in self._sinks.items()
        )

    def _plays(self, sink: Sink) -> bool:
        return self.overlay.has_sound if sink is self.overlay else sink.is_open

    def confirm(self) -> None:
        sound = chime()
        for sink in self._sinks.values():
            if sink.is_open:
                sink.play(sound)

    def effect(self, name: str) -> bool:
        return self.overlay.effect(name)

    def pose(self, state: PoseState, mood: str, is_open: bool) -> None:
        self.overlay.pose(Pose(state=state, mood=mood, open=is_open))

    def subtitle(self, name: str, text: str) -> None:
        self.overlay.subtitle(name, text)

    def people(self) -> list[str]:
        return self.channels.people() if self.channels is not None else []

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            if self.channels is not None:
                tasks.create_task(self.channels.run(), name="ears")
            if (ear := self.hearing or self.voices) is not None:
                tasks.create_task(ear.run(), name="spoken words")
            if self._obs is not None:
                tasks.create_task(self._obs.run(), name="obs")
            await asyncio.Event().wait()

    def scene(self) -> str | None:
        return self._program.scene

    @property
    def is_quiet(self) -> bool:
        return self._config.obs.enabled and self._program.is_quiet

    def _program_changed(self) -> None:
        if self._voice is not None:
            if self.is_quiet:
                self._voice.silence()
            self._voice.look()

    def _wants(self, sink: str) -> bool:
        return speaks_at(self._config, sink)

    def _ear(self) -> SeparateVoices | OneStream:
        hearing = self._config.hearing
        recogniser = recogniser_for(hearing, self._config.models_folder)
        return OneStream() if recogniser is None else SeparateVoices(recogniser, language=hearing.language)

    def _enter_here(self, platform: PlatformInfo[Any], listener: Listener | None) -> VoiceChannels:
        assert platform.voice is not None
        return platform.voice(self._config.voice, listener)

    def _listener(self, voice: Voice, voices: SeparateVoices | OneStream) -> Listener:
        hearing = self._config.hearing
        if hearing.echo:
            from relay.hearing.echo import Echoes  # only where people are heard: it computes with numpy

            self.echoes = Echoes(*[self.overlay.played] if self._wants("overlay") else [])
        return Listener(
            voice,
            voices,
            may_pause=lambda: voice.may_pause,
            settings=hearing,
            ends_after=lambda who: patience(voices.so_far(who), hearing.language, hearing),
            echoes=self.echoes,
            muted=lambda: self._muted(),
        )
