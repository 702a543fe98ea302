"""Where the companion is heard, and who besides Voxta tells that people talk: built as configured."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from relay.config.loading import Config
from relay.model import Talker
from relay.obs import ObsMicrophone
from relay.speech.base import Sink
from relay.speech.mixer import Mixer
from relay.speech.voice import Voice
from relay.voxta.audio import SpeechSource
from relay.web.overlay.sink import OverlaySink

if TYPE_CHECKING:  # discord.py takes its time to load, and not everybody needs it
    from relay.platforms.discord.commands import Command
    from relay.platforms.discord.hearing.ears import Ears
    from relay.platforms.discord.voice.session import DiscordVoice


class SilentAudio:
    """A silent one: the companion is not heard, and nobody is listened to."""

    @property
    def hearing(self) -> SpeechSource | None:
        """What people say, for Voxta to listen to; None when nobody is heard."""
        return None

    def open(self, voice: Voice) -> Sequence[Sink]:
        """Connect to the companion's voice: people who talk are told to it. Its sinks, the one that leads first."""
        return ()

    def lines(self) -> list[str]:
        """How it is, for people."""
        return []

    def people(self) -> list[str]:
        """The names of those who hear the companion in a voice channel."""
        return []

    def talked_since(self, at: float) -> list[Talker]:
        """Who talked in the voice channel after that moment of the monotonic clock."""
        return []

    def effect(self, name: str) -> bool:
        """Play one of the streamer's sounds in the overlay. Whether any page plays it."""
        return False

    async def run(self) -> None:
        """Listen until cancelled."""
        await asyncio.Event().wait()


class LiveAudio(SilentAudio):
    """The overlay, the Discord voice channel and the microphone in OBS, as far as the settings want them."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._hearing = Mixer()
        self._listens = config.discord.enabled and config.voice.listen_to != "nobody"
        self._ears: Ears | None = None
        self._microphone: ObsMicrophone | None = None
        self._voice: Voice | None = None
        self.discord: DiscordVoice | None = None
        """The companion in Discord's voice channels; None when it neither speaks nor listens there."""
        self.overlay = OverlaySink()

    @property
    def hearing(self) -> SpeechSource | None:
        return self._hearing if self._listens else None

    def open(self, voice: Voice) -> Sequence[Sink]:
        self._voice = voice
        config = self._config
        sinks: dict[str, Sink] = {"overlay": self.overlay}
        if self._listens or (config.discord.enabled and self._wants("discord")):
            self.discord = self._enter_discord(voice)
            sinks["discord"] = self.discord.sink
        if config.obs.enabled:
            self._microphone = ObsMicrophone(config.obs, voice)
        return [sinks[name] for name in config.speech.sinks if name in sinks and self._wants(name)]

    def commands(self) -> "Sequence[Command]":
        """What Discord offers besides, when people have to ask to be heard."""
        from relay.platforms.discord.hearing.permissions import talk_command

        return [talk_command(self._ears.audience)] if self._ears is not None and self._config.voice.push_to_talk else []

    def lines(self) -> list[str]:
        lines = [f"OBS: {self._microphone.health()}"] if self._microphone is not None else []
        if self._ears is not None and (trouble := self._ears.health()):
            lines.append(f"Listening: {trouble}")
        if self._wants("overlay"):
            lines.append(f"Overlay: {'open' if self.overlay.is_open else 'no page is open'}")
        return lines

    def effect(self, name: str) -> bool:
        return self.overlay.effect(name)

    def people(self) -> list[str]:
        return self.discord.people() if self.discord is not None else []

    def talked_since(self, at: float) -> list[Talker]:
        if self._voice is None or self.discord is None:
            return []
        speakers = [speaker.partition(":") for speaker in self._voice.talked_since(at)]
        return [self.discord.talker(int(who)) for source, _, who in speakers if source == "voice"]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            if self._ears is not None:
                tasks.create_task(self._ears.run(), name="ears")
            if self._microphone is not None:
                tasks.create_task(self._microphone.run(), name="microphone")
            await asyncio.Event().wait()

    def _wants(self, sink: str) -> bool:
        return self._config.speech.enabled and sink in self._config.speech.sinks

    def _enter_discord(self, voice: Voice) -> "DiscordVoice":
        from relay.platforms.discord.hearing.ears import Ears
        from relay.platforms.discord.voice.session import DiscordVoice

        settings = self._config.voice
        if not self._listens:
            return DiscordVoice(settings)
        self._ears = Ears(settings, on_onset=self._fall_silent(voice), speakers=voice, feed=self._hearing.feed)
        return DiscordVoice(settings, cls=self._ears.client)

    def _fall_silent(self, voice: Voice) -> Callable[[int], None]:
        """For the thread that hears people: it silences the companion before anybody else knows."""

        def fall_silent(_: int) -> None:
            if voice.may_pause and self.discord is not None:
                self.discord.sink.pause()

        return fall_silent
