"""The files for Docker, systemd and Kubernetes say what their tools understand, and start what there is."""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from relay.application.processes.kinds import checked as kinds_checked
from relay.application.processes.kinds import kinds
from relay.application.settings import load, settings_model
from relay.config import OperationsSection, ProcessesSection
from relay.config.loading import Config, checked
from relay.config.places import own_file
from relay.platforms import listed
from relay.system.shutdown import CLOSING
from tests.docs.pages import ROOT

OPS = ROOT / "config" / "ops"
COMPOSE = [ROOT / "docker-compose.yml", OPS / "compose.fleet.yml"]
MANIFESTS = sorted(set((OPS / "kubernetes").glob("*.yaml")) - {OPS / "kubernetes" / "kustomization.yaml"})
UNITS = [OPS / "systemd" / "relay@.service", ROOT / "packaging" / "linux" / "voxta-relay.service"]
KUBERNETES = "1.33"
"""The version whose published schemas the manifests have to fit."""


@cache
def loaded(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def objects(kind: str) -> list[dict[str, Any]]:
    return [each for path in MANIFESTS for each in loaded(path) if each["kind"] == kind]


def containers() -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"]["containers"][0] for each in objects("Deployment")]


def started(command: list[str]) -> str:
    """The kind that a command line starts."""
    assert command[:2] == ["run", "--only"]
    return command[2]


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_files_follow_the_specification(path: Path) -> None:
    import compose_spec  # loaded by those who need it: it takes long

    [merged] = loaded(path)

    compose_spec.PyCompose.from_yaml(yaml.safe_dump(merged))  # which knows no merging of its own

    assert "redis" in merged["services"]


def test_the_compose_file_of_several_processes_starts_each_kind() -> None:
    services = loaded(OPS / "compose.fleet.yml")[0]["services"]

    assert {name: started(service["command"]) for name, service in services.items() if name != "redis"} == {
        kind: kind for kind in kinds()
    }


@pytest.mark.parametrize("kind", kinds())
def test_commands_beside_a_process_in_its_container_can_read_the_settings(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = loaded(OPS / "compose.fleet.yml")[0]["services"][kind]["environment"]
    for name, value in (given | {"RELAY_WEB__TOKEN": "a-token-nobody-guesses"}).items():
        monkeypatch.setenv(name, value)

    assert load().inbox.engine == "redis"


@pytest.mark.skipif(sys.platform != "linux", reason="containers of this image are Linux")
def test_commands_in_a_container_find_the_settings_that_its_process_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/relay")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    image = (ROOT / "Dockerfile").read_text("utf-8")

    [(folder, link)] = re.findall(r"ln -s (\S+) (\S+)", image)

    assert own_file().parent == Path(link)
    assert f'CMD ["run", "--config", "{folder}/{own_file().name}"]' in image


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_fit_the_published_schemas(path: Path) -> None:
    import kubernetes_validate

    for each in loaded(path):
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_kustomization_names_every_manifest() -> None:
    [kustomization] = loaded(OPS / "kubernetes" / "kustomization.yaml")

    assert sorted(kustomization["resources"]) == [path.name for path in MANIFESTS]


def test_there_is_a_deployment_for_each_kind() -> None:
    assert sorted(started(each["args"]) for each in containers()) == sorted(kinds())


def test_selectors_find_the_pods_they_mean() -> None:
    pods = [each["spec"]["template"]["metadata"]["labels"].items() for each in objects("Deployment")]
    selectors = [each["spec"]["selector"]["matchLabels"] for each in objects("Deployment")]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in objects("PodDisruptionBudget")]
    selectors += [each["spec"]["podSelector"]["matchLabels"] for each in objects("NetworkPolicy")]

    assert [selector for selector in selectors if not any(selector.items() <= labels for labels in pods)] == []


def test_what_pods_mount_and_read_is_there() -> None:
    named = {(each["kind"], each["metadata"]["name"]) for path in MANIFESTS for each in loaded(path)}
    for deployment in objects("Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        for volume in pod["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in named
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in named
        [container] = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert all(("Secret", source["secretRef"]["name"]) in named for source in container["envFrom"])


def test_probes_ask_what_is_served_where_it_is() -> None:
    port = OperationsSection().port
    for container in containers():
        assert {each["name"]: each["containerPort"] for each in container["ports"]}["probes"] == port
        assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "probes"}
        assert container["startupProbe"]["httpGet"] == {"path": "/livez", "port": "probes"}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "probes"}


