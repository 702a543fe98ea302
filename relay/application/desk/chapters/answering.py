"""Who answers: Voxta, or the companion inside the relay."""

from functools import partial
from typing import Final

from relay.application.desk.chapters.companion import lead_to_companion
from relay.application.desk.chapters.voxta import lead_to_voxta
from relay.application.desk.connecting import Chapter
from relay.config.loading import Config
from relay.guide import Changes, Form, FormField, FormOption, Guide, Phrase, phrase

_OWN, _VOXTA = "embedded", "server"
_WHO: Final = (
    FormOption(value=_OWN, label=phrase("A companion inside the relay: nothing else has to run")),
    FormOption(value=_VOXTA, label=phrase("A character in Voxta, on this computer or another one")),
)


async def _lead(own_url: str, config: Config, guide: Guide) -> Changes:
    now = _VOXTA if config.voxta.mode == _VOXTA else _OWN
    who = FormField(name="who", label=phrase("The audience talks to"), kind="one", value=now, options=_WHO)
    filled = await guide.ask(Form(title=phrase("Who answers?"), fields=(who,)))
    if filled.text("who") == _VOXTA:
        return await lead_to_voxta(config, guide, own_url)
    return await lead_to_companion(config, guide)


def _set_already(config: Config) -> Phrase | None:
    match config.voxta.mode:
        case "embedded":
            return phrase("{name}, inside the relay", name=config.companion.name)
        case "server":
            return phrase("Voxta at {address}", address=config.voxta.url)
        case "gateway":
            return phrase("A Voxta Gateway at {address}", address=config.voxta.gateway_url)


def answering(own_url: str) -> Chapter:
    """`own_url` is where the relay's own companion listens; empty where it runs none."""
    about = phrase("Who answers, and with which voice.")
    return Chapter("companion", phrase("The companion"), about, _set_already, partial(_lead, own_url))
