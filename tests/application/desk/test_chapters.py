"""The chapters that concern no platform, each against what it sets up."""

import io
import json
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from relay.application.desk.chapters import all_chapters, companion
from relay.application.desk.chapters.room import PRESETS
from relay.application.settings import load
from relay.config.loading import Config
from relay.guide import Form
from relay.models.store import Contents, ModelStore
from relay.obs.browser_sources import WAITING_PAGE
from relay.obs.setting_up import NAME
from relay.platforms import listed
from relay.voxta import login
from tests.companion.endpoints import SpeechEndpoint, serving
from tests.doubles.obs import ObsDouble
from tests.doubles.voxta import KeyRule, Switches, VoxtaDouble
from tests.guided import Visitor, texts
from tests.models.tiny_voice import make_voice
from tests.support import PATIENCE

CHAPTERS = {chapter.name: chapter for chapter in all_chapters("http://127.0.0.1:5384")}


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine is decides no verdict."""
    monkeypatch.setattr("relay.application.desk.chapters.nearby.LOOK", PATIENCE)
    monkeypatch.setattr(companion, "PROBE", PATIENCE)
    monkeypatch.setattr("relay.obs.connection.LOGIN", PATIENCE)
    monkeypatch.setattr("relay.obs.connection.ANSWER", PATIENCE)


async def lead(name: str, config: Config, visitor: Visitor) -> dict[str, Any]:
    return dict(await CHAPTERS[name].lead(config, visitor))


def test_each_platform_has_a_chapter() -> None:
    assert CHAPTERS.keys() >= {info.name for info in listed.PLATFORMS}


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_is_set_is_told_in_a_few_words(name: str) -> None:
    told = CHAPTERS[name].set_already(load())

    assert told is None or str(told)


# OBS


async def test_obs_is_connected_and_its_source_made(tmp_path: Path) -> None:
    async with ObsDouble(password="open sesame") as obs:
        config = load(relay={"data_dir": tmp_path}, obs={"url": obs.url})
        visitor = Visitor(
            {"password": "wrong"}, {"password": "open sesame"},
            {"inputs": ["Mic/Aux"], "scene": "Game", "quiet": True},
        )  # fmt: skip

        changes = await lead("obs", config, visitor)

        assert obs.scenes["Game"] == {"Camera": True, NAME: True}
        assert obs.inputs[NAME].settings["local_file"] == (tmp_path / WAITING_PAGE).as_posix()
    assert changes == {
        "obs.enabled": True, "obs.url": obs.url, "obs.inputs": ["Mic/Aux"], "obs.quiet_off_stream": True,
        "obs.password": "open sesame",
    }  # fmt: skip
    assert "OBS refused it" in visitor.problems[0]
    assert "http://localhost:8081/overlay" in (tmp_path / WAITING_PAGE).read_text()


async def test_an_obs_without_a_microphone_is_connected_and_stays_so_at_a_second_visit() -> None:
    async with ObsDouble() as obs:
        first = await lead("obs", load(obs={"url": obs.url}), Visitor({}, {"inputs": [], "scene": ""}))
        config = load(obs={"enabled": True, "url": obs.url, "inputs": first["obs.inputs"]})
        second = await lead("obs", config, Visitor({}, {"scene": ""}))

    assert (first["obs.enabled"], first["obs.inputs"]) == (True, [])
    assert second["obs.inputs"] == []
    assert str(CHAPTERS["obs"].set_already(config)) == "Connected, without a microphone"


async def test_an_obs_that_is_not_there_is_said_with_what_to_do() -> None:
    visitor = Visitor({"url": "ws://127.0.0.1:1"})

    with pytest.raises(AssertionError, match="cannot be reached"):
        await lead("obs", load(obs={"url": "ws://127.0.0.1:1"}), visitor)

    assert "start it on this computer" in texts(visitor.asked[0])


# Voxta


def confirm(voxta: VoxtaDouble) -> Callable[[Form], None]:
    """Whatever code is shown, in Voxta."""

    def confirmed(form: Form) -> None:
        voxta.access.approve(form.code)

    return confirmed


async def test_voxta_is_logged_in_to_and_a_character_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "POLL_EVERY", 0.0)
    async with VoxtaDouble(Switches(key=KeyRule.REFUSED)) as voxta:
        chat = await voxta.open_elsewhere()
        catherine = voxta.characters[0]
        config = load(relay={"data_dir": tmp_path})
        visitor = Visitor(
            {"who": "server"},
            {"url": "http://localhost:5384"},
            {"url": voxta.url},
            {"chat": f"character {catherine.id}", "speech": True},
            on_show=confirm(voxta),
        )

        changes = await lead("companion", config, visitor)

    assert changes == {
        "voxta.mode": "server", "voxta.url": voxta.url, "voxta.join": "character",
        "voxta.character_id": catherine.id, "speech.enabled": True,
    }  # fmt: skip
    assert "the relay's own companion" in visitor.problems[0]
    assert f"{voxta.url}/device" in visitor.shown[0].links[0].address
    [options] = [field.options for field in visitor.asked[-1].fields if field.name == "chat"]
    assert [str(option.label) for option in options] == [
        "Whatever chat is open in Voxta", "A chat with Catherine", "A chat with George",
        "The open chat with Catherine",
    ]  # fmt: skip
    assert options[-1].value == f"chat {chat.chat_id}"
    assert "1.0.0-double" in texts(visitor.asked[-1])


# The companion


async def test_a_companion_needs_a_name_and_no_more(tmp_path: Path) -> None:
    visitor = Visitor({"who": "embedded"}, {"name": "Nova"}, {"speech": "none"})

    changes = await lead("companion", load(), visitor)

    assert changes == {
        "voxta.mode": "embedded", "companion.name": "Nova", "companion.brain": "rules", "companion.speech": "none",
        "speech.enabled": False,
    }  # fmt: skip


async def test_the_models_of_an_endpoint_are_listed_to_choose_from(monkeypatch: pytest.MonkeyPatch) -> None:
    async def models(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "llama3.2:3b"}, {"id": "qwen3:8b"}]})

    async with serving("/models", models, "GET") as url:
        monkeypatch.setattr(companion, "MODELS", {"Ollama": url, "LM Studio": "http://127.0.0.1:1/v1"})
        visitor = Visitor(
            {"who": "embedded"}, {"name": "Nova", "brain": "openai"}, {"where": "elsewhere", "address": "ftp://x"},
            {"where": url}, {"model": "qwen3:8b"}, {"speech": "none"},
        )  # fmt: skip

        changes = await lead("companion", load(), visitor)

    assert (changes["companion.base_url"], changes["companion.model"]) == (url, "qwen3:8b")
    assert "Found on this computer: Ollama." in texts(visitor.asked[2])
    assert "begins with http" in visitor.problems[0]


async def test_a_voice_is_heard_before_it_is_kept() -> None:
    visitor = Visitor(
        {"who": "embedded"}, {"name": "Nova"}, {"speech": "espeak"}, {"speech_voice": "klingon-xx"},
        {"speech_voice": "de"}, {"keep": "no"}, {"speech": "espeak"}, {"speech_voice": "fr"}, {"keep": "yes"},
    )  # fmt: skip

    changes = await lead("companion", load(), visitor)

    assert (changes["companion.speech"], changes["companion.speech_voice"]) == ("espeak", "fr")
    assert changes["speech.enabled"] is True
    assert "no voice 'klingon-xx'" in visitor.problems[0]
    for heard in (visitor.asked[5], visitor.asked[-1]):
        with wave.open(io.BytesIO(heard.sound)) as file:
            assert file.getnframes() > file.getframerate()  # longer than a second


async def test_a_local_voice_is_chosen_from_those_that_are_here(tmp_path: Path) -> None:
    config = load(relay={"data_dir": str(tmp_path)})
    store = ModelStore(config.models_folder)
    store.put("thorsten-de", make_voice(store.partly("thorsten-de") / "fresh"), Contents({}, {}))
    visitor = Visitor(
        {"who": "embedded"}, {"name": "Nova"}, {"speech": "local"},
        {"speech_local": "thorsten-de", "speech_voice": "nobody"}, {"speech_voice": ""}, {"keep": "yes"},
    )  # fmt: skip

    changes = await lead("companion", config, visitor)

    assert (changes["companion.speech"], changes["companion.speech_local"]) == ("local", "thorsten-de")
    assert "no speaker 'nobody'" in visitor.problems[0]


@pytest.mark.parametrize("is_frozen", [False, True])
async def test_a_relay_with_its_own_python_offers_no_voice_that_it_cannot_be_given(
    monkeypatch: pytest.MonkeyPatch, is_frozen: bool
) -> None:
    monkeypatch.setattr(sys, "frozen", is_frozen, raising=False)
    visitor = Visitor({"who": "embedded"}, {"name": "Nova"}, {"speech": "none"})

    await lead("companion", load(), visitor)

    [options] = [field.options for field in visitor.asked[-1].fields if field.name == "speech"]
    assert ("local" in [option.value for option in options]) is not is_frozen


async def test_a_voice_at_an_endpoint_is_asked_for_with_its_key() -> None:
    speech = SpeechEndpoint()
    async with serving("/audio/speech", speech.answer) as url:
        visitor = Visitor(
            {"who": "embedded"}, {"name": "Nova"}, {"speech": "openai"},
            {"speech_url": url, "speech_voice": "coral", "speech_api_key": "sesame"}, {"keep": "yes"},
        )  # fmt: skip

        changes = await lead("companion", load(), visitor)

    assert speech.headers == ["Bearer sesame"]
    assert speech.requests[0]["voice"] == "coral"
    assert changes["companion.speech_api_key"] == "sesame"
    assert "sesame" not in json.dumps([form.model_dump(mode="json") for form in visitor.asked])


# Who may interrupt, and the room


async def test_who_may_interrupt_is_said_with_what_happens_then() -> None:
    changes = await lead("floor", load(), Visitor({"who": ["game"], "first": "stop", "after": "nothing"}))

    assert changes == {"floor.may_interrupt": ["game"], "floor.on_barge_in": "stop", "floor.after": "nothing"}


@pytest.mark.parametrize("name", PRESETS)
async def test_a_preset_is_known_again_once_it_is_set(name: str) -> None:
    changes = await lead(
        "room", load(budget={"rates": {"all": 1, "viewer": 1, "kind.follow": 3}}), Visitor({"room": name})
    )

    sections: dict[str, dict[str, Any]] = {}
    for setting, value in changes.items():
        section, _, key = setting.partition(".")
        sections.setdefault(section, {})[key] = value
    after = load(None, **sections)
    assert PRESETS[name].is_set(after)
    assert after.budget.rates["kind.follow"] == 3
    assert CHAPTERS["room"].set_already(after) == PRESETS[name].name


def test_a_new_relay_is_set_for_a_normal_room() -> None:
    assert PRESETS["normal"].is_set(load())


async def test_numbers_of_ones_own_stay_unless_a_preset_is_chosen() -> None:
    assert await lead("room", load(selection={"gap": 3.0}), Visitor({})) == {}
