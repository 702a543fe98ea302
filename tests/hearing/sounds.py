"""Sounds as microphones bring them: speech of a synthetic voice, and noise of which no word comes. 16 kHz, mono."""

import asyncio
import io
import wave
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

from relay.companion.voice.espeak import Espeak
from relay.hearing.base import HEARING_RATE
from relay.hearing.resampling import Resampler
from tests.doubles.discord.voice_sound import encode

Samples = NDArray[np.float64]
"""From -1 to 1."""
WORDS = {
    "en-us": "Hey, what do you think about this level? I would go to the left and look for the key first.",
    "de": "Sag mal, was hältst du von diesem Level? Ich würde erst nach links gehen und den Schlüssel suchen.",
    "fr": "Dis, que penses-tu de ce niveau ? Moi, j'irais d'abord à gauche pour chercher la clé.",
}


def pcm(samples: Samples) -> bytes:
    return bytes(np.clip(np.rint(samples * 2**15), -(2**15), 2**15 - 1).astype("<i2").tobytes())


def at_level(samples: Samples, dbfs: float) -> Samples:
    """As loud (RMS) as that."""
    return np.asarray(samples / np.sqrt(np.mean(samples**2)) * 10 ** (dbfs / 20))


@cache
def speech(language: str = "en-us", text: str = "") -> Samples:
    """A sentence without silence around it, at -23 dBFS."""
    voice = Espeak(language)
    with ThreadPoolExecutor(1) as thread:  # a loop of its own, wherever this is called
        sound = thread.submit(asyncio.run, voice.speak(text or WORDS[language])).result()
    with wave.open(io.BytesIO(sound)) as file:
        low = Resampler(file.getframerate()).convert(file.readframes(file.getnframes()))
    samples = np.frombuffer(low, "<i2") / 2**15
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return at_level(samples[loud[0] : loud[-1] + 1], -23)


def as_packets(samples: Samples) -> list[bytes]:
    """What a voice channel's client makes of it: Opus packets of 20 ms."""
    return encode(raised(samples))


def raised(samples: Samples) -> NDArray[np.float32]:
    """At 48 kHz."""
    at = np.arange(3 * len(samples)) / 3
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * HEARING_RATE))


def room(seconds: float, dbfs: float = -65.0, seed: int = 1) -> Samples:
    """The hiss of a room: every frequency alike."""
    return at_level(np.random.default_rng(seed).standard_normal(round(seconds * HEARING_RATE)), dbfs)


