"""All sinks as one: the same clips on each, and the first that can be heard, in the configured order, leads."""

from collections.abc import Sequence

from relay.speech.base import Clip, Sink, SinkListener


class SinkGroup:
    """What the leader reports is what was heard. No call waits."""

    def __init__(self) -> None:
        self._sinks: Sequence[Sink] = ()
        self._leader: Sink | None = None
        self.is_paused = False

    def use(self, sinks: Sequence[Sink], listener: SinkListener) -> None:
        """These, in the order in which they lead; called once."""
        self._sinks = sinks
        for sink in sinks:
            sink.listen(listener)

    # Who leads

    def lead(self, *, is_busy: bool, has_clips: bool) -> bool:
        """Whether anybody can hear it. The leader stays the same while sinks have clips and more is to be said.

        That it closed is noticed here before it tells, and only then is known what becomes of what it had.
        """
        if self._leader is None or not is_busy or not (self._leader.is_open or has_clips):
            opened = [sink for sink in self._sinks if sink.is_open]
            self._leader = next((sink for sink in opened if sink.has_sound), opened[0] if opened else None)
        return self._leader is not None and self._leader.is_open

    def is_led_by(self, sink: Sink) -> bool:
        return sink is self._leader

    def depose(self) -> None:
        """The leader has closed; the next one to be asked for is another."""
        self._leader = None

    @property
    def leader_name(self) -> str:
        return self._leader.name if self._leader is not None else "nobody"

    def seconds_heard(self, clip: Clip) -> float:
        """Seconds of a clip that were heard at the leader."""
        return self._leader.seconds_heard(clip) if self._leader is not None else 0.0

    # What all of them do

    def play(self, clip: Clip) -> None:
        """Queue a clip wherever it can be heard."""
        for sink in self._sinks:
            if sink.is_open:
                sink.play(clip)

    def pause(self) -> None:
        """Fall silent, and keep the place."""
        if not self.is_paused:
            self.is_paused = True
            for sink in self._sinks:
                sink.pause()

    def resume(self) -> bool:
        """Go on where it was paused. False when it was not."""
        was_paused, self.is_paused = self.is_paused, False
        if was_paused:
            self.align()
        return was_paused

    def align(self) -> None:
        """Bring the sinks back in line, after one was paused by somebody else."""
        if not self.is_paused:
            for sink in self._sinks:
                sink.resume()

    def cut(self) -> None:
        """Fall silent, and forget what is queued. A pause goes on."""
        for sink in self._sinks:
            sink.cut()
            if self.is_paused:
                sink.pause()

    def set_volume(self, volume: float) -> None:
        for sink in self._sinks:
            sink.set_volume(volume)
