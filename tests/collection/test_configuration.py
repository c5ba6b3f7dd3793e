"""`seawall collect configuration`: every address once into a new folder, and what fails keeps no other from being fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from seawall.collection import configuration
from seawall.collection.configuration import collect_configuration
from seawall.posture.read_configuration import read_configuration
from seawall.vendor_api.client import RetryPolicy
from seawall.vendor_api.graph_configuration import ADDRESSES
from seawall_base.errors import OutputUnwritable
from tests.collection.collecting import client_of
from tests.collection.management import CLIENT, SECRET, TENANT, sign_in_host
from tests.collection.serving import Reply, Request, Still, as_json, fault, serving
from tests.posture.test_samples import SAMPLES

FILES = {
    "/v1.0/identity/conditionalAccess/policies": "conditional-access",
    "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy": "security-defaults",
    "/v1.0/policies/authorizationPolicy": "authorization-policy",
    "/v1.0/policies/authenticationMethodsPolicy": "authentication-methods",
    "/v1.0/policies/adminConsentRequestPolicy": "admin-consent",
    "/v1.0/policies/defaultAppManagementPolicy": "app-management",
    "/v1.0/policies/crossTenantAccessPolicy/default": "cross-tenant",
    "/beta/policies/deviceRegistrationPolicy": "device-registration",
    "/v1.0/domains": "domains",
    "/v1.0/domains/corp.contoso.example/federationConfiguration": "federation",
    "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances": "role-schedules",
    "/v1.0/policies/roleManagementPolicyAssignments": "role-policies",
    "/v1.0/servicePrincipals": "service-principals",
    "/v1.0/applications": "applications",
    "/v1.0/oauth2PermissionGrants": "delegated-grants",
    "/beta/reports/servicePrincipalSignInActivities": "application-activity",
    "/v1.0/subscribedSkus": "licences",
}
GRAPH_APP = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo"


@dataclass
class SettingsOfTenant:
    """Graph's addresses of configuration, from the samples. `page` is how many objects an answer has."""

    token: str = "token-1"
    base: str = ""
    page: int = 100
    disturb: Callable[[Request], Reply | None] = lambda _: None
    asked: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(f"/{TENANT}/"):
            return sign_in_host(request, self.token)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return fault(401, "InvalidAuthenticationToken")
        self.asked.append(request)
        if (other := self.disturb(request)) is not None:
            return other
        path = request.path.replace("%27", "'")
        name = "app-role-assignments" if path == GRAPH_APP else FILES.get(path)
        if name is None:
            return as_json(
                {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{path[6:]}", "value": []}
            )
        whole = json.loads((SAMPLES / "good" / f"{name}.json").read_text())
        return self._page(request, whole)

    def _page(self, request: Request, whole: dict[str, Any]) -> Reply:
        if not isinstance(whole.get("value"), list):
            return Reply(200, json.dumps(whole, indent=2).encode(), {})
        at = int(request.query.get("$skiptoken", 0))
        part = whole | {"value": whole["value"][at : at + self.page]}
        if at + self.page < len(whole["value"]):
            part["@odata.nextLink"] = f"{self.base}{request.path}?$skiptoken={at + self.page}"
        return Reply(200, json.dumps(part, indent=2).encode(), {})


def fetch(folder: Path, api: SettingsOfTenant) -> configuration.ConfigurationOutcome:
    with serving(api) as server:
        api.base = server.url
        client = client_of(server.url, Still(), retries=RetryPolicy(attempts=2))
        return collect_configuration(client, server.url, folder)


@pytest.mark.parametrize("page", [1, 2, 100])
def test_every_address_once_and_the_reader_knows_all(tmp_path: Path, page: int) -> None:
    outcome = fetch(tmp_path / "new", SettingsOfTenant(page=page))
    assert outcome.failed == {}
    assert set(outcome.objects) == set(ADDRESSES)
    found, problems = read_configuration([tmp_path / "new"], 0)
    assert problems == []
    assert found.partial == frozenset()
    assert set(ADDRESSES) - set(found.objects) == set()
    assert len(found.all("role_policies")) == 8
    assert len(found.all("app_role_assignments")) == 2
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {0o600}


def test_queries_are_sent_as_graph_wants_them(tmp_path: Path) -> None:
    api = SettingsOfTenant()
    fetch(tmp_path / "new", api)
    (rules,) = [one for one in api.asked if one.path.endswith("roleManagementPolicyAssignments")]
    assert rules.query == {
        "$filter": "scopeId eq '/' and scopeType eq 'DirectoryRole'",
        "$expand": "policy($expand=rules)",
    }


def test_a_refusal_keeps_no_other_from_being_fetched(tmp_path: Path) -> None:
    def disturb(request: Request) -> Reply | None:
        return fault(403, "Authorization_RequestDenied") if "conditionalAccess" in request.path else None

    outcome = fetch(tmp_path / "new", SettingsOfTenant(disturb=disturb))
    assert outcome.failed == {"conditional_access": "403 Authorization_RequestDenied"}
    assert not (tmp_path / "new" / "conditional_access.jsonl").exists()
    assert (tmp_path / "new" / "domains.jsonl").exists()


def test_a_fault_on_a_later_page_leaves_an_export_that_says_so(tmp_path: Path) -> None:
    def disturb(request: Request) -> Reply | None:
        is_later = request.path.endswith("conditionalAccess/policies") and "$skiptoken" in request.query
        return fault(503, "busy") if is_later else None

    outcome = fetch(tmp_path / "new", SettingsOfTenant(page=2, disturb=disturb))
    assert outcome.failed == {"conditional_access": "status-503"}
    found, _ = read_configuration([tmp_path / "new"], 0)
    assert "conditional_access" in found.partial


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/v1.0/domains", "{base}/v1.0/domains?$skiptoken=0"]
)
def test_next_pages_elsewhere_or_in_a_circle_are_not_asked_for(tmp_path: Path, link: str) -> None:
    api = SettingsOfTenant()

    def disturb(request: Request) -> Reply | None:
        if request.path != "/v1.0/domains":
            return None
        return as_json({"value": [], "@odata.nextLink": link.format(base=api.base)})

    api.disturb = disturb
    outcome = fetch(tmp_path / "new", api)
    assert set(outcome.failed) == {"domains"}
    assert len([one for one in api.asked if one.path == "/v1.0/domains"]) <= 2


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"value": ', b""])
def test_what_is_no_answer_of_graph_is_no_export(tmp_path: Path, body: bytes) -> None:
    def disturb(request: Request) -> Reply | None:
        return Reply(200, body, {}) if request.path == "/v1.0/domains" else None

    outcome = fetch(tmp_path / "new", SettingsOfTenant(disturb=disturb))
    assert set(outcome.failed) == {"domains"}


