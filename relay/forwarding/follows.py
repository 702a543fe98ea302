"""Who was told of as a follower lately: following again and again must not be told again and again."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from pydantic import TypeAdapter, ValidationError

from relay.inbox.base import Inbox
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Kind
from relay.system.bounded import remember
from relay.text.for_pages import for_pages

NOTE_FOLLOWS: Final = "follows"
"""The note that holds them."""
WITHIN: Final = 30 * 86_400.0
"""Seconds in which a viewer is told of once in each channel."""
MAX_FOLLOWERS: Final = 5_000
"""Followers remembered; whoever followed longest ago is forgotten first."""
_KEPT: Final = TypeAdapter(dict[str, float])


class ToldFollows:
    """Remembers by when the relay heard of a follow, so that one which is judged again is the same one."""

    def __init__(self) -> None:
        self._at: OrderedDict[str, float] = OrderedDict()
        self._has_changed = False
        self._keeping = asyncio.Lock()
        self.is_loaded = False

    def refuses(self, message: AudienceMessage) -> str | None:
        """Why this follow is not told; None, and remembered, when it is the first one for a while."""
        if message.kind is not Kind.FOLLOW or message.pretended or message.told_again:
            return None
        who = f"{message.platform}:{message.channel}/{message.author.id}"
        before = self._at.get(who)
        if before is not None and 0 < message.at - before < WITHIN:
            return for_pages("has followed before, less than a month ago")
        if before != message.at:
            remember(self._at, who, message.at, MAX_FOLLOWERS)
            self._has_changed = True
        return None

    def forget(self, viewer: str) -> None:
        """Know nothing of the follows of `platform:id` any more."""
        platform, _, id = viewer.partition(":")
        for who in [each for each in self._at if each.startswith(f"{platform}:") and each.endswith(f"/{id}")]:
            del self._at[who]
            self._has_changed = True

    def load(self, note: str | None) -> None:
        """Begin with what the note holds. One that cannot be read is none."""
        self.is_loaded = True
        self._at = OrderedDict(_read(note))

    def take_note(self) -> str | None:
        """What is to be noted; None when nothing has changed since the last call."""
        if not self._has_changed:
            return None
        self._has_changed = False
        return json.dumps(self._at)

    async def keep(self, inbox: Inbox) -> None:
        """Note what has changed."""
        async with self._keeping:  # what is noted last is what is known last
            if (note := self.take_note()) is not None:
                await with_retries(inbox.set_note, NOTE_FOLLOWS, note)


def followed_at(note: str | None) -> Mapping[str, float]:
    """When those followed whom the note holds, by viewer, the latest where it was in several channels."""
    found: dict[str, float] = {}
    for who, at in _read(note).items():
        place, _, id = who.rpartition("/")
        viewer = f"{place.partition(':')[0]}:{id}"
        found[viewer] = max(at, found.get(viewer, at))
    return found


def _read(note: str | None) -> dict[str, float]:
    with suppress(ValidationError):
        return _KEPT.validate_json(note or "{}")
    return {}
