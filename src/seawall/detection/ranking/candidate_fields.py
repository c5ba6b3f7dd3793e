"""Record for kept groups how usual the value of each field is, as codes; turn them into words for what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS, BehaviourField, DerivedColumns
from seawall.detection.ragged import Ragged, SparseRows
from seawall.detection.ranking.candidates import FieldEvidence
from seawall.events.applications import label_application
from seawall.events.coded_batch import MISSING, Codes, Floats, Vocabulary
from seawall.events.grouping import Rows

USUAL_SHOWN = 4
Words = tuple[tuple[str, ...], str]
"""The texts that a value consists of, and its words."""


@dataclass(frozen=True, slots=True)
class FieldNumbers:
    """Hold what an account usually shows in one field, for k groups.

    `usual` are the codes of the account's most frequent values, and `usual_days` on how many days it showed each.
    """

    field: BehaviourField
    usual: Ragged
    usual_days: Floats


@dataclass(frozen=True, slots=True)
class CandidateFields:
    """Hold all fields of k groups. `app_names` are the names that their organisations' logs state up to this day.

    `values` are the codes of the most surprising values, (k, fields). `numbers` are how often each was seen, how many accounts
    show it, its cohort and its surprise, (k, fields x 4); see `FieldEvidence`.
    """

    fields: tuple[FieldNumbers, ...]
    values: Codes
    numbers: SparseRows
    tenant: Codes
    active: Floats
    peers: Rows
    derived: DerivedColumns
    vocabularies: Mapping[str, Vocabulary]
    app_names: Mapping[tuple[int, int], str]

    def list_evidence(self, place: int) -> tuple[FieldEvidence, ...]:
        """Return the evidence of each field that the group has a value in."""
        active, peers = float(self.active[place]), int(self.peers[place])
        values = self.values[place].tolist()
        found = []
        for one, value, numbers in zip(
            self.fields, values, self.numbers.row(place).reshape(-1, 4).tolist(), strict=True
        ):
            if value == MISSING:
                continue
            begin, end = one.usual.bounds[place : place + 2].tolist()
            codes = [value, *one.usual.values[begin:end].tolist()]
            words = self._words(one.field, codes, place)
            seen, accounts, cohort, surprise = numbers
            found.append(
                FieldEvidence(
                    one.field.name,
                    words[0][1],
                    round(seen, 1),
                    active,
                    int(accounts),
                    peers,
                    int(cohort),
                    surprise,
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
            return [(said, said[0] if len(said) == 1 else _join(said)) for said in texts]
        tenant = int(self.tenant[place])
        named = [
            (label_application(said[0], self.app_names.get((tenant, app))), *said[1:])
            for said, app in zip(texts, apps, strict=True)
        ]
        return [(said, _join(parts)) for said, parts in zip(texts, named, strict=True)]

    def _texts(self, column: str, codes: list[int]) -> list[str]:
        values = self.vocabularies[column].values
        return [values[code] if code >= 0 else "" for code in codes]


def _join(parts: tuple[str, ...]) -> str:
    return " + ".join([text for text in parts if text])


def _usual(
    codes: list[int], words: list[Words], days: list[float], active: float
) -> tuple[tuple[str, float], ...]:
    """Return the values that the account shows on most days, with these days; ties are in alphabetical order."""
    if len(codes) == 1:
        return ((words[0][1], min(days[0] / max(active, 1.0), 1.0)),)
    ranked = [(-most, said, code, text) for most, (said, text), code in zip(days, words, codes, strict=True)]
    ranked.sort()
    return tuple((text, min(-less / max(active, 1.0), 1.0)) for less, _, _, text in ranked[:USUAL_SHOWN])


def collect_fields(behaviour: BehaviourDetector, groups: BehaviourGroups, rows: Rows) -> CandidateFields:
    """Record the fields of the groups `rows`, (k,)."""
    day = groups.day
    actor, tenant = day.actor[rows], day.tenant[rows]
    fields = []
    values, numbers = np.empty((len(rows), len(FIELDS)), np.int32), np.empty((len(rows), len(FIELDS), 4))
    for place, field in enumerate(FIELDS):
        values[:, place], numbers[:, place] = _numbers(groups, field, rows)
        usual = behaviour.counts[field.name].most_frequent(actor, day.number, USUAL_SHOWN)
        fields.append(FieldNumbers(field, *usual))
    return CandidateFields(
        tuple(fields),
        values,
        SparseRows.pack(numbers.reshape(len(rows), -1)),
        tenant,
        behaviour.active_days(actor),
        np.maximum(behaviour.tenant_sizes(tenant) - 1, 0),
        behaviour.derived,
        day.batch.vocabularies,
        _app_names(behaviour.derived, fields, values, tenant),
    )


def _numbers(groups: BehaviourGroups, field: BehaviourField, rows: Rows) -> tuple[Codes, Floats]:
    surprise, pairs = groups.fields[field.name], groups.pairs[field.name]
    value = surprise.value[rows]
    at = np.zeros(len(rows), np.intp)
    if len(pairs.group):
        at = np.searchsorted(
            (pairs.group.astype(np.int64) << 32) | pairs.value, (rows << 32) | np.maximum(value, 0)
        )
    has_value = value != MISSING
    counts = [
        np.where(has_value, _pick(getattr(pairs.looked, name), at), 0.0)
        for name in ("seen", "accounts", "cohort")
    ]
    return value, np.stack([*counts, surprise.backed_off[rows]], axis=1)


def _pick(numbers: Floats, at: Rows) -> Floats:
    return np.append(numbers, 0.0)[np.minimum(at, len(numbers))]


def _app_names(
    derived: DerivedColumns, fields: Sequence[FieldNumbers], values: Codes, tenant: Codes
) -> dict[tuple[int, int], str]:
    """Return the names of all applications among the values, by organisation and application."""
    keys = [np.empty(0, np.int64)]
    for place, one in enumerate(fields):
        if "app_uid" in one.field.columns:
            apps = np.concatenate([values[:, place], one.usual.values])
            apps = np.where(apps == MISSING, MISSING, _apps(derived, one.field, apps))
            owners = np.concatenate([tenant, tenant[one.usual.owners]])
            keys.append((owners.astype(np.int64) << 32)[apps >= 0] | apps[apps >= 0])
    return derived.app_names(np.unique(np.concatenate(keys)))


def _apps(derived: DerivedColumns, field: BehaviourField, codes: Codes) -> Codes:
    """Return the application of each value. It is the first column of every field that has one."""
    return codes if len(field.columns) == 1 else derived.halves(field.name, codes)[0]
