"""Which voice channel the companion should be in: what was asked, and where the streamer is."""

from collections.abc import Collection


class VoiceWhereabouts:
    """Pure: told what happens, it says where to be."""

    def __init__(self, channels: Collection[int]) -> None:
        """`channels` are those it comes to by itself."""
        self._channels = frozenset(channels)
        self.channel: int | None = None
        """Where to be; None for nowhere."""
        self._dismissed = False
        self._expelled = False

    def ask(self, channel: int) -> None:
        """Somebody who may wants it there."""
        self.channel = channel
        self._dismissed = self._expelled = False

    def dismiss(self) -> None:
        """Somebody who may wants it gone: until asked again, or until the streamer comes back from elsewhere."""
        self.channel, self._dismissed = None, True

    def expel(self) -> None:
        """It was put out of the channel: stay out until asked."""
        self.channel, self._expelled = None, True

    def follow(self, channel: int | None) -> None:
        """The streamer is in this channel now, or in none."""
        if channel is None:
            self._dismissed = False
        elif channel in self._channels and not (self._dismissed or self._expelled):
            self.channel = channel

    def moved(self, channel: int) -> None:
        """Somebody moved it: they will know why."""
        self.channel = channel

    def give_up(self) -> None:
        """Nobody is there any more, or the channel cannot be entered."""
        self.channel = None
