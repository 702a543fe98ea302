"""How the address of Redis is written, and how it is shown."""

import pytest

from relay.bus.address import RedisAddress
from relay.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host", "redis://host:6379"),
        ("rediss://me:s3cret@host:6380/2", "rediss://host:6380/2"),
        ("redis://[::1]:7000", "redis://[::1]:7000"),
        ("unix://:s3cret@/run/redis.sock?db=1", "unix:///run/redis.sock/1"),
        ("redis+sentinel://:s3cret@one,two:26380/my-master", "redis+sentinel://one:26379,two:26380/my-master"),
        ("rediss+sentinel://one/my-master/3", "rediss+sentinel://one:26379/my-master/3"),
        ("rediss+cluster://me:s3cret@one:7000,two", "rediss+cluster://one:7000,two:6379"),
    ],
)
def test_each_form_is_read_and_shown_without_its_login(url: str, shown: str) -> None:
    assert str(RedisAddress.parse(url)) == shown


def test_a_login_is_read_as_it_was_meant() -> None:
    address = RedisAddress.parse("redis+cluster://m%40e:s3%3Acret%2F@one:7000")

    assert (address.user, address.password) == ("m@e", "s3:cret/")


@pytest.mark.parametrize(
    "url",
    [
        "redis://one:s3cret,two:7000",
        "redis://one,two/0",
        "redis+sentinel://:s3cret@one:26379",
        "redis+sentinel://:s3cret@one:26379/",
        "redis+sentinel://:s3cret@one:0/my-master",
        "redis+sentinel://:s3cret@one:26379/my-master/s3cret",
        "redis+cluster://:s3cret@one:7000/1",
        "redis+cluster://:s3cret@one:7000?db=s3cret",
        "redis+cluster://:s3cret@one:99999",
        "redis+other://:s3cret@one",
        "unix+cluster://:s3cret@one",
    ],
)
def test_what_is_no_address_is_refused_with_the_forms_there_are_and_nothing_of_what_was_written(url: str) -> None:
    with pytest.raises(ConfigError, match=r"write redis://host:port/0, .*redis\+sentinel://") as complaint:
        RedisAddress.parse(url)

    assert "s3cret" not in str(complaint.value)
