"""The companion inside the relay: a name, a persona, what it thinks with, and a voice that is heard first."""

from pathlib import Path
from typing import Final

from pydantic import SecretStr

from relay.application.desk.chapters.fetching import bring
from relay.application.desk.chapters.nearby import MODELS, listening, model_options
from relay.companion.brains.completions import endpoint_of
from relay.companion.voice.build import voice_for
from relay.config import CompanionSection
from relay.config.base import revised
from relay.config.loading import Config
from relay.guide import Changes, Filled, Form, FormField, FormOption, Guide, phrase, settled
from relay.models.base import Purpose
from relay.models.catalogue import default, entry
from relay.models.store import ModelStore
from relay.system.installed import is_frozen

OPENAI: Final = "https://api.openai.com/v1"
ELSEWHERE: Final = "elsewhere"
PROBE: Final = 8.0
"""Seconds an endpoint may take to list its models."""

_BRAINS: Final = (
    FormOption(value="rules", label=phrase("Simple answers of its own: to begin with, and without a model")),
    FormOption(value="openai", label=phrase("A language model, on this computer or on the internet")),
)
_VOICES: Final = (
    FormOption(value="none", label=phrase("None: it writes")),
    FormOption(value="espeak", label=phrase("eSpeak: built in, and sounds like a robot")),
    FormOption(value="local", label=phrase("A better voice on this computer, which has to be fetched once")),
    FormOption(value="openai", label=phrase("A speech endpoint, on this computer or on the internet")),
)
_OF_ENGINES: Final = {"openai": ("speech_url", "speech_model", "speech_api_key"), "local": ("speech_local",)}
"""The settings that only one engine has."""
_YES, _NO = "yes", "no"


async def lead_to_companion(config: Config, guide: Guide) -> Changes:
    section = await _character(config.companion, guide)
    if section.brain == "openai":
        section = await _model(section, guide)
    section = await _voice(section, config.models_folder, guide)
    told = {name: getattr(section, name) for name in _settings(section) if _differs(name, section, config.companion)}
    return {
        "voxta.mode": "embedded",
        **{f"companion.{name}": _plain(value) for name, value in told.items()},
        "speech.enabled": section.speech != "none",
    }


def _settings(section: CompanionSection) -> tuple[str, ...]:
    """The settings that this chapter is about."""
    model = ("base_url", "model", "api_key") if section.brain == "openai" else ()
    speech = _OF_ENGINES.get(section.speech, ())
    return ("name", "user_name", "persona", "brain", *model, "speech", "speech_voice", *speech)


def _differs(name: str, section: CompanionSection, before: CompanionSection) -> bool:
    return name in ("name", "brain", "speech") or getattr(section, name) != getattr(before, name)


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


async def _character(section: CompanionSection, guide: Guide) -> CompanionSection:
    fields = (
        FormField(name="name", label=phrase("Its name"), value=section.name, optional=False),
        FormField(name="user_name", label=phrase("What it calls you"), value=section.user_name, optional=False),
        FormField(name="brain", label=phrase("It answers with"), kind="one", value=section.brain, options=_BRAINS),
        FormField(
            name="persona",
            label=phrase("Who it is, for a language model"),
            kind="long",
            value=section.persona,
            hint=phrase("Where it says char in double braces it reads its own name, and user is you."),
            optional=False,
        ),
    )

    async def take(filled: Filled) -> CompanionSection:
        return revised(section, {field.name: filled.text(field.name) for field in fields})

    return await settled(guide, Form(title=phrase("Who is your companion?"), fields=fields), take)


async def _model(section: CompanionSection, guide: Guide) -> CompanionSection:
    section, models = await _endpoint(section, guide)
    if not models:
        field = FormField(name="model", label=phrase("Name of the model"), value=section.model, optional=False)
    else:
        options = tuple(FormOption(value=name, label=name) for name in models)
        fitting = next(
            (name for name in models if name.partition(":")[0] == section.model.partition(":")[0]), models[0]
        )
        field = FormField(name="model", label=phrase("Model"), kind="one", value=fitting, options=options)
    filled = await guide.ask(Form(title=phrase("Which model?"), fields=(field,)))
    return revised(section, {"model": filled.text("model")})


