"""Who listens over a WebSocket, and to what. Nobody waits for a client that is slow."""

import asyncio
import json
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

ALL: Final = "all"
"""Stands for every event."""
QUEUE_LIMIT: Final = 512
"""Events that may wait for one client; one that falls further behind is cut off."""
HISTORY: Final = 100
"""Events remembered of one client, as the Gateway does."""
REMEMBERED: Final = 200
"""Clients whose history is remembered; the one that was away for longest is forgotten first."""

Frame = dict[str, Any]


class Subscriber:
    """One subscriber and what waits for it."""

    def __init__(self, client_id: str, now: float) -> None:
        self.client_id = client_id
        self.events: frozenset[str] = frozenset()
        self.filters: dict[str, frozenset[str]] = {}
        self.connected_at = now
        self.last_message_at: float | None = None
        self.queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE_LIMIT)
        """Frames to send; None ends the connection."""

    def subscribe(self, events: Collection[str], filters: Mapping[str, Collection[str]]) -> None:
        """Listen to these events only, and of those with a filter only to these sources."""
        self.events = frozenset(events)
        self.filters = {event: frozenset(sources) for event, sources in filters.items()}

    def wants(self, event: str, source: object) -> bool:
        """Whether it listens to an event of a source."""
        if ALL not in self.events and event not in self.events:
            return False
        allowed = self.filters.get(event)
        return not allowed or not source or source in allowed


class Subscribers:
    """All subscribers. `wall` gives the seconds since the epoch that events are stamped with."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._clients: dict[str, Subscriber] = {}
        self._histories: OrderedDict[str, deque[Frame]] = OrderedDict()
        self.present = asyncio.Event()
        """Set while there are any."""

    def add(self, client_id: str) -> Subscriber:
        """A new subscriber; an older one of the same id is cut off."""
        if old := self._clients.pop(client_id, None):
            self._end(old)
        client = Subscriber(client_id, self._wall())
        self._clients[client_id] = client
        self.present.set()
        self._histories.setdefault(client_id, deque(maxlen=HISTORY))
        self._histories.move_to_end(client_id)
        while len(self._histories) > REMEMBERED:
            self._histories.popitem(last=False)
        self.tell("client_connected", {"client_id": client_id})
        return client

    def remove(self, client: Subscriber) -> None:
        """It is gone."""
        if self._clients.get(client.client_id) is client:
            del self._clients[client.client_id]
            self._note_presence()
            self.tell("client_disconnected", {"client_id": client.client_id})

    def tell(self, event: str, data: Mapping[str, Any]) -> None:
        """Queue an event for everybody who wants it; returns at once."""
        frame: Frame = {"type": event, "data": dict(data), "timestamp": self._wall()}
        wanting = [c for c in self._clients.values() if c.wants(event, data.get("source"))]
        text = json.dumps(frame) if wanting else ""
        for client in wanting:
            self._queue(client, frame, text)

    def _queue(self, client: Subscriber, frame: Frame, text: str) -> None:
        try:
            client.queue.put_nowait(text)
        except asyncio.QueueFull:
            self._clients.pop(client.client_id, None)
            self._note_presence()
            self._end(client)
            return
        client.last_message_at = frame["timestamp"]
        history = self._histories.get(client.client_id)
        if history is not None:
            history.append(frame)

    def _note_presence(self) -> None:
        if not self._clients:
            self.present.clear()

    def _end(self, client: Subscriber) -> None:
        """Let it go without what still waits for it."""
        while not client.queue.empty():
            client.queue.get_nowait()
        client.queue.put_nowait(None)

    def end_all(self) -> None:
        """Let everybody go."""
        for client in list(self._clients.values()):
            self._end(client)

    # For those who look for mistakes

    def described(self) -> dict[str, Frame]:
        """All clients, connected or remembered."""
        return {client_id: self._describe(client_id) for client_id in {*self._histories, *self._clients}}

    def _describe(self, client_id: str) -> Frame:
        client = self._clients.get(client_id)
        known: Frame = {
            "client_id": client_id,
            "connected": client is not None,
            "message_count": len(self._histories.get(client_id, ())),
            "subscribed_events": sorted(client.events) if client else [],
        }
        if client is None:
            return known
        return known | {
            "source_filters": {event: sorted(sources) for event, sources in client.filters.items()},
            "connected_at": client.connected_at,
            "last_message_at": client.last_message_at,
        }

    def history(self, client_id: str) -> list[Frame] | None:
        """What a client was told lately; None when it is unknown."""
        history = self._histories.get(client_id)
        return None if history is None else list(history)

    def clear(self, client_id: str) -> None:
        """Forget what a client was told."""
        if client_id in self._histories:
            self._histories[client_id].clear()
