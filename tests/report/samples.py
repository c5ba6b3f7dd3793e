"""Synthetic incidents for the report's tests: realistic, hostile and empty ones."""

from __future__ import annotations

import random

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import SEVERITIES, BaselineComparison, Incident, TimelinePoint
from seawall.detection.reason import Reason
from seawall.events.problem import Problem
from seawall.report.input import ReportedBudget, ReportInput
from seawall_base.times import DAY, parse_rfc3339

START = parse_rfc3339("2026-03-02T08:00:00Z")
HOUR = DAY // 24

HOSTILE = (
    "<script>window.__pwned=1</script>",
    '"><img src=x onerror="window.__pwned=1">',
    "</script><script>window.__pwned=1</script>",
    "'-alert(1)-' {{ 7*7 }} {% raw %}",
    "invoice\u202egpj.exe\u200b\u2066 \x1b[31mred\x1b[0m\x07",
    "javascript:window.__pwned=1",
    "&lt;b&gt;\u2028\u2029\ufeff",
    "<svg/onload=window.__pwned=1>",
)


def timeline(seed: int = 1, days: int = 28) -> tuple[TimelinePoint, ...]:
    """Four weeks of an ordinary account and two nights of another user of it."""
    chance = random.Random(seed)
    points = []
    for day in range(days):
        if day % 7 in {5, 6}:
            continue
        for hour in range(0, 9, 2):
            lane = chance.choices(("AS3320 Deutsche Telekom · DE", "AS8075 Microsoft · IE"), (4, 1))[0]
            points.append(
                TimelinePoint(
                    START + day * DAY + hour * HOUR, lane, chance.randint(1, 30), False, "outlook/mapi"
                )
            )
    for hour in range(8):
        time = START + (days - 2) * DAY + (hour + 15) * HOUR
        points.append(
            TimelinePoint(time, "AS9009 M247 · RO (hosting)", 18 + hour, True, "python-requests/rest")
        )
    return tuple(points)


def incident(rank: int = 1, *, raised: bool = True, severity: int = 3, account: str = "") -> Incident:
    """One takeover with a forged token, in full."""
    points = timeline(rank)
    theirs = [point.time for point in points if point.is_intruder]
    reasons = (
        Reason(
            "lineage",
            "birth",
            "The token used was never issued to this account in the sign-in log (it covers 98 % of its uses)",
            4.1,
            "orphan",
            {"seen_days": 0, "active_days": 212},
        ),
        Reason(
            "behaviour",
            "app",
            "An application that never read this mailbox, used by none of its peers",
            3.3,
            "d3590ed6",
            {"seen_days": 0, "active_days": 212, "peers_with": 0, "peers": 1240},
        ),
        Reason(
            "behaviour",
            "network",
            "Hosting network in Romania, new for the account and for the organisation",
            2.6,
            "AS9009",
            {"seen_days": 0, "active_days": 212, "peers_with": 2, "peers": 1240, "day_cohort": 0},
        ),
        Reason("rules", "mass-read", "312 messages read one by one in six hours", 1.2, "", {}),
        Reason(
            "behaviour",
            "hour",
            "At night, when this account is used now and then",
            -0.4,
            "",
            {"seen_days": 9, "active_days": 212},
        ),
    )
    base = -3.0
    return Incident(
        id=f"inc-{rank:04d}-7f3a",
        tenant="contoso.example",
        account=account or f"a.person{rank}@contoso.example",
        kind="forged-token-mail-read",
        severity=SEVERITIES[severity],
        base=base,
        raised=raised,
        score=base + sum(reason.weight for reason in reasons),
        detected_at=theirs[1] if raised else None,
        first_event=theirs[0],
        last_event=theirs[-1],
        title="Mail read with a token that was never issued to this account",
        summary="Somebody read 312 messages of this mailbox from a hosting network in Romania, with an app "
        "that neither the account nor any of its peers uses, and no sign-in gave out the token.",
        reasons=reasons,
        events=tuple(f"4c1f0a{rank:02x}-55aa-4f2b-9d11-{n:012x}" for n in range(148)),
        mailboxes=(account or f"a.person{rank}@contoso.example", "board@contoso.example"),
        messages_proved=312,
        messages_possible=1480,
        coverage=(
            "Mail audit was throttled from 29 Mar 02:10 UTC for 24 hours: presume that everything was read.",
            "No client app id in 11 % of the mail records.",
        ),
        actions=(
            "Revoke the account's sessions and refresh tokens.",
            "Ask the provider to check the signing key of token id 8f3c…: the sign-in log shows no birth.",
            "Reset the password and re-register the methods, from a known device.",
            "Tell the owners of the 2 mailboxes what is proved and what is possible.",
        ),
        usual=(
            BaselineComparison(
                "app",
                "d3590ed6-52b3-4102-aeff-aad2292ab01c (Microsoft Office)",
                (("Outlook", 0.92), ("Teams", 0.31)),
                0,
                212,
                0,
                1240,
                True,
                "the app read this mailbox on at least three days, or 12 peers use it",
            ),
            BaselineComparison(
                "network",
                "AS9009 M247 (hosting)",
                (("AS3320 Deutsche Telekom", 0.81), ("AS8075 Microsoft", 0.22)),
                0,
                212,
                2,
                1240,
                True,
                "the address lay in one of the 2 usual networks",
            ),
            BaselineComparison(
                "country",
                "Romania",
                (("Germany", 0.97), ("Ireland", 0.22)),
                0,
                212,
                3,
                1240,
                True,
                "the country were Germany",
            ),
            BaselineComparison(
                "client",
                "python-requests/rest",
                (("outlook/mapi", 0.94), ("chrome/browser", 0.4)),
                0,
                212,
                0,
                1240,
                True,
                "",
            ),
            BaselineComparison(
                "hour", "Saturday 23:00 to 06:00", (("Mon–Fri 8–17", 0.96),), 9, 212, 310, 1240, False, ""
            ),
        ),
        timeline=points,
        related=("b.other@contoso.example", "c.third@fabrikam.example") if rank % 2 else (),
        family="family-01" if rank < 3 else "",
        details={
            "technique": "T1606 Forge Web Credentials",
            "curve": [[time, -4 + 1.9 * place] for place, time in enumerate(theirs)],
            "threshold": -1.5,
            "events_not_listed": 12,
        },
    )


