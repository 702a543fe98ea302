"""Which failures of a server may pass by themselves."""

import ssl

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from relay.bus.connection import is_transient


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (RedisConnectionError("reset"), True),
        (RedisTimeoutError("slow"), True),
        (OSError("no route"), True),
        (OSError("no CERTIFICATE at hand"), True),
        (ResponseError("WRONGTYPE"), False),
        (ValueError("a mistake"), False),
    ],
)
def test_a_connection_may_be_there_again_and_a_mistake_remains(error: Exception, may_pass: bool) -> None:
    assert is_transient(error) is may_pass


@pytest.mark.parametrize(
    "told",
    [
        AuthenticationError("wrong password"),
        NoPermissionError("no rights"),
        ssl.SSLError("CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_what_the_server_refuses_remains_refused_however_the_library_wraps_it(told: Exception) -> None:
    raised, caught = RedisConnectionError("while connecting"), RedisConnectionError("while connecting")
    raised.__cause__, caught.__context__ = told, told

    assert [is_transient(error) for error in (told, raised, caught)] == [False, False, False]
