"""Provide the texts about a scope that page, terminal and console share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seawall.response.scope_values import Indicator, Scope, ScopeSubject, Verdict
from seawall_base.plurals import plural
from seawall_base.times import span_text

VERDICTS: dict[Verdict, str] = {
    "touched": "proved touched",
    "possible": "possibly touched",
    "not_touched": "proved not touched",
}
MEANINGS: dict[Verdict, str] = {
    "touched": "A record that succeeded carries what the intruder is known by.",
    "possible": "Something leaves it open: a gap, throttling, records that cannot be told apart. Presume touched.",
    "not_touched": "The logs would have shown it over the whole span, and show none.",
}
KINDS = {"organisation": "organisations", "mailbox": "mailboxes", "account": "accounts"}


def span(scope: Scope) -> str:
    """Return the time span of the search as text."""
    return f"{span_text(scope.start, scope.end)} UTC"


def name(one: ScopeSubject) -> str:
    """Return a subject's name for people: an organisation's first domain instead of its id."""
    return one.domains[0] if one.domains else one.name


def indicator(one: Indicator, scope: Scope) -> str:
    """Return an indicator as text, with its organisation if it applies to one of several."""
    where = ""
    if one.tenant and len(scope.organisations) > 1:
        names = {organisation.name: name(organisation) for organisation in scope.organisations}
        where = f" in {names.get(one.tenant, one.tenant)}"
    return f"{one.kind.replace('_', ' ')} {one.value}{where}"


def shares(parts: Sequence[ScopeSubject]) -> dict[Verdict, tuple[int, str]]:
    """Return the number of subjects and their share in per cent by verdict."""
    counts = Counter(one.verdict for one in parts)
    return {verdict: (counts[verdict], share(counts[verdict], len(parts))) for verdict in VERDICTS}


def share(count: int, total: int) -> str:
    """Return a share in per cent. Only none gives 0 %, and only all gives 100 %."""
    if not total or not count or count == total:
        return "100 %" if total and count else "0 %"
    return f"{min(max(100 * count / total, 0.1), 99.9):.1f} %"


def read(one: ScopeSubject) -> str:
    """Return in words which messages of a mailbox were certainly read, and which may have been."""
    parts = []
    if one.messages:
        parts.append(plural(one.messages, "message"))
    if one.unnamed_messages:
        parts.append(f"up to {plural(one.unnamed_messages, 'message')} that the log counts and does not name")
    if one.folders:
        parts.append(f"{plural(len(one.folders), 'whole folder')} ({_paths(one)})")
    if one.possible_messages or one.possible_unnamed_messages:
        perhaps = one.possible_messages + one.possible_unnamed_messages
        parts.append(
            f"perhaps {plural(perhaps, 'message')} {'more' if parts else 'of records that nobody can tell'}"
        )
    return ", ".join(parts) or ("no message" if one.verdict == "touched" else "")


def at_most(one: ScopeSubject) -> str:
    """Return the most messages that may have been read of a possibly touched mailbox, or "" if unknown."""
    return "" if one.at_most is None else f"{plural(one.at_most, 'message')} at most"


def _paths(one: ScopeSubject, most: int = 4) -> str:
    paths = [folder.path or "not named" for folder in one.folders]
    more = f" and {len(paths) - most:,} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more


def is_met(scope: Scope) -> bool:
    """Return whether any record of the span carries a seed."""
    return any(step.events for step in scope.steps if step.round == 0)


def warnings(scope: Scope) -> list[str]:
    """Return the warnings that precede every other result."""
    found = []
    if scope.is_bounded:
        found.append(
            "The search was cut short by its bounds: more may be touched than is said here, and nobody is proved not touched."
        )
    if scope.is_complete:
        found.append(
            "Whoever asked vouched that the intruder is known by nothing but the seeds. Who is proved not touched here is so on "
            "that word."
        )
    if scope.is_unread_checked:
        found.append("Whoever asked vouched that the records which could not be read are not the intruder's.")
    if scope.is_servers_only:
        found.append(
            "Whoever asked vouched that the intruder comes from rented servers and anonymisers alone. Who is proved not "
            "touched here is so on that word."
        )
    if not is_met(scope):
        found.append("No record of the span carries any of the seeds: check them, and the span.")
    return found
