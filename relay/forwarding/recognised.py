"""What people say aloud: Voxta only reports what it recognised; whoever streamed the sound to it sends the words."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from relay.errors import RenderingError, VoxtaError, VoxtaUnavailable
from relay.forwarding.rendering import TEXT_LIMIT, at_once, spoken_line
from relay.model import Forward, Talker
from relay.speech.floor import Floor
from relay.text.sanitise import sanitise
from relay.voxta.chat import JoinedChat
from relay.voxta.link import Link
from relay.wire import server
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

LAG: Final = 3.0
"""Seconds that may pass from the last sound of a short utterance to Voxta's word that somebody speaks."""
CAPACITY: Final = 16
"""Utterances that wait to be sent, at most; people do not talk that fast."""


class Company(Protocol):
    """Knows the people in the voice channel."""

    def talked_since(self, at: float) -> list[Talker]:
        """Those who talked after that moment of the monotonic clock."""
        ...


class Ear(Protocol):
    """Our stream of sound to Voxta."""

    @property
    def is_open(self) -> bool:
        """Whether Voxta hears it now."""
        ...


@dataclass(frozen=True)
class _Utterance:
    text: str
    talker: Talker | None
    """None when it is not known which of several it was."""
    chat: JoinedChat


class RecognisedSpeech:
    """Sends what was recognised in our stream, once and in the order heard. `run` sends until cancelled."""

    def __init__(
        self,
        link: Link,
        ear: Ear,
        company: Company,
        *,
        floor: Floor,
        asking: Callable[[Forward], None],
        freed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`asking` hears of each before it is sent; `freed` is called when the floor is free as Voxta took none."""
        self._link = link
        self._ear = ear
        self._company = company
        self._floor = floor
        self._asking = asking
        self._freed = freed
        self._clock = clock
        self._began = self._ended = float("-inf")
        self._is_open = False
        self._utterances: asyncio.Queue[_Utterance] = asyncio.Queue(CAPACITY)

    def hear(self, message: WireMessage) -> None:
        """Take one message from Voxta; returns at once."""
        match message:
            case server.SpeechRecognitionStart():
                self._began, self._is_open = self._clock() - LAG, self._ear.is_open
            case server.SpeechRecognitionEnd():
                self._end((message.text or "").strip())

    def _end(self, text: str) -> None:
        # a stream that Voxta has just closed was still the one it recognised
        was_open, self._is_open = self._is_open or self._ear.is_open, False
        talkers = self._talkers()
        self._ended = self._clock()
        chat = self._link.chat
        if not text or not was_open or not talkers or chat is None:
            return  # what others streamed is theirs to send
        if self._utterances.full():
            log.warning("What was said aloud does not reach the character: Voxta takes too long")
        else:
            self._utterances.put_nowait(_Utterance(text, talkers[0] if len(talkers) == 1 else None, chat))

    def _talkers(self) -> list[Talker]:
        """Who may have said what ends now. A word said before the utterance before it was understood is old news."""
        since = self._company.talked_since
        return since(max(self._began, self._ended)) or since(self._began)

    async def run(self) -> None:
        while True:
            utterance = await self._utterances.get()
            try:
                await self._send(utterance)
            except VoxtaUnavailable as error:
                log.warning("What was said aloud may not have reached the character: %s", error)
            except (VoxtaError, RenderingError) as error:
                log.warning("What was said aloud does not reach the character: %s", error)

    async def _send(self, utterance: _Utterance) -> None:
        forward = _rendered(utterance)
        await ask_at_once(forward, self._link, self._floor, asking=self._asking, freed=self._freed, clock=self._clock)


async def ask_at_once(
    forward: Forward,
    link: Link,
    floor: Floor,
    *,
    asking: Callable[[Forward], None],
    freed: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Send what will be answered and was in no queue. Raises VoxtaError, and the floor is free then."""
    floor.asked(clock())
    asking(forward)
    try:
        await link.send(forward)
    except VoxtaError:
        floor.released()
        freed()
        raise


def _rendered(utterance: _Utterance) -> Forward:
    """The streamer's words as they are, others' with their name. Raises RenderingError."""
    talker, text = utterance.talker, sanitise(utterance.text, TEXT_LIMIT)
    is_streamers = talker is not None and talker.is_streamer
    if not text or talker is None or is_streamers:
        return at_once(text, utterance.chat, is_streamers=is_streamers)
    return at_once(spoken_line(text, utterance.chat, talker.name, "voice"), utterance.chat)
