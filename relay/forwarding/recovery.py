"""What became of a forward whose sending was cut off: the chat's own history tells."""

from collections.abc import Container, Iterable, Iterator
from enum import Enum, auto
from typing import Final

from relay.inbox.ledger import names
from relay.model import AudienceMessage, Forward, Retraction
from relay.voxta.chat import JoinedChat


class Fate(Enum):
    TAKEN = auto()
    """It stands in the chat."""
    LOST = auto()
    """The chat's history shows that it never arrived."""
    UNKNOWN = auto()
    """The chat is another one or shows no history, such a forward does not stand there as it was sent, or what stands
    there may have been said before."""


def fate_of(forward: Forward, chat: JoinedChat, claimed: set[str]) -> Fate:
    """Look a forward up in the history of the joined chat.

    `claimed` collects the ids of messages already matched, so that two equal texts need two messages.
    """
    if chat.chat_id != forward.chat_id or chat.history is None or forward.send_as.role is None:
        return Fate.UNKNOWN
    place = place_of(forward, chat, claimed)
    if place is None:
        return Fate.LOST
    claimed.add(chat.history[place].message_id)
    return Fate.UNKNOWN if forward.after_index is None else Fate.TAKEN


def place_of(forward: Forward, chat: JoinedChat, claimed: Container[str] = ()) -> int | None:
    """Where it stands in the chat's history, but for the messages with these ids; None when it does not.

    What is of one wording with it and older may be meant where nobody knew what the chat had when it was sent.
    """
    if chat.chat_id != forward.chat_id:
        return None
    after = -1 if forward.after_index is None else forward.after_index
    for place, message in enumerate(chat.history or ()):
        is_newer = message.index is None or message.index > after
        if is_newer and message.message_id not in claimed and _matches(message.text, message.role, forward):
            return place
    return None


def _matches(text: str, role: str, forward: Forward) -> bool:
    return text.strip() == forward.body and role.casefold() == (forward.send_as.role or "").casefold()


GIVEN_UP: Final = "its answer was stopped"
"""Why a message is not told that never arrived, and that nobody is to answer any more."""


class Recalled:
    """What is taken back, or not to be answered, while it is on its way: it is not told again if it never arrived."""

    def __init__(self) -> None:
        self._by_forward: dict[str, list[Retraction]] = {}
        self._given_up: set[str] = set()
        self._refunded: set[str] = set()
        """Given up for what was taken back of them; points that were spent on the rest are given back all the same."""

    def note(self, retraction: Retraction, on_their_way: Iterable[Forward]) -> None:
        for forward in on_their_way:
            if forward.is_named_by(retraction):
                self._by_forward.setdefault(forward.id, []).append(retraction)

    def give_up(self, forward: Forward) -> None:
        """Nobody is to answer any of it; for what was taken back of it, though, what cost nothing may be."""
        (self._refunded if forward.id in self._by_forward else self._given_up).add(forward.id)

    def reason(self, forward_id: str, message: AudienceMessage) -> str | None:
        """Why this message, which the forward carried, is not to be told any more; None when it is."""
        retractions = self._by_forward.get(forward_id, ())
        is_refunded = forward_id in self._refunded and message.reward is not None and message.reward.awaits_outcome
        is_over = is_refunded or forward_id in self._given_up
        return next((each.reason for each in retractions if names(each, message)), GIVEN_UP if is_over else None)

    def forget(self, forward_id: str) -> None:
        """What became of it is known."""
        self._by_forward.pop(forward_id, None)
        self._given_up.discard(forward_id)
        self._refunded.discard(forward_id)


class Doubts:
    """Forwards of which nobody knows whether they arrived. Only a chat joined after the cut tells."""

    def __init__(self) -> None:
        self._forwards: dict[str, Forward] = {}
        self._cut_in: dict[str, JoinedChat] = {}

    def __len__(self) -> int:
        return len(self._forwards)

    def __iter__(self) -> Iterator[Forward]:
        return iter(list(self._forwards.values()))

    def __contains__(self, forward_id: object) -> bool:
        return forward_id in self._forwards

    def has_cut(self, chat: JoinedChat) -> bool:
        """Whether sending one of them was cut off in this joined chat."""
        return any(cut_in is chat for cut_in in self._cut_in.values())

    def add(self, forwards: Iterable[Forward], cut_in: JoinedChat | None = None) -> None:
        """`cut_in` is the joined chat in which sending them was cut off; None for that of an earlier process."""
        for forward in forwards:
            self._forwards[forward.id] = forward
            if cut_in is not None:
                self._cut_in[forward.id] = cut_in

    def fates(self, chat: JoinedChat) -> Iterator[tuple[Forward, Fate]]:
        """What this chat tells, each as long as it stays in doubt."""
        claimed: set[str] = set()
        for forward in self:
            if self._cut_in.get(forward.id) is not chat:
                yield forward, fate_of(forward, chat, claimed)

    def settled(self, forwards: Iterable[Forward]) -> None:
        """What became of these is known and noted."""
        for forward in forwards:
            del self._forwards[forward.id]
            self._cut_in.pop(forward.id, None)
