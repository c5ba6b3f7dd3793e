"""Files of `deploy/`: they can be read, and name only verbs, options, settings, metrics and permissions that exist."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import grafana_dashboard

from seawall.cli.configuration.tables import read_configuration
from tests.docs.test_commands import stranger

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm/seawall"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


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
