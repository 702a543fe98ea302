"""How sherpa-onnx takes a model's folder: told by its files, and tried in a process of its own.

A model that is not of the shape it was taken for ends the process that loads it, so no model is loaded here which
another process has not loaded and run before.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from relay.hearing.base import HEARING_RATE, RecognitionError

THREADS: Final = 2
"""That the engine computes with."""
TRIAL: Final = 120.0
"""Seconds that a trial may take; it loads the model from the disk."""

Load = Callable[[Path, str], Any]
"""Loads a folder for a language; a recogniser of sherpa-onnx."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """A shape of model."""

    streams: bool
    """Whether it tells what it understands while somebody speaks."""
    load: Load


def kinds_of(folder: Path) -> list[str]:
    """What the files may be, the likeliest first. Raises RecognitionError."""
    names = {file.name for file in folder.iterdir() if file.is_file()}
    if "decoder_model_merged.ort" in names:
        return ["moonshine"]
    if any("joiner" in name for name in names):
        return ["streaming transducer", "nemo transducer", "transducer"]
    if any("encoder" in name for name in names):
        return ["whisper"]
    if any(name.startswith("model") and name.endswith(".onnx") for name in names):
        return ["streaming ctc", "sense-voice"]
    raise RecognitionError(f"{folder} holds no model: there have to be encoder, decoder and joiner, or model.onnx")


def kind_of(folder: Path, language: str) -> str:
    """The first of those it may be that works, tried in processes of their own. Raises RecognitionError."""
    complaint = ""
    for name in kinds_of(folder):
        try:
            tried = subprocess.run(
                [sys.executable, "-m", __name__, name, str(folder), language],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TRIAL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            complaint = f"it does not load within {TRIAL:g} s"
            continue
        if tried.returncode == 0:
            return name
        complaint = complaint or (tried.stderr.strip().splitlines() or [f"code {tried.returncode}"])[-1]
    raise RecognitionError(f"the model in {folder} does not load: {complaint[:300]}")


def _file(folder: Path, pattern: str) -> str:
    """The file that fits; of several the one in whole numbers, which is quicker. Raises RecognitionError."""
    found = sorted(folder.glob(pattern), key=lambda file: ("int8" not in file.name, file.name))
    if not found:
        raise RecognitionError(f"{folder} has no {pattern}")
    return str(found[0])


def _transducer(folder: Path) -> dict[str, Any]:
    parts = {part: _file(folder, f"*{part}*.onnx") for part in ("encoder", "decoder", "joiner")}
    return {"tokens": _file(folder, "*tokens.txt"), "num_threads": THREADS, **parts}


def _streaming_transducer(folder: Path, language: str) -> Any:
    from sherpa_onnx import OnlineRecognizer

    return OnlineRecognizer.from_transducer(**_transducer(folder))


def _streaming_ctc(folder: Path, language: str) -> Any:
    from sherpa_onnx import OnlineRecognizer

    return OnlineRecognizer.from_zipformer2_ctc(
        tokens=_file(folder, "*tokens.txt"), model=_file(folder, "model*.onnx"), num_threads=THREADS
    )


def _nemo_transducer(folder: Path, language: str) -> Any:
    from sherpa_onnx import OfflineRecognizer

    return OfflineRecognizer.from_transducer(**_transducer(folder), model_type="nemo_transducer")


def _whole_transducer(folder: Path, language: str) -> Any:
    from sherpa_onnx import OfflineRecognizer

    return OfflineRecognizer.from_transducer(**_transducer(folder))


def _moonshine(folder: Path, language: str) -> Any:
    from sherpa_onnx import OfflineRecognizer

    return OfflineRecognizer.from_moonshine_v2(
        encoder=_file(folder, "encoder_model.ort"),
        decoder=_file(folder, "decoder_model_merged.ort"),
        tokens=_file(folder, "tokens.txt"),
        num_threads=THREADS,
    )


def _whisper(folder: Path, language: str) -> Any:
    from sherpa_onnx import OfflineRecognizer

    return OfflineRecognizer.from_whisper(
        encoder=_file(folder, "*encoder*.onnx"),
        decoder=_file(folder, "*decoder*.onnx"),
        tokens=_file(folder, "*tokens.txt"),
        language=language,
        num_threads=THREADS,
    )


def _sense_voice(folder: Path, language: str) -> Any:
    from sherpa_onnx import OfflineRecognizer

    return OfflineRecognizer.from_sense_voice(
        model=_file(folder, "model*.onnx"),
        tokens=_file(folder, "tokens.txt"),
        language=language,
        use_itn=True,
        num_threads=THREADS,
    )


KINDS: Final = {
    "streaming transducer": EngineKind(True, _streaming_transducer),
    "streaming ctc": EngineKind(True, _streaming_ctc),
    "nemo transducer": EngineKind(False, _nemo_transducer),
    "transducer": EngineKind(False, _whole_transducer),
    "moonshine": EngineKind(False, _moonshine),
    "whisper": EngineKind(False, _whisper),
    "sense-voice": EngineKind(False, _sense_voice),
}


def _try(kind: str, folder: str, language: str) -> None:
    """Load the model and let it hear a second of silence."""
    import numpy as np

    engine = KINDS[kind].load(Path(folder), language)
    stream = engine.create_stream()
    stream.accept_waveform(HEARING_RATE, np.zeros(HEARING_RATE, np.float32))
    if not KINDS[kind].streams:
        engine.decode_stream(stream)
        return
    stream.input_finished()
    while engine.is_ready(stream):
        engine.decode_stream(stream)


if __name__ == "__main__":
    _try(*sys.argv[1:])
