"""The desk of a running relay: its topics and actions, put together from who knows of what."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from relay import __version__
from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk import strip
from relay.application.desk.captions import look_action
from relay.application.desk.chapters import all_chapters
from relay.application.desk.connecting import GuidedSetup
from relay.application.desk.controls import control_actions
from relay.application.desk.decisions import Decisions
from relay.application.desk.feed import Feed
from relay.application.desk.kept import KeptSettings
from relay.application.desk.lights import Lights
from relay.application.desk.past import Past
from relay.application.desk.queue import WaitingList
from relay.application.desk.settings import settings_actions
from relay.application.desk.sharing import SharedDesk
from relay.application.desk.strip import Strip
from relay.application.desk.support import Support
from relay.application.desk.trying import Trying
from relay.application.desk.viewers import Viewers
from relay.application.restarts import LiveRun
from relay.config.loading import Config
from relay.model import Caller
from relay.platforms import listed
from relay.system.periodic import AGAIN, repeat
from relay.text.for_pages import for_pages
from relay.web.access import AccessLinks
from relay.web.desk.actions import DeskAction, NoFields
from relay.web.desk.desk import Desk
from relay.web.desk.topics import Topic

_SETTINGS_NONE: Final = "none"
"""Nothing can be set, as in the demo."""
_SETTINGS_NEW: Final = "new"
"""There is no platform yet: a first visit."""
_SETTINGS_SET: Final = "set"


@asynccontextmanager
async def desk_of(
    config: Config, relay: Relay, audio: LiveAudio, links: AccessLinks, run: LiveRun | None = None
) -> AsyncIterator[Desk]:
    """For as long as the context lasts, it follows what happens. A run by a settings file lets these be changed."""
    settings = _SETTINGS_NONE if run is None else _SETTINGS_SET if listed.enabled(config) else _SETTINGS_NEW
    desk = Desk(about=lambda: {"version": __version__, "character": relay.dialogue.character, "settings": settings})
    lights = Lights(config, relay, audio)
    top, held, following = Strip(relay, audio, lights), Decisions(relay), WaitingList(relay)
    feed, support, trying = Feed(relay), Support(relay), Trying(config, relay, audio)
    desk.topics.add(top.topic, held.topic, following.topic, feed.topic, support.topic, trying.topic)
    desk.actions.add(*control_actions(relay.controls, lambda: relay.runtime.switches().paused))
    desk.actions.add(*_looks(top.topic, held.topic, following.topic))
    shared = SharedDesk(links, desk.actions, relay.controls, config.web)
    desk.topics.add(shared.topic)
    past = Past(relay.inbox, feed, support)
    desk.actions.add(*support.actions(), *Viewers(relay, feed, support, past).actions())
    desk.actions.add(*trying.actions(), *shared.actions())
    setup = _can_be_set(desk, run, relay) if run is not None else None
    player = repeat(trying.player.run, AGAIN, "playing a recording")
    looking = desk.topics.keep_looking(strip.EVERY)
    rooms = {"look": looking, "lights": lights.run(), "player": player, "past": past.bring_back()}
    work = [asyncio.create_task(room, name=f"desk-{name}") for name, room in rooms.items()]
    try:
        with relay.events.changed.told_to(top.look), feed.following(), support.following():
            yield desk
    finally:
        if setup is not None:
            await setup.aclose()
        for task in work:
            task.cancel()
        for task in work:
            with suppress(asyncio.CancelledError):
                await task


def _can_be_set(desk: Desk, run: LiveRun, relay: Relay) -> GuidedSetup:
    """Let the settings be changed on the desk, one by one and chapter by chapter."""
    kept = KeptSettings(run)
    setup = GuidedSetup(all_chapters(relay.voxta_url if run.config.voxta.mode == "embedded" else ""), kept)
    desk.topics.add(setup.topic)
    desk.actions.add(*settings_actions(run, relay, setup.topic.changed), *setup.actions, look_action(kept.newest))
    return setup


def _looks(top: Topic, held: Topic, following: Topic) -> Iterator[DeskAction[Any]]:
    """The states, for who wants to know them once."""
    for name, summary, topic in (
        ("state", for_pages("Who has the floor, what is connected, and what is set"), top),
        ("held", for_pages("What waits for a decision"), held),
        ("next", for_pages("What waits, in the order in which it would be heard"), following),
    ):
        yield DeskAction(name, summary, NoFields, _look_at(topic))


def _look_at(topic: Topic) -> Any:
    async def run(_: NoFields, by: Caller) -> object:
        return topic.shown()

    return run
