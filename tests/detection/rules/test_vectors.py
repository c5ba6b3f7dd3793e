"""Our rules beside other people's, on their records: where verdicts differ, it is known why.

`pytest tests/detection/rules/test_vectors.py -s` prints the table. The records are single ones: of a rule that counts, it is
asked whether it would count the record.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tools import rule_tables

from seawall.detection.rules.sigma.load import load_rules
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.readers import read

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "detection-vectors"

OURS: dict[str, str | dict[str, str]] = {
    "Microsoft365.MFA.Disabled": "method_removed",
    "Microsoft365.External.Document.Sharing": "file_shared_with_guest",
    "Azure.Audit.GraphSessionMultipleIPs": "graph_session_from_several_addresses",
    "Azure.Audit.ElevateUserAccessAdministrator": "access_elevated_to_azure",
    "Azure.Audit.PolicyChanged": "conditional_access_weakened",
    "Azure.Audit.ServicePrincipalCredentialsAdded": "application_credential_added",
    "Azure.Audit.InviteExternalUsers": "guest_invited",
    "Azure.Audit.VSCodeOAuthPhishing": "editor_to_graph",
    "Azure.Audit.ExcessiveAccountLockouts": "accounts_locked_out",
    "Azure.Audit.HighRiskSignIn": "risky_sign_in",
    "Azure.Audit.DomainSettingsModified": "domain_federated",
    "Azure.Audit.OIDC.Changed": "outside_method_provider_changed",
    "Azure.Audit.ROPCLoginNoMFA": "password_handed_over",
    "Azure.Audit.RiskLevelPassthrough": "risk_still_open",
    "Azure.Audit.RoleChangedPIM": "role_activated",
    "Azure.Audit.DeviceCodeBrokerClient": "device_code_to_broker",
    "Okta.User.Account.Locked": "okta_account_locked",
    "Okta.Org2org.Creation.Modification": "okta_org2org_changed",
    "Okta.Global.MFA.Disabled": "okta_factor_type_off",
    "Okta.Support.Access": "okta_support_let_in",
    "Okta.User.MFA.Factor.Suspend": "okta_factor_removed",
    "Okta.Rate.Limits": "okta_rate_limit_hit",
    "Okta.User.MFA.Reset.Single": "okta_factor_removed",
    "Okta.New.Behavior.Accessing.Admin.Console": "okta_new_behaviour_at_admin_console",
    "Okta.Password.Extraction.via.SCIM": "okta_passwords_sent_on",
    "Okta.User.MFA.Reset.All": "okta_factors_reset",
    "GSuite.DriveVisibilityChanged": "google_file_shared_outside",
    "GSuite.Gmail.Malware.In.Email": "google_malware_in_mail",
    "Google.Workspace.ManyDocsDownloaded": "google_files_taken_in_bulk",
    "GSuite.CalendarMadePublic": "google_calendar_public",
    "GSuite.Workspace.CalendarExternalSharingSetting": "google_calendar_sharing_loosened",
    "GSuite.SuspiciousLogins": "google_suspicious_sign_in",
    "GSuite.DocOwnershipTransfer": "google_file_given_away",
    "GSuite.AdvancedProtection": "google_advanced_protection_left",
    "GSuite.IsSuspiciousTag": "google_sign_in_flagged",
    "GSuite.TwoStepVerification": "google_second_factor_off",
    "GSuite.Workspace.GmailDefaultRoutingRuleModified": "google_mail_routing_changed",
    "Standard.BruteForceByUser": {"okta": "okta_password_guessing", "gsuite": "google_password_guessing"},
    "Standard.BruteForceByIP": {"okta": "okta_password_spray", "gsuite": "google_password_spray"},
}
"""For each of their rules the rule of ours on the same technique."""

_LIST = "they have a list of partners who are expected; ours weighs by how often it fires"
DIFFERENT = {
    ("Microsoft365.External.Document.Sharing", "Allowed Domain"): _LIST,
    ("Microsoft365.External.Document.Sharing", "Allowed Folder"): _LIST,
    ("Microsoft365.External.Document.Sharing", "Allowed User"): _LIST,
    ("GSuite.DriveVisibilityChanged", "Doc Became Public - Link (Allowlisted Domain Is Configured)"): _LIST,
    ("GSuite.DriveVisibilityChanged", "Doc Shared With Multiple Users All From ALLOWED_DOMAINS"): _LIST,
    ("Azure.Audit.GraphSessionMultipleIPs", "Whitelisted Office 365"): "ours excepts no application by its name",
    ("Azure.Audit.ExcessiveAccountLockouts", "Microsoft Corporate ASN Excluded"): "ours excepts no network",
    ("Azure.Audit.InviteExternalUsers", "Same org successful invite"):
        "the record names no address of the guest; they compare with a list of domains",
    ("Azure.Audit.InviteExternalUsers", "Not external invite"):
        "the record has two names for what was done: ours reads activityDisplayName, theirs operationName",
}  # fmt: skip
"""Where verdicts differ, and why."""

UNCOVERED = {
    "Standard.SignInFromRogueState": "needs a list of countries that are unwelcome",
    "Standard.ImpossibleTravel.Login": "needs the owner's sign-ins of before, which the records do not hold",
    "Standard.GreyNoiseV3.MaliciousIP": "needs a paid list of addresses",
    "Okta.Login.Success": "every sign-in, which is no technique",
    "GSuite.LoginType": "needs a list of ways of signing in that are wanted",
    "Google.Workspace.Apps.New.Mobile.App.Installed": "an application for telephones, which reads no mail",
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="shared/data/detection-vectors is absent")


def vectors() -> list[tuple[str, dict[str, Any]]]:
    files = sorted(FOLDER.glob("*.jsonl"))
    return [(path.stem, json.loads(line)) for path in files for line in path.read_text("utf-8").splitlines()]


def timed(system: str, log: dict[str, Any]) -> dict[str, Any]:
    """Give a record that was cut down to a few fields the time that real ones have."""
    moment = "2026-03-02T09:00:00Z"
    if system == "gsuite" and "p_event_time" not in log and "time" not in log.get("id", {}):
        return {**log, "id": {**log.get("id", {}), "time": moment}}
    return {**log, "published": moment} if system == "okta" and "published" not in log else log


def asked(rules: RuleSet, path: Path) -> set[str]:
    """The ids of the rules that hit the records of a file, and of those that would count them."""
    events = [batch.events for batch in read([path]) if batch.events.num_rows]
    marks = rules.mark(pa.concat_tables(events))[0].to_pylist() if events else []
    single = {one for mark in marks for one in (mark or "").split()}
    numbers = {about.id: number for number, about in enumerate(rules.abouts)}
    counting = {one.about.id for one in rules.correlations for hit in single if numbers[hit] in one.rules}
    return single | counting


def test_our_rules_agree_with_others(tmp_path: Path) -> None:
    rules = load_rules(())
    ids = {Path(about.file).stem: about.id for about in rule_tables.told()}
    rows, differ, uncovered = [], set(), set()
    for number, (system, vector) in enumerate(vectors()):
        ours = OURS.get(vector["rule_id"])
        mine = ours.get(system) if isinstance(ours, dict) else ours
        if mine is None:
            uncovered.add(vector["rule_id"])
            continue
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(timed(system, vector["log"])), "utf-8")
        hits = ids[mine] in asked(rules, path)
        rows.append((system, vector["rule_id"], vector["test"], vector["expected"], hits, mine))
        if hits != vector["expected"]:
            differ.add((vector["rule_id"], vector["test"]))
    print("\n| file | rule | test | expected | ours | our rule |\n|---|---|---|---|---|---|")
    print("\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows))
    assert uncovered == set(UNCOVERED)
    assert differ == set(DIFFERENT)
