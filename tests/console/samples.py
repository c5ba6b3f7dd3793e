"""Incidents and records for tests, hostile ones too. Strategies of Hypothesis."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from seawall.console.data.record_values import Record
from seawall.detection.incident import BaselineComparison, Incident, TimelinePoint
from seawall.detection.reason import Reason

DAY = 86_400_000_000
T0 = 1_772_323_200_000_000
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r\n=1",
    "x;=1+1",
    '";=1+1',
    "a\x1b[31mred",
    "\u202eevil",
    "zero\u200bwidth",
    "'; Remove-Item C:\\ -Recurse; '",
    "\u2019; Stop-Computer; \u2019",
    "$(Stop-Computer)",
    "a`nb",
    "a\nStop-Computer\n",
    "../../etc/passwd",
    "\x00",
    "\ud800",
)

INCIDENT = Incident(
    id="0123456789ab",
    tenant="example.org",
    account="ann@example.org",
    kind="account-takeover",
    severity="high",
    score=1.5,
    base=-6.0,
    raised=True,
    detected_at=T0 + 60_000_000,
    first_event=T0,
    last_event=T0 + 3_600_000_000,
    title="Account takeover: ann@example.org",
    summary="ann@example.org is used from a network and by a client that do not belong to its owner.",
    reasons=(
        Reason(
            "behaviour",
            "network",
            "network Example Hosting: seen on 0 of 30 active days; 0 of 1,240 peers use it",
            4.5,
            "Example Hosting",
            {"seen_days": 0.0, "active_days": 30.0, "peers_with": 0.0, "peers": 1240.0, "day_cohort": 0.0},
        ),
        Reason("behaviour", "context", "the account's history and kind, and the kind of network", 3.0),
    ),
    events=("r1", "r2"),
    mailboxes=("ann@example.org",),
    messages_proved=3,
    messages_possible=40,
    coverage=("Mail access records were throttled.",),
    actions=("Ask the owner, by another way than mail, whether this was them.",),
    usual=(
        BaselineComparison(
            "network", "Example Hosting", (("Example Broadband", 0.9),), 0.0, 30.0, 0, 1240, True, "network X"
        ),
    ),
    timeline=(TimelinePoint(T0, "Example Hosting", 2, True, "2 events"),),
    related=("bob@example.org",),
    family="family-1",
    details={
        "technique": "T1078.004 Cloud Accounts",
        "p": 0.0001,
        "unsupervised": 9.5,
        "curve": [[T0, -1.0], [T0 + 60_000_000, 1.5]],
        "rules": ["forwarding", "mailbox-grant", "consent-mail", "role-grant", "audit-off", "legacy-sign-in"],
        "events_not_listed": 4,
        "threshold": 0.5,
    },
)


def record(text: str | None = None, *, id_: str = "r1", time: str = "2026-03-01T00:00:00Z") -> Record:
    """A record whose texts are all the same."""
    return Record(
        id=id_,
        time=time,
        source="m365_audit",
        source_file=text,
        source_line=7,
        kind="mail_access",
        activity=text,
        status="success",
        status_code=text,
        account=text,
        mailbox=text,
        app=text,
        app_name=text,
        client=text,
        user_agent=text,
        ip=text,
        network=text,
        country=text,
        session=text,
        token=text,
        item_count=3,
        access_type=text,
        folder=text,
        is_intruder=True,
        raw={"Text": text},
    )


def with_text(text: str) -> Incident:
    """The incident with a text in every field that a log can fill."""
    return replace(
        INCIDENT,
        tenant=text,
        account=text,
        title=text,
        summary=text,
        reasons=tuple(replace(reason, text=text, value=text) for reason in INCIDENT.reasons),
        events=(text,),
        mailboxes=(text, f"{text}@x"),
        coverage=(text,),
        actions=(text,),
        usual=tuple(replace(row, now=text, usual=((text, 0.5),), normal_if=text) for row in INCIDENT.usual),
        timeline=tuple(replace(point, lane=text, label=text) for point in INCIDENT.timeline),
        related=(text,),
        family=text,
    )


texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
