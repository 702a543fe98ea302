"""Which inputs there are in OBS, and which of the wanted ones are muted."""

from collections.abc import Iterable
from dataclasses import dataclass

from relay.errors import ObsUnavailable
from relay.obs.connection import ObsConnection, RequestRefused
from relay.text.for_pages import for_pages


@dataclass(frozen=True)
class Inputs:
    """What OBS says about its inputs."""

    names: frozenset[str] = frozenset()
    """Of all inputs."""
    muted: frozenset[str] = frozenset()
    """Those among the wanted ones that are muted."""
    soundless: frozenset[str] = frozenset()
    """Those among the wanted ones that have no sound, such as images."""

    def complaint(self, wanted: Iterable[str]) -> str | None:
        """What is wrong with the wanted inputs and what to do about it, in one line; None when all is well."""
        wanted = frozenset(wanted)
        if missing := wanted - self.names:
            return for_pages(
                f"obs.inputs: OBS has no input {quoted(missing)}; correct the name, there are {quoted(self.names)}"
            )
        if silent := wanted & self.soundless:
            return for_pages(f"obs.inputs: {quoted(silent)} has no sound in OBS; name an audio input")
        return None


def quoted(names: Iterable[str]) -> str:
    """Names as people are told them."""
    return ", ".join(map(repr, sorted(names))) or "none"


async def find(connection: ObsConnection, wanted: Iterable[str]) -> Inputs:
    """Look the inputs up. Raises ObsUnavailable."""
    names = await _names(connection)
    muted, soundless = set(), set()
    for name in names.intersection(wanted):
        try:
            answer = await connection.request("GetInputMute", inputName=name)
        except RequestRefused:
            soundless.add(name)
        else:
            if answer.get("inputMuted") is True:
                muted.add(name)
    return Inputs(names, frozenset(muted), frozenset(soundless))


async def _names(connection: ObsConnection) -> frozenset[str]:
    try:
        answer = await connection.request("GetInputList")
    except RequestRefused as error:
        raise ObsUnavailable(f"OBS is not ready: {error}") from None
    inputs = answer.get("inputs")
    entries = inputs if isinstance(inputs, list) else []
    names = (entry.get("inputName") for entry in entries if isinstance(entry, dict))
    return frozenset(name for name in names if isinstance(name, str))
