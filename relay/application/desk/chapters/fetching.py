"""A model that somebody chose and that is not on this computer: fetched there and then, if they want it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from relay.errors import RelayError
from relay.guide import Filled, Form, FormField, FormLink, FormOption, Guide, Headway, phrase, settled
from relay.models.base import MEGABYTE, FetchProgress, Model
from relay.models.fetching import fetch
from relay.models.store import ModelStore

_FETCH: Final = FormOption(value="fetch", label=phrase("Fetch it"))
_ANOTHER: Final = FormOption(value="another", label=phrase("Choose another one"))


class AnotherWanted(RelayError):
    """Somebody rather chooses another one. It says nothing, since nothing is wrong."""


async def bring(model: Model, folder: Path, guide: Guide) -> None:
    """Have the model in this folder, asking before it is fetched and again when that fails. Raises AnotherWanted.

    What has come stays when the conversation is left, and the next fetch goes on there. Where nothing could load it
    nothing is fetched: whoever tries to says what is missing.
    """
    store = ModelStore(folder)
    if model.name in store.names() or find_spec("sherpa_onnx") is None:
        return

    async def attempt(filled: Filled) -> bool:
        if filled.text("fetch") == _ANOTHER.value:
            return False
        guide.show(_fetching(model))
        guide.tell(Headway(doing=phrase("Connecting…")))
        await fetch(model, store, lambda at: guide.tell(_told(at)))
        guide.tell(Headway(doing=phrase("Trying it…")))
        return True

    if not await settled(guide, _offer(model), attempt):
        raise AnotherWanted  # out here, as an attempt that raises is asked for again


def _offer(model: Model) -> Form:
    come = phrase(
        "It is not on this computer: {size} MB come from {host}, once, and it takes {room} MB of the disk.",
        size=in_megabytes(model.size), host=urlsplit(model.files[0].url).hostname or "",
        room=in_megabytes(model.unpacked),
    )  # fmt: skip
    return Form(
        title=phrase("Fetch {name}?", name=model.name),
        lines=(come, phrase("Its licence: {licence}", licence=model.licence)),
        links=(FormLink(address=model.source, label=phrase("Who made it")),),
        fields=(
            FormField(
                name="fetch", label=phrase("This model"), kind="one", value=_FETCH.value, options=(_FETCH, _ANOTHER)
            ),
        ),
    )  # fmt: skip


def _fetching(model: Model) -> Form:
    stays = phrase("You can leave this: what has come stays, and the next time it goes on there.")
    return Form(title=phrase("Fetching {name}", name=model.name), lines=(stays,))


def _told(at: FetchProgress) -> Headway:
    if at.doing != "fetching":
        return Headway(doing=phrase("Unpacking it…"))
    doing = phrase("{done} of {total} MB", done=round(at.done / MEGABYTE), total=in_megabytes(at.total))
    return Headway(doing=doing, share=round(at.done / at.total, 2))


def in_megabytes(size: int) -> int:
    """As sizes are told: what is to come is never nothing."""
    return max(1, round(size / MEGABYTE))
