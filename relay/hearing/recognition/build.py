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
from relay.models.base import Model, ModelError
from relay.models.catalogue import entry, for_language
from relay.models.store import ModelStore
from relay.system.endpoint import Endpoint

PATIENCE: Final = 15.0
"""Seconds an endpoint may take for a turn; who has waited longer has given up on an answer."""

_KEYS: Final = ("hearing.local_model", "hearing.language")


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
            return local_recogniser(settings.local_model, settings.language, models)


def local_recogniser(wanted: str, language: str, models: Path, settings: tuple[str, str] = _KEYS) -> LocalRecogniser:
    """Of the model of that name, or of a folder of one's own; "" for the one to begin with for the language.

    `settings` are the keys of both, for those who have to mend them. Raises ConfigError.
    """
    key, _ = settings
    store = ModelStore(models)
    if find_spec("sherpa_onnx") is None:
        from relay.system.installed import way_to

        raise ConfigError(f"{key}: recognition on this machine needs more packages: {way_to('local')}")
    if _is_folder(wanted):
        return LocalRecogniser(Path(wanted).name, _own_folder(Path(wanted).expanduser(), key), language)
    model = model_for(wanted, language, settings)
    try:
        claim = store.use(model.name)
    except ModelError as error:
        raise ConfigError(f"{key}: {error}") from None

    def prepare() -> None:
        if problems := store.verify(model.name):
            raise ModelError(f"{model.name} is broken: {problems[0]}; fetch it with `relay models fetch {model.name}`")

    recogniser = LocalRecogniser(model.name, store.path(model.name), language, prepare=prepare)
    weakref.finalize(recogniser, claim.release)
    return recogniser


def model_for(wanted: str, language: str, settings: tuple[str, str] = _KEYS) -> Model:
    """The model of that name; "" for the one to begin with for the language, which any of them has to understand.

    It need not be on this machine. `settings` are as above. Raises ConfigError.
    """
    key, language_key = settings
    try:
        model = entry(wanted) if wanted else for_language(language)
    except ModelError as error:
        raise ConfigError(f"{key}: {error}") from None
    if language and language.partition("-")[0].lower() not in model.languages:
        raise ConfigError(
            f"{language_key}: {model.name} does not understand {language!r} but {', '.join(model.languages)}; "
            f"`relay models` lists others for {key}"
        )
    return model


def _is_folder(wanted: str) -> bool:
    return "/" in wanted or "\\" in wanted


def _own_folder(folder: Path, key: str) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"{key}: {folder} is no folder: write the name or the folder of a model")
    return folder
