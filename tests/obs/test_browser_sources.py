"""Pages that OBS opened before the relay ran, and the fader of the companion's voice."""

from typing import Any

import pytest
from pydantic import SecretStr

from relay.config.speech import WebSection
from relay.obs import BrowserSources, ObsClient
from relay.obs.browser_sources import WAITING_PAGE
from tests.doubles.obs import BROWSER, Input, ObsDouble
from tests.obs.test_check import settings
from tests.support import alongside, eventually

PAGES = "http://localhost:8081"
OVERLAY = f"{PAGES}/overlay?token=not-to-be-logged"


def browser(url: str = OVERLAY, *, muted: bool = False, in_mixer: bool = True) -> Input:
    shown: dict[str, Any] = {"url": url, "width": 800}
    return Input(kind=BROWSER, settings=shown | ({"reroute_audio": True} if in_mixer else {}), muted=muted)


class Overlay:
    """So many pages are open; what was told of the mixer."""

    def __init__(self, obs: ObsDouble, pages: int = 0, *, web: WebSection | None = None) -> None:
        self.pages = pages
        self.muted: list[bool] = []
        addresses = (web or WebSection()).addresses
        sources = BrowserSources(addresses, opened=lambda: self.pages, muted=self.muted.append)
        self.client = ObsClient(settings(obs), [sources])


async def test_a_page_that_was_opened_before_the_relay_is_loaded_anew(
    obs: ObsDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    obs.inputs |= {"Vox": browser(), "Alerts": browser("https://alerts.example/overlay"), "Clock": browser("http://[")}
    async with alongside(Overlay(obs).client.run()):
        await eventually(lambda: obs.inputs["Vox"].refreshed == 1)
        await eventually(lambda: "OBS is connected" in caplog.text)

    assert [name for name, input in obs.inputs.items() if input.refreshed] == ["Vox"]
    assert "'Vox' was opened in OBS before the relay, and is loaded anew" in caplog.text
    assert "not-to-be-logged" not in caplog.text


async def test_a_page_is_known_by_the_address_that_a_proxy_has_and_by_those_of_this_computer(obs: ObsDouble) -> None:
    obs.inputs |= {
        "Vox": browser("https://relay.example:443/c/ann/overlay"),
        "Ben": browser("https://relay.example/c/ben/overlay"),
        "Other": browser("https://alerts.example/c/ann/overlay"),
        "Other computer": browser("http://192.168.1.9:8081/c/ann/overlay"),
        "Here": browser("http://127.0.0.1:8081/c/ann/overlay?look=box"),
        "Here, too": browser("http://localhost:8081/c/ann/overlay"),
        "Ben here": browser("http://localhost:8081/c/ben/overlay"),
    }
    web = WebSection(public_url="https://relay.example/c/ann", token=SecretStr("a-token-of-our-own"))
    async with alongside(Overlay(obs, web=web).client.run()):
        await eventually(lambda: [obs.inputs[name].refreshed for name in ("Vox", "Here", "Here, too")] == [1, 1, 1])

    assert [obs.inputs[name].refreshed for name in ("Ben", "Other", "Other computer", "Ben here")] == [0] * 4


async def test_pages_that_are_open_are_left_alone(obs: ObsDouble) -> None:
    obs.inputs |= {"Vox": browser(), "Captions": browser("http://127.0.0.1:8081/overlay/?mute=1")}
    overlay = Overlay(obs, pages=2)
    async with alongside(overlay.client.run()):
        await eventually(lambda: overlay.muted == [False])
        overlay.pages = 0
        await obs.create("Late", browser())
        await eventually(lambda: len(overlay.muted) == 2)

    assert [input.refreshed for input in obs.inputs.values()] == [0] * 5


async def test_an_obs_that_comes_back_is_looked_at_anew(obs: ObsDouble) -> None:
    obs.inputs["Vox"] = browser()
    overlay = Overlay(obs, pages=1)
    async with alongside(overlay.client.run()):
        await eventually(lambda: overlay.muted == [False])
        overlay.pages = 0
        obs.drop()
        await eventually(lambda: obs.inputs["Vox"].refreshed == 1)


async def test_muting_the_companions_source_is_told_and_unmuting_as_well(obs: ObsDouble) -> None:
    obs.inputs["Vox"] = browser(muted=True)
    overlay = Overlay(obs, pages=1)
    async with alongside(overlay.client.run()):
        await eventually(lambda: overlay.muted == [True])
        await obs.mute("Vox", False)
        await eventually(lambda: overlay.muted == [True, False])
        await obs.mute("Mic/Aux")
        await obs.mute("Vox")
        await eventually(lambda: overlay.muted == [True, False, True])
        obs.drop()
        await eventually(lambda: overlay.muted[:4] == [True, False, True, False])


@pytest.mark.parametrize(
    ("others", "is_muted"),
    [
        ({}, True),
        ({"Second": browser(muted=True)}, True),
        ({"Second": browser()}, False),
        ({"Second": browser(in_mixer=False)}, True),
        ({"Alerts": browser("https://alerts.example/")}, True),
    ],
)
async def test_it_is_muted_when_all_its_sources_in_the_mixer_are(
    obs: ObsDouble, others: dict[str, Input], is_muted: bool
) -> None:
    obs.inputs |= {"Vox": browser(muted=True)} | others
    overlay = Overlay(obs, pages=9)
    async with alongside(overlay.client.run()):
        await eventually(lambda: overlay.muted == [is_muted])


async def test_a_source_that_is_heard_past_the_mixer_cannot_be_muted_there(obs: ObsDouble) -> None:
    obs.inputs["Vox"] = browser(muted=True, in_mixer=False)
    overlay = Overlay(obs, pages=1)
    async with alongside(overlay.client.run()):
        await eventually(lambda: overlay.muted == [False])


FILE = f"C:\\data\\{WAITING_PAGE}"
AGAIN = f"C:/data/./{WAITING_PAGE}"
"""The same file, but for OBS it is another one, which it opens."""


@pytest.mark.parametrize(("open_elsewhere", "opens"), [(0, AGAIN), (1, FILE)])
async def test_a_page_that_has_left_its_file_for_an_address_of_before_comes_back_to_it_when_no_page_is_open(
    obs: ObsDouble, open_elsewhere: int, opens: str
) -> None:
    waiting = {"is_local_file": True, "local_file": FILE, "url": OVERLAY, "reroute_audio": True}
    obs.inputs |= {"Vox": Input(kind=BROWSER, settings=waiting, muted=True), "Old": browser(in_mixer=False)}
    overlay = Overlay(obs, pages=open_elsewhere)
    async with alongside(overlay.client.run()):
        await eventually(lambda: overlay.muted == [True])

    assert obs.inputs["Vox"].settings == waiting | {"local_file": opens}
    assert [name for name, input in obs.inputs.items() if input.refreshed] == ["Old"]
