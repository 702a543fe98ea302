"""Keeps Voxta's scenario informed: script events for what was told, contexts and flags for how the stream is doing."""

import asyncio
import logging
import re
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from relay.config import ScenarioSection
from relay.errors import RelayError, VoxtaUnavailable
from relay.model import AudienceMessage, Forward, Kind, ScriptCall
from relay.platforms.base import Platform, Stream, Streaming
from relay.platforms.on_air import OnAir
from relay.system.periodic import repeat
from relay.text.sanitise import sanitise, sanitise_name
from relay.voxta.chat import JoinedChat
from relay.voxta.link import Link
from relay.wire.messages import ContextText

log = logging.getLogger(__name__)

KEY: Final = "relay"
"""The context key under which the relay tells of the stream."""
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at what has changed."""
ASK_EVERY: Final = 60.0
"""Seconds between two questions to the platforms how the stream is doing."""
RAID: Final = 120.0
"""Seconds for which this flag stands."""
RAIDED: Final = "raid.active"
TOPIC_SPAN: Final = 300.0
"""Seconds of chat that topics are found in."""
TOPIC_PEOPLE: Final = 3
"""Viewers who have to use a word for it to be a topic."""
TOPICS: Final = 5
PEOPLE: Final = 20
"""How many people of a voice channel are named."""
REFUSALS: Final = 3
"""Refused script events after which Voxta counts as one that knows none, until there is another chat."""
WAITING: Final = 256
"""Script events that may wait."""

_WORD: Final = re.compile(r"[^\W\d_]{5,24}")


class StreamContext:
    """Watches the audience and the platforms, and tells Voxta. `run` does; everything else returns at once.

    `people` names those in the companion's voice channel, `scene` what OBS shows.
    """

    def __init__(
        self,
        settings: ScenarioSection,
        session: Link,
        platforms: Sequence[Platform],
        *,
        people: Callable[[], Sequence[str]] = tuple,
        scene: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._session = session
        self._platforms = platforms
        self._people = people
        self._scene = scene
        self._clock = clock
        self._calls: asyncio.Queue[ScriptCall] = asyncio.Queue(WAITING)
        self._on_air = OnAir(clock)
        self._stream = Stream(False)
        """As the platform told of it last; whether it is live, `_on_air` knows."""
        self._raids = 0
        self._raided_until = 0.0
        self._said: deque[tuple[float, str, frozenset[str]]] = deque(maxlen=1_000)
        self._refused = 0
        """Script events that Voxta has refused in a row in this chat."""
        self._refused_in: JoinedChat | None = None
        self._takes_scripts = False
        """Whether Voxta took the last one."""
        self._told: tuple[JoinedChat, tuple[str, ...], tuple[str, ...], int] | None = None
        """The chat, the contexts and the flags as Voxta has them, and of how many raids it knows."""

    def saw(self, message: AudienceMessage) -> None:
        """Somebody in the audience said or did something."""
        if message.kind is Kind.RAID:
            self._raids += 1
            self._raided_until = self._clock() + RAID

    def stream_changed(self, message: AudienceMessage) -> None:
        """The companion's stream has begun, ended, or has another title."""
        match message.kind:
            case Kind.ONLINE | Kind.OFFLINE:
                self._on_air.told(message)
            case Kind.CHANNEL_UPDATE:
                self._stream = replace(self._stream, title=message.text, game=message.detail or "")

    def told(self, forward: Forward) -> None:
        """The character was told something, filtered and harmless; the scripts hear of it, too."""
        for call in forward.events:
            if call.name in (Kind.CHAT, Kind.ASK):
                words = frozenset(word.lower() for word in _WORD.findall(call.arguments["text"]))
                self._said.append((self._clock(), call.arguments["author"], words))
            if self._settings.script_events:
                if self._calls.full():
                    self._calls.get_nowait()
                self._calls.put_nowait(call)

    async def run(self) -> None:
        """Tell Voxta, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._call_scripts())
            if self._settings.contexts:
                tasks.create_task(repeat(self._ask_platforms, ASK_EVERY, "asking how the stream is doing"))
                tasks.create_task(repeat(self.tell, LOOK_EVERY, "telling how the stream is doing", together=True))

    async def _call_scripts(self) -> None:
        """What waits together goes together, once Voxta has shown that it takes such events."""
        while True:
            calls = [await self._calls.get()]
            while self._takes_scripts and not self._calls.empty():
                calls.append(self._calls.get_nowait())
            if self._session.chat is not self._refused_in:
                self._refused, self._refused_in = 0, self._session.chat
            if self._refused < REFUSALS:
                async with asyncio.TaskGroup() as tasks:
                    for call, over in [(call, self._session.begin_script_event(call)) for call in calls]:
                        if over is None:
                            tasks.create_task(
                                self._call_script(
                                    call, self._session.trigger_script_event(call.name, dict(call.arguments))
                                )
                            )
                        else:
                            await self._call_script(call, over)

    async def _call_script(self, call: ScriptCall, over: Awaitable[None]) -> None:
        try:
            await over
            self._refused, self._takes_scripts = 0, True
        except VoxtaUnavailable as error:
            log.debug("the scripts were not told of %s: %s", call.name, error)
        except RelayError as error:
            self._refused, self._takes_scripts = self._refused + 1, False
            if self._refused == REFUSALS:
                log.warning("Voxta takes no script events, so no more are sent to this chat (%s)", error)

    async def _ask_platforms(self) -> None:
        for platform in self._platforms:
            if isinstance(platform, Streaming):
                try:
                    self._stream = await platform.stream()
                    self._on_air.answered(self._stream)
                except RelayError as error:
                    log.debug("how the stream is doing is not known: %s", error)

    async def tell(self) -> None:
        """Tell Voxta how things are, if it does not know."""
        chat, contexts, flags, raids = self._session.chat, self.contexts(), self.flags(), self._raids
        if chat is None or (chat, contexts, flags, raids) == self._told:
            return
        texts = [ContextText(text=text) for text in contexts]
        try:
            await self._session.update_context(KEY, texts, self._new_in(chat, flags))
        except RelayError as error:
            log.debug("the character was not told how the stream is doing: %s", error)
        else:
            self._told = chat, contexts, flags, raids

    def _new_in(self, chat: JoinedChat, flags: Sequence[str]) -> list[str]:
        """Those that the chat does not have yet: scenarios count from the last time a flag was set."""
        if self._told is None or self._told[0].chat_id != chat.chat_id:
            return list(flags)
        _, _, there, raids = self._told
        return [flag for flag in flags if flag not in there or (flag == RAIDED and raids != self._raids)]

    def contexts(self) -> tuple[str, ...]:
        """What the character should know of the stream, in sentences."""
        stream, is_live = self._stream, self._on_air.is_live
        found = []
        if is_live is not None:
            viewers = f", with {stream.viewers} viewers" if is_live and stream.viewers else ""
            found.append(f"The stream is {'live' if is_live else 'offline'}{viewers}.")
            found += [f"Its title is: {sanitise(stream.title, 140)}."] if stream.title else []
            found += [f"The game is {sanitise(stream.game, 80)}."] if stream.game else []
        scene = self._scene()
        found += [f"OBS shows the scene {sanitise(scene, 80)}."] if scene else []
        people = [sanitise_name(name, frozenset()) for name in self._people()[:PEOPLE]]
        found += [f"In the voice channel: {', '.join(people)}."] if people else []
        topics = self._topics()
        found += [f"The chat talks about {', '.join(topics)}."] if topics else []
        return tuple(found)

    def flags(self) -> tuple[str, ...]:
        """The flags that stand, and (with !) those that do not."""
        is_live = self._on_air.is_live
        live = () if is_live is None else (f"stream.{'live' if is_live else 'offline'}",)
        return (*live, RAIDED if self._clock() < self._raided_until else f"!{RAIDED}")

    def _topics(self) -> list[str]:
        """Words that several viewers used lately, the most used first."""
        since = self._clock() - TOPIC_SPAN
        pairs = {(author, word) for at, author, words in self._said if at >= since for word in words}
        counted = Counter(word for _, word in pairs if word not in _COMMON)
        return sorted(
            (word for word, people in counted.items() if people >= TOPIC_PEOPLE), key=lambda w: (-counted[w], w)
        )[:TOPICS]


_COMMON: Final = frozenset(
    {
        "about", "after", "again", "always", "another", "because", "before", "being", "could", "doing", "every",
        "everyone", "going", "gonna", "great", "hello", "really", "right", "should", "something", "still", "stream",
        "streamer", "thank", "thanks", "their", "there", "these", "thing", "things", "think", "those", "today",
        "wanna", "where", "which", "while", "would", "years", "youre",
    }
)  # fmt: skip
"""Words that tell nothing of what is talked about."""
