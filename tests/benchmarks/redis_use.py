"""What a Redis server has had to do so far, as it tells itself."""

from typing import NamedTuple, Self

from tests.doubles.redis_server import RedisServer


class RedisUse(NamedTuple):
    sent: float
    """Bytes over its lines, both ways."""
    processor_s: float
    """Of its own processor's time."""

    @classmethod
    def of(cls, server: RedisServer) -> Self:
        with server.admin as admin:
            told = admin.info()
        return cls(
            told["total_net_input_bytes"] + told["total_net_output_bytes"],
            told["used_cpu_user"] + told["used_cpu_sys"],
        )

    def since(self, before: "RedisUse", times: float = 1.0) -> "RedisUse":
        """What came to it since then, for each of so many times."""
        return RedisUse((self.sent - before.sent) / times, (self.processor_s - before.processor_s) / times)
