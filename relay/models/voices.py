"""Voices that may be fetched, of sherpa-onnx's release `tts-models`.

Each SHA-256 is the one that at least two independent projects pin for the same file.
"""

from typing import Final

from relay.models.base import Model, ModelFile, Purpose
from relay.text.for_pages import for_pages

_RELEASE: Final = "https://github.com/k2-fsa/sherpa-onnx/releases/download/tts-models/"
_SUPERTONIC: Final = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hi", "hr", "hu", "id", "it", "ja", "ko",
    "lt", "lv", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "vi",
)  # fmt: skip

VOICES: Final = (
    Model(
        "kitten-nano-en",
        Purpose.VOICE,
        for_pages("English, eight speakers, small and quick"),
        ("en",),
        "Apache-2.0",
        "https://github.com/KittenML/KittenTTS",
        (
            ModelFile(
                f"{_RELEASE}kitten-nano-en-v0_2-fp16.tar.bz2",
                26_586_708,
                "0345a8a2f4a710cb8f7912c9a731ded8b3e1e69b33a871efa95c2e64651518fe",
            ),
        ),
        45_000_000,
        is_default=True,
    ),
    Model(
        "kokoro-en",
        Purpose.VOICE,
        for_pages("English, eleven speakers, the best of them, and slow: for a quick processor"),
        ("en",),
        "Apache-2.0",
        "https://huggingface.co/hexgrad/Kokoro-82M",
        (
            ModelFile(
                f"{_RELEASE}kokoro-int8-en-v0_19.tar.bz2",
                103_248_205,
                "c9f0dd393615805b0bab050c340834d5e684e732aec91c0e860cd30e982c08bd",
            ),
        ),
        152_000_000,
    ),
    Model(
        "supertonic-3",
        Purpose.VOICE,
        for_pages("31 languages, ten speakers"),
        _SUPERTONIC,
        "OpenRAIL-M",
        "https://huggingface.co/Supertone/supertonic-3",
        (
            ModelFile(
                f"{_RELEASE}sherpa-onnx-supertonic-3-tts-int8-2026-05-11.tar.bz2",
                128_774_318,
                "82fa96f91c4ef8abaae3a14a3f4153facf88bed821d1f7331cec2700f432c427",
            ),
        ),
        150_000_000,
    ),
    Model(
        "thorsten-de",
        Purpose.VOICE,
        for_pages("German, one speaker, quick"),
        ("de",),
        "CC0-1.0",
        "https://github.com/thorstenMueller/Thorsten-Voice",
        (
            ModelFile(
                f"{_RELEASE}vits-piper-de_DE-thorsten-medium.tar.bz2",
                67_214_254,
                "50487d9c95fdf2191f31d2588569381063ba1591dcd4c7d4bdd30f12b2191714",
            ),
        ),
        82_000_000,
    ),
)
