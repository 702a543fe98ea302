"""Which models may be fetched by name."""

from typing import Final

from relay.models.base import Model, ModelError, Purpose
from relay.models.recognisers import RECOGNISERS
from relay.models.voices import VOICES

CATALOGUE: Final[dict[str, Model]] = {model.name: model for model in (*RECOGNISERS, *VOICES)}


def entry(name: str) -> Model:
    """The model of that name. Raises ModelError, which names those there are."""
    try:
        return CATALOGUE[name]
    except KeyError:
        raise ModelError(f"there is no model {name!r}; there are {', '.join(CATALOGUE)}") from None


def default(purpose: Purpose) -> Model:
    """The one to begin with."""
    return next(model for model in CATALOGUE.values() if model.purpose is purpose and model.is_default)


def for_language(language: str) -> Model:
    """The recogniser to begin with for a language as in BCP 47; "" for none in particular. Raises ModelError."""
    spoken = language.partition("-")[0].lower()
    known = [model for model in CATALOGUE.values() if model.purpose is Purpose.RECOGNISER]
    if not spoken:
        return default(Purpose.RECOGNISER)
    try:
        return next(model for model in known if spoken in model.languages)
    except StopIteration:
        raise ModelError(f"there is no recogniser for {language!r}; `relay models` lists those there are") from None
