"""Every piece of settings on the pages can be copied, and every setting they name is there."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from relay.application.settings import load_fleet, settings_model
from relay.config.connections import ActName
from relay.platforms import listed
from tests.docs.pages import PAGES, blocks, name, spans

ENVIRONMENT = {"RELAY_DISCORD__TOKEN": "from-the-environment"}
"""What the pages keep out of the file."""
SECTIONS = {name: field.annotation for name, field in settings_model(listed.PLATFORMS).model_fields.items()}


def is_scenario(code: str) -> bool:
    """Scenarios are TOML as well; their own tests read them."""
    return "[[characters]]" in code


def is_setting(key: str) -> bool:
    """Whether `section.key` is a setting, or begins with one."""
    section, _, key = key.partition(".")
    return key.partition(".")[0] in getattr(SECTIONS.get(section), "model_fields", {})


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_piece_of_settings_can_be_copied(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    for number, block in enumerate(blocks(page)):
        if block.language == "toml" and not is_scenario(block.code):
            file = tmp_path / f"{number}.toml"
            file.write_text(block.code, "utf-8")

            load_fleet(file)  # raises ConfigError that names the setting


def named_settings(text: str) -> Iterator[str]:
    """The settings that a code span names, as `section.key`."""
    if re.fullmatch(rf"({'|'.join(SECTIONS)})\.(?!toml|json|py)[a-z_.]+", text) and text not in get_args(ActName):
        yield text
    if placed := re.match(r"\[(\w+)\] (\w+)", text):
        yield f"{placed[1]}.{placed[2]}"


def variables(page: Path) -> Iterator[str]:
    """The settings whose variables a page names, also in comments on settings."""
    for variable in re.findall(r"\bRELAY_([A-Z_]+)", page.read_text("utf-8")):
        yield re.sub(r"^companions\.\w+\.", "", variable.replace("__", ".").lower())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_setting_that_is_named_is_there(page: Path) -> None:
    named = [setting for text in spans(page) for setting in named_settings(text)]

    assert [setting for setting in [*named, *variables(page)] if not is_setting(setting)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_section_that_is_named_is_there(page: Path) -> None:
    named = [found[1] for text in spans(page) if (found := re.fullmatch(r"\[(\w+)\]", text))]

    assert set(named) - SECTIONS.keys() <= {"event"}  # as viewers might write one for Voxta


def test_a_piece_of_settings_is_found_where_there_is_one() -> None:
    found = [block for page in PAGES for block in blocks(page) if block.language == "toml"]

    assert len(found) > 10
    assert all(tomllib.loads(block.code) for block in found)
