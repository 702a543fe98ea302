"""People can log in where the files of `config/ops` run the relay, by what the page tells them to type."""

import re
import shlex
from itertools import pairwise

from tests.docs.pages import ROOT, blocks
from tests.docs.test_commands import mistake
from tests.ops.test_deployments import OPS, loaded, objects

TYPED = [
    shlex.split(line)
    for block in blocks(ROOT / "docs" / "fleet.md")
    if block.language == "sh"
    for line in block.code.splitlines()
]


def typed(*program: str) -> list[str]:
    """The only line that begins so, without that."""
    [words] = [words[len(program) :] for words in TYPED if words[: len(program)] == list(program)]
    return words


def after(option: str, words: list[str]) -> list[str]:
    """What stands after each of these."""
    return [value for name, value in pairwise(words) if name == option]


def test_in_docker_as_a_service_that_keeps_its_folder() -> None:
    file, *run, service = (words := typed("docker", "compose", "-f"))[:4]
    command, services = words[4:], loaded(ROOT / file)[0]["services"]

    assert (ROOT / file, run) == (OPS / "compose.fleet.yml", ["run", "--rm"])
    assert services[service]["command"] == ["run", "--only", "twitch", *command[-2:]]
    assert "relay:/data" in services[service]["volumes"]
    assert mistake(["relay", *command], whole=True) is None


def test_under_systemd_as_the_user_of_the_unit_with_its_settings() -> None:
    unit = (OPS / "systemd" / "relay@.service").read_text("utf-8")
    program, *started = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)[0].split()
    words = typed("sudo", "systemd-run")
    given, command = words[: words.index(program)], words[words.index(program) + 1 :]

    assert [each.partition("=")[0] for each in after("-p", given)] == ["User", "StateDirectory", "EnvironmentFile"]
    assert set(after("-p", given)) <= set(unit.splitlines())
    assert f"\nEnvironment={after('-E', given)[0]} " in unit
    assert command == ["auth", "twitch", *started[-2:]]
    assert mistake(["relay", *command], whole=True) is None


def test_in_kubernetes_in_a_copy_of_the_pod_that_does_not_end_by_itself() -> None:
    [namespace] = objects("Namespace")
    [twitch] = [each for each in objects("Deployment") if each["metadata"]["name"] == "relay-twitch"]
    labels = twitch["spec"]["template"]["metadata"]["labels"].items()
    [container] = twitch["spec"]["template"]["spec"]["containers"]
    kubectl = ("kubectl", "-n", namespace["metadata"]["name"])
    [pod] = {f"{key}={value})" for key, value in labels} & set(copying := typed(*kubectl, "debug"))
    enforced = namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]

    assert pod == "app.kubernetes.io/component=twitch)"
    assert {f"--profile={enforced}", f"--container={container['name']}", "--same-node"} <= set(copying)
    assert "--copy-to=relay-login" in copying
    assert "pod/relay-login" in typed(*kubectl, "wait")
    assert typed(*kubectl, "exec") == ["-it", "relay-login", "--", "relay", "auth", "twitch", *container["args"][-2:]]
    assert typed(*kubectl, "delete") == ["pod", "relay-login"]
