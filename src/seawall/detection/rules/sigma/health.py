"""Say of each rule whether it can hit in the logs at hand, and why not: its log, its operation, its fields, their values.

A rule that hits is compared with what its level allows. The answer is about these logs and days alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from seawall.detection.rules.sigma.model import RuleDescription, SigmaCorrelation
from seawall.detection.rules.sigma.probes import Alternative, Need, RuleProbes
from seawall.detection.rules.sigma.run import RuleSet
from seawall_base.plurals import plural

_LOGS: Mapping[str, str] = {
    "m365": "Microsoft 365 audit log",
    "sign_in": "Entra sign-ins",
    "audit": "Entra directory audits",
    "graph": "Microsoft Graph activity",
    "okta": "Okta System Log",
    "google": "Google Workspace",
    "mail": "message traces, mail and link events",
    "alert": "risk detections and alerts of vendors",
    "other": "records of other kinds",
}
"""Names of the families of sources."""

MOST_A_DAY: Mapping[str, float] = {"low": 50.0, "medium": 20.0, "high": 5.0, "critical": 2.0}
"""Hits a day for each 1,000 accounts above which a rule of a level is noisy. Informational rules are never noisy."""

SILENT_SHARE = 0.05
"""A scan gives no weight to a rule that hits on more than this share of account-days."""

MOST_NAMED = 3
"""Values of a rule that are named where none of them occurs."""

FEWEST_HITS = 5
FEWEST_DAYS = 3
"""A rule is noisy only with this many hits, and on this many days or on every day of fewer: a single burst is an event."""


class RuleState(StrEnum):
    """What a rule does in the logs at hand."""

    noisy = "noisy"
    hits = "hits"
    never_hit = "never_hit"
    waits = "waits"
    cannot_hit = "cannot_hit"
    does_not_run = "does_not_run"


class HealthReason(StrEnum):
    """Why a rule does not hit. The order is that in which a rule fails: later ones got further."""

    log_missing = "log_missing"
    operation_missing = "operation_missing"
    field_missing = "field_missing"
    value_missing = "value_missing"
    never_together = "never_together"
    never_written = "never_written"
    unsupported = "unsupported"
    none = ""


_ORDER = tuple(HealthReason)


@dataclass(frozen=True, slots=True)
class RuleHits:
    """Count a rule's hits: records, days with a hit, accounts, and pairs of account and day."""

    records: int = 0
    days: int = 0
    accounts: int = 0
    account_days: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Hold the days that are judged, and the accounts that were active on them. `account_days` counts pairs of both."""

    days: range
    accounts: int = 0
    account_days: int = 0


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """Hold the health of one rule. `why` is a sentence; texts from logs in it are untrusted.

    `operation_records` counts the records with the rule's operation, 0 if it names none. `rate` is hits a day for each 1,000
    accounts, `limit` the rate above which its level is noisy. `share` is of the accounts.
    """

    about: RuleDescription
    state: RuleState
    reason: HealthReason = HealthReason.none
    why: str = ""
    hits: RuleHits = field(default_factory=RuleHits)
    operation_records: int = 0
    rate: float = 0.0
    share: float = 0.0
    limit: float | None = None
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class _Finding:
    """Why a rule does not hit, and the records with its operation."""

    reason: HealthReason
    why: str
    operation_records: int = 0
    is_optional: bool = False


def name_log(family: str) -> str:
    """Return the name of a family of sources for readers."""
    return _LOGS.get(family, family.replace("_", " "))


def judge_rules(
    rules: RuleSet, probes: RuleProbes, hits: Mapping[int, RuleHits], window: Window
) -> tuple[RuleHealth, ...]:
    """Return the health of every rule. `hits` are by number, of rules that a scan reports."""
    singles = [_examine(probes, number, window.days) for number in range(len(rules.rules))]
    found = [
        _judge(rule.about, hits.get(number), singles[number], window, is_part=rule.is_silent)
        for number, rule in enumerate(rules.rules)
    ]
    wholes = [sum(probes.count(one, window.days) for one in each) for each in probes.wholes]
    for place, correlation in enumerate(rules.correlations):
        finding = _examine_correlation(correlation, singles, wholes)
        number = len(rules.rules) + place
        found.append(_judge(correlation.about, hits.get(number), finding, window))
    return (*found, *_list_skipped(rules))


def _list_skipped(rules: RuleSet) -> Iterator[RuleHealth]:
    for one in rules.skipped:
        about = one.about or RuleDescription("", one.file, one.file)
        yield RuleHealth(
            about, RuleState.does_not_run, HealthReason.unsupported, f"does not run: {one.reason}"
        )


def _judge(
    about: RuleDescription, hits: RuleHits | None, finding: _Finding, window: Window, *, is_part: bool = False
) -> RuleHealth:
    if hits is None or not hits.records:
        if about.cannot_hit:
            finding = _Finding(HealthReason.never_written, about.cannot_hit, finding.operation_records)
        state = _find_state(finding)
        return RuleHealth(
            about,
            state,
            finding.reason,
            finding.why,
            operation_records=finding.operation_records,
            is_part=is_part,
        )
    accounts, days = max(window.accounts, 1), max(len(window.days), 1)
    rate = 1_000 * hits.records / days / accounts
    limit = MOST_A_DAY.get(about.level)
    is_steady = hits.records >= FEWEST_HITS and hits.days >= min(FEWEST_DAYS, days)
    is_silent = hits.account_days > SILENT_SHARE * max(window.account_days, 1)
    is_noisy = limit is not None and is_steady and (rate > limit or is_silent)
    why = ""
    if is_noisy and limit is not None:
        why = f"hits {rate:,.1f} times a day for each 1,000 accounts; its level allows {limit:g}"
        why += "; a scan gives it no weight, because it hits too many accounts" if is_silent else ""
    return RuleHealth(
        about,
        RuleState.noisy if is_noisy else RuleState.hits,
        HealthReason.none,
        why,
        hits,
        finding.operation_records,
        rate,
        hits.accounts / accounts,
        limit,
        is_part,
    )


def _find_state(finding: _Finding) -> RuleState:
    if finding.reason == HealthReason.operation_missing:
        return RuleState.waits
    is_seen = bool(finding.operation_records) and (
        finding.is_optional or finding.reason == HealthReason.value_missing
    )
    return (
        RuleState.never_hit
        if is_seen or finding.reason == HealthReason.never_together
        else RuleState.cannot_hit
    )


def _examine(probes: RuleProbes, number: int, days: range) -> _Finding:
    """Return how far a single rule gets in any family and alternative, and which of its logs is missing."""
    found = [(way, _examine_way(probes, way, days)) for way in probes.alternatives[number]]
    best = max((one for _, one in found), key=lambda one: (_ORDER.index(one.reason), one.operation_records))
    if best.reason != HealthReason.field_missing:
        return best
    missing = dict.fromkeys(
        one.why for way, one in found if one.reason == HealthReason.log_missing and not way.is_extra
    )
    return replace(best, why="; ".join((best.why, *missing)))


def _examine_way(probes: RuleProbes, way: Alternative, days: range) -> _Finding:
    is_partly_there = bool(way.application) and probes.count_source(way.family, days) > 0
    log = f"{name_log(way.family)}{f' ({way.application})' if is_partly_there else ''}"
    no_log = _Finding(HealthReason.log_missing, f"there is no log of this kind: {log}")
    if not probes.count(way.log, days):
        return no_log
    records = probes.count(way.log if way.operation is None else way.operation, days)
    named = 0 if way.operation is None else records
    if not records:
        why = f"its operation did not occur in {log}"
        return no_log if way.is_extra else _Finding(HealthReason.operation_missing, why)
    kinds = "".join(f"{kind.replace('_', '-')} " for kind in way.kinds[:1])
    there = plural(records, f"{kinds}record")
    where = f"{there} of {log}" if way.operation is None else f"{there} with its operation"
    for need in way.needs:
        if not probes.count(need.present, days):
            why = f"{_name(need)} is missing from all of {where}"
            return _Finding(HealthReason.field_missing, why, named, need.is_optional)
    for need in way.needs:
        if not probes.count(need.passes, days):
            why = f"{_say_never(need)} in {where}{_show(probes, need)}"
            return _Finding(HealthReason.value_missing, why, named)
    why = f"its conditions never hold together in {where}"
    return _Finding(HealthReason.never_together, why, named)


def _name(need: Need) -> str:
    return " or ".join(need.fields)


def _say_never(need: Need) -> str:
    if not need.wanted:
        return f"{_name(need)} never has a value that the rule asks for"
    named = [f"`{text}`" for text in need.wanted[:MOST_NAMED]]
    more = len(need.wanted) - len(named)
    return f"{_name(need)} is never {' or '.join([*named, *([f'{more:,} more'] if more else [])])}"


def _show(probes: RuleProbes, need: Need) -> str:
    values = probes.list_values(need)
    return f"; it is {', '.join(f'`{text}`' for text, _ in values)}" if values else ""


def _examine_correlation(
    correlation: SigmaCorrelation, singles: Sequence[_Finding], wholes: Sequence[int]
) -> _Finding:
    """Return why a correlation does not hit: by a rule that it names, or because they never hit as it counts."""
    places = tuple(dict.fromkeys(correlation.rules))
    silent = [place for place in places if not wholes[place]]
    is_for_all = correlation.kind.startswith("temporal")
    if silent and (is_for_all or len(silent) == len(places)):
        choose = min if is_for_all else max
        finding = choose((singles[place] for place in silent), key=lambda one: _ORDER.index(one.reason))
        is_plain = finding.reason in (HealthReason.log_missing, HealthReason.operation_missing)
        why = finding.why if is_plain else f"a rule that it counts: {finding.why}"
        return replace(finding, why=why)
    hits = sum(wholes[place] for place in places)
    count = "never as often as it asks" if not is_for_all else "never together as it asks"
    return _Finding(
        HealthReason.never_together,
        f"the rules that it counts hit {plural(hits, 'record')}, {count} within {_span(correlation.span)}",
        hits,
    )


def _span(microseconds: int) -> str:
    seconds = microseconds // 1_000_000
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0:
            return plural(seconds // size, unit)
    return plural(seconds, "second")
