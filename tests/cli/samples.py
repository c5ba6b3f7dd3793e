"""A scan's result as the pipeline would give it, for verbs that are tested without the engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import BaselineComparison, Incident
from seawall.detection.reason import Reason
from seawall.pipeline.scan import ScanResult
from seawall.storage.files.incident_documents import write_incidents

TIME = 1_772_438_400_000_000

INCIDENT = Incident(
    id="3f9a0001",
    tenant="contoso.example",
    account="ann@contoso.example",
    kind="forged-token-mail-read",
    severity="high",
    score=7.5,
    base=-1.0,
    raised=True,
    detected_at=TIME + 60_000_000,
    first_event=TIME,
    last_event=TIME + 3_600_000_000,
    title="Mail read with a token that was never issued",
    summary="Somebody else read this mailbox. \x1b[31mred\x1b[0m",
    reasons=(
        Reason(
            "lineage",
            "birth",
            "No sign-in gave out this token",
            5.0,
            "orphan",
            {"seen_days": 0, "active_days": 212},
        ),
        Reason(
            "behaviour",
            "app",
            "An app that none of the peers uses",
            3.5,
            "x",
            {"peers_with": 0, "peers": 1240},
        ),
    ),
    events=("e1", "e2"),
    mailboxes=("ann@contoso.example",),
    messages_proved=12,
    messages_possible=40,
    coverage=("Mail audit was throttled for 24 hours.",),
    actions=("Revoke the sessions.",),
    usual=(
        BaselineComparison(
            "app", "Graph tool", (("Outlook", 0.9),), 0, 212, 0, 1240, True, "12 peers used it"
        ),
    ),
)


def incidents() -> tuple[Incident, ...]:
    """Two raised incidents around one candidate, worst first."""
    return (
        INCIDENT,
        replace(
            INCIDENT,
            id="3f9a0002",
            account="bob@contoso.example",
            raised=False,
            detected_at=None,
            severity="critical",
            score=7.0,
        ),
        replace(INCIDENT, id="77aa0003", account="cy@contoso.example", severity="medium", score=6.0),
    )


def scan_result(found: tuple[Incident, ...], out: Path | None) -> ScanResult:
    """What a scan returns that raised these incidents."""
    sums = {"records": 1200, "events": 1100, "duplicates": 98, "problems": 2, "accounts": 14, "tenants": 1}
    gap = CoverageNote("contoso.example", "entra_signin", "gap", TIME, TIME, "no sign-ins for a day")
    networks = {"date": "2026-06-17"}
    return ScanResult(found, {**sums, "seconds": 0.5}, (gap,), (), {"bad-json": 2}, networks, out)


def written(out: Path) -> Path:
    """A folder as a scan leaves it."""
    out.mkdir(parents=True, exist_ok=True)
    write_incidents(out / "incidents.jsonl", incidents())
    return out
