"""What the character and people say to each other: built as the settings want it."""

from collections.abc import Coroutine, Iterator
from typing import Any

from relay.application.audio import SilentAudio
from relay.application.avatar import Avatar
from relay.application.connect import key_of, own_voice
from relay.application.events import Events
from relay.application.routing import ReplyRouter
from relay.config.loading import Config
from relay.moderation.outbound import Outbound
from relay.replies.replies import Replies
from relay.replies.screening import Screening
from relay.speech.clips import Clips
from relay.speech.floor import Floor
from relay.speech.playback import Playback
from relay.speech.voice import Voice
from relay.system.periodic import AGAIN, repeat
from relay.text.aloud.emotes import Emotes
from relay.voxta.audio import AudioInput
from relay.voxta.link import Link
from relay.wire import server
from relay.wire.messages import WireMessage


class Dialogue:
    """The text and the voice of the character, and the sound of people on its way to Voxta."""

    def __init__(
        self,
        config: Config,
        url: str,
        *,
        outbound: Outbound,
        session: Link,
        floor: Floor,
        audio: SilentAudio,
        events: Events,
        emotes: Emotes,
    ) -> None:
        """`url` is where Voxta is, `outbound` judges what is said, `emotes` learns what people write."""
        self._session = session
        self._audio = audio
        self._volume = self.volume = config.speech.volume
        """How loud it speaks; the first is what is configured."""
        replies, key, cookies = Replies(), key_of(config), session.cookies
        self.replies = replies
        self.screening = Screening(outbound, events.released, hold_for=config.outbound.hold_for)
        events.arrived.subscribe(lambda message: emotes.learn(message.emotes))
        self._clips = Clips(config.speech, key, url, cookies=cookies, voice=own_voice(config, emotes))
        playback = Playback(self._clips.fetch)
        self.voice = Voice(
            config.floor,
            floor=floor,
            playback=playback,
            replies=replies,
            voxta=session,
            over=self.screening.over,
            given_up=events.given_up,
            changed=events.changed,
            plays=config.speech.enabled,
        )
        playback.play_on(audio.open(self.voice))
        self.avatar = Avatar(config, playback, floor, events, audio)
        self.set_volume(None)
        self.router = ReplyRouter(
            replies,
            self.voice,
            self.screening,
            events,
            name_of=self.name_of,
            record=self._record,
            is_known=lambda: audio.hearing is not None and audio.hearing.is_recognised,
        )
        self._input: AudioInput | None = None
        if audio.hearing is not None:
            self._input = AudioInput(key, audio.hearing, url=url, cookies=cookies)
            events.received.subscribe(self._recognise)

    def adopt(self, config: Config) -> None:
        """Use this volume from now on, and hold replies so long."""
        self._volume = config.speech.volume
        self.screening.adopt(hold_for=config.outbound.hold_for)

    def set_volume(self, volume: float | None) -> None:
        """From 0 (silent) over 1 (as it is) to 2, at once; None for what is configured."""
        self.volume = self._volume if volume is None else volume
        self.voice.playback.set_volume(self.volume)

    def name_of(self, sender_id: str | None = None) -> str:
        """The name of a character, the first one's where none is told; "" without a chat."""
        chat = self._session.chat
        return chat.character_name(sender_id) if chat else ""

    @property
    def character(self) -> str | None:
        """The name of the first character that takes part; None when none does."""
        chat = self._session.chat
        return chat.characters[0].name if chat is not None and chat.characters else None

    @property
    def speaker(self) -> str | None:
        """The name of the character that is heard, or is about to be."""
        return next((reply.character for reply in self.replies.voicing()), None)

    def _record(self, wanted: bool) -> None:
        """Voxta wants to hear people, or does not."""
        chat = self._session.chat
        if self._input is not None:
            self._input.request(wanted and chat is not None, chat.session_id if chat is not None else "")

    def _recognise(self, message: WireMessage) -> None:
        """Voxta tells what it understands of our stream, and the stream knows whose turn it was."""
        stream = self._audio.hearing
        assert stream is not None
        match message:
            case server.SpeechRecognitionStart():
                stream.recognition_began()
            case server.SpeechRecognitionPartial():
                stream.recognition_partial(message.text)
            case server.SpeechRecognitionEnd():
                stream.recognition_ended(message.text or "")

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        yield "clips", self._clips.run()
        yield "voice", self.voice.run()
        yield "audio", repeat(self._audio.run, AGAIN, "listening beside Voxta")
        yield from self.avatar.rooms()
        if self._input is not None:
            yield "audio input", repeat(self._input.run, AGAIN, "sending what people say")