def test_pages_and_bytes_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "MOST_PAGES", 3)
    outcome = fetch(tmp_path / "new", SettingsOfTenant(page=1))
    assert outcome.failed["conditional_access"] == "too-large"
    assert read_configuration([tmp_path / "new"], 0)[0].partial >= {"conditional_access"}


def test_a_folder_with_an_older_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "domains.jsonl").write_text("{}")
    with pytest.raises(OutputUnwritable, match="not empty"):
        fetch(tmp_path, SettingsOfTenant())


@pytest.mark.parametrize("is_refused", [False, True])
def test_the_verb(tmp_path: Path, is_refused: bool, capsys: pytest.CaptureFixture[str]) -> None:
    def disturb(request: Request) -> Reply | None:
        return (
            fault(403, "Authorization_RequestDenied")
            if is_refused and request.path == "/v1.0/domains"
            else None
        )

    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    api = SettingsOfTenant(disturb=disturb)
    out = tmp_path / "settings"
    with serving(api) as server:
        api.base = server.url
        options = [
            "--tenant",
            TENANT,
            "--client-id",
            CLIENT,
            "--secret-file",
            str(secret),
            "--base-url",
            server.url,
        ]
        code = main(["collect", "configuration", *options, "--out", str(out)])
    told = capsys.readouterr().err
    assert SECRET not in told
    if is_refused:
        assert code == 1
        assert "domains (403 Authorization_RequestDenied)" in told
        assert "grant the application Domain.Read.All" in told
        return
    assert code == 0
    assert re.search(r"\d+ objects of \d+ exports", told)
    assert main(["assurance", "--configuration", str(out), "--as-of", "2026-03-01"]) == 0
    assert re.search(r"[1-9]\d met, 0 not met", capsys.readouterr().out)
