"""Evaluate Sigma rules on enriched events before they are coded, while records still have all fields.

The results become two columns of the events: the rules that hit, and the values by which correlations group and count.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma import conditions, fields
from seawall.detection.rules.sigma.keys import CorrelationKeys
from seawall.detection.rules.sigma.model import RuleDescription, SigmaCorrelation, SigmaRule, SkippedRule
from seawall.detection.rules.sigma.program import RuleProgram
from seawall.detection.rules.sigma.records import RuleRecords, renumber_codes
from seawall.detection.rules.sigma.spellings import FAMILIES
from seawall.detection.rules.sigma.texts import TextValues
from seawall.events.grouping import Rows

SEPARATOR = " "


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Hold the rules that run, and those skipped with reasons.

    The order of `abouts` numbers the rules: single ones, then correlations.
    """

    rules: tuple[SigmaRule, ...] = ()
    correlations: tuple[SigmaCorrelation, ...] = ()
    skipped: tuple[SkippedRule, ...] = ()
    _programs: dict[str, RuleProgram] = field(default_factory=dict, repr=False, compare=False)
    _values: defaultdict[str, TextValues] = field(
        default_factory=lambda: defaultdict(TextValues), repr=False, compare=False
    )
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def abouts(self) -> tuple[RuleDescription, ...]:
        """Return the description of each rule that runs, by number."""
        return (*(rule.about for rule in self.rules), *(one.about for one in self.correlations))

    def __len__(self) -> int:
        return len(self.rules) + len(self.correlations)

    @property
    def parts(self) -> frozenset[str]:
        """Return the ids of rules that run only for correlations."""
        return frozenset(rule.about.id for rule in self.rules if rule.is_silent)

    @property
    def idle(self) -> int:
        """Return how many rules run although no record as its vendor writes it can match."""
        return sum(bool(about.cannot_hit) for about in self.abouts)

    def fields_of(self, name: str) -> dict[str, dict[str, list[str]]]:
        """Return for each field of a rule, by family of sources, the columns and JSON paths that it maps to."""
        rules = [rule for rule in self.rules if rule.about.id == name]
        for one in self.correlations:
            if one.about.id == name:
                rules += [self.rules[place] for place in one.rules]
        asked = [(rule, field) for rule in rules for field in conditions.list_fields(rule.condition)]
        return {
            field: {
                family: [str(answer) for answer in fields.find_answers(family, field)]
                for family, _ in fields.find_families(rule.product, rule.service)
            }
            for rule, field in asked
        }

    def programs(self) -> dict[str, RuleProgram]:
        """Return the compiled rules by family of sources; compiled at first use."""
        if not self._programs and self.rules:
            for family in FAMILIES:
                program = self._programs[family] = RuleProgram(family)
                for number, rule in enumerate(self.rules):
                    looks = dict(fields.find_families(rule.product, rule.service))
                    if family in looks:
                        program.add(number, rule.condition, looks[family])
        return self._programs

    def mark(self, events: pa.Table) -> tuple[pa.Array, pa.Array]:
        """Return two string arrays for n enriched events: the rules that hit, and the values that correlations need.

        Both arrays are null where no rule hit. The first is a dictionary array of rule ids joined by blanks. The second is
        JSON: `[[correlation, rule, keys, values]]`.
        """
        with self._lock:  # the caches of values are shared
            records = RuleRecords(events, self._values)
            hits = self._hits(records)
            marks = self._join(len(records), hits), self._note_keys(records, hits)
            for values in self._values.values():
                values.end_batch()
            return marks

    def _hits(self, records: RuleRecords) -> list[tuple[int, str, Rows]]:
        """Return (rule, family, rows) of all hits, ordered by rule and family."""
        found = []
        for family, program in self.programs().items():
            rows = np.flatnonzero(records.where("source", FAMILIES[family].sources))
            if len(rows):
                found += [(number, family, hit) for number, hit in program.hits(records, rows)]
                program.forget()
        return sorted(found, key=lambda hit: (hit[0], hit[1]))

    def _join(self, size: int, hits: list[tuple[int, str, Rows]]) -> pa.Array:
        """Return the rules of each event as one dictionary array, built rule by rule."""
        codes = np.zeros(size, np.int32)
        texts: list[str] = [""]
        known: dict[tuple[int, int], int] = {}
        for number, _, rows in hits:
            before, place = renumber_codes(codes[rows].astype(np.int64), len(texts))
            after = np.empty(len(before), np.int32)
            for at, code in enumerate(before.tolist()):
                if (code, number) not in known:
                    known[(code, number)] = len(texts)
                    texts.append((texts[code] + SEPARATOR + self.rules[number].about.id).strip())
                after[at] = known[(code, number)]
            codes[rows] = after[place]
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes == 0), pa.array(texts, pa.string()))

    def _note_keys(self, records: RuleRecords, hits: list[tuple[int, str, Rows]]) -> pa.Array:
        """Return the values that correlations need of the hits."""
        keys = CorrelationKeys(len(records))
        for number, family, rows in hits:
            coded = partial(self.programs()[family].code_values, records)
            for correlation in self.correlations:
                if number in correlation.rules:
                    keys.take(rows, correlation, (number, self.rules[number].about.id), family, coded)
        return keys.array()
