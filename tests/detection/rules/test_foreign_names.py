"""Names that other tools give to vendors' fields, as rules of other people use them: each finds the vendor's field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from seawall.detection.rules.sigma.documents import RuleDocument
from seawall.detection.rules.sigma.load import compile_rules
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from tests.detection.rules.vendor_records import audit, change, google, google_cloud, m365, sign_in, target

MICROSOFT, AUDITS = ("m365", "audit"), ("azure", "auditlogs")
SIGN_INS, GOOGLE = ("azure", "signinlogs"), ("gcp", "google_workspace.drive")
SHARED = {"visibility": "people_with_link"}
EVENT = "protoPayload.metadata.event"
GUEST = {**target("User"), "userPrincipalName": "ann_y.example#EXT#@x.example"}
SCOPE = change("ConsentAction.Permissions", "[[Scope: Mail.ReadWrite]]")
CASES: list[tuple[tuple[str, str], dict[str, Any], dict[str, Any]]] = [
    (MICROSOFT, {"o365.audit.MessageURLs|endswith": ".exe"},
     m365("MessageSent", "MicrosoftTeams", 25, MessageURLs=["https://x.example/a.exe"])),
    (MICROSOFT, {"user.email": "ann@*"}, m365("MessageSent", "MicrosoftTeams", 25)),
    (MICROSOFT, {"o365.audit.Operation": "MessageSent"}, m365("MessageSent", "MicrosoftTeams", 25)),
    (MICROSOFT, {"UrlClickAction": [4, 5]}, m365("TIUrlClickData", "ThreatIntelligence", 41, UrlClickAction=4)),
    (MICROSOFT, {"Parameters|contains": "RedirectTo"},
     m365("New-InboxRule", "Exchange", 1, Parameters=[{"Name": "RedirectTo", "Value": "a@y.example"}])),
    (GOOGLE, {f"{EVENT}.visibility": "people_with_link"}, google("drive", "change_acl_editors", "acl_change", SHARED)),
    (GOOGLE, {f"{EVENT}.parameter.visibility": "people_with_link"}, google("drive", "change_acl_editors", "x", SHARED)),
    (GOOGLE, {f"{EVENT}.visibility": "people_with_link"},
     google_cloud("drive.googleapis.com", "change_acl_editors", "x", SHARED)),
    (("gcp", "google_workspace.admin"), {f"{EVENT}.member_type": "EXTERNAL"},
     google_cloud("admin.googleapis.com", "ADD_GROUP_MEMBER", "x", {"member_type": "EXTERNAL"})),
    (SIGN_INS, {"properties.authenticationProtocol": "authenticationTransfer"},
     sign_in(authenticationProtocol="authenticationTransfer")),
    (SIGN_INS, {"AutonomousSystemNumber": 64500}, sign_in(autonomousSystemNumber=64500)),
    (SIGN_INS, {"CrossTenantAccessType": "b2bCollaboration"}, sign_in(crossTenantAccessType="b2bCollaboration")),
    (AUDITS, {"TargetResources|contains": "#EXT#"}, audit("Add member to role", targetResources=[GUEST])),
    (AUDITS, {"TargetResources|contains": "Mail.ReadWrite"},
     audit("Consent to application", targetResources=[target("ServicePrincipal", SCOPE)])),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_name_of_another_tool_finds_the_field(number: int, tmp_path: Path) -> None:
    (product, service), selection, record = CASES[number]
    source = {"product": product, "service": service}
    content = {
        "title": "x",
        "id": str(UUID(int=1)),
        "logsource": source,
        "detection": {"s": selection, "condition": "s"},
    }
    rules = compile_rules([RuleDocument("x.yml", content)])
    assert not rules.skipped
    assert not rules.idle
    for field in selection:
        other = {"title": "y", "id": str(UUID(int=2)), "logsource": source,
                 "detection": {"s": {field.split("|")[0]: "another value"}, "condition": "s"}}  # fmt: skip
        log = tmp_path / "a.jsonl"
        log.write_text(json.dumps(record) + "\n", "utf-8")
        (batch,) = [one for one in read([log]) if one.records]
        events = enrich(batch.events, Networks.load())
        assert rules.mark(events)[0].to_pylist() == [str(UUID(int=1))]
        assert compile_rules([RuleDocument("y.yml", other)]).mark(events)[0].to_pylist() == [None]
