"""The tables that name all of something name exactly what there is."""

import json
import re
import tomllib
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from pydantic import BaseModel

from relay.application.composition import Relay
from relay.application.exposition import Exposition
from relay.application.fleet.left_out import LeftOut
from relay.application.fleet.signs import RELOAD
from relay.application.metrics import Metrics
from relay.application.processes.measures import StreamLengths
from relay.application.statistics import Statistics
from relay.config import CommandSection, OperationsSection, ParameterSection
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.system.readiness import Readiness
from relay.web.api.routes import STATUS, ApiRoutes
from relay.web.control import ControlServer
from relay.web.desk.desk import Desk
from relay.web.desk.routes import DeskRoutes
from relay.web.gateway.api import Gateway
from relay.web.gateway.state import KeyState
from relay.web.overlay.routes import OverlayRoutes
from relay.web.overlay.sink import OverlaySink
from relay.web.probes import ProbeServer
from tests.docs import actions_page, settings_page
from tests.docs.pages import PAGES, ROOT, name, named, rows, spans
from tests.docs.program import commands, program
from tests.end_to_end.stage import settings
from tests.moderation.test_controls import Room
from tests.support import no_metrics
from tests.web.stage import ApiRoom

DOCS = ROOT / "docs"
CONTROL = ("POST /control", "GET /metrics", "GET /store")
"""What the server for the command line is asked."""


def test_the_page_of_settings_is_what_the_settings_are() -> None:
    written = settings_page.PAGE.read_text("utf-8")

    assert written == settings_page.page(), "run `make docs`"


def test_the_page_of_actions_is_what_the_desk_can_do() -> None:
    assert actions_page.PAGE.read_text("utf-8") == actions_page.page(), "run `make docs`"


def test_every_setting_is_explained() -> None:
    tables = rows(settings_page.PAGE, "setting")

    assert [setting for setting, _, explanation in tables if not explanation] == []


def test_the_changelog_begins_with_the_version_that_this_is() -> None:
    newest = re.search(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert newest is not None
    assert newest[1] == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_the_table_of_controls_names_each_with_what_it_takes(tmp_path: Path) -> None:
    controls = Controls(Room(), Audit(tmp_path / "audit.jsonl")).commands()
    forms = {info.name: info.form if info.required or not info.form else f"[{info.form}]" for info in controls}

    assert named(DOCS / "moderation.md", "control") == [f"{control} {form}".strip() for control, form in forms.items()]


def test_the_table_of_viewers_commands_names_each_with_what_it_takes(tmp_path: Path) -> None:
    table = Relay(
        settings(tmp_path), lambda *_: [], voxta_url="http://localhost", statistics=Statistics()
    ).commands.gate.table
    forms = {f"{table.prefix}{called} {command.form}".strip() for command in table for called in command.names}

    listed = [span for row in rows(DOCS / "commands.md", "command") for span in re.findall("`([^`]+)`", row[0])]
    assert sorted(listed) == sorted(forms)


@pytest.mark.parametrize(("heading", "section"), [("key", CommandSection), ("argument", ParameterSection)])
def test_the_tables_of_own_commands_name_all_they_can_have(heading: str, section: type[BaseModel]) -> None:
    listed = [row[0].strip("`") for row in rows(DOCS / "commands.md", heading)]

    assert sorted(listed) == sorted(section.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_control_that_is_named_is_there(page: Path, tmp_path: Path) -> None:
    there = {info.name for info in Controls(Room(), Audit(tmp_path / "audit.jsonl")).commands()} | {RELOAD}
    told = [found[1] for text in spans(page) if (found := re.match(r"(?:!relay|/relay|relay ctl) (\w+)", text))]

    assert [control for control in told if control not in there] == []


def test_the_table_of_commands_names_each_of_them() -> None:
    listed = [row for row in named(DOCS / "operations.md", "command") if row.startswith("relay ")]

    assert sorted(listed) == sorted(commands(program()))


def test_the_table_of_calls_names_each_of_the_servers() -> None:
    application = web.Application()
    Gateway(ApiRoom().actions).add_to(application)
    OverlayRoutes(OverlaySink()).add_to(application)
    DeskRoutes(Desk()).add_to(application)
    ApiRoutes(Desk()).add_to(application)
    application.router.add_get("/", Gateway(ApiRoom().actions).about)
    served = {
        f"{route.method} {route.resource.canonical}"
        for route in application.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }

    calls = [call for call in named(DOCS / "http-api.md", "call") if call not in CONTROL]
    assert sorted(calls) == sorted(served)


def test_the_table_of_events_names_what_keys_show() -> None:
    [told] = [row[1] for row in rows(DOCS / "http-api.md", "event") if row[0] == "`relay_changed`"]

    assert re.findall("`(\\w+)`", told) == list(KeyState.model_fields)


def test_the_table_of_codes_names_each_with_its_status() -> None:
    listed = {row[0].strip("`"): int(row[1]) for row in rows(DOCS / "http-api.md", "code")}

    assert listed == STATUS


async def test_the_table_of_metrics_names_each_of_them(tmp_path: Path) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://localhost", statistics=Statistics())
    exposition = Exposition(Readiness())
    with ExitStack() as stack:
        for each in (Metrics(relay, Statistics()), StreamLengths({}), LeftOut()):
            stack.enter_context(exposition.telling_of("relay", each))
        text = (await exposition.text()).decode()
    served = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)

    listed = [
        (metric, row[1]) for row in rows(DOCS / "operations.md", "metric") for metric in re.findall(r"`(\w+)`", row[0])
    ]
    assert sorted(listed) == sorted(entry for entry in served if not entry[0].endswith("_created"))


def test_the_table_of_probes_names_what_supervisors_may_ask() -> None:
    server = ProbeServer(OperationsSection(), Readiness(), no_metrics)

    assert named(DOCS / "operations.md", "probe") == [f"GET {path}" for path in server.paths()]


@pytest.mark.parametrize("call", CONTROL)
async def test_the_calls_of_the_control_server_are_served(call: str, tmp_path: Path) -> None:
    method, path = call.split()
    file = tmp_path / "relay.control"
    async with ControlServer(Controls(Room(), Audit(tmp_path / "audit.jsonl")), no_metrics, file):
        access = json.loads(file.read_text("utf-8"))
        headers = {"Authorization": f"Bearer {access['token']}"}
        async with aiohttp.request(method, f"{access['url']}{path}", headers=headers) as response:
            assert response.status not in (404, 405)

    assert call in named(DOCS / "http-api.md", "call")