async def _endpoint(section: CompanionSection, guide: Guide) -> tuple[CompanionSection, list[str]]:
    there = await listening(MODELS.values())
    known = {address: name for name, address in MODELS.items() if address in there} | {OPENAI: "OpenAI"}
    running = [address for address in MODELS.values() if address in there]
    value = section.base_url if section.base_url in known else next(iter(running), ELSEWHERE)
    options = [FormOption(value=address, label=f"{name}: {address}") for address, name in known.items()]
    form = Form(
        title=phrase("Where is the language model?"),
        lines=(
            phrase("Found on this computer: {names}.", names=", ".join(known[address] for address in running))
            if running
            else phrase("Neither Ollama nor LM Studio runs on this computer."),
        ),
        fields=(
            FormField(
                name="where", label=phrase("Endpoint"), kind="one", value=value,
                options=(*options, FormOption(value=ELSEWHERE, label=phrase("Another address"))),
            ),
            FormField(
                name="address", label=phrase("Its address"),
                value="" if section.base_url in MODELS.values() else section.base_url,
                hint=phrase("Only for another one. It ends in /v1, as a rule."),
            ),
            FormField(
                name="key", label=phrase("Key"), kind="secret",
                hint=phrase("There is one already; leave this empty to keep it.")
                if section.api_key
                else phrase("A program on this computer needs none."),
            ),
        ),
        button=phrase("Try it"),
    )  # fmt: skip

    async def look(filled: Filled) -> tuple[CompanionSection, list[str]]:
        where = filled.text("where")
        key = filled.text("key")
        changes = {"base_url": (filled.text("address") if where == ELSEWHERE else where).rstrip("/")}
        tried = revised(section, changes | ({"api_key": key} if key else {}))
        return tried, await endpoint_of(tried.model_copy(update={"timeout": PROBE})).models()

    return await settled(guide, form, look)


def _voices() -> tuple[FormOption, ...]:
    """Without what the relay lacks and cannot be given."""
    return tuple(each for each in _VOICES if each.value != "local" or not is_frozen())


async def _voice(section: CompanionSection, models: Path, guide: Guide) -> CompanionSection:
    while True:
        chosen = await _engine(section, guide)
        if chosen.speech == "none":
            return chosen
        chosen, sound = await _spoken(chosen, models, guide)
        again = FormField(
            name="keep", label=phrase("This voice"), kind="one", value=_YES,
            options=(
                FormOption(value=_YES, label=phrase("is the one")),
                FormOption(value=_NO, label=phrase("is not: choose another one")),
            ),
        )  # fmt: skip
        heard = Form(
            title=phrase("Do you hear {name}?", name=chosen.name),
            lines=(phrase("If not, look whether this computer's own sound is on."),),
            fields=(again,),
            button=phrase("Save"),
            sound=sound,
        )
        if (await guide.ask(heard)).text("keep") == _YES:
            return chosen
        section = chosen


async def _engine(section: CompanionSection, guide: Guide) -> CompanionSection:
    engine = FormField(name="speech", label=phrase("Voice"), kind="one", value=section.speech, options=_voices())
    filled = await guide.ask(Form(title=phrase("Does {name} speak?", name=section.name), fields=(engine,)))
    return revised(section, {"speech": filled.text("speech")})


async def _spoken(section: CompanionSection, models: Path, guide: Guide) -> tuple[CompanionSection, bytes]:
    """With the engine's own settings, and a sentence in that voice."""
    if section.speech == "local":
        fields: tuple[FormField, ...] = _local_fields(section, models)
    elif section.speech == "espeak":
        fields = (
            FormField(
                name="speech_voice", label=phrase("Language or voice"), value=section.speech_voice or "en-us",
                hint=phrase("Such as en-us, de or fr."),
            ),
        )  # fmt: skip
    else:
        fields = (
            FormField(name="speech_url", label=phrase("Address"), value=section.speech_url, optional=False),
            FormField(name="speech_model", label=phrase("Model"), value=section.speech_model, optional=False),
            FormField(name="speech_voice", label=phrase("Voice"), value=section.speech_voice or "alloy"),
            FormField(
                name="speech_api_key", label=phrase("Key"), kind="secret",
                hint=phrase("There is one already; leave this empty to keep it.") if section.speech_api_key else None,
            ),
        )  # fmt: skip

    async def speak(filled: Filled) -> tuple[CompanionSection, bytes]:
        given = {name: value for name, value in filled.answers.items() if value or name == "speech_voice"}
        chosen = revised(section, given)
        if chosen.speech == "local":
            await bring(entry(chosen.speech_local), models, guide)
        sentence = f"Hello {section.user_name}, I am {section.name}. This is how I sound."
        return chosen, await voice_for(chosen, models).speak(sentence)

    form = Form(title=phrase("Which voice?"), fields=fields, button=phrase("Let me hear it"))
    return await settled(guide, form, speak)


def _local_fields(section: CompanionSection, models: Path) -> tuple[FormField, ...]:
    """The models that are here, and those that can be fetched."""
    here = ModelStore(models).names()
    options = model_options(Purpose.VOICE, models)
    chosen = section.speech_local or next((o.value for o in options if o.value in here), default(Purpose.VOICE).name)
    return (
        FormField(name="speech_local", label=phrase("Voice"), kind="one", value=chosen, options=options),
        FormField(
            name="speech_voice", label=phrase("Speaker"),
            value=section.speech_voice if section.speech_local == chosen else "",
            hint=phrase("A number, or a name that `relay voices` lists; empty takes the first."),
        ),
    )  # fmt: skip
