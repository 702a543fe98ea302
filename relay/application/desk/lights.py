"""A light for each connection, with what to do where one is not green."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Final

from relay.application.audio import SilentAudio
from relay.application.composition import Relay
from relay.application.conditions import Condition, State
from relay.config.loading import Config
from relay.errors import InboxError
from relay.model import DESK
from relay.platforms import listed
from relay.text.for_pages import for_pages

STORE_EVERY: Final = 5.0
"""Seconds between two questions whether the store answers."""
STORE_OPENS: Final = 1.0
"""Seconds a store may take to open: that it does not answer yet is nothing to worry about."""
_FIXES: Final = {
    "voxta": for_pages("Start Voxta and open a chat in it. Its address is voxta.url in the settings."),
    "companion": for_pages("The log of the relay says why the companion did not start."),
    "obs": for_pages(
        "Start OBS, and switch on Tools → WebSocket Server Settings. Port and password are those under [obs]."
    ),
    "overlay": for_pages(
        "Add /overlay of this address as a browser source in OBS. A page in a browser has to be clicked once."
    ),
    "hearing": for_pages(
        "Look at url, model and api_key under [hearing] in the settings, and whether the endpoint runs."
    ),
    "vtube_studio": for_pages(
        "Start VTube Studio, switch on Allow Plugin API access in it, and click Allow when it asks."
    ),
    "voice": for_pages("Look at the settings under [voice], and at what the bot may do in the channel."),
    "store": for_pages(
        "Look whether the disk is full, or whether Redis runs. What comes in meanwhile is kept by the platforms."
    ),
}


class Lights:
    """How all of the relay's connections are."""

    def __init__(self, config: Config, relay: Relay, audio: SilentAudio) -> None:
        self._relay = relay
        self._audio = audio
        self._is_embedded = config.voxta.mode == "embedded"
        self._store = Condition("store", "Store", "busy")

    async def run(self) -> None:
        """Look whether the store answers, until cancelled."""
        await asyncio.sleep(STORE_OPENS)
        while True:
            try:
                await self._relay.inbox.waiting()
                self._store = replace(self._store, state="ok", text="")
            except InboxError as error:
                self._store = replace(self._store, state="problem", text=str(error))
            await asyncio.sleep(STORE_EVERY)

    def shown(self) -> list[dict[str, str]]:
        """As pages are told."""
        return [asdict(_with_fix(condition)) for condition in self._all()]

    def _all(self) -> Iterator[Condition]:
        yield self._voxta()
        yield from self._platforms()
        yield from self._audio.conditions()
        yield from self._relay.dialogue.avatar.conditions()
        yield self._store

    def _voxta(self) -> Condition:
        session = self._relay.session
        name, label = ("companion", for_pages("Companion")) if self._is_embedded else ("voxta", "Voxta")
        if session.chat is None:
            state: State = "busy" if session.is_connected or self._is_embedded else "problem"
            return Condition(name, label, state, session.problem or "")
        return Condition(name, label, "problem" if session.refusal else "ok", session.refusal or "")

    def _platforms(self) -> Iterator[Condition]:
        labels, supervisor = listed.labels(), self._relay.supervisor
        for platform in self._relay.platforms:
            if platform.name == DESK:
                continue
            is_stopped = supervisor.is_stopped(platform)
            state: State = "problem" if is_stopped else "ok" if platform.listening.is_set() else "busy"
            name = platform.name
            yield Condition(name, labels.get(name, name), state, supervisor.health(platform))


def _with_fix(condition: Condition) -> Condition:
    is_well = condition.state in ("ok", "off")
    return condition if is_well else replace(condition, fix=condition.fix or _FIXES.get(condition.name, ""))
