"""A person in a voice channel, as the bot's end of the call gets to hear them."""

import asyncio
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.doubles.discord.voice_rtp import EXTENSION, FRAME, SAMPLES, SILENCE, VIDEO, Cipher, Header, receiver_report


@dataclass(frozen=True)
class Conditions:
    """What the way does to packets, counted from 0 within one utterance."""

    lost: frozenset[int] = frozenset()
    late: frozenset[int] = frozenset()
    """Swapped with the one that follows."""
    doubled: frozenset[int] = frozenset()
    padding: int = 0
    """Bytes of RTP padding on every packet."""
    extension: bytes = EXTENSION
    noise: bool = False
    """Video and RTCP packets, and torn ones, between the others."""


CLEAR = Conditions()


@dataclass
class Ends:
    """The way from a person to the bot; made anew by each connection of the bot."""

    cipher: Cipher
    send: Callable[[bytes], None]
    encrypt: Callable[[bytes], bytes]
    """End to end."""


class VoicePerson:
    """Speaks into the call. Made by `Voice.enter`."""

    def __init__(self, id: str, name: str, announce: Callable[["VoicePerson"], Awaitable[None]]) -> None:
        self.id = id
        self.name = name
        self.ssrc = secrets.randbelow(1 << 24) + (1 << 16)
        self.ends: Ends | None = None
        """None while the bot is not in the call: then nobody hears this person."""
        self.announced = False
        """Whether the bot was told which SSRC is theirs."""
        self._announce = announce
        self._sequence = secrets.randbelow(1 << 16)
        self._began = time.perf_counter()
        self._start = secrets.randbelow(1 << 31)
        self.sent: list[float] = []
        """`time.perf_counter()` at which each packet of the last utterance left, those with silence too."""

    async def speak(self, packets: Sequence[bytes], conditions: Conditions = CLEAR, *, announce: bool = True) -> None:
        """Say Opus packets at the pace of speech, then five of silence; returns when all are on their way.

        With `announce` false, the bot is not told (op 5) whose SSRC it is.
        """
        await self.stream([*packets, *[SILENCE] * 5], conditions, announce=announce)

    async def stream(self, packets: Sequence[bytes], conditions: Conditions = CLEAR, *, announce: bool = True) -> None:
        """Say just these packets; each is asked for when it is its turn, in the thread that sends."""
        if announce and not self.announced:
            await self._announce(self)
        stop = threading.Event()
        try:
            await asyncio.to_thread(self._send_all, packets, conditions, stop)
        finally:
            stop.set()

    def _send_all(self, packets: Sequence[bytes], conditions: Conditions, stop: threading.Event) -> None:
        """In a thread of its own, since the pace has to be exact."""
        begun, self.sent = time.perf_counter(), []
        offset = self._start + round((begun - self._began) / FRAME) * SAMPLES
        for place, sent in enumerate(self._order(len(packets), conditions)):
            if stop.wait(max(0.0, begun + place * FRAME - time.perf_counter())):
                return
            for number in sent:
                self._send(number, packets[number], offset, conditions)
        self._sequence += len(packets)

    def _order(self, count: int, conditions: Conditions) -> list[list[int]]:
        """Which packets leave at each tick."""
        ticks = [[number] for number in range(count)]
        for number in conditions.late:
            if number + 1 < count:
                ticks[number], ticks[number + 1] = [], [number + 1, number]
        return [
            [
                n
                for number in tick
                if number not in conditions.lost
                for n in [number] * (1 + (number in conditions.doubled))
            ]
            for tick in ticks
        ]

    def _send(self, number: int, packet: bytes, offset: int, conditions: Conditions) -> None:
        ends = self.ends
        if ends is None:
            return
        header = Header(self._sequence + number, offset + number * SAMPLES, self.ssrc)
        clear, body = header.write(ends.encrypt(packet), conditions.extension, conditions.padding)
        self.sent.append(time.perf_counter())
        ends.send(ends.cipher.seal(clear, body))
        if conditions.noise:
            self._disturb(ends, header)

    def _disturb(self, ends: Ends, header: Header) -> None:
        video = Header(header.sequence, header.timestamp, self.ssrc + 1, VIDEO)
        ends.send(ends.cipher.seal(*video.write(secrets.token_bytes(600))))
        ends.send(receiver_report(ends.cipher, self.ssrc))
        ends.send(header.write(b"")[0] + secrets.token_bytes(40))
        ends.send(b"\x80\x78")
