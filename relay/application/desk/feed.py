"""The feed: what was said joined with what was answered, and what was heard set apart from what was cut off."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from relay.application.composition import Relay
from relay.application.desk.rows import MessageRow, OwnRow, PostRow, ReplyRow, forget
from relay.model import AudienceMessage, Forward, Post, ReplyText, Settlement
from relay.replies.replies import Step
from relay.replies.told_back import ToldBack
from relay.system import clock
from relay.web.desk.log import LogTopic
from relay.wire import server
from relay.wire.messages import WireMessage

FOLLOWED: Final = 16
"""Open replies that are looked at; as many as there may be."""
ANSWERED_WITHIN: Final = 60.0
"""Seconds after which what begins is no answer any more to what was said in Voxta."""
ASKED: Final = 8
"""Messages shown with their answer; a forward rarely has more."""
FeedRow = MessageRow | OwnRow | ReplyRow | PostRow


class Feed:
    """Hears what happens, whether or not a page is open."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.topic: LogTopic[FeedRow] = LogTopic("feed", clock.now, refresh=self._refresh)
        self._open: dict[str, ReplyRow] = {}
        self._told_back = ToldBack()
        self._unanswered: OwnRow | None = None
        """What the streamer said last."""

    @contextmanager
    def following(self) -> Iterator[None]:
        """Until the context ends."""
        events = self._relay.events
        with ExitStack() as stack:
            stack.enter_context(events.arrived.told_to(self._arrived))
            stack.enter_context(events.settled.told_to(self.settled))
            stack.enter_context(events.forgotten.told_to(partial(forget, self.topic)))
            stack.enter_context(events.sent.told_to(self._told_back.sent))
            stack.enter_context(events.received.told_to(self._received))
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
            row = ReplyRow(reply, clock.now(), tuple(self._asked(reply.forward)))
            self.topic.add(row)
            for asked in row.asked:
                asked.reply = row.id
                self.topic.touch(asked)
            self._open[row.id] = row
            if len(self._open) > FOLLOWED:
                del self._open[next(iter(self._open))]
        self._look_at(row)

    def _asked(self, forward: Forward | None) -> Iterator[MessageRow | OwnRow]:
        """What a reply answers that begins now."""
        said, self._unanswered = self._unanswered, None
        if forward is None:
            if said is not None and clock.now() - said.at < ANSWERED_WITHIN:
                yield said
        elif not forward.keys:
            yield self._own(forward.id, forward.body, is_streamers=forward.is_streamers)
        else:
            found = (self.topic.get(key) for key in forward.keys[:ASKED])
            yield from (row for row in found if isinstance(row, MessageRow))

    def _received(self, message: WireMessage) -> None:
        """What is said to the companion in Voxta itself. Its text may come once more, and corrected."""
        if not isinstance(message, server.MessageEvent) or message.role.casefold() != "user":
            return
        if isinstance(row := self.topic.get(_own_id(message.message_id)), OwnRow):
            row.text = message.text
            self.topic.touch(row)
        elif not self._told_back.knows(message):
            self._unanswered = self._own(message.message_id, message.text, is_streamers=True)

    def _own(self, name: str, text: str, *, is_streamers: bool) -> OwnRow:
        chat = self._relay.session.chat
        row = OwnRow(_own_id(name), chat.user_name if is_streamers and chat is not None else "", text, clock.now())
        self.topic.add(row)
        return row

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


def _own_id(name: str) -> str:
    return f"own:{name}"
