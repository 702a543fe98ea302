"""What was chosen becomes what is sent: as its authors have left it, rendered for the chat it goes to."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from relay.errors import RenderingError
from relay.forwarding.lanes import Batch
from relay.forwarding.rendering import Pick, Place, Renderer
from relay.forwarding.settling import Settling
from relay.forwarding.waiting import Waiting
from relay.model import AudienceMessage, Forward, Outcome, SendAs
from relay.voxta.chat import JoinedChat


@dataclass(frozen=True, slots=True, eq=False)
class ReadyForward:
    """A forward, and what it carries, which waits again when it is not sent."""

    forward: Forward
    picks: Sequence[Pick]


class Preparing:
    """Serves the forwarder alone. What cannot be told after all ends, or waits again."""

    def __init__(self, renderer: Renderer, settling: Settling, waiting: Waiting, wall: Callable[[], float]) -> None:
        """`wall` is in seconds since the epoch."""
        self._renderer = renderer
        self._settling = settling
        self._waiting = waiting
        self._wall = wall

    async def prepare(
        self, batches: Sequence[Batch], current: Mapping[str, AudienceMessage], chat: JoinedChat, under_way: Set[str]
    ) -> dict[ReadyForward, Batch]:
        """What is to be sent, in order. Of two that read the same the second waits until the first is in the chat.

        `current` are the messages as the store has them, by key; `under_way` the bodies of what is being sent.
        """
        now, place, said = self._wall(), Place.of(chat), set(under_way)
        ready: dict[ReadyForward, Batch] = {}
        for at, batch in enumerate(batches):
            here = [pick for pick in batch.picks if pick.message.key in current]
            checked = [self._waiting.recheck(pick, current[pick.message.key], now) for pick in here]
            picks = [pick for pick in checked if pick is not None]
            forward = await self._render(picks, batch, place)
            if forward is None:
                continue
            told = [pick for pick in picks if pick.message.key in forward.keys]
            if forward.body in said:
                self._waiting.restore([*told, *(pick for later in batches[at + 1 :] for pick in later.picks)])
                break
            if forward.expects_reply and not batch.asks:
                self._waiting.restore(told)
                continue
            said.add(forward.body)
            ready[ReadyForward(forward, told)] = batch
        return ready

    def worded(self, message: AudienceMessage, chat: JoinedChat) -> str | None:
        """How the character would be asked by this message alone; None when it would not be."""
        if (pick := self._waiting.judging.foreseen(message)) is None:
            return None
        try:
            forward, _ = self._renderer.render([pick], Place.of(chat))
        except RenderingError:
            return None
        return forward.text if forward.expects_reply and forward.send_as is SendAs.USER else None

    async def _render(self, picks: list[Pick], batch: Batch, place: Place) -> Forward | None:
        while picks:
            try:
                forward, left_over = self._renderer.render(picks, place, batch.digest)
            except RenderingError as error:
                await self._settling.messages([(picks.pop(0).message.key, Outcome.REJECTED, str(error))])
            else:
                self._waiting.restore(left_over)
                return forward
        return None
