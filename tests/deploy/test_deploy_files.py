"""Files of `deploy/`: they can be read, and name only verbs, options, settings, metrics and permissions that exist."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import grafana_dashboard

from seawall.cli.configuration.tables import read_configuration
from seawall.collection.kafka.configuration import configuration_of
from seawall.collection.settings import read_settings
from seawall.pipeline.group.member import STOP_SECONDS
from seawall_base.clock import Clock
from tests.docs.test_commands import stranger

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm/seawall"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


GROUP_CHART = DEPLOY / "helm/seawall-group"
GROUP_VALUES = yaml.safe_load((GROUP_CHART / "values.yaml").read_text("utf-8"))


def lookup(values: Any, path: str) -> Any:
    for name in path.strip(".").split("."):
        values = values[name]
    return values


FILTERS: dict[str, Callable[[Any, Any], Any]] = {
    "quote": lambda one, _: json.dumps(str(one)),
    "toJson": lambda one, _: json.dumps(one),
    "indent": lambda one, count: "\n".join(" " * int(count) + line for line in one.splitlines()),
    "default": lambda one, other: one or other,
    "sha256sum": lambda one, _: sha256(one.encode()).hexdigest(),
}


def render(text: str, values: dict[str, Any]) -> str:
    """Enough of Helm's templates for this chart: values, `if`, `quote`, `toJson`, `indent`, `default` and `sha256sum`."""
    root = {"Values": values, "Release": {"Name": "test"}, "Chart": {"AppVersion": "0.1.0"}}

    def keep(found: re.Match[str]) -> str:
        return found[2] if lookup(root, found[1]) else ""

    pattern = re.compile(
        r"\n?[ ]*\{\{- if (\.[\w.]+) \}\}((?:(?!\{\{- (?:if|end)).)*)\n?[ ]*\{\{- end \}\}", re.DOTALL
    )
    while pattern.search(text):
        text = pattern.sub(keep, text)

    def fill(found: re.Match[str]) -> str:
        first, *pipes = [part.strip() for part in found[1].split("|")]
        value = lookup(root, first)
        for pipe in pipes:
            name, _, argument = pipe.partition(" ")
            value = FILTERS[name](value, lookup(root, argument) if name == "default" else argument)
        return str(value)

    return re.sub(r"\{\{-? ([^{}]+?) \}\}", fill, text)


def changed(**more: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(VALUES)), **more}


VARIANTS = [VALUES, changed(database=True, metrics={"allow": [], "serviceMonitor": True}),
            changed(ingress={**VALUES["ingress"], "enabled": False}, storage={"size": "1Gi", "className": "fast"})]  # fmt: skip


@pytest.mark.parametrize("values", VARIANTS)
def test_the_chart_gives_sound_documents(values: dict[str, Any]) -> None:
    found = [
        yaml.safe_load(render(path.read_text("utf-8"), values))
        for path in sorted((CHART / "templates").glob("*.yaml"))
    ]
    kinds = [document["kind"] for document in found if document]
    assert {"ConfigMap", "StatefulSet", "Service"} <= set(kinds)
    assert ("Ingress" in kinds) == values["ingress"]["enabled"]
    assert ("ServiceMonitor" in kinds) == values["metrics"]["serviceMonitor"]
    (workload,) = (document for document in found if document and document["kind"] == "StatefulSet")
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert stranger(container["args"]) == ""
    assert (
        container["livenessProbe"]["httpGet"]["path"],
        container["readinessProbe"]["httpGet"]["path"],
    ) == (
        "/livez",
        "/readyz",
    )
    mounts = {
        mount["name"] for one in (*pod["containers"], *pod["initContainers"]) for mount in one["volumeMounts"]
    }
    volumes = {volume["name"] for volume in pod["volumes"]} | {
        claim["metadata"]["name"] for claim in workload["spec"]["volumeClaimTemplates"]
    }
    assert mounts == volumes


@pytest.mark.parametrize("values", VARIANTS)
def test_the_chart_s_settings_are_read(tmp_path: Path, values: dict[str, Any]) -> None:
    document = yaml.safe_load(render((CHART / "templates/configuration.yaml").read_text("utf-8"), values))
    file = tmp_path / "seawall.toml"
    file.write_text(document["data"]["seawall.toml"], "utf-8")
    assert read_configuration(file).vendors == ("entra",)


GROUP_VARIANTS = [GROUP_VALUES, {**GROUP_VALUES, "metrics": {"allow": [], "serviceMonitor": True}},
                  {**GROUP_VALUES, "workers": 7, "ingress": {**GROUP_VALUES["ingress"], "enabled": False}}]  # fmt: skip


def render_group(values: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        yaml.safe_load(render(path.read_text("utf-8"), values))
        for path in sorted((GROUP_CHART / "templates").glob("*.yaml"))
    ]
    return [document for document in found if document]


