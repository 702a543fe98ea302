"""A real Redis server for tests; the benchmark starts the same one."""

from relay.bench.redis_server import RedisServer, redis_server

__all__ = ["RedisServer", "redis_server"]
