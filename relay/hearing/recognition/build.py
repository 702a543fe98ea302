"""The recogniser that the settings want."""

import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from relay.config import HearingSection
from relay.errors import ConfigError
from relay.hearing.base import Recogniser, RecognitionError
from relay.hearing.recognition.local import LocalRecogniser
from relay.hearing.recognition.openai import OpenAIRecogniser
from relay.models.base import ModelError
from relay.models.catalogue import entry, for_language
from relay.models.store import ModelStore
from relay.system.endpoint import Endpoint

PATIENCE: Final = 15.0
"""Seconds an endpoint may take for a turn; who has waited longer has given up on an answer."""


def recogniser_for(settings: HearingSection, models: Path) -> Recogniser | None:
    """None where Voxta recognises speech itself. `models` is the folder of those that were fetched.

    Raises ConfigError where something is missing on this machine.
    """
    match settings.through:
        case "voxta":
            return None
        case "openai":
            endpoint = Endpoint(
                settings.url,
                settings.api_key,
                timeout=PATIENCE,
                error=RecognitionError,
                settings=("hearing.url", "hearing.model", "hearing.api_key"),
            )
            return OpenAIRecogniser(endpoint, settings.model)
        case "local":
            return _local(settings.local_model, settings.language, ModelStore(models))


def _local(wanted: str, language: str, store: ModelStore) -> LocalRecogniser:
    if find_spec("sherpa_onnx") is None:
        raise ConfigError('hearing.through = "local" needs more: run `pip install "voxta-relay[local]"`')
    if _is_folder(wanted):
        return LocalRecogniser(Path(wanted).name, _own_folder(Path(wanted).expanduser()), language)
    try:
        model = entry(wanted) if wanted else for_language(language)
        claim = store.use(model.name)
    except ModelError as error:
        raise ConfigError(f"hearing.local_model: {error}") from None
    if language and language.partition("-")[0].lower() not in model.languages:
        claim.release()
        raise ConfigError(
            f"hearing.language: {model.name} does not understand {language!r} but {', '.join(model.languages)}; "
            "`relay models` lists others for hearing.local_model"
        )

    def prepare() -> None:
        if problems := store.verify(model.name):
            raise ModelError(f"{model.name} is broken: {problems[0]}; fetch it with `relay models fetch {model.name}`")

    recogniser = LocalRecogniser(model.name, store.path(model.name), language, prepare=prepare)
    weakref.finalize(recogniser, claim.release)
    return recogniser


def _is_folder(wanted: str) -> bool:
    return "/" in wanted or "\\" in wanted


def _own_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"hearing.local_model: {folder} is no folder: write the name or the folder of a model")
    return folder
