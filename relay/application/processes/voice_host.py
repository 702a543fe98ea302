"""The companion in voice channels for a core in another process: what has to be quick is done here."""

import asyncio
import base64
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from relay.application.processes.kinds import clip_key, voice_service, voice_session
from relay.application.voice_places import listens_to_people
from relay.bus.bus import Bus
from relay.bus.line import Line, LineLost, until_left
from relay.config.loading import Config
from relay.errors import InboxError, NobodyThere
from relay.model import Talker
from relay.platforms.info import PlatformInfo
from relay.platforms.voice import Listener
from relay.speech.base import Clip, Sink
from relay.system.cancellation import checkpoint

if TYPE_CHECKING:
    from relay.hearing.echo import Echoes

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 0.5
"""Seconds between two looks at who is there and what is wrong; what has changed is told."""
_REMEMBERED: Final = 16
"""Clips that may still be heard of."""


class VoiceHost:
    """`run` is in the platform's voice channels until cancelled, for one core at a time.

    When that core is gone, or anything between the two may have been lost, what it had said is cut.
    """

    def __init__(self, info: PlatformInfo[Any], config: Config, bus: Bus) -> None:
        assert info.voice is not None
        self._bus = bus
        self._companion = config.relay.name
        self._settings = config.hearing
        self._may_pause = False
        """Whether people silence the companion; read by the threads that hear them."""
        self._muted: frozenset[str] = frozenset()
        """Whom moderators have muted; read by the same threads."""
        self._patience: dict[str, float] = {}
        listener = self._listener() if listens_to_people(config) else None
        self.channels = info.voice(config.voice, listener)
        self.channels.sink.listen(self)
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        self._to_fetch: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        """Clips to be played, each with how often the core had cut before."""
        self._cuts = 0
        self._signs = 0
        """How many signs of people's talking were told."""
        self._told: dict[str, Any] = {}
        """What the core was last told of the channels."""
        self._line: Line | None = None
        self._session = 0
        self._visit: asyncio.Task[None] | None = None
        self._tasks = asyncio.TaskGroup()

    async def run(self) -> None:
        service = voice_service(self._companion)
        try:
            async with self._tasks as tasks:
                with self._bus.calls.serving(service, {"join": self._join}):
                    self._bus.presence.offer(service, 0)
                    tasks.create_task(self._look(), name="who is in the voice channel")
                    await self.channels.run()
        finally:  # only now: the session that ended last has said that it is free again
            self._bus.presence.withdraw(service)

    # Sessions

    async def _join(self, asked: Mapping[str, Any]) -> str:
        """A core wants to speak and hear. Returns which process this is; raises NobodyThere when a newer one does."""
        session = int(asked["session"])
        if self._visit is not None and not self._visit.done():
            if session <= self._session:
                raise NobodyThere("another core has taken over")
            self._visit.cancel()
            await asyncio.wait({self._visit})
        service = voice_service(self._companion)
        mine, theirs = (self._bus.channel(f"{service}/{session}/{end}") for end in ("adapter", "core"))
        line = Line(self._bus.pubsub, mine, theirs, self._hears())
        self._session = session
        self._visit = self._tasks.create_task(self._be_with(line, asked["core"], session), name="session of a core")
        heard = asyncio.ensure_future(line.is_heard.wait())
        await asyncio.wait({heard, self._visit}, return_when=asyncio.FIRST_COMPLETED)
        heard.cancel()
        return self._bus.presence.id

    async def _be_with(self, line: Line, core: str, session: int) -> None:
        presence, service = self._bus.presence, voice_service(self._companion)

        def here() -> None:
            """The core has come: it hears what is said from now on."""
            self._line = line
            self._tell_open()
            self._tell_changes()

        line.hears["here"] = here
        presence.offer(service, session)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(line.run(), name="line to the core")
                tasks.create_task(self._fetch(), name="clips")
                await until_left(presence, core, voice_session(self._companion), session)
        except* (LineLost, InboxError) as lost:
            log.info("voice: %s", lost.exceptions[0])
        finally:
            presence.offer(service, 0)
            self._forget()

    def _forget(self) -> None:
        """Nobody is there who would go on."""
        self._line = None
        self.channels.sink.cut()
        self._clips.clear()
        self._told.clear()
        self._patience.clear()
        self._cuts = self._signs = 0
        self._may_pause = False
        self._muted = frozenset()
        while not self._to_fetch.empty():
            self._to_fetch.get_nowait()

    # What the core wants

    def _hears(self) -> dict[str, Any]:
        return {
            "play": lambda id: self._to_fetch.put_nowait((self._cuts, id)),
            "pause": self._pause,
            "resume": self._resume,
            "cut": self._cut,
            "volume": self.channels.sink.set_volume,
            "may_pause": self._allow,
            "muted": self._mute,
            "patience": self._wait,
        }

    def _allow(self, may_pause: bool) -> None:
        self._may_pause = may_pause

    def _mute(self, people: list[str]) -> None:
        self._muted = frozenset(people)

    def _wait(self, seconds: float, who: str) -> None:
        self._patience[who] = seconds

    async def _fetch(self) -> None:
        client = self._bus.connection.client
        while True:
            checkpoint()
            cuts, id = await self._to_fetch.get()
            pcm = await self._bus.connection.ask(client.get, clip_key(self._companion, id))
            if pcm is not None and cuts == self._cuts:
                clip = self._clips[id] = Clip(id=id, message_id="", text="", pcm=pcm)
                while len(self._clips) > _REMEMBERED:
                    self._clips.popitem(last=False)
                self.channels.sink.play(clip)

    def _pause(self) -> None:
        self.channels.sink.pause()
        self._tell_heard()

    def _resume(self, signs: int) -> None:
        if signs == self._signs:  # else somebody began to talk of whom the core does not know yet
            self.channels.sink.resume()

    def _cut(self, cuts: int, signs: int) -> None:
        self._cuts = cuts
        self.channels.sink.cut()
        self._clips.clear()
        if signs != self._signs and self._may_pause:
            self.channels.sink.pause()

    # What the sink reports

    def started(self, sink: Sink, clip: Clip) -> None:
        """See SinkListener."""
        self._say("started", clip.id, self._cuts)

    def ended(self, sink: Sink, clip: Clip) -> None:
        """See SinkListener."""
        self._clips.pop(clip.id, None)
        self._say("ended", clip.id, self._cuts)

    def changed(self, sink: Sink) -> None:
        """See SinkListener."""
        self._tell_open()

    def _tell_open(self) -> None:
        sink = self.channels.sink
        self._say("open", sink.is_open, sink.has_sound)

    def _tell_heard(self) -> None:
        heard = {id: seconds for id, clip in self._clips.items() if (seconds := self.channels.sink.seconds_heard(clip))}
        if heard:
            self._say("heard", heard)

    # What people do

    def _listener(self) -> Listener:
        return Listener(
            self,
            self,
            may_pause=lambda: self._may_pause,
            settings=self._settings,
            ends_after=lambda who: self._patience.get(who, self._settings.turn),
            echoes=_echoes() if self._settings.echo else None,
            muted=lambda: self._muted,
        )

    def talks(self, who: str) -> None:
        """See Speakers."""
        self._tell_sign("talks", who)

    def speaks(self, who: str) -> None:
        """See Speakers."""
        self._tell_sign("speaks", who)

    def _tell_sign(self, what: str, who: str) -> None:
        """Somebody makes a sound, at which the companion may be silent already: where, is known to the core before."""
        if self._line is not None:
            self._signs += 1
            self._tell_heard()
            id = who.partition(":")[2]
            talker: Talker = self.channels.talker(id)
            self._tell("talker", id, talker.model_dump(mode="json"))
            self._say(what, who)

    def stopped(self, who: str) -> None:
        """See Speakers."""
        self._say("stopped", who)

    def sound_began(self, who: str) -> None:
        """See VoiceListener."""
        self._say("sound_began", who)

    def was_noise(self, who: str) -> None:
        """See VoiceListener."""
        self._say("was_noise", who)

    def speech_began(self, who: str) -> None:
        """See VoiceListener."""
        self._say("speech_began", who)

    def speech(self, who: str, pcm: bytes) -> None:
        """See VoiceListener."""
        self._say("speech", who, base64.b64encode(pcm).decode())

    def speech_paused(self, who: str) -> None:
        """See VoiceListener."""
        self._say("speech_paused", who)

    def speech_resumed(self, who: str) -> None:
        """See VoiceListener."""
        self._say("speech_resumed", who)

    def turn_ended(self, who: str) -> None:
        """See VoiceListener."""
        self._say("turn_ended", who)

    # Telling

    async def _look(self) -> None:
        while True:
            self._tell_changes()
            await asyncio.sleep(LOOK_EVERY)

    def _tell_changes(self) -> None:
        self._tell("people", self.channels.people())
        self._tell("trouble", self.channels.trouble())

    def _tell(self, what: str, *about: Any) -> None:
        """When it has changed."""
        key = what if len(about) == 1 else f"{what}/{about[0]}"
        if self._line is not None and self._told.get(key, self) != about:
            self._told[key] = about
            self._say(what, *about)

    def _say(self, what: str, *about: Any) -> None:
        if self._line is not None:
            self._line.say(what, *about)


def _echoes() -> "Echoes":
    from relay.hearing.echo import Echoes  # only where people are heard: it computes with numpy

    return Echoes()
