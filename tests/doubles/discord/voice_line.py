"""The UDP side of voice: answers discovery, and stamps every packet when it arrives."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable

LATENCY = 0.005
"""Seconds an answer to discovery is under way: discord.py listens for it a moment after it has asked."""

Address = tuple[str, int]
Arrived = Callable[[bytes, Address, float], None]
"""A packet, from where, and `time.perf_counter()` when it came; called on the loop."""
Discovered = Callable[[int, Address], None]
"""The SSRC a client said it has, and where it is reached."""


class Line:
    """One port for every voice connection. Packets are read in a thread, so that a busy loop delays no stamp."""

    def __init__(self, discovered: Discovered, arrived: Arrived) -> None:
        self._discovered = discovered
        self._arrived = arrived
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._read, daemon=True, name="discord-double-udp")
        self._open = True
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        self._open = False
        self._socket.sendto(b"", ("127.0.0.1", self.port))  # wakes the thread
        await asyncio.to_thread(self._thread.join)
        self._socket.close()

    def send(self, packet: bytes, to: Address) -> None:
        """From any thread."""
        if self._open:
            self._socket.sendto(packet, to)

    def _read(self) -> None:
        assert self._loop is not None
        while self._open:
            try:
                packet, sender = self._socket.recvfrom(4096)
            except ConnectionResetError:  # Windows tells here that a client has gone
                continue
            at = time.perf_counter()
            if not self._open:
                return
            if len(packet) == 74 and packet[:4] == struct.pack(">HH", 1, 70):
                self._answer(packet, sender)
            elif packet:
                self._loop.call_soon_threadsafe(self._arrived, packet, sender, at)

    def _answer(self, request: bytes, sender: Address) -> None:
        assert self._loop is not None
        (ssrc,) = struct.unpack_from(">I", request, 4)
        self._loop.call_soon_threadsafe(self._discovered, ssrc, sender)
        host, port = sender
        answer = struct.pack(">HHI64sH", 2, 70, ssrc, host.encode(), port)
        self._loop.call_soon_threadsafe(self._loop.call_later, LATENCY, self.send, answer, sender)