@pytest.mark.parametrize("values", GROUP_VARIANTS)
def test_the_chart_of_a_group_gives_sound_documents(values: dict[str, Any]) -> None:
    found = render_group(values)
    kinds = [document["kind"] for document in found]
    assert kinds.count("Deployment") == 2
    assert {"ConfigMap", "PersistentVolumeClaim", "PodDisruptionBudget", "Service"} <= set(kinds)
    assert ("Ingress" in kinds) == values["ingress"]["enabled"]
    assert ("ServiceMonitor" in kinds) == values["metrics"]["serviceMonitor"]
    claim = found[kinds.index("PersistentVolumeClaim")]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"], "all workers share the events"
    by_name = {one["metadata"]["name"]: one for one in found if one["kind"] == "Deployment"}
    workers, console = by_name["test-seawall-workers"], by_name["test-seawall-console"]
    assert (workers["spec"]["replicas"], console["spec"]["replicas"]) == (values["workers"], 1)
    for one in (workers, console):
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert stranger(container["args"]) == ""
        mounts = {
            mount["name"] for part in (container, *pod["initContainers"]) for mount in part["volumeMounts"]
        }
        assert mounts == {volume["name"] for volume in pod["volumes"]}
        claims = [volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod["volumes"]]
        assert claim["metadata"]["name"] in claims
        assert one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]
    service = found[kinds.index("Service")]["spec"]["selector"]
    assert service == console["spec"]["selector"]["matchLabels"], "workers serve nothing"
    budget = found[kinds.index("PodDisruptionBudget")]["spec"]["selector"]
    assert budget == workers["spec"]["selector"]


def test_workers_have_time_to_stop_and_a_probe_of_their_heartbeat() -> None:
    (pod,) = (
        one["spec"]["template"]["spec"]
        for one in render_group(GROUP_VALUES)
        if one["metadata"]["name"] == "test-seawall-workers" and one["kind"] == "Deployment"
    )
    (container,) = pod["containers"]
    assert pod["terminationGracePeriodSeconds"] > 2 * STOP_SECONDS
    file = container["args"][container["args"].index("--heartbeat") + 1]
    assert container["startupProbe"]["exec"]["command"] == ["test", "-e", file]
    probe = container["livenessProbe"]["exec"]["command"]
    worker = yaml.safe_load((DEPLOY / "container/compose-group.yaml").read_text("utf-8"))["services"][
        "worker"
    ]
    shell = worker["healthcheck"]["test"]
    assert (shell[0], shell[1].replace("$$", "$")) == ("CMD-SHELL", probe[2])
    assert file in probe[2]
    assert file in worker["command"]
    assert worker["stop_grace_period"] == f"{pod['terminationGracePeriodSeconds']}s"


def test_the_probe_of_a_heartbeat_tells_the_living_from_the_dead(tmp_path: Path) -> None:
    (probe,) = {
        one["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["exec"]["command"][2]
        for one in render_group(GROUP_VALUES)
        if one["metadata"]["name"] == "test-seawall-workers" and one["kind"] == "Deployment"
    }
    file = tmp_path / "alive"
    command = ["sh", "-c", probe.replace("/tmp/alive", str(file))]
    assert subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0
    file.touch()
    assert subprocess.run(command, check=False).returncode == 0
    os.utime(file, (time.time() - 200, time.time() - 200))
    assert subprocess.run(command, check=False).returncode == 1


def check_group_settings(folder: Path, settings: str, kafka: str) -> None:
    """Read the settings of a group as the program does."""
    (folder / "secrets").mkdir()
    (folder / "secrets" / "kafka-password").write_text("x")
    (folder / "secrets" / "kafka-password").chmod(0o600)
    (folder / "secrets" / "kafka-ca.pem").write_text("x")
    (folder / "seawall.toml").write_text(settings, "utf-8")
    (folder / "kafka.toml").write_text(kafka, "utf-8")
    found = read_configuration(folder / "seawall.toml")
    assert str(found.tables["store"]["folder"]) == "/var/lib/seawall/store"
    cluster = read_settings("kafka", folder / "kafka.toml", {"group": "g"})
    assert cluster["topics"] == ("logs",) or list(cluster["topics"]) == ["logs"]
    assert configuration_of(cluster, Clock())["security.protocol"] == "SASL_SSL"


def test_the_settings_of_the_chart_of_a_group_are_read(tmp_path: Path) -> None:
    document = next(one for one in render_group(GROUP_VALUES) if one["kind"] == "ConfigMap")
    check_group_settings(tmp_path, document["data"]["seawall.toml"], document["data"]["kafka.toml"])


def test_the_settings_of_a_group_on_compose_are_read(tmp_path: Path) -> None:
    folder = DEPLOY / "container"
    check_group_settings(
        tmp_path, (folder / "group.toml").read_text("utf-8"), (folder / "kafka.toml").read_text("utf-8")
    )
    services = yaml.safe_load((folder / "compose-group.yaml").read_text("utf-8"))["services"]
    assert services["worker"]["deploy"]["replicas"] == 3
    for name in ("worker", "console"):
        assert stranger(services[name]["command"]) == ""
        assert "data:/var/lib/seawall" in services[name]["volumes"]
    address = services["console"]["networks"]["front"]["ipv4_address"]
    assert f"reverse_proxy {address}:8090" in (folder / "Caddyfile").read_text("utf-8")


def test_images_hold_what_postgresql_and_kafka_need() -> None:
    for name in ("Containerfile", "build_root.sh"):
        assert "cluster.lock" in (DEPLOY / "container" / name).read_text("utf-8")
    pinned = re.findall(
        r"^([\w-]+)==\S+", (ROOT / "requirements/cluster.lock").read_text("utf-8"), re.MULTILINE
    )
    assert pinned == ["confluent-kafka", "psycopg", "psycopg-binary"]
    development = (ROOT / "requirements/development.lock").read_text("utf-8")
    for line in re.findall(
        r"^\S+==\S+", (ROOT / "requirements/cluster.lock").read_text("utf-8"), re.MULTILINE
    ):
        assert f"\n{line}" in development, "run tools/lock.sh"


def test_the_settings_of_compose_are_read() -> None:
    found = read_configuration(DEPLOY / "container/seawall.toml")
    services = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text("utf-8"))["services"]
    assert found.tables["serve"]["behind_proxy"] == (services["caddy"]["networks"]["front"]["ipv4_address"],)
    address = services["seawall"]["networks"]["front"]["ipv4_address"]
    assert f"reverse_proxy {address}:8090" in (DEPLOY / "container/Caddyfile").read_text("utf-8")


