"""Whatever is told of replies, in any order: what was complete or heard is posted, once, and never more than that."""

from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.model import Forward, Origin, ReplyText, Retraction, SendAs
from relay.replies.heard_text import HeardSentence
from relay.replies.replies import OPEN, OVER, Replies
from relay.replies.reply import CUT_OFF, Phase, Reply
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.support import examples

ORDER = [Phase.GENERATING, Phase.SPEAKING, Phase.DONE]
WORDS = "One two three. "


def forward(number: int) -> Forward:
    return Forward(
        id=f"f{number}",
        keys=(f"twitch:m{number}",),
        send_as=SendAs.USER,
        body="Ann (Twitch): hello",
        origins=(Origin(platform="twitch", channel="lobby"),),
        chat_id="c",
        after_index=0,
    )


class Evening:
    """Voxta, a player of speech that does as it is told, and a channel."""

    def __init__(self, *, is_open: bool) -> None:
        """`is_open`: somebody hears what is said."""
        self.replies = Replies()
        self.posted: list[ReplyText] = []
        self.due: set[str] = set()
        """Replies that were complete or heard in part, and so have to be posted."""
        self.taken_back: set[str] = set()
        self._queue: deque[tuple[Reply, HeardSentence]] = deque()
        self._is_open = is_open
        self._revisions = 0
        self._seen: dict[int, tuple[Reply, Phase]] = {}

    def happens(self, what: str, number: int) -> None:
        name = f"r{number}"
        match what:
            case "asked":
                self.replies.asked(forward(number))
            case "taken back":
                self._take_back(number)
            case "opens" | "closes":
                self._opens(what == "opens")
            case "plays":
                self._plays(0.4)
            case "interrupted":
                self._cut(self.replies.get(name))
            case "disconnected":
                self._disconnect()
            case _:
                self._tell(self._message(what, name))
        self._look()

    def ends(self) -> None:
        """Every reply that is complete is said to its end."""
        while self._queue:
            self._plays(1.0)
        self._look()

    # Voxta

    def _message(self, what: str, name: str) -> WireMessage:
        reply = self.replies.get(name)
        text = reply.sentences.text if reply is not None else ""
        match what:
            case "begins":
                return server.ReplyGenerating(message_id=name)
            case "narrates":
                return server.ReplyGenerating(message_id=name, is_narration=True)
            case "goes on":
                return server.ReplyChunk(message_id=name, start_index=len(text), text=WORDS)
            case "says all again":
                return server.ReplyChunk(message_id=name, start_index=0, text=f"{text}And so on. ")
            case "says it otherwise":
                return server.ReplyChunk(message_id=name, start_index=len(text) // 2, text="Or not. ")
            case "revises":
                self._revisions += 1
                return server.MessageEvent(message_id=name, role="Assistant", text=f"{text[:9]} {self._revisions}. ")
            case "updates":
                return server.MessageUpdate(message_id=name, role="Assistant", text=text[:5])
            case "ends":
                return server.ReplyEnd(message_id=name)
            case _:
                return server.ReplyCancelled(message_id=name)

    def _tell(self, message: WireMessage) -> None:
        step = self.replies.apply(message, "Vox")
        if step is None:
            return
        self._post(step.public)
        reply = step.reply
        if isinstance(message, server.ReplyChunk) and not reply.is_silenced:
            self._say(reply, step.added)
        if isinstance(message, server.ReplyEnd | server.MessageEvent) and reply.text and reply.phase is not Phase.CUT:
            self.due.add(reply.id)
            self._finish(reply)
        if isinstance(message, server.ReplyCancelled):
            self._cut(reply)

    def _take_back(self, number: int) -> None:
        retraction = Retraction(platform="twitch", reason="deleted", id=f"m{number}")
        for reply in self.replies.retracted(retraction):
            self.taken_back.add(reply.id)
            self._cut(reply)
        self.replies.retracted_asked(retraction)

    # The player

    def _say(self, reply: Reply, text: str) -> None:
        part = reply.say(text)
        if self._is_open:
            reply.is_voiced = True
            self._queue.append((reply, part))

    def _plays(self, share: float) -> None:
        if not self._queue:
            return
        reply, part = self._queue[0]
        part.share = min(1.0, part.share + share)
        if part.share == 1.0:
            self._queue.popleft()
            self._finish(reply)

    def _opens(self, is_open: bool) -> None:
        """Where nobody listens any more, nothing waits to be heard."""
        self._is_open = is_open
        while self._queue and not is_open:
            self._finish(self._queue.popleft()[0])

    def _finish(self, reply: Reply) -> None:
        if reply.phase is Phase.SPEAKING and all(reply is not other for other, _ in self._queue):
            reply.finish()
            self._post(reply.public)

    def _cut(self, reply: Reply | None) -> None:
        if reply is None or not reply.is_open:
            return
        self._queue = deque(each for each in self._queue if each[0] is not reply)
        reply.cut()
        self._owe_what_was_heard(reply)
        self._post(reply.public)

    def _disconnect(self) -> None:
        self._queue.clear()
        for reply in self.replies:
            if reply.is_open:
                self._owe_what_was_heard(reply)
        for public in self.replies.forget():
            self._post(public)

    def _owe_what_was_heard(self, reply: Reply) -> None:
        (self.due.add if reply.heard else self.due.discard)(reply.id)

    # The channel

    def _post(self, public: ReplyText | None) -> None:
        if public is not None:
            self.posted.append(public)

    def _look(self) -> None:
        for reply in self.replies:
            assert reply.text.startswith(reply.heard)
            _, before = self._seen.get(id(reply), (reply, Phase.GENERATING))
            assert reply.phase is before or before in ORDER[:2], "what is over stays so"
            assert reply.phase is Phase.CUT or ORDER.index(reply.phase) >= ORDER.index(before)
            self._seen[id(reply)] = reply, reply.phase


TOLD = [
    "goes on", "goes on", "ends", "ends", "begins", "narrates", "says all again", "says it otherwise", "revises",
    "updates", "is cancelled", "asked", "taken back", "interrupted",
]  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(TOLD), st.integers(1, 2)),
        st.tuples(st.sampled_from(["plays", "plays", "plays", "opens", "closes", "disconnected"]), st.just(0)),
    ),
    min_size=10,
    max_size=40,
)


