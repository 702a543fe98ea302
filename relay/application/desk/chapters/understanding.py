"""Who makes text of what people say in a voice channel: asked where they are let in, and tried before it is kept."""

from pathlib import Path
from typing import Final

from relay.application.desk.chapters.fetching import bring
from relay.application.desk.chapters.nearby import model_options
from relay.application.voice_places import understands_itself
from relay.config import HearingSection
from relay.config.base import revised
from relay.config.loading import Config
from relay.guide import Changes, Filled, Form, FormField, FormOption, Guide, Phrase, phrase, settled
from relay.hearing.recognition.build import model_for, recogniser_for
from relay.models.base import Purpose
from relay.models.catalogue import for_language
from relay.system.installed import is_frozen

_ENDPOINT: Final = FormOption(
    value="openai", label=phrase("A transcription endpoint, on this computer or on the internet")
)
_MODEL: Final = FormOption(value="local", label=phrase("A model on this computer"))


async def lead_to_understanding(config: Config, guide: Guide) -> Changes:
    """Which settings of the hearing that changes."""
    options = (_ENDPOINT, *([] if is_frozen() else [_MODEL]), FormOption(value="voxta", label=_itself(config)))
    field = FormField(
        name="through", label=phrase("Who understands them"), kind="one", value=config.hearing.through, options=options
    )
    filled = await guide.ask(Form(title=phrase("Who understands what people say?"), fields=(field,)))
    through = filled.text("through")
    section = revised(config.hearing, {"through": through})
    fields = _fields(section, config.models_folder)
    return {
        "hearing.through": through,
        **(await _tried(section, fields, config.models_folder, guide) if fields else {}),
    }


def _itself(config: Config) -> Phrase:
    """What it means that the relay leaves it to whoever answers."""
    if not understands_itself(config):
        return phrase("Nobody: they can only interrupt it")
    if config.voxta.mode == "embedded":
        return phrase("The companion's own ear, as it is set")
    return phrase("Voxta's own speech recognition")


def _fields(section: HearingSection, models: Path) -> tuple[FormField, ...]:
    """What there is to set of who is chosen."""
    match section.through:
        case "voxta":
            return ()
        case "local":
            options = model_options(Purpose.RECOGNISER, models)
            value = section.local_model or for_language(section.language).name
            return (FormField(name="local_model", label=phrase("Model"), kind="one", value=value, options=options),)
        case "openai":
            kept = phrase("There is one already; leave this empty to keep it.") if section.api_key else None
            return (
                FormField(name="url", label=phrase("Address"), value=section.url, optional=False),
                FormField(name="model", label=phrase("Model"), value=section.model, optional=False),
                FormField(name="api_key", label=phrase("Key"), kind="secret", hint=kept),
            )


async def _tried(section: HearingSection, fields: tuple[FormField, ...], models: Path, guide: Guide) -> Changes:
    async def attempt(filled: Filled) -> Changes:
        given = {name: value for name, value in filled.answers.items() if value}
        chosen = revised(section, given)
        if chosen.through == "local":
            await bring(model_for(chosen.local_model, chosen.language), models, guide)
        recogniser = recogniser_for(chosen, models)
        assert recogniser is not None
        await recogniser.check()
        return {f"hearing.{name}": value for name, value in given.items()}

    form = Form(title=phrase("How are they understood?"), fields=fields, button=phrase("Try it"))
    return await settled(guide, form, attempt)
