"""Measure `seawall scope` on made-up campaigns over several organisations: wrong verdicts and message counts.

Each actor is searched by four queries: all of its addresses, the first one, all of them asserted exhaustive, and the
records of its first attack, as from an incident.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seawall.lab.worlds.world import make_world
from seawall.lab.worlds.world_settings import SystemsChoice, WorldSettings
from seawall.response.scope import ScopeQuery, SearchBounds, search
from seawall.response.scope.sources import gather
from seawall.response.scope_values import VERDICTS, Scope, ScopeSubject
from seawall.storage.files.merged_events import EVENTS
from seawall_base.document_version import SCHEMA_VERSION

QUESTIONS = ("all addresses", "one address", "all addresses, vouched for", "one attack's records")
TENANTS, CAMPAIGNS = 3, 3
FEW = 10


@dataclass(slots=True)
class ScopeTrialCounts:
    """The results of one query over all campaigns.

    `touched` counts mailboxes that were truly read by verdict, `others` all others. `exact` counts confirmed mailboxes
    whose messages are exactly the truth's, `too_many` those with messages outside it. For other mailboxes that stay
    possible, `kept` counts the reasons, `alone` reasons that occur alone, and `at_most` the messages possibly read, if
    known.
    """

    campaigns: int = 0
    touched: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    exact: int = 0
    too_many: int = 0
    messages: int = 0
    messages_found: int = 0
    messages_wrong: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    at_most: list[int] = field(default_factory=list)


def measure_scopes(
    *, worlds: int, seed: int, accounts: int, days: int, systems: SystemsChoice = "microsoft"
) -> dict[str, Any]:
    """Make worlds with campaigns, search for each actor, and return the figures."""
    counts = {question: ScopeTrialCounts() for question in QUESTIONS}
    for number in range(worlds):
        settings = WorldSettings(
            seed + number,
            tenants=TENANTS,
            accounts=accounts,
            days=days,
            attacks=3,
            campaigns=CAMPAIGNS,
            systems=systems,
        )
        with tempfile.TemporaryDirectory(prefix=".worlds-") as scratch:
            for question, campaign, scope, truth in _ask(settings, Path(scratch)):
                _count(counts[question], campaign, scope, truth)
    asked = {"worlds": worlds, "seed": seed, "accounts": accounts, "days": days, "systems": systems}
    return {
        "schema_version": SCHEMA_VERSION,
        "asked": asked,
        "questions": {question: _figures(count) for question, count in counts.items()},
    }


def _ask(settings: WorldSettings, place: Path) -> Iterator[tuple[str, dict[str, Any], Scope, dict[str, Any]]]:
    truth = make_world(settings, place / "world").truth
    cut, reading = gather([place / "world" / "logs"], place)
    for campaign in truth["campaigns"]:
        if not campaign["addresses"]:
            continue
        for question in QUESTIONS:
            with tempfile.TemporaryDirectory(dir=place) as scratch:
                asked = _seeds(campaign, truth, question)
                scope = search(
                    place / EVENTS,
                    asked,
                    Path(scratch),
                    bounds=SearchBounds(),
                    cut=cut,
                    lost=reading.lost,
                    told=reading.hints(),
                )
            yield question, campaign, scope, truth


def _seeds(campaign: dict[str, Any], truth: dict[str, Any], question: str) -> ScopeQuery:
    if question == QUESTIONS[3]:
        first = next(one for one in truth["attacks"] if one.get("campaign") == campaign["id"])
        return ScopeQuery(incidents={first["id"]: tuple(first["events"])})
    known = campaign["addresses"][:1] if question == QUESTIONS[1] else campaign["addresses"]
    is_vouched = question == QUESTIONS[2]
    return ScopeQuery(
        tuple(("address", one) for one in known), is_complete=is_vouched, is_unread_checked=is_vouched
    )


def _count(count: ScopeTrialCounts, campaign: dict[str, Any], scope: Scope, truth: dict[str, Any]) -> None:
    # compare by name, which contains the domain: a vendor's log uses its own id of an organisation
    lost: dict[str, dict[str, Any]] = {}
    for attack in truth["attacks"]:
        if attack.get("campaign") == campaign["id"]:
            lost |= attack["taken"]
    named: dict[str, set[str]] = {}
    for message in scope.messages:
        named.setdefault(message.mailbox, set()).add(message.id)
    count.campaigns += 1
    for one in scope.mailboxes:
        taken = lost.get(one.name)
        if taken is None:
            count.others[one.verdict] += 1
            if one.verdict == "possible":
                _note_reasons(count, one)
            continue
        count.touched[one.verdict] += 1
        wanted, found = set(taken["messages"]), named.get(one.name, set())
        count.messages += len(wanted)
        count.messages_found += len(wanted & found)
        count.messages_wrong += len(found - wanted)
        if one.verdict == "touched":
            count.exact += found == wanted and one.messages == len(wanted)
            count.too_many += bool(found - wanted)
    count.touched["not_touched"] += len(lost.keys() - {one.name for one in scope.mailboxes})


def _note_reasons(count: ScopeTrialCounts, one: ScopeSubject) -> None:
    reasons = one.open_by()
    count.kept.update(reasons)
    if len(reasons) == 1:
        count.alone.update(reasons)
    if one.at_most is not None:
        count.at_most.append(one.at_most)


def _figures(count: ScopeTrialCounts) -> dict[str, Any]:
    return {
        "campaigns": count.campaigns,
        "truly_touched": {verdict: count.touched[verdict] for verdict in VERDICTS},
        "wrong_not_touched": count.touched["not_touched"],
        "others": {verdict: count.others[verdict] for verdict in VERDICTS},
        "wrong_touched": count.others["touched"],
        "kept_open": {code: [number, count.alone[code]] for code, number in count.kept.most_common()},
        "at_most": {
            "mailboxes": len(count.at_most),
            "median": statistics.median_low(count.at_most) if count.at_most else None,
            "ten_or_fewer": sum(number <= FEW for number in count.at_most),
        },
        "exact": count.exact,
        "too_many": count.too_many,
        "messages": {
            "truth": count.messages,
            "found": count.messages_found,
            "wrong": count.messages_wrong,
        },
    }


def as_table(document: dict[str, Any]) -> str:
    """Return the figures as a table in Markdown."""
    header = (
        "asked by",
        "mailboxes truly read: proved, possible, **wrongly cleared**",
        "messages exactly right, of those proved",
        "messages of the truth found, others named",
        "mailboxes not read: **wrongly proved**, possible, cleared",
    )
    lines = [f"| {' | '.join(header)} |", "|---|---|---|---|---|"]
    for question, found in document["questions"].items():
        mine, others, messages = found["truly_touched"], found["others"], found["messages"]
        total = sum(others.values()) or 1
        lines.append(
            f"| {question} | {mine['touched']:,}, {mine['possible']:,}, **{found['wrong_not_touched']:,}** "
            f"| {found['exact']:,} of {mine['touched']:,} "
            f"| {messages['found']:,} of {messages['truth']:,}, {messages['wrong']:,} "
            f"| **{found['wrong_touched']:,}**, {others['possible']:,} ({100 * others['possible'] / total:.0f} %), "
            f"{others['not_touched']:,} ({100 * others['not_touched'] / total:.0f} %) |"
        )
    return "\n".join([*lines, "", *_reasons(document["questions"])]) + "\n"


def _reasons(questions: dict[str, Any]) -> Iterator[str]:
    """Yield table rows that count the reasons why unread mailboxes stay possible, in total and alone."""
    yield f"| what keeps mailboxes possible that were not read: by this, by this alone | {' | '.join(questions)} |"
    yield "|---|" + "---|" * len(questions)
    codes = dict.fromkeys(code for found in questions.values() for code in found["kept_open"])
    for code in codes:
        cells = [found["kept_open"].get(code, [0, 0]) for found in questions.values()]
        yield f"| `{code}` | {' | '.join(f'{kept:,}, {alone:,}' for kept, alone in cells)} |"
    bounded = [found["at_most"] for found in questions.values()]
    cells = [
        f"{one['mailboxes']:,}: median {one['median']}, {one['ten_or_fewer']:,} at most {FEW}"
        for one in bounded
    ]
    yield f"| messages that may have been read at most, where that is known | {' | '.join(cells)} |"


def write_figures(document: dict[str, Any], out: Path) -> None:
    """Write `scope.json` and `scope.md` into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "scope.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (out / "scope.md").write_text(as_table(document), encoding="utf-8")
