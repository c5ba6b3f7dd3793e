"""Count the reasons for which subjects of a scope stay `possible`, and say what to do about each."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.scope_values import DOUBTS, Indicator, Scope, ScopeSubject
from seawall_base.plurals import plural

REASONS: Final = {
    "named": (
        "A seed names it as taken over",
        "Presume it touched, and give what its records carry (an address, a session) as seeds.",
    ),
    "open": (
        "Records carry something of the intruder's, from where the owner was too",
        "Ask the owner about these records and days; presume touched until then.",
    ),
    "used": (
        "Its account was used by the intruder, or may have been",
        "Presume the mailbox read; contain the account first.",
    ),
    "throttled": (
        "Exchange stopped to log reads for a day",
        "Presume everything read on that day; nothing can be got later.",
    ),
    "not-shown": (
        "No record of mail access names it",
        (
            "Check its licence and auditing (Get-Mailbox, AuditEnabled, AuditOwner has "
            "MailItemsAccessed); until then it cannot be told."
        ),
    ),
    "unlinked": (
        "Records carry neither address nor session",
        "Their messages are in possible-messages.csv: at most those may have been read.",
    ),
    "strange": (
        "Records come from a place that is new to the account",
        "Ask the owner, give more weeks of logs before the span, or a later --from.",
    ),
    "bounded": (
        "The search was cut short",
        "Search again from fewer seeds, or for one organisation at a time.",
    ),
    "no-organisation": (
        "Its records do not say of which organisation they are",
        "Export the log with the organisation's id.",
    ),
    "gap": (
        "A log is silent, or has fewer records than its rhythm has",
        "Export these hours again; a collector's ledger (--collected) says what is whole.",
    ),
    "no-source": (
        "The log that would show it is not there",
        "Export that log for the whole span, and search again.",
    ),
    "truncated": (
        "An export was probably cut off",
        "Export shorter spans, so that none reaches the limit.",
    ),
    "not-read": (
        "Records could not be read",
        (
            "Look at them by hand, in the files and lines that are named; if none is the intruder's, "
            "say so with --unread-checked."
        ),
    ),
    "audit-off": (
        "Auditing was switched off",
        "Nothing was logged then: presume touched, and ask who switched it off.",
    ),
    "absent": (
        "Nothing of it is in the logs for a long time",
        "A leave looks so: ask; a collector's ledger (--collected) proves that nothing is missing.",
    ),
    "quiet": (
        "Its own records of mail access stop",
        "Ask whether the owner was away; else its auditing or licence was taken away: presume touched.",
    ),
    "not-proved": (
        "The collector does not prove these hours whole yet",
        "Let it collect on, or search with an earlier --to.",
    ),
}
"""Text and advice for each code of a doubt or a gap. Other codes of a collector are gaps too."""

_INEXHAUSTIBLE: Final = ("incident", "account", "mailbox")
_MOST_OPTIONS: Final = 12
_ORDER: Final = {code: place for place, code in enumerate(DOUBTS)}


@dataclass(frozen=True, slots=True)
class ScopeReason:
    """Hold one reason: the number of subjects that it keeps possible (`kept`), and of those that only it does (`alone`)."""

    code: str
    what: str
    to_do: str
    kept: int
    alone: int


def reasons(parts: Sequence[ScopeSubject], scope: Scope) -> list[ScopeReason]:
    """Return the reasons for which subjects stay possible, the one that resolves most alone first.

    The advice names options of `scope`.
    """
    kept: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for one in parts:
        if one.verdict == "possible":
            codes = one.open_by()
            kept.update(codes)
            if len(codes) == 1:
                alone.update(codes)
    found = [ScopeReason(code, *_read(code, scope), number, alone[code]) for code, number in kept.items()]
    return sorted(found, key=lambda one: (-one.alone, -one.kept, one.code))


def _read(code: str, scope: Scope) -> tuple[str, str]:
    what, to_do = REASONS.get(code, (f"The collector knows a gap ({code})", REASONS["gap"][1]))
    return what, " ".join([to_do, *_assertions(scope)]) if code == "strange" else to_do


def _assertions(scope: Scope) -> Iterator[str]:
    """Yield the options by which an analyst may clear accounts with records from new places, if the search would accept them."""
    if not scope.is_complete:
        instead = exhaustive_options(scope)
        if not has_inexhaustible_seed(scope):
            yield "If the seeds are all that the intruder is known by, add --complete."
        elif instead:
            yield (
                "If its records carry all that the intruder is known by, search again from their values: "
                f"{instead} --complete, without {_inexhaustible_options(scope)}."
            )
    if scope.is_from_servers and not scope.is_servers_only:
        yield "If the intruder comes from rented servers alone, add --servers-only."


def has_inexhaustible_seed(scope: Scope) -> bool:
    """Return whether a seed is an incident, an account or a mailbox: then --complete is refused."""
    return any(one.kind in _INEXHAUSTIBLE for one in scope.seeds)


def is_open_by_new_places(scope: Scope) -> bool:
    """Return whether a mailbox or account is possibly touched because its records come from new places."""
    return any(
        "strange" in one.open_by() for one in (*scope.mailboxes, *scope.accounts) if one.verdict == "possible"
    )


def _typeable_values(indicators: Iterable[Indicator]) -> dict[tuple[str, str], None]:
    """Return the distinct values that can be typed: logs may contain control characters."""
    return dict.fromkeys((one.kind, one.value) for one in indicators if one.value.isprintable())


def _inexhaustible_options(scope: Scope) -> str:
    kinds = dict.fromkeys(one.kind for one in scope.seeds if one.kind in _INEXHAUSTIBLE)
    return " and ".join(f"--{kind}" for kind in kinds)


def exhaustive_options(scope: Scope) -> str:
    """Return options for the values in the attacker's records, for a search with --complete; "" if they are too many.

    Sessions are left out if the command line became too long: they only let such a search clear more accounts.
    """
    kept = [one for one in scope.seeds if one.kind not in _INEXHAUSTIBLE]
    carried = [one for one in scope.known_by if one.kind in ("address", "key")]
    values = _typeable_values([*kept, *carried])
    with_sessions = values | _typeable_values([one for one in scope.known_by if one.kind == "session"])
    chosen = with_sessions if len(with_sessions) <= _MOST_OPTIONS else values
    if len(chosen) > _MOST_OPTIONS:
        return ""
    return " ".join(f"--{kind.replace('_', '-')} {shlex.quote(value)}" for kind, value in chosen)


def gravest_first(parts: Sequence[ScopeSubject]) -> list[ScopeSubject]:
    """Return subjects in the order of review: by the most serious doubt, then by the number of possibly read messages."""
    return sorted(parts, key=lambda one: (_gravity(one), -(one.at_most or 0), one.tenant, one.name))


def _gravity(one: ScopeSubject) -> int:
    return min((_ORDER[doubt.code] for doubt in one.doubts), default=len(_ORDER))


def own_reasons(one: ScopeSubject, shared: frozenset[CoverageGap]) -> list[str]:
    """Return what leaves a subject possible.

    Gaps of its whole organisation are only counted, because they are listed elsewhere.
    """
    return [doubt.text for doubt in one.doubts] + own_gaps(one, shared)


def own_gaps(one: ScopeSubject, shared: frozenset[CoverageGap]) -> list[str]:
    """Return the gaps of a subject alone, and the number of its organisation's gaps."""
    own = [gap.text for gap in one.gaps if gap not in shared]
    common = sum(gap in shared for gap in one.gaps)
    return own + ([f"{plural(common, 'gap')} of its organisation's logs, told below."] if common else [])


