"""Pods in Kubernetes reach what settings name, and are reached by who asks them, and by nobody else."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from relay.application.processes.kinds import kinds
from relay.config import CompanionSection, HearingSection, VoxtaSection
from tests.docs.pages import ROOT
from tests.ops.test_deployments import containers, objects, started

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
ADDRESSES = [
    VoxtaSection().url,
    VoxtaSection().gateway_url,
    CompanionSection().base_url,
    CompanionSection().speech_url,
    CompanionSection().hearing_url,
    HearingSection().url,
]
"""Of what a core talks to, unless the settings say otherwise."""


@pytest.mark.parametrize("kind", kinds())
def test_stores_and_collectors_of_the_page_are_reached_by_every_process(kind: str) -> None:
    named = {int(port) for port in re.findall(r"\b(?:local)?host:(\d{4,5})\b", PAGE)}

    assert named == {6379, 6380, 26379, 4318}
    assert named <= reached(kind)


def test_a_core_reaches_voxta_models_and_what_speaks_and_recognises() -> None:
    assert {urlsplit(address).port for address in ADDRESSES} <= reached("core")


def test_twitch_brings_its_webhooks_through_the_ingress() -> None:
    [container] = [each for each in containers() if started(each["args"]) == "twitch"]
    [service] = [each["spec"] for each in objects("Service") if each["metadata"]["name"] == "relay-twitch"]
    [policy] = [each["spec"] for each in objects("NetworkPolicy") if each["metadata"]["name"] == "relay-twitch"]
    listens = next(each["value"] for each in container["env"] if each["name"] == "RELAY_TWITCH__WEBHOOK_LISTEN")
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}

    assert listens == f"0.0.0.0:{ports['webhooks']}", "not at the pod's own address alone"
    assert [each["targetPort"] for each in service["ports"]] == ["webhooks"]
    assert service["selector"].items() <= labels("twitch").items()
    assert [rule["ports"] for rule in policy["ingress"]] == [[{"port": "webhooks"}]]


@pytest.mark.parametrize(
    ("protocol", "ports"),
    [("TCP", [443, 2048, 2053, 2083, 2087, 2096, 8443]), ("UDP", [19294, 19344, 50000, 65535])],
)
def test_discord_is_reached_at_the_ports_that_it_names_for_voice_and_by_its_adapter_alone(
    protocol: str, ports: list[int]
) -> None:
    reached = {
        each["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: let_out(each, protocol)
        for each in objects("Deployment")
    }
    others = set().union(*(allowed for kind, allowed in reached.items() if kind != "discord"))

    assert set(ports) <= reached["discord"]
    assert set(ports) & others <= {443}


def let_out(deployment: dict[str, Any], protocol: str) -> set[int]:
    """The ports at which pods of this deployment reach the internet."""
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    policies = [each["spec"] for each in objects("NetworkPolicy")]
    chosen = [each for each in policies if each["podSelector"]["matchLabels"].items() <= labels]
    rules = [rule for each in chosen for rule in each.get("egress", ())]
    outside = [rule for rule in rules if all("ipBlock" in peer for peer in rule.get("to", ()))]
    allowed = [port for rule in outside for port in rule["ports"] if port.get("protocol", "TCP") == protocol]
    return {number for each in allowed for number in range(each["port"], each.get("endPort", each["port"]) + 1)}


def reached(kind: str) -> set[int]:
    return let_out(deployment(kind), "TCP")


def labels(kind: str) -> dict[str, str]:
    found: dict[str, str] = deployment(kind)["spec"]["template"]["metadata"]["labels"]
    return found


def deployment(kind: str) -> dict[str, Any]:
    [found] = [each for each in objects("Deployment") if each["metadata"]["name"] == f"relay-{kind}"]
    return found
