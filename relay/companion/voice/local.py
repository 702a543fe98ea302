"""A voice of a model on this machine, by sherpa-onnx: one thread that says one sentence after the other."""

import asyncio
import importlib.util
import threading
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from relay.companion.voice.base import VoiceEngine, VoiceError
from relay.companion.voice.local_models import config_for, speaker_of
from relay.companion.voice.manner import PLAIN, Manner
from relay.errors import ConfigError, RelayError
from relay.models.base import ModelMissing, Purpose
from relay.models.catalogue import default
from relay.models.store import ModelStore
from relay.system.wav import wav_of

if TYPE_CHECKING:
    import sherpa_onnx

PATIENCE: Final = 30.0
"""Seconds a sentence may take, the loading of the model among them."""


@dataclass(frozen=True)
class _Loaded:
    """A model that is loaded; only its thread uses it."""

    engine: "sherpa_onnx.OfflineTts"
    speaker: int
    language: str
    claim: object
    """Keeps the model from being removed."""


class LocalVoice:
    """Loads its model beside the event loop from the beginning, so that the first sentence need not wait for it.

    `model` is the name of one in the store, or the path of a folder; "" is the usual one. Raises ConfigError, when
    made, where sherpa-onnx or the model is missing.
    """

    def __init__(self, store: ModelStore, model: str = "", speaker: str = "", language: str = "") -> None:
        if importlib.util.find_spec("sherpa_onnx") is None:
            from relay.system.installed import way_to

            raise ConfigError(f"companion.speech: local voices need more packages: {way_to('local')}")
        self._name = model or default(Purpose.VOICE).name
        folder = Path(self._name).expanduser()
        is_own = folder.is_absolute() or len(folder.parts) > 1
        try:
            folder = folder if is_own else store.path(self._name)
        except ModelMissing as error:
            raise ConfigError(f"companion.speech_local: {error}") from None
        pool = ThreadPoolExecutor(1, "voice")
        self._pool = pool
        self._turn = asyncio.Lock()
        """Of the sentence that the thread says: those that wait for it are not late yet."""
        claimed = None if is_own else store
        self._loaded: Future[_Loaded] = pool.submit(_load, claimed, self._name, folder, speaker, language)
        weakref.finalize(self, pool.shutdown, wait=False, cancel_futures=True)

    async def check(self) -> str:
        """One line when it is loaded. Raises ConfigError."""
        loaded = await asyncio.shield(asyncio.wrap_future(self._loaded))
        return f"{self._name} speaks on this machine, at {loaded.engine.sample_rate} Hz"

    async def speak(self, text: str, manner: Manner = PLAIN) -> bytes:
        async with self._turn:
            return await self._speak(text, manner)

    async def _speak(self, text: str, manner: Manner) -> bytes:
        is_cut = threading.Event()
        speaking = self._pool.submit(_speak, self._loaded, text, manner.speed, is_cut)
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.wrap_future(speaking)
        except TimeoutError:
            raise VoiceError(f"{self._name} took longer than {PATIENCE:g} s for a sentence") from None
        finally:
            is_cut.set()


def _load(store: ModelStore | None, name: str, folder: Path, speaker: str, language: str) -> _Loaded:
    import sherpa_onnx

    claim = store.use(name) if store is not None else None
    try:
        engine = sherpa_onnx.OfflineTts(config_for(folder))
    except RuntimeError:
        raise ConfigError(f"companion.speech_local: {name} cannot be loaded; `relay models verify` tells why") from None
    return _Loaded(engine, speaker_of(name, speaker, max(1, engine.num_speakers)), language, claim)


def _speak(loaded: "Future[_Loaded]", text: str, speed: float, is_cut: threading.Event) -> bytes:
    import numpy as np
    import sherpa_onnx

    try:
        voice = loaded.result()
    except RelayError as error:
        raise VoiceError(str(error)) from None
    how = sherpa_onnx.GenerationConfig()
    how.sid, how.speed = voice.speaker, speed
    how.extra = {"lang": voice.language.partition("-")[0] or "en"}

    def goes_on(samples: Any, share: float) -> int:
        return 0 if is_cut.is_set() else 1

    try:
        sound = voice.engine.generate(text, how, goes_on)
    except RuntimeError as error:
        raise VoiceError(f"the local voice could not read a sentence: {str(error)[:200]}") from None
    samples = np.asarray(sound.samples, np.float32)
    return wav_of((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes(), sound.sample_rate) if len(samples) else b""


_: type[VoiceEngine] = LocalVoice