def shared_gaps(scope: Scope) -> frozenset[CoverageGap]:
    """Return the gaps of whole organisations."""
    return frozenset(gap for one in scope.organisations for gap in one.gaps)


def answer(scope: Scope) -> list[str]:
    """Return the answer in sentences: how many subjects have each verdict, and how much may have been read."""
    boxes, people = scope.mailboxes, scope.accounts
    found = [_count(boxes, "mailbox", "mailboxes", "read"), _count(people, "account", "accounts", "used")]
    bound = [one.at_most for one in boxes if one.at_most is not None]
    if bound:
        found.append(
            f"Of {plural(len(bound), 'possible mailbox', 'possible mailboxes')} only records that are there leave it open: "
            f"if they were touched, {plural(sum(bound), 'message')} at most were read."
        )
    return found


def _count(parts: Sequence[ScopeSubject], noun: str, nouns: str, done: str) -> str:
    counts = Counter(one.verdict for one in parts)
    messages = sum(one.messages for one in parts)
    what = f" ({plural(messages, 'message')} by id)" if messages else ""
    return (
        f"Of {plural(len(parts), noun, nouns)} {counts['touched']:,} {'was' if counts['touched'] == 1 else 'were'} certainly "
        f"{done}{what}, {counts['possible']:,} may have been, {counts['not_touched']:,} proved not."
    )