@pytest.mark.parametrize(
    "path", sorted(DEPLOY.rglob("*.yml")) + sorted((DEPLOY / "windows").glob("*.yaml")), ids=str
)
def test_yaml_is_yaml(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text("utf-8")), dict)


@pytest.mark.parametrize("path", sorted((DEPLOY / "github").rglob("action.yml")), ids=str)
def test_no_input_of_an_action_is_part_of_a_script(path: Path) -> None:
    for step in yaml.safe_load(path.read_text("utf-8"))["runs"]["steps"]:
        assert "${{" not in step["run"]
        for verb in re.findall(r"seawall\"? (keys scan|token conformance)", step["run"]):
            options = re.findall(r"(?<![\w-])--[a-z][a-z-]*", step["run"])
            assert len(options) >= 2
            assert stranger([*verb.split(), *options]) == ""


def test_the_dashboard_is_generated_and_asks_for_metrics_that_exist() -> None:
    text = (DEPLOY / "grafana/seawall.json").read_text("utf-8")
    assert json.loads(text) == grafana_dashboard.dashboard(), "run: python -m tools.grafana_dashboard"
    sources = (ROOT / "docs/how-to/serve.md").read_text("utf-8") + (
        ROOT / "docs/reference/gate.md"
    ).read_text("utf-8")
    for name in set(re.findall(r"seawall_(?:console|gate)_\w+", text)):
        assert f"`{name}" in sources, name


PERMISSIONS = {"AuditLog.Read.All", "Directory.Read.All", "ActivityFeed.Read"}


@pytest.mark.parametrize("path", ["terraform/entra/main.tf", "bicep/entra.bicep"])
def test_only_the_documented_permissions_are_asked_for(path: str) -> None:
    text = (DEPLOY / path).read_text("utf-8")
    named = set(re.findall(r"\b[A-Z]\w+\.Read(?:Write)?(?:\.\w+)*\b", text))
    assert named - {"Policy.Read.ConditionalAccess"} == PERMISSIONS
    page = (ROOT / "docs/how-to/collect.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in named)
    assert not any(word in text for word in ("ReadWrite", "Mail.", "secret_text", "password"))


def test_other_vendors_get_one_scope_alone() -> None:
    okta = (DEPLOY / "terraform/okta/main.tf").read_text("utf-8")
    assert re.findall(r"scopes\s*=\s*(\[.*\])", okta) == ['["okta.logs.read"]']
    google = (DEPLOY / "terraform/google/main.tf").read_text("utf-8")
    assert re.findall(r"googleapis\.com/auth/[\w.]+", google) == [
        "googleapis.com/auth/admin.reports.audit.readonly"
    ]


@pytest.mark.parametrize("path", sorted([*DEPLOY.rglob("*.tf"), *DEPLOY.rglob("*.bicep")]), ids=str)
def test_brackets_of_what_no_tool_checks_here_are_balanced(path: Path) -> None:
    text = re.sub(r"(#|//).*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", "", path.read_text("utf-8"))
    waiting: list[str] = []
    for character in text:
        if character in "([{":
            waiting.append({"(": ")", "[": "]", "{": "}"}[character])
        elif character in ")]}":
            assert waiting.pop() == character
    assert waiting == []


def test_the_image_runs_as_nobody_and_from_the_lock() -> None:
    text = (DEPLOY / "container/Containerfile").read_text("utf-8")
    assert "--require-hashes -r requirements/product.lock" in text
    assert "\nUSER 10001:10001\n" in text
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] in (
        CHART / "Chart.yaml"
    ).read_text("utf-8")


def test_what_git_ignores_is_in_no_image() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()}
    left_out = {line.removeprefix("**/") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()}
    assert ignored | {".git"} <= left_out
