"""Provide words and numbers that page and terminal share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from seawall.detection.incident import BaselineComparison, Incident
from seawall.detection.incidents.count_words import LITTLE_HISTORY, describe_days, describe_peers
from seawall.detection.incidents.story.text import write_story
from seawall.detection.reason import Reason
from seawall.report.attack_words import link_lines
from seawall.response.judgement import describe_confidence, describe_severity, list_confidence_reasons
from seawall_base.plurals import plural
from seawall_base.times import minute_text, parse_rfc3339, span_text

ASPECTS = {
    "activity": "Operation",
    "answers": "What answers taught",
    "app": "Application",
    "app_activity": "Operation × application",
    "app_client": "Application × client",
    "app_network": "Application × network",
    "attempts": "Attempts before",
    "attention": "Taken over before",
    "contained": "Contained before",
    "birth": "Token's birth",
    "client": "Client",
    "client_network": "Client × network",
    "consent_any": "Consent",
    "context": "Context",
    "country": "Country",
    "credential": "App credential",
    "device": "Device",
    "foreign": "Token's tenant",
    "grant": "Mailbox permission",
    "hostile-value": "Seen in a takeover",
    "hour": "Hour of the week",
    "indicator": "Known indicator",
    "key": "Credential key",
    "legacy": "Legacy sign-in",
    "mailbox": "Others' mailbox",
    "managed-device": "Managed device",
    "method": "Sign-in method",
    "moved": "Session moved",
    "network": "Network",
    "outlived": "After revocation",
    "own-consent": "Own consent",
    "pattern": "Taken together",
    "persistence": "Rule or forwarding",
    "prefix": "Address block",
    "reused": "Session reused",
    "rotation": "Changing networks",
    "session": "Session's origin",
    "unissued-sessions": "Sessions never issued",
    "usual-network": "Usual network",
}
"""Names of aspects for readers. Any other aspect is shown by its own name."""

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
    "late": "Too late to be scored",
    "truncated": "Export cut off",
    "not-judged": "Records that were not judged",
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
    "reader-failed": "Seawall failed on it",
    "bomb": "Archive expands beyond the limit",
    "lost-values": "Lists were lost in the export",
    "wrong-columns": "Row does not fit its header",
    "day-first": "Days and months may be exchanged",
}

SCORE_MEANS = (
    "The score is the evidence in log-odds: the higher, the worse, and each point more multiplies the odds by 2.7. "
    "The chance beside it was measured on made-up organisations, in which attacks are more frequent than in most real ones. "
    "On your own logs read both as an order. The severity also follows from what was done."
)
"""Explanation of score and chance, shown with the first score."""

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EVIDENCE_ROWS = 14
_LONGEST_VALUE, _LONGEST_REASON = 60, 110
_EVIDENCE_LEAST = 0.05
"""Weights below this would be shown as 0.0; they share one row."""


def aspect_name(aspect: str) -> str:
    """Return an aspect's name for readers: `Application` for `app`, `Mass read` for `mass-read`."""
    plain = aspect.replace("-", " ").replace("_", " ").strip()
    return ASPECTS.get(aspect, plain[:1].upper() + plain[1:])


def number(value: float) -> str:
    """Return a rounded count with thousands separators. Counts of days are fractions, because old days fade."""
    return f"{round(value):,}"


