"""That nobody makes text of what people say aloud is seen before the stream and while it lasts."""

from typing import Any

import pytest

from relay.application.audio import LiveAudio
from relay.application.check import Finding, of_stream, tried
from relay.application.conditions import Condition
from relay.application.settings import load
from relay.config.loading import Config
from relay.hearing.one_stream import OneStream

UNDERSTOOD: list[dict[str, Any]] = [
    {"voxta": {"mode": "server"}},
    {"companion": {"hearing": "openai"}},
    {"hearing": {"through": "openai"}},
    {"voxta": {"mode": "gateway"}, "hearing": {"through": "openai"}},
]
NOT_UNDERSTOOD: list[tuple[dict[str, Any], str]] = [
    ({}, "companion has no ear"),
    ({"voxta": {"mode": "gateway"}}, "Gateway takes no sound"),
]


def listening(listen_to: str = "everyone", **sections: Any) -> Config:
    discord = {"enabled": True, "token": "t", "channels": [1]}
    return load(None, discord=discord, voice={"channels": [2], "listen_to": listen_to}, **sections)


async def checked(config: Config) -> Finding:
    attempts = dict(of_stream(config))
    return await tried("hearing", attempts["hearing"], config)


def light(audio: LiveAudio) -> Condition:
    [found] = [each for each in audio.conditions() if each.name == "hearing"]
    return found


@pytest.mark.parametrize(("sections", "why"), NOT_UNDERSTOOD)
async def test_a_check_names_who_could_understand_people_where_nobody_does(sections: dict[str, Any], why: str) -> None:
    found = await checked(listening(**sections))

    assert not found.ok
    assert why in found.line
    assert "set hearing.through" in found.line


@pytest.mark.parametrize("sections", [{"voxta": {"mode": "server"}}, {"companion": {"hearing": "openai"}}])
async def test_a_check_is_content_where_voxtas_ear_or_the_companions_understands_them(sections: dict[str, Any]) -> None:
    assert (await checked(listening(**sections))).ok


def test_where_people_are_not_heard_there_is_nothing_to_check() -> None:
    assert "hearing" not in dict(of_stream(listening("nobody")))


@pytest.mark.parametrize(("sections", "why"), NOT_UNDERSTOOD)
def test_the_desk_and_the_status_say_that_nobody_understands_them(sections: dict[str, Any], why: str) -> None:
    audio = LiveAudio(listening(**sections))

    shown = light(audio)
    assert shown.state == "problem"
    assert why in shown.text
    assert "hearing.through" in shown.fix
    assert any(why in line for line in audio.lines())


@pytest.mark.parametrize("sections", UNDERSTOOD)
def test_the_light_is_green_where_somebody_understands_them(sections: dict[str, Any]) -> None:
    audio = LiveAudio(listening(**sections))

    assert light(audio).state == "ok"
    assert audio.lines() == []


def test_a_voxta_that_never_asks_for_sound_while_people_talk_is_shown_with_what_to_do() -> None:
    audio = LiveAudio(listening(voxta={"mode": "server"}))
    assert isinstance(audio.voices, OneStream)

    audio.voices.speech_began("voice:1")

    shown = light(audio)
    assert shown.state == "problem"
    assert "asks for no sound" in shown.text
    assert "in Voxta" in shown.fix
