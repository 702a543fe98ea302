"""Voices that were never recorded, and what a loudspeaker, a room, a microphone and a call make of them."""

import numpy as np
from numpy.typing import NDArray

from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE
from relay.hearing.echo import Echo
from relay.hearing.played import RATE, PlayedSound
from relay.hearing.spectra import Reference

Sound = NDArray[np.float64]
STEP = RATE // HEARING_RATE
FRAME = RATE // 50


def voice(seed: int, seconds: float, level: float = -20.0) -> Sound:
    """Something with the syllables, the pitch and the changing formants of speech: 48 kHz, `level` in dBFS."""
    rng = np.random.default_rng(seed)
    pieces: list[Sound] = []
    while sum(map(len, pieces)) < seconds * RATE:
        count = int(rng.uniform(0.1, 0.3) * RATE)
        at = np.arange(count) / RATE
        pitch = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(2, 5) * at))
        source = np.cumsum(pitch) / RATE % 1.0 - 0.5 + rng.normal(0, 0.1, count)
        spectrum, hertz = np.fft.rfft(source), np.fft.rfftfreq(count, 1 / RATE)
        shape = sum(
            np.exp(-(((hertz - rng.uniform(*of)) / 150) ** 2)) for of in ((250, 900), (900, 2500), (2300, 3500))
        )
        pieces.append(np.fft.irfft(spectrum * shape, count) * np.sin(np.pi * at / at[-1]) * rng.uniform(0.3, 1.0))
        pieces.append(np.zeros(int(rng.choice([0.0, 0.02, 0.15]) * RATE)))
    sound = np.concatenate(pieces)[: int(seconds * RATE)]
    return np.asarray(sound * 10 ** (level / 20) * 32768 / np.sqrt(np.mean(sound**2)))


def echoed(played: Sound, seed: int, *, level: float, delay: float, wander: float = 0.01) -> Sound:
    """What comes back: `level` in dB beside what is played, `delay` in seconds, at a speed that wanders by a share."""
    rng = np.random.default_rng(seed)
    speed = 1 + np.interp(np.arange(len(played)), np.linspace(0, len(played), 20), rng.uniform(-wander, wander, 20))
    wandering = np.interp(np.cumsum(speed), np.arange(len(played)), played, right=0.0)
    room = rng.normal(0, 0.05, RATE // 4) * np.exp(-6.9 * np.arange(RATE // 4) / (0.35 * RATE))
    room[0] = 1.0
    size = 1 << (len(played) + len(room)).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    ripple = np.interp(hertz, np.linspace(0, RATE / 2, 60), rng.normal(0, 4, 60))
    loudspeaker = (
        10 ** (ripple / 20) / np.sqrt(1 + (250 / np.maximum(hertz, 1)) ** 4) / np.sqrt(1 + (hertz / 7000) ** 4)
    )
    back = np.fft.irfft(np.fft.rfft(wandering, size) * np.fft.rfft(room, size) * loudspeaker, size)[: len(played)]
    back *= 10 ** (level / 20) * np.sqrt(np.mean(played**2) / np.mean(back**2))
    return np.concatenate([np.zeros(int(delay * RATE)), back])[: len(played)]


def playing(played: Sound, begins: float) -> PlayedSound:
    """A sink that plays this from then on, in frames of 20 ms."""
    sound, pcm = PlayedSound(), samples(played)
    for at in range(0, len(played) - FRAME + 1, FRAME):
        sound.plays(pcm, at, FRAME, begins + at / RATE)
    return sound


def judged(echo: Echo, heard: Sound, begins: float, *, gate: float = -50.0) -> list[bool]:
    """For each block of what is heard from `begins` on: whether it is loud, and no echo."""
    lowered = np.convolve(heard, np.ones(STEP) / STEP, "same")[::STEP]
    found = []
    for at in range(0, len(lowered) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        block = lowered[at : at + BLOCK_SAMPLES]
        is_echo = echo.is_echo(samples(block), begins + (at + BLOCK_SAMPLES) / HEARING_RATE)
        found.append(not is_echo and float(np.mean(block**2)) >= 10 ** (gate / 10) * 32768**2)
    return found


def samples(sound: Sound) -> bytes:
    return bytes(np.clip(np.rint(sound), -32768, 32767).astype("<i2").tobytes())


def listener(*sounds: PlayedSound) -> Echo:
    return Echo(Reference(sounds))
