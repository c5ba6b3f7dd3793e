"""Who asks: the settings' credentials become tokens of the vendors' own kinds, and a real gate takes the gate's steps."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from seawall.response.containment.planning import make_plan
from seawall.response.containment.settings import (
    ContainmentSettings,
    GateAccessSettings,
    GoogleSettings,
    MicrosoftSettings,
    OktaSettings,
)
from seawall.response.containment.values import Vendor as VendorName
from seawall.response.containment.vendor_hosts import ConfiguredVendors
from seawall.response.containment.vendors import Vendors
from seawall.response.errors import RespondInvalid
from seawall_base.errors import CollectInvalid
from tests.gate.gates import Issuer, running

from .google_api import Google
from .graph import Graph
from .okta_api import Okta
from .running import QuickClock, run
from .samples import ANN, ANN_ID, TENANT, evidence, incident, row
from .serving import served
from .test_planning import RULE

CLIENT = "99999999-0000-4000-8000-000000000009"


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def secret(folder: Path, text: str) -> str:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(0o600)
    return str(file)


class TodaysClock(QuickClock):
    """Waits nothing; tokens are for now."""

    def now(self) -> int:
        return time.time_ns() // 1_000


def asked(settings: ContainmentSettings) -> Vendors:
    clock = TodaysClock()
    return Vendors(ConfiguredVendors(settings, clock), clock)


def planned(vendor: VendorName, *rows: dict[str, Any]) -> Any:
    ids = tuple(one["metadata_uid"] for one in rows)
    return make_plan(
        evidence(*rows, intruders=ids, systems={(TENANT, ANN): frozenset({vendor})}), incident=incident(*ids)
    )


def test_microsoft_by_a_clients_secret(tmp_path: Path) -> None:
    graph = Graph()
    graph.logs_in = True
    graph.add_user(ANN, id=ANN_ID)
    with served(graph):
        origin = graph.base.removesuffix("/v1.0")
        settings = MicrosoftSettings(TENANT, CLIENT, secret_file=secret(tmp_path, "s3cret"), base_url=origin)
        results = run(
            planned("microsoft", RULE), tmp_path / "journal", asked(ContainmentSettings(microsoft=settings))
        )
    assert {one.state for one in results.values()} == {"done", "already", "waiting"}, [
        one.why for one in results.values()
    ]
    (login,) = graph.asked_with
    assert (login["client_id"], login["scope"]) == (CLIENT, "https://graph.microsoft.com/.default")
    assert "s3cret" not in (tmp_path / "journal").read_text()


def test_google_as_the_administrator_and_as_the_mailbox(tmp_path: Path, pem: str) -> None:
    google = Google()
    google.logs_in = True
    google.add_user(ANN)
    google.forwarding[ANN] = {"enabled": True, "emailAddress": "x@evil.example", "disposition": "trash"}
    with served(google):
        settings = google_settings(google, tmp_path, pem)
        found = planned("google", row("email_forwarding_out_of_domain", source="google_workspace"))
        results = run(found, tmp_path / "journal", asked(ContainmentSettings(google=settings)))
    assert {one.state for one in results.values()} == {"done", "already", "waiting"}
    assert google.forwarding[ANN] == {"enabled": False}
    claims = [
        jwt.decode(login["assertion"], options={"verify_signature": False}) for login in google.asked_with
    ]
    scope = "https://www.googleapis.com/auth/"
    assert {(claim["sub"], claim["scope"].removeprefix(scope)) for claim in claims} == {
        ("admin@example.org", "admin.directory.user.readonly"),
        ("admin@example.org", "admin.directory.user"),
        ("admin@example.org", "admin.directory.user.security"),
        (ANN, "gmail.settings.basic"),
        (ANN, "gmail.settings.sharing"),
    }, "each token is for one scope, because one that is not granted refuses all that it is asked with"


def test_a_scope_that_google_was_not_granted_is_named_and_the_other_steps_go_on(
    tmp_path: Path, pem: str
) -> None:
    google = Google()
    google.logs_in = True
    scope = "https://www.googleapis.com/auth/admin.directory.user"
    google.granted = frozenset({scope, f"{scope}.readonly"})
    google.add_user(ANN)
    with served(google):
        asks = asked(ContainmentSettings(google=google_settings(google, tmp_path, pem)))
        found = planned("google")
        results = run(found, tmp_path / "journal", asks)
        states = {action.title: results[action.id] for action in found.actions}
        assert states[f"Suspend {ANN}"].state == states[f"Replace the password of {ANN}"].state == "done"
        refused = states[f"Sign {ANN} out everywhere once more"]
        assert refused.state == "failed"
        assert f"unauthorized_client): the call needs {scope}.security, authorised" in refused.why
        google.granted = None
        results = run(
            found,
            tmp_path / "journal",
            asked(ContainmentSettings(google=google_settings(google, tmp_path, pem))),
        )
        assert {one.state for one in results.values()} <= {"done", "already", "waiting"}, (
            "nothing was sent, so nothing is unclear"
        )


def google_settings(google: Google, folder: Path, pem: str) -> GoogleSettings:
    key = {
        "type": "service_account", "client_email": "seawall@project.iam.gserviceaccount.com", "private_key": pem,
        "private_key_id": "1", "token_uri": "https://evil.example/token",
    }  # fmt: skip
    return GoogleSettings("admin@example.org", key_file=secret(folder, json.dumps(key)), base_url=google.base)


def test_okta_by_an_applications_key(tmp_path: Path, pem: str) -> None:
    okta = Okta()
    okta.logs_in = True
    okta.token_type = "DPoP"
    okta.add_user(ANN)
    with served(okta):
        settings = OktaSettings(client_id="0oa1", key_file=secret(tmp_path, pem), base_url=okta.base)
        results = run(planned("okta"), tmp_path / "journal", asked(ContainmentSettings(okta=settings)))
    assert {one.state for one in results.values()} == {"done", "waiting"}
    assert sorted(one["scope"] for one in okta.asked_with) == ["okta.users.manage", "okta.users.read"]
    assert pem.splitlines()[1] not in (tmp_path / "journal").read_text()


def test_every_scope_of_okta_is_one_that_a_step_needs() -> None:
    rows = [
        row("user.mfa.factor.activate", 1, source="okta", resource_uid=ANN),
        row("system.api_token.create", 2, source="okta", resource_uid="00T1"),
        row("system.idp.lifecycle.create", 3, source="okta", resource_uid="0oa1"),
        row("user.account.privilege.grant", 4, source="okta", resource_uid=ANN, parameters={"privilegeGranted": "x"}),
        row("app.oauth2.consent.grant", 5, source="okta"),
    ]  # fmt: skip
    found = planned("okta", *rows)
    calls = [call for one in found.actions for call in (*(r.call for r in one.before), *one.calls, *one.undo)]
    kinds = ("users", "roles", "apiTokens", "idps")
    assert {call.permission for call in calls} == {
        f"okta.{kind}.{verb}" for kind in kinds for verb in ("read", "manage")
    }


def test_a_real_gate_refuses_the_account_until_it_is_undone(tmp_path: Path) -> None:
    """The gate's steps against a gate in a process of its own: a token of the account is refused, and taken again after."""
    token = "a-throw-away-token-of-the-administrator-0123456789"
    table = f'[gate.admin]\nenabled = true\ntoken_sha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\n'
    issuer = Issuer(name=f"https://login.microsoftonline.com/{TENANT}/v2.0")
    found = make_plan(evidence(systems={}), incident=incident(), with_gate=True)
    assert [action.kind for action in found.actions] == ["block_renewal"]
    with running(tmp_path / "gate", table, issuer=issuer) as gate:
        hers = issuer.token(sub=ANN_ID)
        assert gate.ask(hers).status_code == 204
        settings = ContainmentSettings(gate=GateAccessSettings(gate.url, secret(tmp_path, token)))
        results = run(found, tmp_path / "journal", asked(settings))
        assert {one.state for one in results.values()} == {"done"}
        _until(lambda: gate.ask(hers).status_code == 401)
        run(found, tmp_path / "again", asked(settings))  # another journal: it is refused already
        undone = run(found, tmp_path / "journal", asked(settings), "undo")
        assert {one.state for one in undone.values()} == {"undone"}
        _until(lambda: gate.ask(hers).status_code == 204)
    assert token not in (tmp_path / "journal").read_text()


def _until(condition: Any) -> None:
    from tests.gate.gates import until

    until(condition)


def test_what_is_not_configured_is_said(tmp_path: Path) -> None:
    hosts = ConfiguredVendors(ContainmentSettings(), QuickClock())
    for vendor in ("microsoft", "google", "okta", "gate"):
        with pytest.raises(RespondInvalid, match=vendor):
            hosts(vendor, "", "", "")
    with pytest.raises(RespondInvalid, match="cloud"):
        ConfiguredVendors(
            ContainmentSettings(microsoft=MicrosoftSettings(TENANT, CLIENT, cloud="moon")), QuickClock()
        )("microsoft", "", "", "")
    with pytest.raises(CollectInvalid, match="SEAWALL_RESPOND_GOOGLE_KEY"):
        ConfiguredVendors(ContainmentSettings(google=GoogleSettings("a@b.example")), QuickClock())(
            "google", "directory", "", "x"
        )
