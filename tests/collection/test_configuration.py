"""`seawall collect configuration`: every address once into a new folder, and what fails keeps no other from being fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall.cli.main import main
from seawall.collection import configuration
from seawall.collection.configuration import ConfigurationSource, collect_configuration, read_graph
from seawall.posture.read_configuration import read_configuration
from seawall.vendor_api.client import RetryPolicy
from seawall.vendor_api.configuration_addresses import GRAPH_ADDRESSES, OKTA_ADDRESSES
from seawall_base.errors import OutputUnwritable
from tests.collection.collecting import client_of
from tests.collection.management import SECRET, TENANT, sign_in_host, sign_in_options
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
        source = ConfigurationSource(client, server.url, GRAPH_ADDRESSES, read_graph)
        return collect_configuration([source], folder)


@pytest.mark.parametrize("page", [1, 2, 100])
def test_every_address_once_and_the_reader_knows_all(tmp_path: Path, page: int) -> None:
    outcome = fetch(tmp_path / "new", SettingsOfTenant(page=page))
    assert outcome.failed == {}
    assert set(outcome.objects) == set(GRAPH_ADDRESSES)
    found, problems = read_configuration([tmp_path / "new"], 0)
    assert problems == []
    assert found.partial == frozenset()
    assert set(GRAPH_ADDRESSES) - set(found.objects) == set()
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

    api = SettingsOfTenant(disturb=disturb)
    out = tmp_path / "settings"
    with serving(api) as server:
        api.base = server.url
        options = sign_in_options(tmp_path, server.url)
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


@dataclass
class OktaSettings:
    """The addresses of an Okta organisation, from the samples, two objects a page."""

    base: str = ""
    tokens: str = "okta-tokens"

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "SSWS token-1":
            return as_json({"errorCode": "E0000011"}, 401)
        files = {
            "/api/v1/threats/configuration": "okta-threats",
            "/api/v1/policies/pol%2F1/rules": "okta-rules",
            "/api/v1/api-tokens": self.tokens,
            "/api/v1/authenticators": "okta-authenticators",
        }
        if request.path == "/api/v1/policies":
            assert request.query == {"type": "OKTA_SIGN_ON"}
            return as_json([{"id": "pol/1", "type": "OKTA_SIGN_ON", "name": "Default", "status": "ACTIVE"}])
        if request.path == "/api/v1/authenticators" and "after" not in request.query:
            link = f'<{self.base}/x>; rel="self", <{self.base}{request.path}?after=1>; rel="next"'
            return as_json(
                json.loads((SAMPLES / "good" / "okta-authenticators.json").read_text())[:1], Link=link
            )
        name = files[request.path]
        return Reply(200, (SAMPLES / "good" / f"{name}.json").read_bytes() if name else b"[]", {})


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def collect_settings(vendor: str, settings: Path, url: str, out: Path) -> int:
    """The exit code of the verb for a vendor."""
    options = ["--vendor", vendor, "--config", str(settings), "--base-url", url, "--out", str(out), "--json"]
    return main(["collect", "configuration", *options])


@pytest.mark.parametrize("tokens", ["okta-tokens", ""])
def test_okta(tmp_path: Path, tokens: str, capsys: pytest.CaptureFixture[str]) -> None:
    private(tmp_path / "token", "token-1")
    settings = private(tmp_path / "collect.toml", '[okta]\ndomain = "acme.okta.com"\ntoken_file = "token"\n')
    api, out = OktaSettings(tokens=tokens), tmp_path / "settings"
    with serving(api) as server:
        api.base = server.url
        assert collect_settings("okta", settings, server.url, out) == 0
    fetched = json.loads(capsys.readouterr().out)
    assert fetched["failed"] == {}
    assert set(fetched["objects"]) == set(OKTA_ADDRESSES) - {"okta_policies"}
    found, problems = read_configuration([out], 0)
    assert problems == []
    assert set(found.objects) == set(OKTA_ADDRESSES) - {"okta_policies"}
    assert len(found.all("okta_tokens")) == bool(tokens)
    assert found.partial == frozenset()


@dataclass
class GoogleSettings:
    """The Policy API and the users of the Directory API, from the samples, a few objects a page."""

    scopes: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            assertion = parse_qs(request.body.decode())["assertion"][0]
            scope = jwt.decode(assertion, options={"verify_signature": False})["scope"]
            self.scopes.append(scope)
            return as_json({"access_token": scope, "expires_in": 3600, "token_type": "Bearer"})
        at = int(request.query.get("pageToken", 0))
        if request.path == "/v1/policies":
            name, found = (
                "policies",
                json.loads((SAMPLES / "good" / "google-policies.json").read_text())["policies"],
            )
        else:
            lines = (SAMPLES / "good" / "google-users.jsonl").read_text().splitlines()
            name, found = "users", [json.loads(line) for line in lines]
        assert (
            name in request.headers["authorization"] or "directory.user" in request.headers["authorization"]
        )
        page = {name: found[at : at + 3]} | ({"nextPageToken": str(at + 3)} if at + 3 < len(found) else {})
        return as_json(page)


def test_google(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account", "client_email": "s@p.iam.gserviceaccount.com", "private_key": key.decode(),
        "private_key_id": "1", "token_uri": "https://oauth2.googleapis.com/token", "client_id": "1", "project_id": "p",
    }  # fmt: skip
    private(tmp_path / "key.json", json.dumps(account))
    text = (
        '[google]\ncustomer = "C01234567"\nadministrator = "audit@contoso.example"\nkey_file = "key.json"\n'
    )
    settings = private(tmp_path / "collect.toml", text)
    api, out = GoogleSettings(), tmp_path / "settings"
    with serving(api) as server:
        assert collect_settings("google", settings, server.url, out) == 0
    assert json.loads(capsys.readouterr().out)["failed"] == {}
    assert [scope.rpartition("/")[2] for scope in api.scopes] == [
        "cloud-identity.policies.readonly",
        "admin.directory.user.readonly",
    ]
    found, problems = read_configuration([out], 0)
    assert problems == []
    assert {name: len(objects) for name, objects in found.objects.items()} == {
        "google_policies": 22,
        "google_users": 5,
    }


@pytest.mark.parametrize(
    "more", [["--vendor", "kafka"], ["--vendor", "okta"], ["--vendor", "google", "--tenant", TENANT]]
)
def test_what_the_verb_refuses(tmp_path: Path, more: list[str]) -> None:
    assert main(["collect", "configuration", "--out", str(tmp_path / "x"), *more]) == 2
    assert not (tmp_path / "x").exists()
