"""Settings files of version 0.1, with every table, are read, and say what they said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from seawall.collection.settings import Vendor, read_settings
from seawall.console.sign_in.oidc_settings import load_oidc
from seawall.gate.loaded_policy import load_gate_policy
from seawall.gate.step_up.store import create
from seawall.response.containment.settings import read_settings as read_containment
from seawall.response.notification.case_file import read_case
from tests.base.https_server import make_authority
from tests.upgrade.conftest import HERE, Unpack, VerbInJson

SETTINGS = HERE / "settings"
TENANT, CLIENT = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
CERTIFICATE = SETTINGS / "seawall.pem"
PROXY = {
    "proxy": "http://proxy.acme.example:3128",
    "proxy_secret_file": SETTINGS / "proxy-secret",
    "ca_bundle": SETTINGS / "authorities.pem",
}
COLLECTED: dict[Vendor, dict[str, Any]] = {
    "m365": {
        "tenant": TENANT,
        "client_id": CLIENT,
        "certificate": CERTIFICATE,
        "cloud": "world",
        "days": 7,
        "content_types": ["Audit.Exchange", "Audit.AzureActiveDirectory", "Audit.SharePoint", "Audit.General"],
        **PROXY,
    },
    "entra": {
        "tenant": TENANT,
        "certificate": CERTIFICATE,
        "feeds": [
            "signIns/interactiveUser", "signIns/nonInteractiveUser", "signIns/servicePrincipal", "directoryAudits",
        ],
    },
    "google": {
        "customer": "C012345",
        "administrator": "audit@acme.example",
        "key_file": SETTINGS / "key.json",
        "applications": ["login", "token", "user_accounts", "admin", "drive", "groups_enterprise", "saml"],
    },
    "okta": {"domain": "acme.okta.com", "key_file": SETTINGS / "key.pem", "key_id": "kid-example", "dpop": True},
    "kafka": {
        "servers": ["acme.servicebus.windows.net:9093"],
        "topics": ["insights-logs-auditlogs", "insights-logs-signinlogs"],
        "group": "seawall",
        "client_id": CLIENT,
        "certificate": CERTIFICATE,
    },
}  # fmt: skip


@pytest.mark.parametrize("vendor", COLLECTED)
def test_settings_of_collectors(vendor: Vendor) -> None:
    found = read_settings(vendor, SETTINGS / "collect.toml", {})
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
    assert {name: plain[name] for name in COLLECTED[vendor]} == COLLECTED[vendor]


def test_settings_of_containment() -> None:
    found = read_containment(SETTINGS / "respond.toml")
    assert found.microsoft is not None
    assert found.google is not None
    assert found.okta is not None
    assert found.gate is not None
    assert found.microsoft.tenant == "11111111-2222-4333-8444-555555555555"
    assert found.microsoft.certificate == str(SETTINGS / "respond.pem")
    assert (found.google.administrator, found.okta.domain) == ("admin@example.org", "acme.okta.com")
    assert (found.gate.url, found.gate.token_file) == ("https://gate.example", str(SETTINGS / "gate-token"))


def test_a_case_file() -> None:
    found = read_case(SETTINGS / "case.toml")
    assert (found.case.id, found.case.zone, found.case.tlp) == ("2026-11-mail", "Europe/Berlin", "amber")
    assert (found.case.personal_data, found.case.high_risk, found.case.nis2) == (True, True, False)
    anna, contoso = found.recipients
    assert (anna.id, anna.kind, anna.language, anna.email) == ("anna", "owner", "de", "anna@private.example")
    assert (contoso.organisation, contoso.webhook) == ("contoso", "https://hooks.contoso.example/notices")
    assert found.smtp is not None
    assert (found.smtp.host, found.smtp.bounce_address) == (
        "mail.northwind.example",
        "bounces@northwind.example",
    )
    assert found.texts["de"].measures == ("Der Schlüssel ist gesperrt.",)


@pytest.fixture
def policy(unpack: Unpack) -> Path:
    """The policy of a gate with all tables, beside the files that it names."""
    folder = unpack("gate")
    shutil.copy(SETTINGS / "policy.toml", folder)
    shutil.copy(folder / "gate/jwks.json", folder / "ci-keys.json")
    for name in ("revocations.db", "incidents.jsonl"):
        shutil.copy(folder / "gate" / name, folder)
    authority, _ = make_authority(folder)
    authority.replace(folder / "company-ca.pem")
    (folder / "poll-token").write_text("an-invented-poll-token-0123456789abcdef\n", "utf-8")
    (folder / "poll-token").chmod(0o600)
    create(folder / "step-up.db")
    return folder / "policy.toml"


def test_a_policy_with_all_tables_of_a_gate(policy: Path, answer: VerbInJson) -> None:
    checked = answer("gate", "--policy", "policy.toml", "--check")
    assert (checked["issuers"], checked["paths"]) == (["login", "build server"], 3)
    assert (checked["store"], checked["admin"], checked["missing"]) == (
        "revocations.db",
        "127.0.0.1:8088",
        [],
    )
    found = load_gate_policy(policy).settings
    assert (found.header_bytes, found.header_seconds, found.patience) == (16384, 2.5, 3.0)
    assert (found.dpop_nonces, found.openapi) == (True, True)
    assert (found.risk.severity, found.risk.then, found.risk.broken) == ("critical", "step-up", "ignore")
    assert (found.step_up.relying_party, found.step_up.seconds) == ("api.example.com", 600)
    admin = next(one for one in found.paths if one.prefix == "/admin")
    assert (admin.methods, admin.scopes, admin.roles) == (("GET", "POST"), ("admin",), ("Administrator",))
    assert admin.max_authentication_age == 300


def test_settings_of_signing_in_to_the_console(tmp_path: Path) -> None:
    shutil.copy(SETTINGS / "console.toml", tmp_path)
    (tmp_path / "client-secret").write_text("an-invented-secret\n", "utf-8")
    (tmp_path / "client-secret").chmod(0o600)
    found = load_oidc(tmp_path / "console.toml")
    assert found.table.client_id == "seawall-console"
    assert found.table.roles["admin"] == ["seawall-admins"]
    assert (found.secret, found.entry.issuer) == (
        "an-invented-secret",
        "https://login.example.org/realms/staff",
    )
