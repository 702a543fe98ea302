"""The Grafana dashboard and the alerts ask Prometheus for what a relay tells, and for nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from relay.application.composition import Relay
from relay.application.exposition import Exposition
from relay.application.metrics import Metrics
from relay.application.processes.measures import StreamLengths
from relay.application.statistics import Statistics
from relay.model import Outcome, Post, Settlement
from relay.system.readiness import Readiness
from tests.application.test_metrics import ForgetfulPlatform, forward
from tests.docs.pages import ROOT
from tests.end_to_end.stage import settings

DASHBOARD = ROOT / "config" / "ops" / "grafana" / "relay.json"
ALERTS = ROOT / "config" / "ops" / "prometheus" / "alerts.yml"
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds to all it scrapes."""


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
    return found


def expressions() -> list[str]:
    asked = [target["expr"] for panel in panels() for target in panel.get("targets", ())]
    return [*asked, *(rule["expr"] for rule in rules())]


async def told(folder: Path) -> dict[str, set[str]]:
    """What is told, each with its labels: by a relay to which everything has happened that is counted."""
    twitch = ForgetfulPlatform()
    twitch.lost["channel.raid"] += 1
    statistics = Statistics()
    relay = Relay(settings(folder), lambda *_: [twitch], voxta_url="http://localhost", statistics=statistics)
    metrics = Metrics(relay, statistics)
    relay.events.forwarded(forward(heard_at=(1.0,)))
    statistics.settled([Settlement(key="twitch:1", outcome=Outcome.FORWARDED, reason="user", at=1.0)])
    for error in (None, "refused"):
        relay.events.posted("twitch", Post(channel="c", text="hi", nonce="1"), error)
    exposition = Exposition(Readiness())
    exposition.leads("relay", True)
    with exposition.telling_of("relay", metrics), exposition.telling_of("relay", StreamLengths({"ingress": _length})):
        text = (await exposition.text()).decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def _length() -> int:
    return 3


class Asked:
    """What one expression asks for."""

    def __init__(self, expression: str) -> None:
        self.text = expression
        self.metrics: set[str] = set()
        self.labels: set[str] = set()
        for node in _nodes(promql_parser.parse(expression.replace("$__rate_interval", "5m"))):
            if isinstance(node, promql_parser.VectorSelector):
                self.metrics.add(node.name or "")
                self.labels |= {matcher.name for matcher in node.matchers.matchers}
            elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
                self.labels |= set(node.modifier.labels)


def _nodes(expression: Any) -> Iterator[Any]:
    yield expression
    for name in ("expr", "lhs", "rhs", "vector_selector"):
        if (inner := getattr(expression, name, None)) is not None:
            yield from _nodes(inner)
    for each in getattr(expression, "args", None) or ():
        yield from _nodes(each)


@pytest.fixture
async def known(tmp_path: Path) -> dict[str, set[str]]:
    return await told(tmp_path)


async def test_each_expression_asks_for_metrics_and_labels_that_there_are(known: dict[str, set[str]]) -> None:
    asked = [Asked(expression) for expression in expressions()]

    assert all(each.metrics for each in asked)
    assert [name for each in asked for name in each.metrics if name not in known] == []
    wrong = [
        (each.text, label)
        for each in asked
        for label in each.labels - SCRAPED - {"le"}
        if not any(label in known[name] for name in each.metrics)
    ]
    assert wrong == []


def test_the_legends_and_summaries_name_labels_that_their_expressions_keep() -> None:
    shown = [(target["expr"], target["legendFormat"]) for panel in panels() for target in panel.get("targets", ())]
    shown += [(rule["expr"], rule["annotations"]["summary"].replace("$labels.", "")) for rule in rules()]

    wrong = [
        (expression, label)
        for expression, legend in shown
        for label in re.findall(r"{{\s*(\w+)\s*}}", legend)
        if label not in Asked(expression).labels | SCRAPED
    ]
    assert wrong == []


async def test_what_operators_have_to_see_is_on_the_dashboard(known: dict[str, set[str]]) -> None:
    asked = {name for expression in expressions() for name in Asked(expression).metrics}
    gauges_and_counters = {
        name for name in known if name.startswith("relay_") and not name.endswith(("_created", "_count", "_sum"))
    }

    assert gauges_and_counters - asked == set()


def test_somebody_is_called_when_no_core_is_there_to_say_that_it_does_not_lead() -> None:
    critical = [rule["expr"] for rule in rules() if rule["labels"]["severity"] == "critical"]
    calls = [node for each in critical for node in _nodes(promql_parser.parse(each)) if hasattr(node, "func")]

    assert [node.args[0].name for node in calls if node.func.name == "absent"] == ["relay_leads"]


def test_the_dashboard_can_be_imported_for_any_data_source() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}

    assert {"datasource", "job", "companion"} == variables
    assert len({panel["id"] for panel in panels()}) == len(panels())
    sources = [panel["datasource"]["uid"] for panel in panels() if panel["type"] != "row"]
    assert set(sources) == {"${datasource}"}


def test_no_panel_covers_another() -> None:
    taken = [
        (column, line)
        for panel in panels()
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(column for column, _ in taken) < 24
