"""Judge how bad an incident is, from a table: what was done and to whom, by how likely it is that an intruder did it.

The severity changes neither score nor order, and follows from the case alone. One more act never lowers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from seawall.detection.feedback_values import INDICATOR_ASPECT
from seawall.detection.incident import Severity
from seawall.detection.incidents.cases import IncidentCase
from seawall.detection.incidents.impact_rows import (
    ACTS,
    MADE_ADMINISTRATOR,
    MAILBOX_EMPTIED,
    MANY_MAILBOXES,
    MANY_MESSAGES,
    OTHERS_MAILBOX,
    SOME_MESSAGES,
    ImpactRow,
    find_row,
)
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.recorded_acts import TOLD_LEVELS
from seawall.detection.ranking.rule_hits import RuleHit
from seawall.detection.rules.detector import RULES
from seawall_base.plurals import plural

IMPACTS = ("none", "small", "serious", "grave", "extreme")
LIKELIHOODS = ("unlikely", "possible", "likely", "very likely")

MATRIX: tuple[tuple[Severity, ...], ...] = (
    # unlikely, possible, likely, very likely
    ("low", "low", "medium", "high"),  # none
    ("low", "low", "medium", "high"),  # small
    ("low", "medium", "high", "high"),  # serious
    ("medium", "medium", "high", "critical"),  # grave
    ("medium", "high", "high", "critical"),  # extreme
)
"""The severity of each impact (row) and likelihood (column). It never falls to the right or downwards."""

SCORES: tuple[tuple[float, int, str], ...] = (
    (0.0, 3, "The score makes a takeover more likely than not"),
    (-2.0, 2, "The score makes a takeover about as likely as not"),
    (-4.0, 1, "The score makes a takeover possible"),
    (float("-inf"), 0, "The score alone makes a takeover unlikely"),
)  # fmt: skip
"""Least log-odds, the likelihood from them on, and words."""

MUCH_MAIL, MOST_MAIL = 100, 500
"""Messages: more than what somebody reads on a day, and more than in a week."""

SEVERAL_MAILBOXES = 3
"""Mailboxes of others that are more than a delegate or an assistant ordinarily opens."""

MANY_TECHNIQUES = 3
"""Distinct techniques that speak for one plan behind them. Sub-techniques of one count once: they may be one task."""

ENTRY = "T1078"
"""Valid accounts: every takeover is one, so it is no technique beside others."""

STRONG_LEVELS = ("high", "critical")
MOST_TOLD = 4
"""Number of rows of impact whose sentences an incident tells; the gravest come first."""

_TECHNIQUES = {rule.name: rule.technique.split()[0] for rule in RULES}


@dataclass(frozen=True, slots=True)
class SeverityVerdict:
    """Hold a severity with the impact and likelihood that gave it, and short sentences that say why.

    `sure` are those of `because` that are about the likelihood alone.
    """

    severity: Severity
    impact: str
    likelihood: str
    because: tuple[str, ...]
    sure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    """Hold a row of impact that applies, and the evidence for it as words."""

    row: ImpactRow
    evidence: str = ""

    def sentence(self) -> str:
        evidence = f" ({self.evidence})" if self.evidence else ""
        return f"{self.row.what}{evidence}: {self.row.why}."


def judge_severity(case: IncidentCase) -> SeverityVerdict:
    """Return the severity of a case, whose candidates may be described or not."""
    if case.top.is_refused:
        return _judge_refused(case)
    story = case.story()
    impact, done = _judge_impact(case, story)
    likelihood, sure = _judge_likelihood(case, story)
    severity = MATRIX[impact][likelihood]
    first = f"Impact {IMPACTS[impact]} and takeover {LIKELIHOODS[likelihood]} make it {severity}."
    return SeverityVerdict(
        severity, IMPACTS[impact], LIKELIHOODS[likelihood], (first, *done, *sure), tuple(sure)
    )


def _judge_refused(case: IncidentCase) -> SeverityVerdict:
    """Return the severity of attempts that gained nothing: `medium` if the score makes them stand out, else `low`."""
    severity: Severity = "medium" if case.score >= SCORES[2][0] else "low"
    first = f"Impact {IMPACTS[0]} and takeover {LIKELIHOODS[0]} make it {severity}."
    return SeverityVerdict(severity, IMPACTS[0], LIKELIHOODS[0], (first, "No attempt succeeded."))


def _judge_impact(case: IncidentCase, story: Sequence[ScoredCandidate]) -> tuple[int, list[str]]:
    findings = [*_find_acts(story), *_find_reading(story)]
    if case.granted_by:
        findings.append(_Finding(MADE_ADMINISTRATOR, f"by {_list(case.granted_by)}"))
    findings.sort(key=lambda finding: (-finding.row.level, finding.row.name))
    level = max((finding.row.level for finding in findings), default=0)
    said = [finding.sentence() for finding in findings[:MOST_TOLD]]
    if not findings:
        said.append("Nothing was seen to be read or changed.")
    if any(one.is_administrator for one in story) or case.granted_by:
        level += 1
        said.append("The account can administer the organisation, so more than its own mailbox is at stake.")
    kinds = {finding.row.kind for finding in findings if finding.row.level >= 2}
    if len(kinds) >= 2:
        level += 1
        said.append(f"{plural(len(kinds), 'kind')} of serious acts come together.")
    return min(level, len(IMPACTS) - 1), said


def _find_acts(story: Sequence[ScoredCandidate]) -> list[_Finding]:
    """Return the rows that acts of the story fall under, each once, with the rules that named them."""
    titles: dict[str, set[str]] = {}
    for one in story:
        for name in one.rules:  # of stored candidates of earlier versions, this is all that is known
            if row := find_row(name, ()):
                titles.setdefault(row.name, set())
        for act in one.acts:
            if row := find_row("" if act.level else act.rule, act.techniques if act.level else ()):
                titles.setdefault(row.name, set()).update([act.title] if act.level else [])
    return [_Finding(row, _quote(titles[row.name])) for row in ACTS if row.name in titles]


def _find_reading(story: Sequence[ScoredCandidate]) -> list[_Finding]:
    account = story[0].account
    proved, possible = sum(one.proved for one in story), sum(one.possible for one in story)
    messages = proved + possible
    others = {name for one in story for name in one.mailboxes if name != account}
    found = []
    if others:
        row = MANY_MAILBOXES if len(others) >= SEVERAL_MAILBOXES else OTHERS_MAILBOX
        found.append(_Finding(row, plural(len(others), "mailbox", "mailboxes")))
    if messages:
        row = (
            SOME_MESSAGES
            if messages < MUCH_MAIL
            else MANY_MESSAGES
            if messages < MOST_MAIL
            else MAILBOX_EMPTIED
        )
        found.append(_Finding(row, _count_messages(proved, possible)))
    return found


def _count_messages(proved: int, possible: int) -> str:
    """Return `at least 19 messages, and possibly 23 more`."""
    if not proved:
        return f"possibly {plural(possible, 'message')}"
    more = f", and possibly {possible:,} more" if possible else ""
    return f"at least {plural(proved, 'message')}{more}"


def _judge_likelihood(case: IncidentCase, story: Sequence[ScoredCandidate]) -> tuple[int, list[str]]:
    """Return the likelihood by the score, raised by what rules and related cases say, and sentences.

    The score is high for what is unlike the past. Rules know techniques, so they speak for an attack beside it; but without the
    score, no single reason makes a takeover more than likely.
    """
    level, words = next((level, words) for least, level, words in SCORES if case.score >= least)
    reasons = []
    if strong := {hit.title for hit in _list_hits(story) if hit.level in STRONG_LEVELS}:
        reasons.append(f"A rule of high or critical level matched: {_quote(strong)}.")
    if len(techniques := sorted(_list_techniques(story))) >= MANY_TECHNIQUES:
        reasons.append(f"Rules name {len(techniques)} techniques: {_list(techniques)}.")
    changes = [change for one in story for change in one.adjustments if change.aspect == INDICATOR_ASPECT]
    if changes:
        reasons.append("It shows an indicator that others, or your analysts, name as an intruder's.")
    if any(change.is_beside for change in changes) and level < 1:
        level, words = 1, "The score alone makes a takeover unlikely, the indicator possible"
    if case.related:
        reasons.append(f"It shares a new network that few use with {_list(case.related)}.")
    most = len(LIKELIHOODS) - 1
    raised = min(level + len(reasons), most if len(reasons) > 1 else most - 1)
    return max(level, raised), [f"{words}.", *reasons]


def _list_hits(story: Sequence[ScoredCandidate]) -> list[RuleHit]:
    return [hit for one in story for hit in one.sigma if hit.weight > 0 and hit.level in TOLD_LEVELS]


def _list_techniques(story: Sequence[ScoredCandidate]) -> set[str]:
    """Return the distinct techniques that rules name: those of hits on the story's own records, and of its acts."""
    named = chain(
        (hit.technique for hit in _list_hits(story)),
        (_TECHNIQUES[name] for one in story for name in one.rules if name in _TECHNIQUES),
        (act.techniques[0] for one in story for act in one.acts if act.techniques),
    )
    return {technique.partition(".")[0] for technique in named} - {"", ENTRY}


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_TOLD])
    return shown if len(names) <= MOST_TOLD else f"{shown} and {len(names) - MOST_TOLD:,} more"


def _quote(titles: Iterable[str]) -> str:
    return _list([f"\u201c{title}\u201d" for title in sorted(titles)])
