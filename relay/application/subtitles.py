"""What people in the voice channel said, to read: for those who are deaf or have the sound off."""

from collections.abc import Callable, Collection, Container
from typing import Final, Literal, Protocol

from relay.config.loading import Config
from relay.model import AudienceMessage, Kind, Origin
from relay.moderation.inbound import Inbound, LiveSettings

LONGEST: Final = 300
"""Characters of a subtitle; more are cut off."""


class Shown(Protocol):
    """Where subtitles are shown."""

    def subtitle(self, name: str, text: str) -> None:
        """Show what somebody said."""


class Subtitles:
    """Shows what is said aloud at once, whatever becomes of it; what the filters refuse is left out."""

    def __init__(
        self,
        config: Config,
        shown: Shown,
        live: Callable[[], LiveSettings],
        post: Callable[[Origin, str], None],
        quiet: Container[str],
    ) -> None:
        """`live` is what moderators have set; `post` writes into a channel; the `quiet` asked to be left out."""
        self._where: Collection[Literal["overlay", "channel"]] = config.voice.subtitles
        self._inbound = Inbound(config.filters)
        self._shown = shown
        self._live = live
        self._post = post
        self._quiet = quiet

    def adopt(self, config: Config) -> None:
        """Judge by these filters from now on."""
        self._inbound.adopt(config.filters)

    def arrived(self, message: AudienceMessage) -> None:
        """Somebody said or did something, if only to others in the voice channel."""
        if not self._where or message.kind is not Kind.VOICE or message.viewer in self._quiet:
            return
        text = self._inbound.readable(message, self._live())
        if not text:
            return
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        if "overlay" in self._where:
            self._shown.subtitle(message.author.name, text)
        if "channel" in self._where and message.channel:
            origin = Origin(platform=message.platform, channel=message.channel)
            self._post(origin, f"{message.author.name}: {text}")
