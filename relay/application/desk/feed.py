"""The feed: what was said joined with what was answered, and what was heard set apart from what was cut off."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from relay.application.composition import Relay
from relay.application.desk.rows import MessageRow, PostRow, ReplyRow
from relay.model import AudienceMessage, Post, ReplyText, Settlement
from relay.replies.replies import Step
from relay.system import clock
from relay.web.desk.log import LogTopic

FOLLOWED: Final = 16
"""Open replies that are looked at; as many as there may be."""
ASKED: Final = 8
"""Messages shown with their answer; a forward rarely has more."""


class Feed:
    """Hears what happens, whether or not a page is open."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.topic: LogTopic[MessageRow | ReplyRow | PostRow] = LogTopic("feed", clock.now, refresh=self._refresh)
        self._open: dict[str, ReplyRow] = {}

    @contextmanager
    def following(self) -> Iterator[None]:
        """Until the context ends."""
        events = self._relay.events
        with ExitStack() as stack:
            stack.enter_context(events.arrived.told_to(self._arrived))
            stack.enter_context(events.settled.told_to(self.settled))
            stack.enter_context(events.replied.told_to(self._replied))
            stack.enter_context(events.released.told_to(self._released))
            stack.enter_context(events.posted.told_to(self._posted))
            stack.enter_context(events.changed.told_to(self._refresh))
            yield

    def of(self, viewer: str, count: int) -> list[MessageRow]:
        """The newest of what a viewer said or did, in order."""
        rows = (row for row in self.topic if isinstance(row, MessageRow) and row.message.viewer == viewer)
        return [row for row, _ in zip(rows, range(count), strict=False)][::-1]

    def _arrived(self, message: AudienceMessage) -> None:
        if self.topic.get(message.key) is None:  # platforms bring some twice, and the store knows that
            self.topic.add(MessageRow(message))

    def restore(self, messages: Sequence[AudienceMessage]) -> None:
        """Show what came in before this start, too."""
        self.topic.restore([MessageRow(message) for message in messages])

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """They have their outcomes."""
        for settlement in settlements:
            if isinstance(row := self.topic.get(settlement.key), MessageRow):
                row.ended = settlement
                self.topic.touch(row)

    def _replied(self, step: Step) -> None:
        reply = step.reply
        if reply.is_narration:
            return
        row = self.topic.get(f"reply:{reply.id}")
        if not isinstance(row, ReplyRow):
            keys = reply.forward.keys[:ASKED] if reply.forward is not None else ()
            found = (self.topic.get(key) for key in keys)
            row = ReplyRow(reply, clock.now(), tuple(each for each in found if isinstance(each, MessageRow)))
            self.topic.add(row)
            for asked in row.asked:
                asked.reply = row.id
                self.topic.touch(asked)
            self._open[row.id] = row
            if len(self._open) > FOLLOWED:
                del self._open[next(iter(self._open))]
        self._look_at(row)

    def _refresh(self) -> None:
        """What is heard of a reply, and its end, are told of by nobody."""
        for row in list(self._open.values()):
            self._look_at(row)

    def _look_at(self, row: ReplyRow) -> None:
        if row.has_changed():
            self.topic.touch(row)
        if not row.reply.is_open:
            self._open.pop(row.id, None)

    def _released(self, reply: ReplyText) -> None:
        if isinstance(row := self.topic.get(f"reply:{reply.message_id}"), ReplyRow):
            row.released = reply.text
            self.topic.touch(row)

    def _posted(self, platform: str, post: Post, error: str | None) -> None:
        if post.message_id is None:
            self.topic.add(PostRow(f"post:{post.nonce}", platform, post.text, clock.now(), error))
        elif isinstance(row := self.topic.get(f"reply:{post.message_id}"), ReplyRow):
            row.posted[platform] = error
            self.topic.touch(row)
