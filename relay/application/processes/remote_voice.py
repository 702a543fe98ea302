"""Voice channels as the core has them: the companion is in them in another process, the platform's adapter."""

import asyncio
import base64
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from relay.application.processes.kinds import clip_key, voice_service, voice_session
from relay.application.processes.remote_sink import RemoteSink
from relay.bus.bus import Bus
from relay.bus.lease import FENCE, Lease
from relay.bus.line import Line, LineLost, until_left
from relay.bus.namespace import key_in, namespace_of
from relay.bus.script import Script
from relay.errors import InboxError, PlatformUnavailable
from relay.model import Talker
from relay.platforms.voice import Listener, VoiceChannels
from relay.speech.base import Clip
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at whether who talks may silence the companion; what has changed is told."""
CLIP_KEPT: Final = 60_000
"""Milliseconds that the sound of a clip waits to be fetched."""
AGAIN: Final = (0.1, 0.5)
"""Seconds until the next session, at random between, so that two ends that fail do not do so in step."""

_NEXT_SESSION: Final = Script(
    f"local sessions, owner = unpack(KEYS)\n{FENCE}"
    "-- Returns its number: who slept has one below that of who took over, and is let in nowhere.\n"
    "return redis.call('INCR', sessions)"
)


class RemoteVoiceChannels:
    """See VoiceChannels. All that needs an answer at once stays in the other process: pausing, and hearing.

    It tells what the floor and the recogniser want to know, and is told what the playback wants done.
    """

    def __init__(self, name: str, bus: Bus, companion: str, lease: Lease, listener: Listener | None) -> None:
        """`name` is the platform's; only who has the companion's lease is to speak."""
        self.sink = RemoteSink(name)
        self._name = name
        self._bus = bus
        self._companion = companion
        self._lease = lease
        self._listener = listener
        self._people: list[str] = []
        self._trouble: str | None = None
        self._talkers: dict[str, Talker] = {}
        self._talking: set[str] = set()
        """Those who make a sound."""
        self._turns: set[str] = set()
        """Those who are saying something."""
        self._told: dict[str, Any] = {}
        """What the other process was last told of the listener."""
        self._line: Line | None = None

    def people(self) -> list[str]:
        return self._people

    def talker(self, who: str) -> Talker:
        return self._talkers.get(who) or Talker(name="someone", id=who)

    def trouble(self) -> str | None:
        if self._line is None:
            return f"no process is in voice channels: start one with `--only {self._name}`"
        return self._trouble

    async def run(self) -> None:
        """Be with a process that is in voice channels, whichever there is, until cancelled. Raises InboxTaken."""
        while True:
            checkpoint()
            await self._bus.presence.find(voice_service(self._companion))
            try:
                await self._meet()
            except* (LineLost, InboxError, PlatformUnavailable) as lost:
                log.info("%s: voice begins anew: %s", self._name, lost.exceptions[0])
            self._lost()
            await asyncio.sleep(random.uniform(*AGAIN))

    async def _meet(self) -> None:
        """One session. Raises LineLost, InboxError or NobodyThere in a group when it is over."""
        bus, service = self._bus, voice_service(self._companion)
        async with asyncio.TaskGroup() as tasks:
            keys = (key_in(namespace_of(self._companion), "voice"), self._lease.owner_key)
            session = int(await bus.connection.run(_NEXT_SESSION, keys, self._lease.caller))
            mine, theirs = (bus.channel(f"{service}/{session}/{end}") for end in ("core", "adapter"))
            line = Line(bus.pubsub, mine, theirs, self._hears())
            tasks.create_task(line.run(), name="line to the voice channels")
            await line.is_heard.wait()
            core = voice_session(self._companion)
            bus.presence.offer(core, session)
            try:
                host = await bus.calls.ask(service, "join", {"session": session, "core": bus.presence.id})
                self._line, self._told = line, {"muted": []}  # that nobody is, it assumes; an older one always does
                self.sink.attach(line.say)
                line.say("here")
                tasks.create_task(self._bring(line), name="clips")
                tasks.create_task(self._look(), name="what the listener wants")
                await until_left(bus.presence, host, service, session)
            finally:
                bus.presence.withdraw(core)

    def _lost(self) -> None:
        """What is not known any more does not last."""
        self._line = None
        self.sink.detach()
        self._people = []
        if self._listener is not None:
            for who in self._talking:
                self._listener.speakers.stopped(who)
            for who in self._turns:
                self._listener.voices.turn_ended(who)
        self._talking.clear()
        self._turns.clear()

    # What the other process is told

    async def _bring(self, line: Line) -> None:
        """Clips, one after the other: their sound first."""
        while True:
            checkpoint()
            cuts, clip = await self.sink.to_bring.get()
            if cuts == self.sink.cuts:
                await self._store(clip)
            if cuts == self.sink.cuts:
                self._tell_changes()
                line.say("play", clip.id)

    async def _store(self, clip: Clip) -> None:
        client = self._bus.connection.client
        await self._bus.connection.ask(client.set, clip_key(self._companion, clip.id), clip.pcm, px=CLIP_KEPT)

    async def _look(self) -> None:
        while True:
            self._tell_changes()
            await asyncio.sleep(LOOK_EVERY)

    def _tell_changes(self) -> None:
        """What hearing asks of the listener, when it has changed."""
        if self._listener is not None:
            self._tell("may_pause", self._listener.may_pause())
            self._tell("muted", sorted(self._listener.muted()))
            for who in self._turns:
                self._tell("patience", self._listener.ends_after(who), who)

    def _tell(self, what: str, value: Any, *of: str) -> None:
        key = "/".join((what, *of))
        if self._line is not None and self._told.get(key) != value:
            self._told[key] = value
            self._line.say(what, value, *of)

    # What it tells

    def _hears(self) -> dict[str, Callable[..., None]]:
        return {**self.sink.hears, **self._of_people(), "people": self._are_there, "trouble": self._is_wrong}

    def _are_there(self, names: list[str]) -> None:
        self._people = names

    def _is_wrong(self, trouble: str | None) -> None:
        self._trouble = trouble

    def _of_people(self) -> Mapping[str, Callable[..., None]]:
        if self._listener is None:
            return {}
        speakers, voices = self._listener.speakers, self._listener.voices

        def sign(tell: Callable[[str], None]) -> Callable[[str], None]:
            def hear(who: str) -> None:
                self.sink.signs += 1
                self._talking.add(who)
                tell(who)

            return hear

        def stopped(who: str) -> None:
            self._talking.discard(who)
            speakers.stopped(who)

        def speech_began(who: str) -> None:
            self._turns.add(who)
            voices.speech_began(who)

        def speech(who: str, sound: str) -> None:
            voices.speech(who, base64.b64decode(sound))
            self._tell_changes()

        def turn_ended(who: str) -> None:
            self._turns.discard(who)
            voices.turn_ended(who)

        return {
            "talker": self._talks_as,
            "talks": sign(speakers.talks),
            "speaks": sign(speakers.speaks),
            "stopped": stopped,
            "sound_began": voices.sound_began,
            "was_noise": voices.was_noise,
            "speech_began": speech_began,
            "speech": speech,
            "speech_paused": voices.speech_paused,
            "speech_resumed": voices.speech_resumed,
            "turn_ended": turn_ended,
        }

    def _talks_as(self, id: str, talker: Any) -> None:
        self._talkers[id] = Talker.model_validate(talker)


_: type[VoiceChannels] = RemoteVoiceChannels
