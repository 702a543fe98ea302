"""The companion's voice, and what people say to Voxta: built as the settings and the booth want them."""

from collections.abc import Coroutine, Iterator
from typing import Any, Final

from relay.application.audio import SilentAudio
from relay.application.connect import key_of, own_voice
from relay.application.events import Events
from relay.config.loading import Config
from relay.forwarding.recognised import RecognisedSpeech
from relay.replies.replies import Replies
from relay.replies.screening import Screening
from relay.speech.clips import Clips
from relay.speech.floor import Floor
from relay.speech.playback import Playback
from relay.speech.voice import Voice
from relay.system.periodic import repeat
from relay.voxta.audio import AudioInput
from relay.voxta.link import Link

AGAIN: Final = 1.0
"""Seconds after which a room that others can do without begins anew, when a mistake of ours has ended it."""


class Sound:
    """Both ways. `record` is told whether Voxta wants to hear people."""

    def __init__(
        self,
        config: Config,
        url: str,
        *,
        session: Link,
        floor: Floor,
        replies: Replies,
        screening: Screening,
        audio: SilentAudio,
        events: Events,
    ) -> None:
        """`url` is where Voxta is."""
        self._session = session
        self._audio = audio
        cookies = session.cookies
        self._clips = Clips(config.speech, key_of(config), url, cookies=cookies, voice=own_voice(config))
        playback = Playback(self._clips.fetch)
        self.voice = Voice(
            config.floor,
            floor=floor,
            playback=playback,
            replies=replies,
            voxta=session,
            over=screening.over,
            changed=events.changed,
            plays=config.speech.enabled,
        )
        playback.play_on(audio.open(self.voice))
        playback.set_volume(config.speech.volume)
        self._input: AudioInput | None = None
        self._spoken: RecognisedSpeech | None = None
        if audio.hearing is not None:
            self._input = AudioInput(key_of(config), audio.hearing, url=url, cookies=cookies)
            self._spoken = RecognisedSpeech(
                session, self._input, audio, floor=floor, asking=events.asking, freed=events.changed
            )
            events.received.subscribe(self._spoken.hear)

    def record(self, wanted: bool) -> None:
        """Voxta wants to hear people, or does not."""
        chat = self._session.chat
        if self._input is not None:
            self._input.request(wanted and chat is not None, chat.session_id if chat is not None else "")

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        yield "clips", self._clips.run()
        yield "voice", self.voice.run()
        yield "booth", repeat(self._audio.run, AGAIN, "listening beside Voxta")
        if self._input is not None:
            yield "audio input", repeat(self._input.run, AGAIN, "sending what people say")
        if self._spoken is not None:
            yield "spoken words", repeat(self._spoken.run, AGAIN, "telling what people said")
