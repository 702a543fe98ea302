"""OBS: connected, the microphone picked, and the overlay put into a scene."""

from typing import Final

from pydantic import SecretStr

from relay.application.desk.chapters.nearby import listening
from relay.application.desk.connecting import Chapter
from relay.application.overlay_page import overlay_address, waiting_page
from relay.config import ObsSection
from relay.config.base import revised
from relay.config.loading import Config
from relay.guide import Changes, Filled, Form, FormField, FormOption, Guide, Phrase, phrase, settled
from relay.obs.setting_up import NAME, ObsFound, explore, place
from relay.web.overlay.waiting import look_in, write_waiting_page

NOWHERE: Final = ""


async def _lead(config: Config, guide: Guide) -> Changes:
    section, found = await _connected(config, guide)
    chosen = await _sources(config, section, found, guide)
    changes: dict[str, object] = {
        "obs.enabled": True,
        "obs.url": section.url,
        "obs.inputs": list(chosen.many("inputs")),
        "obs.quiet_off_stream": chosen.has("quiet"),
    }
    if section.password is not None and section.password != config.obs.password:
        changes["obs.password"] = section.password.get_secret_value()
    return changes


async def _connected(config: Config, guide: Guide) -> tuple[ObsSection, ObsFound]:
    there = await listening([config.obs.url])
    form = Form(
        title=phrase("Connect to OBS"),
        lines=(
            phrase("OBS answers.") if there else phrase("OBS does not answer yet: start it on this computer."),
            phrase("In OBS, open Tools > WebSocket Server Settings and tick Enable WebSocket server."),
            phrase("Show Connect Info shows the password: copy it to here."),
        ),
        fields=(
            FormField(
                name="password", label=phrase("Password"), kind="secret",
                hint=phrase("There is one already; leave this empty to keep it.") if config.obs.password else None,
            ),
            FormField(name="url", label=phrase("Address of OBS"), value=config.obs.url, optional=False),
        ),
        button=phrase("Connect"),
    )  # fmt: skip

    async def look(filled: Filled) -> tuple[ObsSection, ObsFound]:
        section = revised(config.obs, {"url": filled.text("url")})
        if password := filled.text("password"):
            section = section.model_copy(update={"password": SecretStr(password)})
        return section, await explore(section, config.web.addresses)

    return await settled(guide, form, look)


async def _sources(config: Config, section: ObsSection, found: ObsFound, guide: Guide) -> Filled:
    form = _form(config, found)

    async def put(filled: Filled) -> Filled:
        revised(section, {"enabled": True, "inputs": filled.many("inputs")})
        if (scene := filled.text("scene")) != NOWHERE:
            page = waiting_page(config)
            write_waiting_page(page, overlay_address(config, look_in(page) or ""))
            await place(section, scene, page, found.size)
        return filled

    return await settled(guide, form, put)


def _form(config: Config, found: ObsFound) -> Form:
    known = [name for name in config.obs.inputs if name in found.inputs]
    has_none = config.obs.enabled and not config.obs.inputs
    microphone = FormField(
        name="inputs",
        label=phrase("Your microphone"),
        kind="many",
        value=() if has_none else tuple(known or [name for name in found.inputs if "mic" in name.lower()][:1]),
        options=tuple(FormOption(value=name, label=name) for name in found.inputs if name not in found.overlays),
        hint=phrase(
            "The companion falls silent while it hears you. Only the level is read. Tick none if it is not in OBS."
        ),
    )
    nowhere = FormOption(value=NOWHERE, label=phrase("Nowhere: I do that myself, or have it already"))
    scenes = tuple(FormOption(value=name, label=name) for name in found.scenes)
    scene = FormField(
        name="scene",
        label=phrase("Put the companion's voice and captions into the scene"),
        kind="one",
        value=NOWHERE if found.overlays else found.scene,
        options=(*scenes, nowhere),
        hint=phrase("As the source {name}; move and resize it as you like.", name=NAME),
    )
    quiet = FormField(
        name="quiet", label=phrase("Be quiet while I am not streaming"), kind="switch",
        value=config.obs.quiet_off_stream,
    )  # fmt: skip
    there = phrase("The overlay is in OBS already: {names}.", names=", ".join(found.overlays))
    return Form(
        title=phrase("OBS is connected"),
        lines=(there,) if found.overlays else (),
        fields=(microphone, scene, quiet),
        button=phrase("Save"),
    )


def _set_already(config: Config) -> Phrase | None:
    if not config.obs.enabled:
        return None
    if not config.obs.inputs:
        return phrase("Connected, without a microphone")
    return phrase("Listening to {names}", names=", ".join(config.obs.inputs))


OBS: Final = Chapter(
    "obs",
    "OBS",
    phrase("Your microphone interrupts the companion, and its voice and captions are put into a scene."),
    _set_already,
    _lead,
)
