import pytest
from pydantic import SecretStr

from relay.config import ObsSection
from relay.errors import AuthError, ConfigError, ObsUnavailable
from relay.obs.check import check
from tests.doubles.obs import Input, ObsDouble


def settings(obs: ObsDouble, *inputs: str, password: str = "") -> ObsSection:
    return ObsSection(enabled=True, url=obs.url, inputs=inputs or ("Mic/Aux",), password=SecretStr(password))


async def test_an_obs_with_its_inputs_is_described_in_one_line(obs: ObsDouble) -> None:
    obs.inputs["Guest"] = Input(muted=True)
    assert await check(settings(obs, "Mic/Aux", "Guest")) == f"OBS at {obs.url} has Mic/Aux, Guest (muted)"


async def test_an_input_that_does_not_exist_is_named_with_those_that_do(obs: ObsDouble) -> None:
    with pytest.raises(ConfigError, match=r"OBS has no input 'Mic'; .* 'Desktop Audio', 'Mic/Aux'"):
        await check(settings(obs, "Mic"))


async def test_an_obs_in_which_no_microphone_is_watched_is_described_as_well(obs: ObsDouble) -> None:
    section = ObsSection(enabled=True, url=obs.url, inputs=())

    assert await check(section) == f"OBS at {obs.url} answers; no microphone is watched in it"


async def test_a_refused_password_is_named_without_being_shown(obs: ObsDouble) -> None:
    obs.password = "correct horse"
    with pytest.raises(AuthError, match=r"obs\.password: .* Show Connect Info") as caught:
        await check(settings(obs, password="hunter2"))
    assert "hunter2" not in str(caught.value)


async def test_an_obs_that_does_not_run_is_unavailable(obs: ObsDouble) -> None:
    await obs.stop()
    with pytest.raises(ObsUnavailable, match="cannot be reached"):
        await check(settings(obs))
