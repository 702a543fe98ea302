"""The companion in Discord's voice channels: speaking there, and hearing people where it may."""

import asyncio
from collections.abc import Collection

from relay.config import VoiceSection
from relay.model import Talker
from relay.platforms.discord.hearing.ears import Ears
from relay.platforms.discord.voice.choosing import CompanionVoice
from relay.platforms.discord.voice.session import DiscordVoice
from relay.platforms.discord.voice.sink import DiscordSink
from relay.platforms.voice import Listener, VoiceChannels


class DiscordAudio:
    """Implements VoiceChannels."""

    def __init__(self, settings: VoiceSection, listener: Listener | None) -> None:
        self.ears: Ears | None = None
        """None when nobody is heard."""
        if listener is None:
            self.voice = DiscordVoice(settings)
        else:
            self.ears = Ears(settings, on_onset=self._fall_silent, listener=listener)
            self.voice = DiscordVoice(settings, cls=self.ears.client)
            if listener.echoes is not None:
                listener.echoes.follow(self.voice.sink.played)
        self._listener = listener
        self._has_talk = settings.push_to_talk

    @property
    def sink(self) -> DiscordSink:
        return self.voice.sink

    def of(self, name: str = "", channels: Collection[str] = ()) -> CompanionVoice:
        """The voice of the companion of that name, with these channels, for commands."""
        return CompanionVoice(self.voice, self.ears.audience if self.ears and self._has_talk else None, name, channels)

    def people(self) -> list[str]:
        return self.voice.people()

    def talker(self, who: str) -> Talker:
        return self.voice.talker(int(who))

    def trouble(self) -> str | None:
        return self.ears.health() if self.ears is not None else None

    async def run(self) -> None:
        if self.ears is not None:
            await self.ears.run()
        await asyncio.Event().wait()

    def _fall_silent(self, _: int) -> None:
        """In the thread that hears people: silences the companion before anybody else knows."""
        if self._listener is not None and self._listener.may_pause():
            self.sink.pause()


_: type[VoiceChannels] = DiscordAudio
