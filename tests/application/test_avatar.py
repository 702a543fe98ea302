"""The face, as a whole relay has it."""

from pathlib import Path

import pytest

from relay.application.composition import Relay
from relay.application.describing import description_of
from relay.application.settings import load
from relay.application.statistics import Statistics
from tests.doubles.vtube_studio import VTubeStudioDouble
from tests.support import PATIENCE, alongside, eventually


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine is decides no verdict."""
    monkeypatch.setattr("relay.avatar.connection.ANSWER", PATIENCE)


def relay_of(folder: Path, url: str | None) -> Relay:
    config = load(
        None,
        relay={"name": "faced", "data_dir": str(folder)},
        scenario={"allow": ["expression", "hotkey"]},
        vtube_studio={"enabled": url is not None} | ({"url": url} if url is not None else {}),
    )
    return Relay(config, lambda *_: [], voxta_url="http://localhost", statistics=Statistics())


def conditions(relay: Relay) -> dict[str, str]:
    return {each.name: each.state for each in relay.dialogue.avatar.conditions()}


async def test_a_relay_with_a_face_lights_up_when_it_is_there_and_may_act_on_it(tmp_path: Path) -> None:
    async with VTubeStudioDouble() as double:
        relay = relay_of(tmp_path, double.url)
        assert conditions(relay) == {"vtube_studio": "busy"}
        assert "VTube Studio: not connected to VTube Studio yet" in await description_of(relay)

        [(_, room)] = relay.dialogue.avatar.rooms()
        async with alongside(room):
            await eventually(lambda: conditions(relay) == {"vtube_studio": "ok"})
            await relay.scenario.executor.acts["expression"](["Joy"])

    assert double.count("ExpressionActivationRequest") == 1


def test_without_one_there_is_nothing_of_it(tmp_path: Path) -> None:
    relay = relay_of(tmp_path, None)

    assert conditions(relay) == {}
    assert {"expression", "hotkey"}.isdisjoint(relay.scenario.executor.acts)
    assert not list(relay.dialogue.avatar.rooms())
