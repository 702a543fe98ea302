"""How sherpa-onnx is told of a voice, by the files in its folder, and what its speakers are called."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from relay.errors import ConfigError

if TYPE_CHECKING:
    import sherpa_onnx

THREADS: Final = 2
"""Of the processor; more hardly help, and the rest of the stream needs some."""

SPEAKERS: Final[dict[str, Sequence[str]]] = {
    "kitten-nano-en": ("2-m", "2-f", "3-m", "3-f", "4-m", "4-f", "5-m", "5-f"),
    "kokoro-en": (
        "af", "af_bella", "af_nicole", "af_sarah", "af_sky", "am_adam", "am_michael", "bf_emma", "bf_isabella",
        "bm_george", "bm_lewis",
    ),
    "supertonic-3": tuple(map(str, range(10))),
}  # fmt: skip
"""Names of the speakers in a model, in its order. m and f are told at the end or in the second letter."""


def speaker_of(model: str, name: str, count: int) -> int:
    """The number of a speaker, by name or number; the first one where none is named. Raises ConfigError."""
    names = SPEAKERS.get(model, ())
    if not name:
        return 0
    if name in names:
        return names.index(name)
    if name.isdecimal() and int(name) < count:
        return int(name)
    known = ", ".join(names) if names else f"numbers from 0 to {count - 1}"
    raise ConfigError(f"companion.speech_voice: {model} has no speaker {name!r}; it has {known}")


def config_for(folder: Path) -> "sherpa_onnx.OfflineTtsConfig":
    """For Kokoro, Kitten, Supertonic, and VITS as Piper has it. Raises ConfigError where the folder holds none."""
    import sherpa_onnx

    if (folder / "tts.json").is_file():
        model = sherpa_onnx.OfflineTtsModelConfig(supertonic=_supertonic(folder), num_threads=THREADS)
    elif (folder / "voices.bin").is_file():
        tokens, voices, data = (str(folder / name) for name in ("tokens.txt", "voices.bin", "espeak-ng-data"))
        network = _network(folder)
        if "kitten" in folder.name:
            kitten = sherpa_onnx.OfflineTtsKittenModelConfig(network, voices, tokens, data)
            model = sherpa_onnx.OfflineTtsModelConfig(kitten=kitten, num_threads=THREADS)
        else:
            kokoro = sherpa_onnx.OfflineTtsKokoroModelConfig(network, voices, tokens, data_dir=data)
            model = sherpa_onnx.OfflineTtsModelConfig(kokoro=kokoro, num_threads=THREADS)
    else:
        vits = sherpa_onnx.OfflineTtsVitsModelConfig(
            _network(folder), _if_there(folder, "lexicon.txt"), str(folder / "tokens.txt"),
            _if_there(folder, "espeak-ng-data"),
        )  # fmt: skip
        model = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=THREADS)
    config = sherpa_onnx.OfflineTtsConfig(model=model, max_num_sentences=1)
    if not config.validate():
        raise ConfigError(f"companion.speech_local: {folder} lacks files of a voice; fetch it again")
    return config


def _network(folder: Path) -> str:
    found = sorted(folder.glob("*.onnx"))
    if not found or not (folder / "tokens.txt").is_file():
        raise ConfigError(f"companion.speech_local: {folder} holds no voice: it needs an .onnx file and tokens.txt")
    return str(found[0])


def _if_there(folder: Path, name: str) -> str:
    return str(folder / name) if (folder / name).exists() else ""


def _supertonic(folder: Path) -> "sherpa_onnx.OfflineTtsSupertonicModelConfig":
    import sherpa_onnx

    parts = ("duration_predictor", "text_encoder", "vector_estimator", "vocoder")
    found = [next(map(str, sorted(folder.glob(f"{part}*.onnx"))), "") for part in parts]
    data = [str(folder / name) for name in ("tts.json", "unicode_indexer.bin", "voice.bin")]
    return sherpa_onnx.OfflineTtsSupertonicModelConfig(*found, *data)
