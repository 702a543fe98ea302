"""What Voxta and the floor do, as the events of a gateway."""

from typing import Any

import pytest

from relay.model import Forward, Origin, SendAs
from relay.web.gateway.mirror import Mirror
from relay.web.gateway.state import GatewayState
from relay.web.gateway.subscribers import Subscribers


class Told(Subscribers):
    """Keeps what all clients are told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def tell(self, event: str, data: Any) -> None:
        self.events.append((event, data))


@pytest.mark.parametrize(("names", "author"), [(("Ann",), "Ann"), (("Ann", "Bob"), "Ann, Bob"), ((), None)])
def test_what_the_audience_said_is_told_with_who_said_it(names: tuple[str, ...], author: str | None) -> None:
    clients = Told()
    forward = Forward(
        id="f",
        keys=("twitch:1",),
        send_as=SendAs.USER,
        body='Ann (Twitch): "hello"',
        names=names,
        origins=(Origin(platform="twitch", channel="lobby"),),
        chat_id="c",
        after_index=-1,
    )

    Mirror(clients, GatewayState).told(forward)

    [(event, data)] = clients.events
    assert (event, data["source"], data["author"]) == ("dialogue_received", "twitch", author)