@settings(max_examples=examples(100))
@given(st.booleans(), STEPS)
def test_what_was_complete_or_heard_is_posted_once(is_open: bool, steps: list[tuple[str, int]]) -> None:
    evening = Evening(is_open=is_open)
    for what, number in steps:
        evening.happens(what, number)
    evening.ends()

    posted = [public.message_id for public in evening.posted]
    narrated = {reply.id for reply in evening.replies if reply.is_narration}
    assert len(posted) == len(set(posted)), "posted twice"
    assert evening.due - evening.taken_back - narrated <= set(posted), "lost"
    assert not set(posted) & evening.taken_back
    assert not set(posted) & narrated, "what a narrator reads stands in the chat already"
    for public in evening.posted:
        reply = evening.replies.get(public.message_id)
        assert reply is not None
        is_whole = reply.phase is Phase.DONE or reply.heard == reply.text
        assert public.text == (reply.text if is_whole else f"{reply.heard}{CUT_OFF}")


def chunk(name: str) -> server.ReplyChunk:
    return server.ReplyChunk(message_id=name, text="Hello.")


MESSAGES: list[tuple[Callable[[str], list[WireMessage]], int]] = [
    (lambda name: [chunk(name)], OPEN),
    (lambda name: [chunk(name), server.ReplyEnd(message_id=name)], OVER),
    (lambda name: [server.ReplyCancelled(message_id=name)], OVER),
    (lambda name: [server.MessageEvent(message_id=name, role="Assistant", text="Hi.")], OVER),
]


@pytest.mark.parametrize(("told", "most"), MESSAGES, ids=["never ended", "ended", "cancelled", "without chunks"])
def test_what_is_remembered_is_bounded(told: Callable[[str], list[WireMessage]], most: int) -> None:
    replies = Replies()

    for number in range(3 * OVER):
        for message in told(f"r{number}"):
            replies.apply(message)

    assert len(list(replies)) <= most + 1


def test_of_those_that_never_end_one_that_is_spoken_is_kept_longest() -> None:
    replies = Replies()
    spoken = replies.apply(chunk("spoken"))
    assert spoken is not None
    spoken.reply.is_voiced = True

    for number in range(3 * OPEN):
        replies.apply(chunk(f"r{number}"))

    assert replies.get("spoken") is spoken.reply
