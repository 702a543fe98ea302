"""What comes of what people say aloud: built as configured."""

from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from relay.application.asides import Asides
from relay.application.own_microphone import OwnMicrophone
from relay.application.spoken import SpokenWords
from relay.application.spoken_orders import SpokenOrders
from relay.config.loading import Config
from relay.system.periodic import AGAIN, repeat

if TYPE_CHECKING:
    from relay.application.composition import Relay


class SpokenRooms:
    """Hears the people in voice channels, and the streamer's orders at Voxta's own microphone."""

    def __init__(self, relay: "Relay", config: Config) -> None:
        audio, live = relay.audio, relay.forwarder.waiting

        def names() -> list[str]:
            return [*relay.addressing.nicknames, *relay.addressing.characters()]

        orders = SpokenOrders(
            relay.controls,
            relay.voice,
            names=names,
            switches=relay.runtime.switches,
            loudness=relay.dialogue,
            confirm=audio.confirm,
        )
        asides = Asides(config.hearing, names, audio.people)
        words = SpokenWords(
            audio.place,
            audio.talker,
            relay.receive,
            orders,
            relay.voice,
            asides,
            relay.anticipation,
            overheard=relay.subtitles.arrived,
        )
        audio.tell(words, lambda: live.switches.muted)
        self._own = OwnMicrophone(
            orders,
            name=lambda: relay.session.chat.user_name if relay.session.chat is not None else "",
            is_ours=lambda: audio.hearing is not None and audio.hearing.is_recognised,
        )
        relay.events.received.subscribe(self._own.hear)

    def rooms(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run, by name."""
        yield "orders", repeat(self._own.run, AGAIN, "what is ordered at Voxta's own microphone")
