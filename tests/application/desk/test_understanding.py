"""Who lets people be heard in the voice channel is asked who understands them, and that is tried before it is kept."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from relay.application.desk.chapters.floor import FLOOR
from relay.application.settings import load
from relay.config.loading import Config
from relay.models.store import Contents, ModelStore
from tests.companion.endpoints import serving
from tests.guided import Visitor
from tests.models import tiny

LETTING_IN = {"who": ["voice"], "listen": "everyone"}


def config(**sections: Any) -> Config:
    return load(None, **{"discord": {"enabled": True, "token": "t", "channels": [1]}} | sections)


async def hearing(visitor: Visitor, now: Config) -> dict[str, Any]:
    """What it sets of the hearing."""
    changes = await FLOOR.lead(now, visitor)
    return {key: value for key, value in changes.items() if key.startswith("hearing.")}


@pytest.fixture
async def endpoint() -> AsyncIterator[str]:
    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "whisper-1"}]})

    async with serving("/models", models, "GET") as url:
        yield url


async def test_who_lets_nobody_be_heard_is_asked_nothing_more() -> None:
    visitor = Visitor({"listen": "nobody"})

    assert await hearing(visitor, config()) == {}
    assert len(visitor.asked) == 1


async def test_an_endpoint_is_tried_before_it_is_kept(endpoint: str) -> None:
    visitor = Visitor(
        LETTING_IN, {"through": "openai"}, {"url": "http://127.0.0.1:1/v1"}, {"url": endpoint, "api_key": "sesame"}
    )

    assert await hearing(visitor, config()) == {
        "hearing.through": "openai", "hearing.url": endpoint, "hearing.model": "whisper-1",
        "hearing.api_key": "sesame",
    }  # fmt: skip
    assert "hearing.url" in visitor.problems[0]


async def test_a_key_that_is_there_stays() -> None:
    async def models(request: web.Request) -> web.Response:
        known = request.headers["Authorization"] == "Bearer sesame"
        return web.json_response({"data": [{"id": "whisper-1"}]}) if known else web.Response(status=401)

    async with serving("/models", models, "GET") as url:
        now = config(hearing={"through": "openai", "url": url, "api_key": "sesame"})
        changes = await hearing(Visitor(LETTING_IN, {}, {}), now)

    assert "hearing.api_key" not in changes


async def test_a_model_on_this_computer_is_chosen_from_those_that_are_here(tmp_path: Path) -> None:
    now = config(relay={"data_dir": str(tmp_path)})
    store = ModelStore(now.models_folder)
    store.put("kroko-de", tiny.transducer(store.partly("kroko-de") / "fresh"), Contents({}, {}))
    visitor = Visitor(LETTING_IN, {"through": "local"}, {"local_model": "kroko-de"})

    assert await hearing(visitor, now) == {"hearing.through": "local", "hearing.local_model": "kroko-de"}


@pytest.mark.parametrize(
    ("sections", "itself"),
    [
        ({}, "Nobody: they can only interrupt it"),
        ({"voxta": {"mode": "gateway"}}, "Nobody: they can only interrupt it"),
        ({"voxta": {"mode": "server"}}, "Voxta's own speech recognition"),
        ({"companion": {"hearing": "openai"}}, "The companion's own ear, as it is set"),
    ],
)
async def test_without_an_endpoint_or_a_model_it_is_whoever_answers_or_nobody(
    sections: dict[str, Any], itself: str
) -> None:
    visitor = Visitor(LETTING_IN, {"through": "voxta"})

    assert await hearing(visitor, config(**sections)) == {"hearing.through": "voxta"}
    assert visitor.options("through")[-1] == itself


async def test_a_relay_with_its_own_python_offers_no_model_that_it_cannot_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    visitor = Visitor(LETTING_IN, {"through": "voxta"})

    await hearing(visitor, config())

    assert "A model on this computer" not in visitor.options("through")
