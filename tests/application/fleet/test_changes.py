"""What a new settings file changes for the companions that run."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.application.fleet.changes import changes
from relay.application.settings import Fleet, load
from relay.application.settings.fleet import fleet_in

PATH = Path("relay.toml")
ANN = "[companions.ann.speech]\nvolume = 0.5\n"
BEN = "[companions.ben.voxta]\nmode = 'server'\n"


def fleet(text: str) -> Fleet:
    return fleet_in(text, PATH, {})


def test_the_same_settings_change_nothing() -> None:
    assert not changes(fleet(ANN + BEN), fleet("# a remark\n" + BEN + ANN))


def test_who_is_new_and_who_is_gone_is_told_by_name() -> None:
    found = changes(fleet(ANN), fleet(BEN))

    assert (list(found.added), found.removed, found.changed) == (["ben"], ("ann",), {})
    assert found.added["ben"].voxta.mode == "server"


def test_what_can_be_handed_to_a_running_relay_is_told_apart_for_each() -> None:
    new = fleet(ANN.replace("0.5", "1.5") + BEN.replace("server", "gateway"))

    found = changes(fleet(ANN + BEN), new)

    assert {name: (each.sections, each.is_live) for name, each in found.changed.items()} == {
        "ann": (("speech",), True),
        "ben": (("voxta",), False),
    }
    assert found.changed["ann"].config is new.companions["ann"]
    assert found.process == ()


def test_a_section_of_which_part_is_live_is_begun_anew() -> None:
    found = changes(fleet(ANN), fleet(ANN + "enabled = true\n"))

    assert not found.changed["ann"].is_live


def test_commands_of_a_companion_are_handed_to_it_as_it_runs() -> None:
    own = "[[companions.ann.commands.own]]\nname = 'lurk'\nanswer = 'Enjoy!'\n"

    assert changes(fleet(ANN), fleet(ANN + own)).changed["ann"].is_live


def test_a_shared_setting_changes_those_who_have_none_of_their_own() -> None:
    found = changes(fleet(ANN + BEN), fleet("speech.volume = 0.9\n" + ANN + BEN))

    assert list(found.changed) == ["ben"]
    assert found.process == ()


def test_one_section_that_is_not_live_has_the_companion_begin_anew() -> None:
    found = changes(fleet(ANN), fleet(ANN.replace("0.5", "1.5") + "[companions.ann.obs]\nenabled = true\n"))

    assert (found.changed["ann"].sections, found.changed["ann"].is_live) == (("speech", "obs"), False)


@pytest.mark.parametrize(
    ("text", "sections", "is_live"),
    [("web.port = 9000", ("web",), False), ("relay.log_level = 'debug'", ("relay",), True)],
)
def test_what_is_new_for_the_process_itself_is_told(text: str, sections: tuple[str, ...], is_live: bool) -> None:
    found = changes(fleet(ANN), fleet(f"{text}\n{ANN}"))

    assert found.process == sections
    assert (found.changed["ann"].sections, found.changed["ann"].is_live) == (sections, is_live)


ALONE = load()
Volumes = Mapping[str, float]
volumes = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.5, 1.0, 1.5]))


def with_volumes(volumes: Volumes) -> Fleet:
    speech = {name: ALONE.speech.model_copy(update={"volume": volume}) for name, volume in volumes.items()}
    return Fleet(ALONE, {name: ALONE.model_copy(update={"speech": section}) for name, section in speech.items()})


@given(before=volumes, after=volumes)
def test_whoever_follows_the_changes_has_the_new_settings(before: Volumes, after: Volumes) -> None:
    old, new = with_volumes(before), with_volumes(after)

    found = changes(old, new)

    kept = {name: config for name, config in old.companions.items() if name not in found.removed}
    followed = kept | {name: each.config for name, each in found.changed.items()} | dict(found.added)
    assert followed == new.companions
    assert all(before[name] != after[name] for name in found.changed)