def fan(seconds: float, dbfs: float = -42.0, seed: int = 2) -> Samples:
    """Rushing air, louder towards the low end, and the hum of the motor."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * HEARING_RATE))
    spectrum = np.fft.rfft(white)
    frequencies = np.fft.rfftfreq(len(white), 1 / HEARING_RATE)
    rushing = at_level(np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, 50.0)), len(white)), -20)
    at = np.arange(len(white)) / HEARING_RATE
    hum = sum(0.03 / part * np.sin(2 * np.pi * 97 * part * at) for part in (1, 2, 3))
    return at_level(rushing + hum, dbfs)


def typing(seconds: float, dbfs: float = -28.0, seed: int = 3) -> Samples:
    """Somebody types fast: eight keys a second, each a click as it goes down and a softer one as it comes up."""
    random = np.random.default_rng(seed)
    samples = silence(seconds + 1)
    at = 0.0
    while at < seconds:
        for delay, loudness in ((0.0, random.uniform(0.6, 1.0)), (random.uniform(0.06, 0.1), random.uniform(0.2, 0.4))):
            _add(samples, at + delay, loudness * _click(random))
        at += random.exponential(1 / 12) + 0.04
    return at_level(samples[: round(seconds * HEARING_RATE)], dbfs)


def laughter(seconds: float, dbfs: float = -23.0, seed: int = 8) -> Samples:
    """Somebody laughs: bouts of five breathy "ha", each lower and softer than the one before, and air drawn in."""
    random = np.random.default_rng(seed)
    samples = silence(seconds + 2)
    at = 0.0
    while at < seconds:
        pitch = random.uniform(260, 340)
        for number in range(5):
            _add(samples, at, 0.85**number * _ha(random, pitch * 0.94**number))
            at += random.uniform(0.19, 0.23)
        air = round(0.3 * HEARING_RATE)
        _add(samples, at, 0.1 * random.standard_normal(air) * np.hanning(air))
        at += 0.35
    return at_level(samples[: round(seconds * HEARING_RATE)], dbfs)


def claps(seconds: float, dbfs: float = -25.0, seed: int = 4) -> Samples:
    """Two claps a second."""
    random = np.random.default_rng(seed)
    samples = silence(seconds + 1)
    for number in range(int(seconds * 2)):
        length = round(0.12 * HEARING_RATE)
        burst = random.standard_normal(length) * np.exp(-np.arange(length) / (0.018 * HEARING_RATE))
        _add(samples, number / 2 + random.uniform(0, 0.1), burst)
    return at_level(samples[: round(seconds * HEARING_RATE)], dbfs)


def breathing(seconds: float, dbfs: float = -40.0, seed: int = 5) -> Samples:
    """Air at the microphone: in for a second and out for a longer one, with more of the high frequencies going in."""
    air = np.random.default_rng(seed).standard_normal(round(seconds * HEARING_RATE))
    at = np.arange(len(air)) / HEARING_RATE
    swell = np.sin(np.pi * (at % 2.0) / 2.0) ** 2
    return at_level(np.convolve(air, np.hanning(24), "same") * swell, dbfs)


def music(seconds: float, dbfs: float = -28.0, seed: int = 6) -> Samples:
    """Chords with a bass and a beat, without singing."""
    random = np.random.default_rng(seed)
    at = np.arange(round(seconds * HEARING_RATE)) / HEARING_RATE
    samples = silence(seconds)
    for bar, root in enumerate((220.0, 174.6, 261.6, 196.0) * int(seconds / 4 + 1)):
        inside = (at >= bar) & (at < bar + 1)
        fade = np.exp(-2 * (at[inside] - bar))
        for ratio in (0.5, 1.0, 1.25, 1.5, 2.0):
            tone = sum(np.sin(2 * np.pi * root * ratio * part * at[inside]) / part**1.5 for part in range(1, 6))
            samples[inside] += fade * tone
    for beat in np.arange(0, seconds - 0.1, 0.5):
        length = round(0.05 * HEARING_RATE)
        _add(samples, float(beat), 3 * random.standard_normal(length) * np.exp(-np.arange(length) / 150))
    return at_level(samples, dbfs)


def _click(random: np.random.Generator) -> Samples:
    length = round(0.025 * HEARING_RATE)
    at = np.arange(length)
    ring = np.sin(2 * np.pi * random.uniform(1500, 4500) / HEARING_RATE * at)
    return np.asarray((0.6 * random.standard_normal(length) + 0.4 * ring) * np.exp(-at / (0.004 * HEARING_RATE)))


def _ha(random: np.random.Generator, pitch: float) -> Samples:
    """Breath, and then a short vowel with breath in it."""
    length = round(0.15 * HEARING_RATE)
    at = np.arange(length) / HEARING_RATE
    voiced = np.clip((at - 0.05) / 0.02, 0, 1) * np.exp(-np.maximum(at - 0.07, 0) / 0.03)
    breath = 0.35 * random.standard_normal(length) * np.clip(at / 0.03, 0, 1) * np.exp(-np.maximum(at - 0.05, 0) / 0.05)
    source = ((at * pitch) % 1.0 - 0.5) * voiced + breath
    spectrum, hertz = np.fft.rfft(source), np.fft.rfftfreq(length, 1 / HEARING_RATE)
    mouth = sum(np.exp(-(((hertz - of) / 160) ** 2)) for of in (800, 1250, 2700)) + 0.1
    return np.asarray(np.fft.irfft(spectrum * mouth, length))


def _add(samples: Samples, seconds: float, sound: Samples) -> None:
    start = round(seconds * HEARING_RATE)
    end = min(len(samples), start + len(sound))
    samples[start:end] += sound[: end - start]
