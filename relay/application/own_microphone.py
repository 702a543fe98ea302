"""Orders at Voxta's own microphone, from which Voxta itself tells the character whatever is said."""

import asyncio
from collections.abc import Callable

from relay.application.spoken_orders import SpokenOrders
from relay.hearing.partial_text import STEADY, PartialText
from relay.hearing.spoken_controls import SpokenControl
from relay.model import Role, Talker
from relay.speech.floor import STREAMER
from relay.wire import server
from relay.wire.messages import WireMessage


class OwnMicrophone:
    """Hears what Voxta understands of sound that is not ours: that of the streamer. `run` carries out."""

    def __init__(self, orders: SpokenOrders, *, name: Callable[[], str], is_ours: Callable[[], bool]) -> None:
        """`name` is what Voxta calls the streamer; `is_ours`: what it recognises now was passed on by us."""
        self._orders = orders
        self._name = name
        self._is_ours = is_ours
        self._partial: PartialText | None = None
        """None while nobody is heard there."""
        self._steady: asyncio.TimerHandle | None = None
        self._found: asyncio.Queue[SpokenControl] = asyncio.Queue()

    async def run(self) -> None:
        """Carry out what is ordered until cancelled."""
        while True:
            await self._orders.carry_out(await self._found.get(), self._talker())

    def hear(self, message: WireMessage) -> None:
        """Take one message from Voxta; returns at once."""
        match message:
            case server.SpeechRecognitionStart():
                self._forget()
                self._partial = None if self._is_ours() else PartialText()
            case server.SpeechRecognitionPartial():
                self._understands(message.text.strip())
            case server.SpeechRecognitionEnd():
                self._ended((message.text or "").strip())

    def _understands(self, text: str) -> None:
        """An order counts once its words have stayed for a moment, as no sound tells how long they have."""
        if self._partial is None or self._partial.is_settled or not self._partial.becomes(text):
            return
        self._forget()
        if (order := self._orders.found(self._talker(), text)) is not None:
            self._steady = asyncio.get_running_loop().call_later(STEADY, self._settle, self._partial, order)

    def _ended(self, text: str) -> None:
        partial, self._partial = self._partial, None
        self._forget()
        if partial is None or partial.is_settled:
            return
        if (order := self._orders.found(self._talker(), text)) is not None:
            self._settle(partial, order)

    def _settle(self, partial: PartialText, order: SpokenControl) -> None:
        partial.is_settled = True
        self._found.put_nowait(order)

    def _forget(self) -> None:
        if self._steady is not None:
            self._steady.cancel()

    def _talker(self) -> Talker:
        return Talker(name=self._name() or STREAMER, is_streamer=True, roles=frozenset({Role.STREAMER}))
