"""At Voxta's own microphone an order need not wait for the end, once its words have stayed for a moment."""

import asyncio
from contextlib import closing

import pytest

from relay.application.own_microphone import OwnMicrophone
from relay.application.spoken_orders import SpokenOrders
from relay.hearing.partial_text import STEADY
from relay.hearing.spoken_controls import SpokenControl, spoken_control
from relay.model import Talker
from relay.wire import server
from tests.support import alongside
from tests.virtual_time import VirtualLoop


class NotedOrders(SpokenOrders):
    def __init__(self) -> None:
        self.done: list[str] = []

    def found(self, talker: Talker, text: str) -> SpokenControl | None:
        return spoken_control(text, ["Vox"])

    async def carry_out(self, control: SpokenControl, talker: Talker) -> None:
        self.done.append(control)


async def ordered(*partials: str, stays: float, end: str) -> tuple[list[str], list[str]]:
    """What was carried out before the end, and in all."""
    orders = NotedOrders()
    own = OwnMicrophone(orders, name=lambda: "Ann", is_ours=lambda: False)
    async with alongside(own.run()):
        own.hear(server.SpeechRecognitionStart())
        for text in partials:
            own.hear(server.SpeechRecognitionPartial(text=text))
        await asyncio.sleep(stays)
        before = list(orders.done)
        own.hear(server.SpeechRecognitionEnd(text=end))
        await asyncio.sleep(2 * STEADY)
    return before, orders.done


@pytest.mark.parametrize(
    ("partials", "stays", "end", "before", "in_all"),
    [
        (["Vox", "Vox stop"], 2 * STEADY, "Vox, stop!", ["interrupt"], ["interrupt"]),
        (["stop"], STEADY / 2, "Stop!", [], ["interrupt"]),
        (["stop", "stop the music"], 2 * STEADY, "Stop the music.", [], []),
        (["stop"], STEADY / 2, "Stop the music.", [], []),
    ],
)
def test_an_order_counts_once(
    partials: list[str], stays: float, end: str, before: list[str], in_all: list[str]
) -> None:
    with closing(VirtualLoop()) as loop:
        assert loop.run(ordered(*partials, stays=stays, end=end)) == (before, in_all)
