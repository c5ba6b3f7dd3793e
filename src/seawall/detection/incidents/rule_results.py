"""Record each Sigma rule's results in a scan: hits, who made them and when, the first matching records, and its rate."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.detection.ranking.engine import ScoredDay
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.coded_batch import CodedBatch, Codes, Floats, hash_text
from seawall.events.group_tally import GroupTally
from seawall_base import private_files
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.times import rfc3339

MOST_RECORDS = 100
"""Number of record ids kept for each rule, the earliest ones. All hits are counted."""

MOST_ACCOUNTS = 1_000
"""Number of accounts kept for each rule, those with most hits."""


@dataclass(frozen=True, slots=True)
class DayOfHits:
    """Hold the hits of a day: `counts` by the rule's number, `accounts` as `GroupTally` counts them, None without any.

    `records` are the first hits of each rule, in order: rule, time, hash of the record's id, id.
    """

    counts: Mapping[int, int]
    accounts: pa.Table | None
    records: pa.Table


class RuleBook:
    """Count the hits of Sigma rules, including those in records without an account."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._hits: Counter[int] = Counter()
        self._records: dict[int, list[str]] = defaultdict(list)
        self._accounts = GroupTally(_KEYS)

    def take(self, scored: ScoredDay) -> None:
        """Add the hits of a scored day."""
        self.add(collect_hits(scored))

    def add(self, found: DayOfHits) -> None:
        """Add the hits of a day. Days must come in order, and are complete or of different organisations."""
        if found.accounts is not None:
            self._accounts.add_counted(found.accounts)
        self._hits.update(found.counts)
        for rule, text in zip(*(found.records[name].to_pylist() for name in ("rule", "id")), strict=True):
            if len(self._records[rule]) < MOST_RECORDS:
                self._records[rule].append(text)

    def summary(self) -> dict[str, int]:
        """Return the numbers of rules that ran, that cannot match these logs, and that were skipped, and the number of hits."""
        return {
            "loaded": len(self._rules),
            "cannot_hit": self._rules.idle,
            "skipped": len(self._rules.skipped),
            "hits": self._hits.total(),
        }

    def write(self, path: Path, rates: Floats, silenced: Codes) -> None:
        """Write the document of all rules. Raises OutputUnwritable."""
        document = self.document(rates, silenced)
        private_files.write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")

    def document(self, rates: Floats, silenced: Codes) -> dict[str, Any]:
        """Return the results of every rule, ordered by file.

        `rates` (rules,) are learnt rates of each rule, `silenced` (rules,) the numbers of tenants that silence it.
        """
        accounts = _list_accounts(self._accounts.table())
        ran = [
            {
                "id": about.id,
                "title": about.title,
                "level": about.level,
                "file": about.file,
                "status": "ran",
                "hits": self._hits[number],
                "records": self._records.get(number, []),
                "accounts": accounts.get(number, [])[:MOST_ACCOUNTS],
                "accounts_not_listed": max(len(accounts.get(number, [])) - MOST_ACCOUNTS, 0),
                "rate": round(float(rates[number]), 6),
                "silenced": bool(silenced[number]),
                **({"cannot_hit": about.cannot_hit} if about.cannot_hit else {}),
            }
            for number, about in enumerate(self._rules.abouts)
        ]
        skipped = [
            {
                "id": one.about.id if one.about else None,
                "title": one.about.title if one.about else None,
                "level": one.about.level if one.about else None,
                "file": one.file,
                "status": "skipped",
                "reason": one.reason,
                "hits": 0,
            }
            for one in self._rules.skipped
        ]
        return {
            "schema_version": SCHEMA_VERSION,
            "rules": sorted([*ran, *skipped], key=lambda one: (str(one["file"]), str(one["id"]))),
        }


_KEYS = ("rule", "tenant", "account")


def collect_hits(scored: ScoredDay) -> DayOfHits:
    """Return the hits of a scored day."""
    hits, batch = scored.sigma, scored.groups.day.batch
    accounts = GroupTally(_KEYS)
    accounts.add(_name_hits(batch, hits.rule, hits.row))
    counts: dict[int, int] = {}
    rules: list[npt.NDArray[Any]] = [np.zeros(0, np.int64)]
    rows: list[npt.NDArray[Any]] = [np.zeros(0, np.int64)]
    for rule, count in zip(*np.unique(hits.rule, return_counts=True), strict=True):
        counts[int(rule)] = int(count)
        rows.append(hits.row[hits.rule == rule][:MOST_RECORDS].astype(np.int64))
        rules.append(np.full(len(rows[-1]), int(rule)))
    chosen = np.concatenate(rows)
    ids = batch.texts["metadata_uid"].take(pa.array(chosen))
    records = pa.table(
        {
            "rule": np.concatenate(rules),
            "time": batch.time[chosen],
            "hash": hash_text(ids),
            "id": ids.fill_null(""),
        }
    )
    return DayOfHits(counts, accounts.table(), records)


def _name_hits(batch: CodedBatch, rule: npt.NDArray[Any], row: npt.NDArray[Any]) -> pa.Table:
    """Return rule, organisation, account and time of each hit."""
    rows = row.astype(np.int64)

    def name(column: str) -> pa.Array:
        codes, place = np.unique(batch.codes[column][rows], return_inverse=True)
        texts = [batch.vocabularies[column].text(int(code)) for code in codes]
        return pa.array(texts, pa.string()).take(pa.array(place))

    return pa.table(
        {
            "rule": pa.array(rule.astype(np.int64)),
            "tenant": name("org_uid"),
            "account": name("account"),
            "time": pa.array(batch.time[rows]),
        }
    )


def _list_accounts(counted: pa.Table | None) -> dict[int, list[dict[str, Any]]]:
    """Return for each rule the accounts of its hits, those with most hits first."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    if counted is None:
        return found
    order = [
        ("rule", "ascending"),
        ("count", "descending"),
        ("tenant", "ascending"),
        ("account", "ascending"),
    ]
    for one in counted.sort_by(order).to_pylist():
        found[one["rule"]].append(
            {
                "tenant": one["tenant"],
                "account": one["account"],
                "hits": one["count"],
                "first": rfc3339(one["first"]),
                "last": rfc3339(one["last"]),
            }
        )
    return found
