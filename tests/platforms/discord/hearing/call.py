"""A voice call without a network: people, the packets they send, and the keys with which the bot opens them."""

from collections.abc import Sequence
from functools import cache

import av
import davey
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from relay.platforms.discord.hearing.counts import Counts
from relay.platforms.discord.hearing.receiver import Receiver
from tests.doubles.discord.voice_dave import Group
from tests.doubles.discord.voice_rtp import SAMPLES, SILENCE, XCHACHA, Cipher, Header

BOT, CHANNEL = 999, 77
RATE = 48_000


@cache
def tone(frequency: float, frames: int = 50, level: float = 0.25) -> tuple[bytes, ...]:
    """Opus packets of 20 ms with a tone in them; `level` is its amplitude as a share of full scale."""
    samples = level * 32767 * np.sin(2 * np.pi * frequency * np.arange(frames * SAMPLES) / RATE)
    return encode(samples.astype(np.int16))


def encode(samples: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> tuple[bytes, ...]:
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
    packets = []
    for start in range(0, len(samples), SAMPLES):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + SAMPLES], format="s16", layout="mono")
        frame.sample_rate = RATE
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets)


def pitch(pcm: bytes, rate: int) -> float:
    """The loudest frequency, in Hz."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[np.argmax(spectrum)])


class Call:
    """The keys of a call, as discord.py's connection holds them, and the cipher of the other end."""

    def __init__(self, people: Sequence[int] = (), *, dave: bool = True) -> None:
        self.secret_key = list(range(32))
        self.dave_session: davey.DaveSession | None = None
        self.dave_protocol_version = int(dave)
        self.cipher = Cipher(XCHACHA, bytes(self.secret_key))
        self.group = Group(CHANNEL, BOT)
        if dave:
            self.dave_session = davey.DaveSession(1, BOT, CHANNEL)
            self.dave_session.set_external_sender(self.group.sender.package)
            welcome = self.group.found(people, self.dave_session.get_serialized_key_package())
            if welcome is not None:
                self.dave_session.process_welcome(welcome)

    def rotate(self, key: bytes) -> None:
        self.secret_key = list(key)
        self.cipher = Cipher(XCHACHA, key)

    def join(self, person: int) -> None:
        """A person comes into the call while it lasts."""
        assert self.dave_session is not None
        proposal = self.group.propose_join(person)
        self.dave_session.process_proposals(davey.ProposalsOperationType.append, proposal[1:])
        self.dave_session.process_commit(self.group.commit(proposal, joining=person))


class Person:
    """Somebody who talks in a call."""

    def __init__(self, call: Call, user: int, ssrc: int) -> None:
        self._call = call
        self.user = user
        self.ssrc = ssrc
        self.sequence = 65_530
        self.timestamp = 2**32 - 3 * SAMPLES

    def say(self, opus: bytes, *, extension: bytes = b"", padding: int = 0, type: int = 0x78) -> bytes:
        """The datagram of the next 20 ms."""
        header = Header(self.sequence, self.timestamp, self.ssrc, type)
        self.sequence, self.timestamp = self.sequence + 1, self.timestamp + SAMPLES
        sealed = opus if opus == SILENCE else self._call.group.encrypt(self.user, opus)
        clear, body = header.write(sealed, extension, padding)
        return self._call.cipher.seal(clear, body)


class Ear:
    """Notes what was heard."""

    def __init__(self, call: Call, *, deaf_to: Sequence[int] = (), clock: float = 0.0) -> None:
        self.pcm: dict[int, bytes] = {}
        self.timestamps: list[int] = []
        self.silences: list[int] = []
        self.now = clock
        self.counts = Counts(lambda: self.now)
        self._deaf_to = deaf_to
        self.receiver = Receiver(call, self, self.counts, me=BOT)

    def hears(self, user: int) -> bool:
        return user not in self._deaf_to

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        self.pcm[user] = self.pcm.get(user, b"") + pcm
        self.timestamps.append(timestamp)

    def silence(self, user: int) -> None:
        self.silences.append(user)

    def frames(self, user: int) -> float:
        return len(self.pcm.get(user, b"")) / (2 * SAMPLES)
