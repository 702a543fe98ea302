"""The running relay as its moderators see and steer it."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from relay.application.dialogue import Dialogue
from relay.errors import PlatformError
from relay.forwarding.forwarder import Forwarder
from relay.inbox.base import Inbox
from relay.model import AudienceMessage, Held, Outcome
from relay.moderation.switches import Switches
from relay.platforms import listed
from relay.platforms.base import Platform, Withholding
from relay.system import clock
from relay.system.bounded import remember
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)

NOTE_SWITCHES = "switches"
"""The note that holds the moderators' settings."""
REMEMBERED = 500
"""Viewers offered for completion."""
COMPLETED = 100
"""Messages offered for completion."""


class RuntimeControls:
    """Implements Actions. `restore` applies what moderators set before the last restart."""

    def __init__(
        self,
        inbox: Inbox,
        dialogue: Dialogue,
        forwarder: Forwarder,
        *,
        platforms: Callable[[], Sequence[Platform]],
        describe: Callable[[], Awaitable[str]],
    ) -> None:
        """`describe` says in a few lines what is connected and what waits."""
        self._platforms = platforms
        self._inbox = inbox
        self._dialogue = dialogue
        self._voice = dialogue.voice
        self._screening = dialogue.screening
        self._forwarder = forwarder
        self._describe = describe
        self._viewers: OrderedDict[str, str] = OrderedDict()

    async def restore(self) -> None:
        if kept := await self._inbox.get_note(NOTE_SWITCHES):
            self._apply(Switches.model_validate_json(kept))

    def saw(self, message: AudienceMessage) -> None:
        """Remember a viewer for completion."""
        remember(self._viewers, message.viewer, message.author.name, REMEMBERED)

    async def status(self) -> str:
        return "\n".join([await self._describe(), *_shown(self.switches()), f"Held: {len(self.held())}"])

    def switches(self) -> Switches:
        return self._forwarder.waiting.switches

    async def switch(self, switches: Switches) -> None:
        await self._inbox.set_note(NOTE_SWITCHES, switches.model_dump_json())
        self._apply(switches)

    def _apply(self, switches: Switches) -> None:
        self._forwarder.follow(switches)
        self._dialogue.set_volume(switches.volume)

    def held(self) -> Sequence[Held]:
        return sorted((*self._forwarder.waiting.held(), *self._screening.held()), key=lambda held: held.at)

    async def approve(self, held_id: str, text: str | None = None) -> bool:
        told = await self._tell_platform(held_id, approve=True) if text is None else False
        done = self._screening.approve(held_id, text) or self._forwarder.waiting.approve(held_id, clock.now(), text)
        self._forwarder.wake()
        return done or told

    async def reject(self, held_id: str) -> bool:
        told = await self._tell_platform(held_id, approve=False)
        done = self._screening.reject(held_id) or self._forwarder.waiting.reject(held_id, "rejected by a moderator")
        self._forwarder.wake()
        return done or told

    async def _tell_platform(self, held_id: str, *, approve: bool) -> bool:
        """Decide there, too, about what a platform withholds, which may settle it here meanwhile."""
        message = self._forwarder.waiting.held_message(held_id)
        if message is None or message.withheld is None or not message.withheld.is_decided_here:
            return False
        for platform in self._platforms():
            if platform.name == message.platform and isinstance(platform, Withholding):
                await _decide(platform, message, approve=approve)
        return True

    async def skip(self) -> bool:
        return self._voice.stop()

    async def interrupt(self) -> bool:
        return self._voice.silence()

    async def clear(self) -> int:
        count = self._forwarder.waiting.clear(Outcome.DROPPED, "cleared by a moderator")
        self._forwarder.wake()
        return count

    async def put_first(self, key: str) -> bool:
        done = any(map(self._forwarder.waiting.put_first, listed.keys_of(key)))
        self._forwarder.wake()
        return done

    async def drop(self, key: str) -> bool:
        waiting, reason = self._forwarder.waiting, for_pages("dropped by a moderator")
        done = any(waiting.drop(each, Outcome.DROPPED, reason) for each in listed.keys_of(key))
        self._forwarder.wake()
        return done

    def queue(self) -> Sequence[AudienceMessage]:
        ordered = self._forwarder.waiting.in_order(clock.now())
        return [each.message for each in islice(ordered, COMPLETED)]

    async def why(self, key: str) -> str:
        return await story(self._inbox, key)

    def viewers(self, prefix: str) -> Sequence[tuple[str, str]]:
        wanted = prefix.casefold()
        newest_first = reversed(self._viewers.items())
        return [(name, viewer) for viewer, name in newest_first if name.casefold().startswith(wanted)]


async def _decide(platform: Withholding, message: AudienceMessage, *, approve: bool) -> None:
    """What is not to be told need not wait for a platform that has decided already."""
    try:
        await platform.decide(message, approve=approve)
    except PlatformError as error:
        if approve or error.retryable:
            raise
        log.info("%s", error)


async def story(inbox: Inbox, key: str) -> str:
    """What happened to a message, in one line; a bare id may be any platform's."""
    for candidate in listed.keys_of(key):
        if record := await inbox.why(candidate):
            return f"{candidate}: {record.story}"
    return f"{key}: unknown, or forgotten"


def _shown(switches: Switches) -> list[str]:
    """What differs from the usual."""
    usual = Switches()
    fields = [
        ("paused", "yes" if switches.paused else ""),
        ("mode", switches.mode if switches.mode != usual.mode else ""),
        ("rates", ", ".join(f"{name} {rate:g}" for name, rate in sorted(switches.rates.items()))),
        ("muted", str(len(switches.muted) or "")),
        ("blocked terms", str(len(switches.blocked_terms) or "")),
        ("quiet hours", switches.quiet_hours or ""),
        ("volume", "" if switches.volume is None else f"{switches.volume:.0%}"),
    ]
    return [f"{name.capitalize()}: {value}" for name, value in fields if value]
