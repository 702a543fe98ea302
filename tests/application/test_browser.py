"""Where the page is that `relay run --open` shows."""

import sys
import webbrowser

import pytest

from relay.application.browser import open_page, page_address
from relay.application.settings import load


@pytest.mark.parametrize(
    ("web", "address"),
    [
        ({}, "http://127.0.0.1:8081/"),
        ({"port": 8099}, "http://127.0.0.1:8099/"),
        ({"host": "0.0.0.0", "token": "secret-of-16-letters"}, "http://127.0.0.1:8081/?token=secret-of-16-letters"),
        ({"host": "::1"}, "http://[::1]:8081/"),
    ],
)
def test_the_page_is_found_on_this_machine(web: dict[str, object], address: str) -> None:
    assert page_address(load(None, web=web).web) == address


@pytest.mark.parametrize(("environment", "is_shown"), [({}, False), ({"DISPLAY": ":0"}, True)])
def test_no_browser_in_text_takes_the_terminal(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_shown: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown: list[str] = []

    def show(address: str) -> bool:
        shown.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", show)

    assert open_page("http://localhost/") is is_shown
    assert bool(shown) is is_shown
