"""Short words and numbers that page and terminal share."""

from __future__ import annotations

from seawall.report.times import span_text
from seawall.schema.findings import Reason
from seawall.schema.incidents import Incident, Usual

TECHNICAL = {
    "app": "Application",
    "asn": "Network",
    "auth": "Sign-in strength",
    "authentication": "Sign-in strength",
    "birth": "Token's birth",
    "client": "Client",
    "country": "Country",
    "device": "Device",
    "hour": "Hour of the week",
    "inbox-rule": "Inbox rule",
    "key": "Credential key",
    "location": "Country",
    "network": "Network",
    "network_class": "Kind of network",
    "operation": "Operation",
    "target": "Mailbox",
    "volume": "Volume",
}
"""How an aspect is named to a reader; any other aspect is shown as its own words."""

LAYERS = {
    "behaviour": "learned behaviour",
    "lineage": "token lineage",
    "rules": "known technique",
    "assurance": "sign-in assurance",
}

COVERAGE = {
    "gap": "Gap in a source",
    "throttled": "Mail audit throttled",
    "no-source": "Source missing",
    "no-identifiers": "No linkable token identifiers",
    "short-history": "Too little history",
    "truncated": "Export cut off",
    "late": "Records arrived late",
}

PROBLEMS = {
    "not-json": "Not a JSON object",
    "bad-json": "Broken embedded JSON",
    "no-time": "No readable time",
    "bad-time": "Time outside 1990 to 2100",
    "too-large": "Record larger than the limit",
    "too-deep": "Nested deeper than the limit",
    "not-a-log": "Not a log that Seawall reads",
    "unreadable": "Could not be opened, or is damaged",
    "encoding": "Bytes that are no text",
    "bomb": "Archive expands beyond the limit",
    "wrong-columns": "Row does not fit its header",
}


def aspect_name(aspect: str) -> str:
    """`Application` for `app`, `Mass read` for `mass-read`."""
    plain = aspect.replace("-", " ").replace("_", " ").strip()
    return TECHNICAL.get(aspect, plain[:1].upper() + plain[1:])


def number(value: float) -> str:
    """A count for a reader: thousands separated, one decimal only where it says something."""
    return f"{round(value):,}" if abs(value - round(value)) < 0.05 or abs(value) >= 100 else f"{value:,.1f}"


def of(part: float, whole: float, noun: str) -> str:
    """`0 of 1,240 peers`."""
    return f"{number(part)} of {number(whole)} {noun}"


def counts_of(reason: Reason) -> tuple[str, ...]:
    """The counts behind a reason in words; the ones it does not state are left out."""
    counts = reason.counts
    said = []
    if "active_days" in counts:
        said.append(of(counts.get("seen_days", 0.0), counts["active_days"], "active days"))
    if "peers" in counts:
        said.append(of(counts.get("peers_with", 0.0), counts["peers"], "peers"))
    if "day_cohort" in counts:
        said.append(f"{number(counts['day_cohort'])} others that day")
    return tuple(said)


def seen_text(row: Usual) -> str:
    """How often the account showed the value before."""
    return of(row.seen_days, row.active_days, "active days")


def peers_text(row: Usual) -> str:
    """How many peers show the value."""
    return of(row.peers_with, row.peers, "peers")


def usual_text(row: Usual) -> str:
    """`Outlook (92 %), Teams (31 %)`, or an honest nothing."""
    return (
        ", ".join(f"{value} ({share * 100:.0f}\u00a0%)" for value, share in row.usual[:3])
        or "nothing on record"
    )


def messages_text(incident: Incident) -> str:
    """What was proved to be read and what may have been."""
    if not incident.messages_proved and not incident.messages_possible:
        return "no message is proved or presumed read"
    return f"{incident.messages_proved:,} proved read, {incident.messages_possible:,} possibly read"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 mailbox`, `3 mailboxes`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def strongest(incident: Incident, count: int) -> tuple[Reason, ...]:
    """The reasons that weigh most, heaviest first."""
    return tuple(sorted(incident.reasons, key=lambda reason: -reason.weight)[:count])


def normal_ifs(incident: Incident) -> tuple[tuple[str, str], ...]:
    """(aspect, what would have made it ordinary), for the unusual fields that say so."""
    return tuple(
        (aspect_name(row.aspect), row.normal_if) for row in incident.usual if row.is_unusual and row.normal_if
    )


def ticket_text(incident: Incident) -> str:
    """The verdict and its reasons in plain words, to be pasted into a ticket."""
    lines = [
        f"{incident.severity.upper()}: {incident.account} ({incident.tenant})",
        incident.title,
        incident.summary,
        f"When: {span_text(incident.first_event, incident.last_event)} UTC",
        "Why:",
    ]
    for reason in strongest(incident, 8):
        counts = "; ".join(counts_of(reason))
        lines.append(f"- {reason.text}" + (f" ({counts})" if counts else ""))
    lines.append(
        f"Mail: {messages_text(incident)}, in {plural(len(incident.mailboxes), 'mailbox', 'mailboxes')}"
    )
    lines += [f"Not shown by the logs: {note}" for note in incident.coverage]
    lines += [f"Next: {action}" for action in incident.actions]
    lines.append(f"Seawall incident {incident.id}")
    return "\n".join(lines)
