"""Rows of events as a scan writes them, and incidents about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from seawall.detection.incident import Incident
from seawall.response.containment.evidence import EvidenceCollector
from seawall.response.containment.planning import PlanEvidence

TIME = 1_780_000_000_000_000
SECOND = 1_000_000
TENANT = "11111111-2222-4333-8444-555555555555"
ANN = "ann@example.org"
ANN_ID = "aaaaaaaa-0000-4000-8000-000000000001"
"""Her id in Entra's directory."""


def row(
    activity: str,
    number: int = 1,
    *,
    source: str = "m365_audit",
    kind: str = "admin",
    account: str = ANN,
    parameters: Mapping[str, Any] | None = None,
    raw: Mapping[str, Any] | None = None,
    **columns: Any,
) -> dict[str, Any]:
    """One event of a change."""
    return {
        "metadata_uid": f"record-{number}",
        "time": TIME + number * SECOND,
        "source": source,
        "kind": kind,
        "activity_name": activity,
        "status": "success",
        "org_uid": TENANT,
        "account": account,
        "account_type": "user",
        "actor_user_uid": None,
        "mailbox": None,
        "resource_uid": None,
        "app_uid": None,
        "app_name": None,
        "parameters": None if parameters is None else json.dumps(parameters),
        "unmapped": None if raw is None else json.dumps(raw),
        **columns,
    }


def incident(*records: str, **changes: Any) -> Incident:
    """A raised incident of Ann's account, whose intruder left these records."""
    values: dict[str, Any] = {
        "id": "0123456789ab", "tenant": TENANT, "account": ANN, "kind": "mail-forwarding", "severity": "high", "score": 3.0,
        "base": 0.0, "raised": True, "detected_at": TIME, "first_event": TIME, "last_event": TIME + 3_600 * SECOND,
        "title": "", "summary": "", "reasons": (), "events": records, "mailboxes": (), "messages_proved": 0,
        "messages_possible": 0,
    }  # fmt: skip
    return Incident(**{**values, **changes})


def evidence(
    *rows: Mapping[str, Any], intruders: tuple[str, ...] = ("record-1",), **changes: Any
) -> PlanEvidence:
    """What events say, of rows that are changes already."""
    values: dict[str, Any] = {
        "rows": rows,
        "systems": {(TENANT, ANN): frozenset({"microsoft"})},
        "object_ids": {(TENANT, ANN): ANN_ID},
        "intruders": frozenset(intruders),
        "actor": EvidenceCollector({(TENANT, ANN): (TIME, TIME + SECOND)}, frozenset(intruders))
        .evidence()
        .actor,
    }
    return PlanEvidence(**{**values, **changes})
