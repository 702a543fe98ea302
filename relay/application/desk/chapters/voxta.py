"""Voxta: found, logged in to, and a chat chosen there."""

from urllib.parse import urlsplit

from relay.application.connect import key_of
from relay.application.desk.chapters.nearby import VOXTA, listening
from relay.config import VoxtaSection, is_loopback
from relay.config.base import revised
from relay.config.loading import Config
from relay.errors import AuthError, ConfigError, VoxtaKeyNeeded
from relay.guide import (
    Changes,
    DeviceCode,
    Filled,
    Form,
    FormField,
    FormLink,
    FormOption,
    Guide,
    phrase,
    settled,
)
from relay.voxta.check import VoxtaFound, find, names
from relay.voxta.login import log_in_by_code

OPEN = "open"


async def lead_to_voxta(config: Config, guide: Guide, own_url: str) -> Changes:
    """What answers at `own_url` is the relay's own companion, and no Voxta."""
    section, found = await _connected(config, guide, own_url)
    return await _chat(config, section, found, guide)


async def _connected(config: Config, guide: Guide, own_url: str) -> tuple[VoxtaSection, VoxtaFound]:
    address = config.voxta.url
    is_there = bool(await listening([address])) and not _is_same(address, own_url)
    line = (
        phrase("Something answers at the usual address: Voxta, most likely.")
        if is_there
        else phrase("Start Voxta now. Nothing answers at {address} yet.", address=address)
    )
    form = Form(
        title=phrase("Where is Voxta?"),
        lines=(line,),
        fields=(
            FormField(
                name="url", label=phrase("Address of Voxta"), value=address, optional=False,
                hint=phrase("On this computer it is {address}, as a rule.", address=VOXTA),
            ),
        ),
        button=phrase("Connect"),
    )  # fmt: skip

    async def look(filled: Filled) -> tuple[VoxtaSection, VoxtaFound]:
        url = filled.text("url")
        if _is_same(url, own_url):
            raise ConfigError(
                f"at {url} answers the relay's own companion: end the relay, start Voxta, then start the relay again"
            )
        section = revised(config.voxta, {"mode": "server", "url": url.rstrip("/")})
        return section, await _let_in(config, section, guide)

    return await settled(guide, form, look)


def _is_same(url: str, other: str) -> bool:
    """Whether both lead to the same port of this computer."""
    try:
        one, two = urlsplit(url), urlsplit(other)
        return is_loopback(one.hostname or "") and is_loopback(two.hostname or "") and one.port == two.port
    except ValueError:
        return False


async def _let_in(config: Config, section: VoxtaSection, guide: Guide) -> VoxtaFound:
    """What is there, after a login where that is needed."""
    try:
        return await find(_with_key(config, section))
    except (AuthError, VoxtaKeyNeeded):
        if section.api_key is not None:
            raise
    await log_in_by_code(section, config.voxta_token_file, lambda code: guide.show(_confirm(code)))
    return await find(_with_key(config, section))


def _with_key(config: Config, section: VoxtaSection) -> VoxtaSection:
    return key_of(config.model_copy(update={"voxta": section}))


def _confirm(code: DeviceCode) -> Form:
    return Form(
        title=phrase("Log in to Voxta"),
        lines=(phrase("Open the page in Voxta and confirm this code. This goes on by itself."),),
        links=(FormLink(address=code.address, label=phrase("Open Voxta's page")),),
        code=code.code,
    )


async def _chat(config: Config, section: VoxtaSection, found: VoxtaFound, guide: Guide) -> Changes:
    options = [
        FormOption(value=OPEN, label=phrase("Whatever chat is open in Voxta")),
        *(
            FormOption(value=f"character {person.id}", label=phrase("A chat with {name}", name=person.name))
            for person in found.characters
        ),
        *(
            FormOption(value=f"chat {chat.chat_id}", label=phrase("The open chat with {names}", names=names(chat)))
            for chat in found.chats
        ),
    ]
    now = f"{section.join} {section.character_id if section.join == 'character' else section.chat_id or ''}".strip()
    known = now if now in [option.value for option in options] else OPEN
    form = Form(
        title=phrase("Which chat does the audience take part in?"),
        lines=(
            phrase("Voxta {version} answers, and knows you as {user}.", version=found.version, user=found.user or "?"),
        ),
        fields=(
            FormField(name="chat", label=phrase("Chat"), kind="one", value=known, options=tuple(options)),
            FormField(
                name="speech", label=phrase("Let Voxta's voice be heard in OBS and in voice channels"), kind="switch",
                value=True,
            ),
        ),
        button=phrase("Save"),
    )  # fmt: skip
    filled = await guide.ask(form)
    join, _, id = filled.text("chat").partition(" ")
    return {
        "voxta.mode": "server",
        "voxta.url": section.url,
        "voxta.join": join,
        **({f"voxta.{join}_id": id} if id else {}),
        "speech.enabled": filled.has("speech"),
    }
