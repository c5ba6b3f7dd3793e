"""Record for kept groups how usual the value of each field is, as codes; turn them into words for what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS, BehaviourField, DerivedColumns
from seawall.detection.ragged import Ragged
from seawall.detection.ranking.candidates import FieldEvidence
from seawall.events.coded_batch import MISSING, Codes, Floats, Vocabulary
from seawall.events.grouping import Rows

USUAL_SHOWN = 4
Words = tuple[tuple[str, ...], str]
"""The texts that a value consists of, and its words."""


@dataclass(frozen=True, slots=True)
class FieldNumbers:
    """Hold one field of k groups, (k,): the most surprising value's code, and its counts; see `FieldEvidence`.

    `usual` are the codes of the account's most frequent values, and `usual_days` on how many days it showed each.
    """

    field: BehaviourField
    value: Codes
    seen: Floats
    accounts: Floats
    cohort: Floats
    surprise: Floats
    usual: Ragged
    usual_days: Floats


@dataclass(frozen=True, slots=True)
class CandidateFields:
    """Hold all fields of k groups. `app_names` are the names that their organisations' logs state up to this day."""

    fields: tuple[FieldNumbers, ...]
    tenant: Codes
    active: Floats
    peers: Rows
    derived: DerivedColumns
    vocabularies: Mapping[str, Vocabulary]
    app_names: Mapping[tuple[int, int], str]

    def list_evidence(self, place: int) -> tuple[FieldEvidence, ...]:
        """Return the evidence of each field that the group has a value in."""
        active, peers = float(self.active[place]), int(self.peers[place])
        found = []
        for one in self.fields:
            value = int(one.value[place])
            if value == MISSING:
                continue
            begin, end = one.usual.bounds[place : place + 2].tolist()
            codes = [value, *one.usual.values[begin:end].tolist()]
            words = self._words(one.field, codes, place)
            found.append(
                FieldEvidence(
                    one.field.name,
                    words[0][1],
                    round(float(one.seen[place]), 1),
                    active,
                    int(one.accounts[place]),
                    peers,
                    int(one.cohort[place]),
                    float(one.surprise[place]),
                    _usual(codes[1:], words[1:], one.usual_days[begin:end].tolist(), active),
                )
            )
        return tuple(found)

    def _words(self, field: BehaviourField, codes: list[int], place: int) -> list[Words]:
        """Return the texts that each value consists of, and its words, with names as the organisation's logs state them."""
        columns = field.name_columns
        if len(columns) == 1:
            apps = codes
            texts: list[tuple[str, ...]] = [(text,) for text in self._texts(columns[0], codes)]
        else:
            left, right = self.derived.halves(field.name, np.array(codes, np.int32))
            apps = left.tolist()
            texts = list(
                zip(self._texts(columns[0], apps), self._texts(columns[1], right.tolist()), strict=True)
            )
        if columns[0] != "app_uid":
            return [(said, " + ".join([text for text in said if text])) for said in texts]
        tenant = int(self.tenant[place])
        named = [
            (_with_name(said[0], self.app_names.get((tenant, app))), *said[1:])
            for said, app in zip(texts, apps, strict=True)
        ]
        return [
            (said, " + ".join([text for text in parts if text]))
            for said, parts in zip(texts, named, strict=True)
        ]

    def _texts(self, column: str, codes: list[int]) -> list[str]:
        values = self.vocabularies[column].values
        return [values[code] if code >= 0 else "" for code in codes]


def _usual(
    codes: list[int], words: list[Words], days: list[float], active: float
) -> tuple[tuple[str, float], ...]:
    """Return the values that the account shows on most days, with these days; ties are in alphabetical order."""
    ranked = [(-most, said, code, text) for most, (said, text), code in zip(days, words, codes, strict=True)]
    ranked.sort()
    return tuple((text, min(-less / max(active, 1.0), 1.0)) for less, _, _, text in ranked[:USUAL_SHOWN])


def collect_fields(behaviour: BehaviourDetector, groups: BehaviourGroups, rows: Rows) -> CandidateFields:
    """Record the fields of the groups `rows`, (k,)."""
    day = groups.day
    actor, tenant = day.actor[rows], day.tenant[rows]
    fields = tuple(_numbers(behaviour, groups, field, rows) for field in FIELDS)
    return CandidateFields(
        fields,
        tenant,
        behaviour.active_days(actor),
        np.maximum(behaviour.tenant_sizes(tenant) - 1, 0),
        behaviour.derived,
        day.batch.vocabularies,
        _app_names(behaviour.derived, fields, tenant),
    )


def _numbers(
    behaviour: BehaviourDetector, groups: BehaviourGroups, field: BehaviourField, rows: Rows
) -> FieldNumbers:
    surprise, pairs = groups.fields[field.name], groups.pairs[field.name]
    value = surprise.value[rows]
    at = np.zeros(len(rows), np.intp)
    if len(pairs.group):
        at = np.searchsorted(
            (pairs.group.astype(np.int64) << 32) | pairs.value, (rows << 32) | np.maximum(value, 0)
        )
    has_value = value != MISSING
    counts = {
        name: np.where(has_value, _pick(getattr(pairs.looked, name), at), 0.0)
        for name in ("seen", "accounts", "cohort")
    }
    usual, days = behaviour.counts[field.name].most_frequent(
        groups.day.actor[rows], groups.day.number, USUAL_SHOWN
    )
    return FieldNumbers(
        field, value, **counts, surprise=surprise.backed_off[rows], usual=usual, usual_days=days
    )


def _pick(numbers: Floats, at: Rows) -> Floats:
    return np.append(numbers, 0.0)[np.minimum(at, len(numbers))]


def _app_names(
    derived: DerivedColumns, fields: tuple[FieldNumbers, ...], tenant: Codes
) -> dict[tuple[int, int], str]:
    """Return the names of all applications among the values, by organisation and application."""
    keys = [np.empty(0, np.int64)]
    for one in fields:
        if "app_uid" in one.field.columns:
            apps = np.concatenate([one.value, one.usual.values])
            apps = np.where(apps == MISSING, MISSING, _apps(derived, one.field, apps))
            owners = np.concatenate([tenant, tenant[one.usual.owners]])
            keys.append((owners.astype(np.int64) << 32)[apps >= 0] | apps[apps >= 0])
    return derived.app_names(np.unique(np.concatenate(keys)))


def _apps(derived: DerivedColumns, field: BehaviourField, codes: Codes) -> Codes:
    """Return the application of each value. It is the first column of every field that has one."""
    return codes if len(field.columns) == 1 else derived.halves(field.name, codes)[0]


def _with_name(text: str, name: str | None) -> str:
    return f"{name} ({text})" if name and name.lower() != text.lower() else text
