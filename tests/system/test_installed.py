"""Where this program came from, and how packages that it lacks are had from there."""

import sys
from typing import Any

import pytest

from relay.system import installed
from relay.system.installed import way_to

AT_GIT = {"url": "https://git.example/relay.git", "vcs_info": {"vcs": "git", "requested_revision": "main"}}
COPY = {"url": "file:///home/ann/my%20relay", "dir_info": {}}
WHEEL = {"url": "file:///home/ann/voxta_relay-0.1.0-py3-none-any.whl", "archive_info": {}}


@pytest.mark.parametrize(
    ("origin", "way"),
    [
        (COPY, 'uv tool install ".[local]"` or `pipx install --force ".[local]"` in /home/ann/my relay'),
        (COPY | {"dir_info": {"editable": True}}, "uv sync --inexact --no-dev --extra local` in /home/ann/my relay"),
        (AT_GIT, 'uv tool install "voxta-relay[local] @ git+https://git.example/relay.git@main"` or `pipx'),
        (WHEEL, f'uv tool install "voxta-relay[local] @ {WHEEL["url"]}"` or `pipx'),
        ({}, 'uv tool install "voxta-relay[local]"` or `pipx install --force "voxta-relay[local]"`'),
    ],
    ids=["a copy", "in a copy", "a repository", "a wheel", "an index"],
)
def test_what_is_lacking_comes_from_where_the_program_came(
    monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any], way: str
) -> None:
    monkeypatch.setattr(installed, "origin", lambda: origin)

    assert way_to("local").removeprefix("run `").startswith(way)


def test_a_folder_with_its_own_python_can_have_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert "cannot have them" in way_to("local")
