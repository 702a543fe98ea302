"""What people are told of each setting."""

import pytest

from relay.application.settings import load, settings_model
from relay.application.settings.catalogue import as_json, catalogue, model_of, section_titles
from relay.platforms import listed


def test_every_setting_is_there_and_explained() -> None:
    sections = settings_model(listed.PLATFORMS).model_fields
    every = {f"{name}.{key}" for name, field in sections.items() for key in model_of(field).model_fields}
    rewards = {key for key in every if key.startswith("rewards.")}

    assert set(catalogue()) == every - rewards | {"rewards"}
    assert [key for key, setting in catalogue().items() if not setting.about] == []
    assert set(section_titles()) == set(sections)


def test_the_default_is_what_a_setting_is_without_a_file() -> None:
    config = load()
    others = {
        "relay.data_dir",
        "forwarding.kinds",
        "inbox.url",
    }  # depends on the folder; told as a difference; a secret

    differing = [
        key
        for key, setting in catalogue().items()
        if key not in others and setting.value_in(config) != (setting.default or setting.value_in(config))
    ]
    assert differing == []


def test_of_what_there_can_be_several_it_is_known_what_each_takes_that_a_form_can_ask_for() -> None:
    command = catalogue()["commands.own"].entry
    assert command is not None
    assert command["required"] == ["name"]
    assert {"name", "answer", "count", "cooldown", "first_timers"} <= command["properties"].keys()
    assert not {"parameters", "tell", "act", "choose"} & command["properties"].keys()
    assert [*command["properties"]][:2] == ["name", "answer"], "as in the example"
    role = command["properties"]["least_role"]
    assert (role["default"], role["description"]) == ("viewer", "who may: these, and all above")
    assert [name for name, asked in command["properties"].items() if asked["description"] == name] == []

    assert {key for key, setting in catalogue().items() if setting.entry} == {
        "commands.own",
        "forwarding.rules",
        "rewards",
    }


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        ("web.port", "number"),
        ("web.token", "secret"),
        ("inbox.url", "secret"),
        ("twitch.enabled", "switch"),
        ("voxta.mode", "choice"),
        ("filters.exempt_roles", "choices"),
        ("twitch.channels", "list"),
        ("discord.channels", "list"),
        ("relay.data_dir", "text"),
        ("companion.scenario", "text"),
        ("budget.rates", "table"),
        ("commands.own", "table"),
        ("rewards", "table"),
    ],
)
def test_each_is_changed_with_what_fits_it(key: str, type_: str) -> None:
    assert catalogue()[key].type == type_


def test_limits_and_choices_are_told() -> None:
    port, mode = catalogue()["web.port"], catalogue()["voxta.mode"]

    assert (port.least, port.most, port.is_whole, port.default) == (0, 65_535, True, 8081)
    assert mode.choices == ("embedded", "server", "gateway")


def test_numbers_that_a_browser_would_round_are_told_as_texts() -> None:
    assert as_json((2**53, 5, True)) == [str(2**53), 5, True]


def test_of_a_secret_is_told_only_whether_there_is_one() -> None:
    config = load(obs={"password": "hunter2"})

    assert catalogue()["obs.password"].value_in(config) is True
    assert catalogue()["web.token"].value_in(config) is False