def test_the_pages_of_any_number_of_companions_are_reached_in_one_core() -> None:
    [container] = [each for each in containers() if started(each["args"]) == "core"]
    in_pods = next(each["value"] for each in container["env"] if each["name"] == "RELAY_PROCESSES__LISTEN")
    [*_, starts, _] = loaded(OPS / "compose.fleet.yml")[0]["services"]["core"]["entrypoint"]
    [in_compose] = re.findall(r"RELAY_PROCESSES__LISTEN=(\S+)", starts)
    policies = {each["metadata"]["name"]: each["spec"] for each in objects("NetworkPolicy")}
    core, web = ({"podSelector": {"matchLabels": {"app.kubernetes.io/component": name}}} for name in ("core", "web"))

    for listen in (in_pods, in_compose):
        assert ProcessesSection(listen=listen, reached_at="core").port == 0, "each companion has an address of its own"
    assert {"to": [core]} in policies["relay"]["egress"], "at any port"
    assert {"from": [web]} in policies["relay-core"]["ingress"]


@pytest.mark.parametrize("kind", sorted(set(kinds()) - {"twitch"}))  # whose login is in one file
def test_one_stands_by_on_another_node_and_an_upgrade_leaves_nobody_unheard(kind: str) -> None:
    [deployment] = [each["spec"] for each in objects("Deployment") if each["metadata"]["name"] == f"relay-{kind}"]
    [spread] = deployment["template"]["spec"]["topologySpreadConstraints"]
    budgets = {each["metadata"]["name"]: each["spec"]["minAvailable"] for each in objects("PodDisruptionBudget")}

    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["labelSelector"] == deployment["selector"]
    assert budgets[f"relay-{kind}"] == 1


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    """The settings that pods read, with the secrets that they are given."""
    [settings] = objects("ConfigMap")
    [secret] = objects("Secret")
    for name, value in secret["stringData"].items():
        monkeypatch.setenv(name, value)
    return checked(settings_model(listed.PLATFORMS), settings["data"]["relay.toml"], None, {})


def test_the_settings_in_the_manifests_are_settings_for_every_kind(config: Config) -> None:
    assert kinds_checked(kinds(), config) == kinds()
    assert config.operations.enabled
    assert config.inbox.url.get_secret_value() == objects("Secret")[0]["stringData"]["RELAY_INBOX__URL"]


def test_supervisors_wait_for_what_is_being_said(config: Config) -> None:
    unit = (OPS / "systemd" / "relay@.service").read_text("utf-8")
    [fleet] = loaded(OPS / "compose.fleet.yml")
    waits = [each["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] for each in objects("Deployment")]
    usual = OperationsSection().drain + CLOSING

    assert min(waits) > config.operations.drain + CLOSING
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]) > usual
    assert int(fleet["x-relay"]["stop_grace_period"].removesuffix("s")) > usual


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_starts_again_for_as_long_as_redis_is_away_or_the_keyring_is_locked(path: Path) -> None:
    assert "StartLimitIntervalSec=0" in path.read_text("utf-8").splitlines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = (OPS / "systemd" / "relay@.service").read_text("utf-8")
    program = tmp_path / "relay"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    placed = tmp_path / "relay@core.service"
    placed.write_text(unit.replace("/opt/voxta-relay/bin/relay", str(program)), "utf-8")

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(placed)], capture_output=True, text=True
    )

    assert (verified.returncode, verified.stderr) == (0, "")
