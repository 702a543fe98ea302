from typing import Any, cast

import pytest

from relay.application.processes.kinds import switched_off, web_service
from relay.application.processes.web import SeenCores
from relay.application.settings import load
from relay.bus.presence import Presence, ProcessSign
from relay.config import ProcessesSection
from relay.errors import ConfigError
from relay.web.proxy.trust import CoreAddress, Upstream


def told(process: str, turn: int) -> ProcessSign:
    return ProcessSign(process, {web_service("ann"): {"url": f"http://{process}", "secret": process, "turn": turn}})


def seen(*signs: ProcessSign) -> SeenCores:
    presence = Presence(cast(Any, None), cast(Any, None), "relay:ann")
    presence.living = {sign.id: sign for sign in signs}
    return SeenCores(presence)


def test_of_two_cores_the_one_that_took_over_last_is_asked() -> None:
    woken, newer = told("a", 9), told("b", 10)

    assert seen(woken, newer).where("ann") == seen(newer, woken).where("ann") == CoreAddress("http://b", "b")


def test_only_a_core_that_serves_pages_of_this_companion_is_asked() -> None:
    assert seen(ProcessSign("c", {"core/ann": 3, "twitch": {}})).where("ann") is None
    assert seen(told("a", 1)).where("ben") is None


@pytest.mark.parametrize(
    ("given", "host", "port"),
    [
        ({}, "127.0.0.1", 0),
        ({"listen": "10.0.0.5:8090"}, "10.0.0.5", 8090),
        ({"listen": "[::1]:8090"}, "::1", 8090),
        ({"listen": "0.0.0.0:8090", "reached_at": "core-1.internal"}, "0.0.0.0", 8090),
    ],
)
def test_where_a_core_listens_for_web_processes_is_written_as_usual(
    given: dict[str, str], host: str, port: int
) -> None:
    section = ProcessesSection.model_validate(given)

    assert (section.host, section.port) == (host, port)


@pytest.mark.parametrize("listen", ["8090", "localhost", "localhost:", "localhost:65536", "a b:1", "http://a:1"])
def test_what_is_no_place_to_listen_at_is_named_with_how_to_write_it(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"processes\.listen: .*write host:port, such as 127\.0\.0\.1:0"):
        load(processes={"listen": listen})


@pytest.mark.parametrize("listen", ["0.0.0.0:8090", "[::]:8090"])
def test_who_listens_everywhere_says_where_others_find_it(listen: str) -> None:
    with pytest.raises(ConfigError, match="set reached_at"):
        load(processes={"listen": listen})


@pytest.mark.parametrize(
    ("name", "url"),
    [("", "http://127.0.0.1:8090"), ("core-1", "http://core-1:8090"), ("fd00::5", "http://[fd00::5]:8090")],
)
def test_others_are_told_the_name_that_reaches_a_core(name: str, url: str) -> None:
    assert Upstream("127.0.0.1", 0, name).address(8090).url == url


def test_a_web_process_without_pages_is_a_mistake_of_the_settings() -> None:
    config = load(inbox={"engine": "redis"}, web={"enabled": False})

    assert switched_off(["web"], config) == "web.enabled: false; --only web needs it to be true"