def report(raised: int = 3, candidates: int = 24) -> ReportInput:
    """An ordinary report."""
    incidents = [incident(rank, severity=max(1, 4 - rank)) for rank in range(1, raised + 1)]
    incidents += [incident(raised + n, raised=False, severity=0) for n in range(1, candidates + 1)]
    return ReportInput(
        incidents=tuple(incidents),
        coverage=(
            CoverageNote(
                "contoso.example",
                "entra_signin",
                "gap",
                START + 4 * DAY,
                START + 5 * DAY,
                "no sign-in record for 24 hours, where 1,900 are usual",
            ),
            CoverageNote(
                "contoso.example",
                "m365_audit",
                "throttled",
                START + 26 * DAY,
                START + 27 * DAY,
                "more than 1,000 Bind records in a day",
                "a.person1@contoso.example",
            ),
            CoverageNote(
                "contoso.example",
                "m365_audit",
                "no-identifiers",
                START,
                START + 28 * DAY,
                "11 % of mail records carry no session id",
            ),
        ),
        problems=(
            Problem(
                "audit/2026-03-04.csv",
                1811,
                "bad-json",
                "AuditData ends in the middle of a string",
                "AuditData",
                '{"Id":"8d1f…","Operation":"MailIte',
            ),
            Problem("notes.txt", 0, "not-a-log", "holds nothing that Seawall reads", counts_as_record=False),
        ),
        problem_counts={"bad-json": 3, "not-a-log": 1},
        summary={
            "records": 1_204_311,
            "events": 1_120_806,
            "duplicates": 83_502,
            "problems": 3,
            "accounts": 1452,
            "tenants": 1,
            "candidates": raised + candidates,
            "raised": raised,
            "seconds": 12.4,
            "schema_version": 1,
        },
        networks={"date": "2026-10-01", "prefixes": 512_000},
        budget=ReportedBudget(allowed=5, per_day=None),
        period=(START, START + 28 * DAY),
    )


def hostile() -> ReportInput:
    """Every text of the report is an attack."""
    base = incident()
    lanes = tuple(
        TimelinePoint(
            p.time, HOSTILE[i % len(HOSTILE)], p.count, p.is_intruder, HOSTILE[(i + 1) % len(HOSTILE)]
        )
        for i, p in enumerate(base.timeline)
    )
    bad = Incident(
        id=HOSTILE[1],
        tenant=HOSTILE[0],
        account=HOSTILE[7],
        kind=HOSTILE[2],
        severity="critical",
        score=9.0,
        base=1.0,
        raised=True,
        detected_at=None,
        first_event=base.first_event,
        last_event=base.last_event,
        title=HOSTILE[4],
        summary=HOSTILE[0] + HOSTILE[6],
        reasons=tuple(Reason("rules", text, text, 1.0, text) for text in HOSTILE),
        events=HOSTILE,
        mailboxes=HOSTILE,
        messages_proved=0,
        messages_possible=0,
        coverage=HOSTILE,
        actions=HOSTILE,
        usual=tuple(
            BaselineComparison(text, text, ((text, 0.5),), 0, 1, 0, 1, True, text) for text in HOSTILE
        ),
        timeline=lanes,
        related=HOSTILE,
        family=HOSTILE[3],
        details={text: text for text in HOSTILE},
    )
    return ReportInput(
        incidents=(bad,),
        coverage=tuple(CoverageNote(text, text, "gap", START, START + DAY, text, text) for text in HOSTILE),
        problems=tuple(Problem(text, 1, "not-json", text, text, text) for text in HOSTILE),
        problem_counts={"not-json": len(HOSTILE)},
        networks={text: text for text in HOSTILE},
    )
