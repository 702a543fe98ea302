"""The way to Voxta, where the companion inside the relay and Voxta itself want the same port."""

import logging
import socket
from collections.abc import Iterator

import pytest

from relay.application import connect
from relay.application.connect import voxta
from relay.application.settings import load
from relay.config import CompanionSection
from relay.errors import ConfigError


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


async def test_where_voxta_has_the_usual_port_the_companion_takes_another_one(
    taken: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = taken.getsockname()[1]
    monkeypatch.setattr(connect, "CompanionSection", lambda: CompanionSection(port=port))

    with caplog.at_level(logging.WARNING):
        async with voxta(load(companion={"port": port})) as url:
            assert url.startswith("http://127.0.0.1:") and not url.endswith(f":{port}")

    assert f"port {port} is taken, by Voxta perhaps" in caplog.text


async def test_a_port_that_was_chosen_is_never_given_up_silently(taken: socket.socket) -> None:
    with pytest.raises(ConfigError, match=r"companion\.port"):
        async with voxta(load(companion={"port": taken.getsockname()[1]})):
            raise AssertionError("it listens somewhere else")