def sentence(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def counts_of(reason: Reason) -> tuple[str, ...]:
    """Return the counts of a reason as texts, without those that it lacks."""
    counts = reason.counts
    said = []
    if "active_days" in counts:
        said.append(_shorten_count(describe_days(counts.get("seen_days", 0.0), counts["active_days"])))
    if "peers" in counts:
        having = round(counts.get("peers_with", 0.0))
        said.append(_shorten_count(describe_peers(having, round(counts["peers"]))))
    if counts.get("day_cohort"):
        said.append(plural(round(counts["day_cohort"]), "other that day", "others that day"))
    return tuple(said)


def _shorten_count(text: str) -> str:
    """Return `0 of 7 active days` of `seen on 0 of 7 active days`, and other counts without their verb."""
    return text.removeprefix("seen on ").removesuffix(" use it") if " of " in text else text


def describe_seen(row: BaselineComparison) -> str:
    """Return on how many active days the account showed the value before."""
    return _shorten_count(describe_days(row.seen_days, row.active_days))


def peers_text(row: BaselineComparison) -> str:
    """Return how many peers show the value."""
    return _shorten_count(describe_peers(row.peers_with, row.peers))


def usual_text(row: BaselineComparison) -> str:
    """Return `Outlook (92 %), Teams (31 %)`, or that nothing is on record."""
    said = [f"{value} ({share * 100:.0f}\u00a0%)" for value, share in row.usual[:3]]
    return ", ".join(said) or "nothing on record"


def messages_text(incident: Incident) -> str:
    """Return how many messages were proved read and possibly read."""
    if not incident.messages_proved and not incident.messages_possible:
        return "no message is proved or presumed read"
    return f"{incident.messages_proved:,} proved read, {incident.messages_possible:,} possibly read"


def strongest(incident: Incident, count: int) -> tuple[Reason, ...]:
    """Return the reasons with the largest positive weights, without those that report no observation."""
    against = [reason for reason in incident.reasons if reason.weight > 0 and not reason.silent]
    return tuple(sorted(against, key=lambda reason: -reason.weight)[:count])


def describe_unusual(incident: Incident, most: int = 2) -> str:
    """Return the strongest reasons in one line: `network AS64500 Example: seen on 0 of 28 active days; …`.

    Reasons that compare with too few days of the account are left out where others are given.
    """
    every = strongest(incident, len(incident.reasons))
    compared = [one for one in every if one.counts.get("active_days", LITTLE_HISTORY) >= LITTLE_HISTORY]
    return "; ".join(_shorten(_drop_peers(one), _LONGEST_REASON) for one in (compared or every)[:most])


def _drop_peers(reason: Reason) -> str:
    """Return the text of a reason with the account's own days, and without its peers."""
    counts, value = reason.counts, reason.value
    if not value or "active_days" not in counts or value not in reason.text:
        return reason.text
    days = describe_days(counts.get("seen_days", 0.0), counts["active_days"])
    return f"{reason.text[: reason.text.index(value)]}{_shorten(value, _LONGEST_VALUE)}: {days}"


def _shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def evidence(incident: Incident) -> tuple[tuple[Reason, ...], int, float]:
    """Return the reasons worth a row, the largest weight first, the number of the others, and the sum of their weights."""
    largest = sorted(incident.reasons, key=lambda reason: -abs(reason.weight))[:_EVIDENCE_ROWS]
    shown = [reason for reason in largest if abs(reason.weight) >= _EVIDENCE_LEAST]
    rest = sum(reason.weight for reason in incident.reasons) - sum(reason.weight for reason in shown)
    return tuple(sorted(shown, key=lambda reason: -reason.weight)), len(incident.reasons) - len(shown), rest


def more_counts_of(reason: Reason) -> tuple[str, ...]:
    """Return the counts that the reason's own text lacks."""
    return tuple(
        said
        for said in counts_of(reason)
        if said not in reason.text
        and not ("that day" in said and "same day" in reason.text)
        and not ("only" in said and " of 1 " in reason.text)  # so earlier versions said it
    )


def name_organisation(tenant: str, accounts: Iterable[str]) -> str:
    """Return the domain that most of an organisation's accounts have, if the organisation itself is known by an id alone."""
    if not _ID.fullmatch(tenant):
        return tenant
    domains = Counter(name.rpartition("@")[2] for name in accounts if "@" in name)
    return domains.most_common(1)[0][0] if domains else tenant


def number_from(incidents: Sequence[Incident], before: int) -> list[tuple[int, Incident]]:
    """Return incidents with their rank, where `before` others rank higher."""
    return list(enumerate(incidents, start=before + 1))


def verdict(incident: Incident) -> str:
    """Return the incident in one sentence: what the intruder did, else what is unusual."""
    return one_sentence(incident.kind, incident.account, incident.title, incident.summary)


def one_sentence(kind: str, account: str, title: str, summary: str) -> str:
    """Return the title of an incident as a sentence if it tells a story, else the summary of what is unusual."""
    is_told = title and title.lower() != f"{aspect_name(kind)}: {account}".lower()
    return (
        f"{title}."
        if is_told and account and title.startswith(account.partition("@")[0])
        else summary or title
    )


def technique(incident: Incident) -> str:
    """Return the likely ATT&CK technique, or the incident's kind if it has none."""
    named = incident.details.get("technique")
    return named if isinstance(named, str) and named else aspect_name(incident.kind)


def record_count(incident: Incident) -> int:
    """Return the number of the attacker's records, including those that the incident does not list."""
    more = incident.details.get("events_not_listed", 0)
    return len(incident.events) + (more if isinstance(more, int) else 0)


def confidence_text(incident: Incident) -> str:
    """Return how sure it is in words, with the reasons; "" if it was not judged."""
    sure = describe_confidence(incident)
    parts = ([f"a takeover is {sure}"] if sure else []) + [
        reason.rstrip(".") for reason in list_confidence_reasons(incident)
    ]
    return sentence(". ".join(parts)) + "." if parts else ""


def normal_ifs(incident: Incident) -> tuple[str, ...]:
    """Return for each unusual field what would have made it ordinary, if the incident names it."""
    return tuple(sentence(row.normal_if) for row in incident.usual if row.is_unusual and row.normal_if)


ROOT_WORDS = {
    "strong": "with two factors",
    "claimed": "with a second factor that the token claims from before",
    "weak": "with a single factor",
    "not told": "with a sign-in that does not say how strong it was",
    "no sign-in seen": "without a sign-in on the same day",
    "no session in the record": "of which it cannot be told, for want of a session id",
}
"""Texts for the root of a session, to follow *1 session*."""


def beginnings_text(incident: Incident) -> str:
    """Return how the mail sessions began, or "" if no mail was read."""
    roots = incident.details.get("session_roots")
    if not isinstance(roots, Mapping):
        return ""
    told = [
        f"{number(count)} {words}"
        for root, words in ROOT_WORDS.items()
        if isinstance(count := roots.get(root), int)
    ]
    return "; ".join(told)


def list_statements(incident: Incident) -> tuple[tuple[int, str], ...]:
    """Return what vendors say about the account, with its time in microseconds since 1970."""
    found = incident.details.get("statements")
    said = []
    for one in found if isinstance(found, list | tuple) else ():
        if isinstance(one, Mapping) and isinstance(one.get("text"), str):
            with suppress(ValueError):
                said.append((parse_rfc3339(str(one.get("time"))), one["text"]))
    return tuple(said)


def statement_lines(statements: Iterable[tuple[int, str]]) -> tuple[str, ...]:
    """Return statements in order of time, each once, as text."""
    return tuple(f"{minute_text(time)} UTC: {text}" for time, text in sorted(set(statements)))


def ticket_lines(incident: Incident) -> tuple[str, ...]:
    """Return the summary and its reasons as plain lines, to paste into a ticket."""
    lines = [
        f"{incident.severity.upper()}: {incident.account} ({incident.tenant})",
        verdict(incident),
        *write_story(incident.story),
        f"Likely technique: {technique(incident)}",
        f"When: {span_text(incident.first_event, incident.last_event)} UTC",
        *([f"Severity {incident.severity}: {severity}"] if (severity := describe_severity(incident)) else []),
        *([f"Confidence: {sure}"] if (sure := confidence_text(incident)) else []),
        "Why:",
    ]
    for reason in strongest(incident, 8):
        counts = "; ".join(more_counts_of(reason))
        lines.append(f"- {reason.text}" + (f" ({counts})" if counts else ""))
    lines.append(
        f"Mail: {messages_text(incident)}, in {plural(len(incident.mailboxes), 'mailbox', 'mailboxes')}"
    )
    if began := beginnings_text(incident):
        lines.append(f"Sessions in which mail was read, by how they began: {began}")
    lines += [f"Part of an attack {line}" for line in link_lines(incident)]
    lines += [f"Said by others: {line}" for line in statement_lines(list_statements(incident))]
    lines += [f"Not shown by the logs: {note}" for note in incident.coverage]
    lines += [f"Next: {action}" for action in incident.actions]
    lines.append(f"Seawall incident {incident.id}")
    return tuple(lines)
