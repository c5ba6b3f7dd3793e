"""Keep the groups that may become (part of) an incident as arrays, and describe only those that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.detection.feedback_values import ScoreAdjustment
from seawall.detection.incidents.story.handovers import Handover, list_handovers
from seawall.detection.incidents.vendor_statements import Statements
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.ragged import Ragged, SparseRows, collect
from seawall.detection.ranking.candidate_events import (
    CandidateEvents,
    collect_events,
    find_intruder,
    find_members,
)
from seawall.detection.ranking.candidate_fields import CandidateFields, collect_fields
from seawall.detection.ranking.candidates import ScoredCandidate, name_case_owner
from seawall.detection.ranking.features import FEATURES, FeatureTable
from seawall.detection.ranking.open_indicators import OpenIndicators
from seawall.detection.ranking.patterns import NAMED_PATTERNS, REFUSED, find_best_patterns
from seawall.detection.ranking.places import ChosenGroups
from seawall.detection.ranking.recorded_acts import GroupActs, collect_acts
from seawall.detection.ranking.rule_hits import TopRules, find_top_rules
from seawall.detection.ranking.score_curve import SCORE_PARTS, EvidenceTimes, list_steps, sum_up
from seawall.detection.ranking.story_rows import StoryRows, collect_story
from seawall.detection.rules.detector import RULES, BuiltinHits
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sigma.model import RuleDescription
from seawall.events.coded_batch import MISSING, Bools, Codes, Floats, Vocabulary
from seawall.events.grouping import Rows

_PREFIX = FIELD_NAMES.index("prefix")


@dataclass(frozen=True, slots=True)
class KeptGroups:
    """Hold k groups of a day, (k,) or lists, with all that a candidate tells. Texts are codes of the vocabularies."""

    day: int
    vocabularies: Mapping[str, Vocabulary]
    organisation: Codes
    account: Codes
    account_type: Codes
    network: Codes
    score: Floats
    base: float
    unsupervised: Floats
    parts: Ragged
    part_names: npt.NDArray[np.uint8]
    values: SparseRows
    is_on_new_network: Bools
    pattern: Rows
    p: Floats
    rules: Ragged
    sigma: TopRules
    steps: Ragged
    changes: Floats
    fields: CandidateFields
    events: CandidateEvents
    acts: GroupActs
    follows: Ragged
    is_follow_up: Bools
    others: Ragged
    story: StoryRows
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _handovers: dict[int, tuple[Handover, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.score)

    def list_candidates(self) -> list[KeptCandidate]:
        """Return the groups in order, without description."""
        texts = {name: self.vocabularies[name] for name in ("org_uid", "account", "network")}
        return [
            KeptCandidate(
                self, place, texts["org_uid"].text(organisation), texts["account"].text(account), self.day,
                texts["network"].text(network), score, first, tuple(self.follows.of(place).tolist()), is_follow_up,
            )
            for place, (organisation, account, network, score, first, is_follow_up) in enumerate(
                zip(
                    self.organisation.tolist(), self.account.tolist(), self.network.tolist(), self.score.tolist(),
                    self.events.first.tolist(), self.is_follow_up.tolist(), strict=True,
                )
            )
        ]  # fmt: skip

    def describe(self, place: int, *, is_top: bool = True) -> ScoredCandidate:
        """Return one group with its words. Without `is_top`, it lacks its parts, features and facts.

        A group that only follows from others lacks them always, and its curve: nobody judges it by its score.
        """
        texts, events = self.vocabularies, self.events
        (
            organisation, account_code, account_type, network, score, unsupervised, pattern, p, first, last, more, proved,
            possible, is_throttled, is_unlinked, is_follow_up,
        ) = self._row(place)  # fmt: skip
        is_top = is_top and not is_follow_up
        account = texts["account"].text(account_code)
        begin, end = self.steps.bounds[place : place + 2].tolist()
        return ScoredCandidate(
            tenant=texts["org_uid"].text(organisation),
            account=account,
            account_type=texts["account_type"].text(account_type),
            day=self.day,
            network=texts["network"].text(network),
            score=score,
            base=self.base,
            parts=self._list_parts(place) if is_top else {},
            unsupervised=unsupervised,
            pattern=NAMED_PATTERNS[pattern],
            p=p,
            first=first,
            last=last,
            facts=self.fields.list_evidence(place) if is_top else (),
            rules=tuple(dict.fromkeys([RULES[rule].name for rule in self.rules.of(place).tolist()])),
            values=dict(zip(FEATURES, self.values.row(place).tolist(), strict=True)) if is_top else {},
            events=events.list_ids(place),
            more_events=more,
            mailboxes=events.list_mailboxes(place, texts["mailbox"], account),
            proved=proved,
            possible=possible,
            throttled=is_throttled,
            unlinked=is_unlinked,
            curve=()
            if is_follow_up
            else sum_up(self.base, self.steps.values[begin:end], self.changes[begin:end]),
            points=events.list_points(place, texts["network"]),
            sigma=self.sigma.list_hits(place),
            beginnings=events.list_beginnings(place),
            statements=events.list_statements(place),
            acts=self.acts.list_acts(place),
            is_administrator=bool(self.acts.is_administrator[place]),
            grantees=self.acts.list_grantees(place),
            follows=tuple(self.follows.of(place).tolist()),
            is_follow_up=is_follow_up,
            others=tuple(texts["account"].text(code) for code in self.others.of(place).tolist()),
            story=self.story.list_acts(place, texts, account),
            sources=tuple(sorted(texts["source"].text(code) for code in events.sources.of(place).tolist())),
        )

    def list_handovers(self, place: int) -> tuple[Handover, ...]:
        """Return what the acts of one group hand over to others."""
        if place not in self._handovers:
            changes = self.story.list_changes(place, self.vocabularies)
            account = self.vocabularies["account"].text(int(self.account[place]))
            self._handovers[place] = list_handovers(changes, account)
        return self._handovers[place]

    def _row(self, place: int) -> tuple[Any, ...]:
        """Return the numbers of one group; those of all are made into lists at the first call."""
        if not self._rows:
            events = self.events
            columns = (
                self.organisation, self.account, self.account_type, self.network, self.score, self.unsupervised, self.pattern,
                self.p, events.first, events.last, events.more, events.proved, events.possible, events.is_throttled,
                events.is_unlinked, self.is_follow_up,
            )  # fmt: skip
            self._rows.extend(zip(*(column.tolist() for column in columns), strict=True))
        return self._rows[place]

    def _list_parts(self, place: int) -> dict[str, float]:
        begin, end = self.parts.bounds[place : place + 2].tolist()
        names = map(SCORE_PARTS.__getitem__, self.part_names[begin:end].tolist())
        return dict(zip(names, self.parts.values[begin:end].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class KeptCandidate:
    """Stand for a group that is not described yet: what joins it to others, and ranks it."""

    groups: KeptGroups
    place: int
    tenant: str
    account: str
    day: int
    network: str
    score: float
    first: int
    follows: tuple[int, ...] = ()
    is_follow_up: bool = False
    adjustments: tuple[ScoreAdjustment, ...] = ()
    statements: Statements = ()

    @property
    def base(self) -> float:
        """Return the score of a group without evidence."""
        return self.groups.base

    @property
    def is_on_new_network(self) -> bool:
        """Return whether the account never showed the network before."""
        return bool(self.groups.is_on_new_network[self.place])

    @property
    def grantees(self) -> tuple[str, ...]:
        """Return the accounts to which the group's account gave a role."""
        return self.groups.acts.list_grantees(self.place)

    @property
    def is_refused(self) -> bool:
        """Return whether the group holds attempts that gained nothing."""
        return bool(NAMED_PATTERNS[self.groups.pattern[self.place]] is REFUSED)

    @property
    def others(self) -> tuple[str, ...]:
        """Return further accounts that were refused from the same network."""
        accounts = self.groups.vocabularies["account"]
        return tuple(accounts.text(code) for code in self.groups.others.of(self.place).tolist())

    @property
    def address_block(self) -> str:
        """Return the address block that is most surprising for the account, "" if none is known."""
        code = int(self.groups.fields.values[self.place, _PREFIX])
        return self.groups.vocabularies["src_prefix"].text(code) if code != MISSING else ""

    @property
    def handovers(self) -> tuple[Handover, ...]:
        """Return what the group's acts hand over to others."""
        return self.groups.list_handovers(self.place)

    @property
    def case_owner(self) -> str:
        """Return what the candidates of one case have in common: the account, or the source of attempts on several."""
        others = self.groups.others.of(self.place)
        return name_case_owner(
            self.account, self.network, is_shared=len(others) > 0, is_refused=self.is_refused
        )

    def describe(self) -> ScoredCandidate:
        """Return the group with its words."""
        return self._add_statements(self.groups.describe(self.place))

    def describe_part(self) -> ScoredCandidate:
        """Return what the group adds to a case of which another is the strongest."""
        return self._add_statements(self.groups.describe(self.place, is_top=False))

    def _add_statements(self, described: ScoredCandidate) -> ScoredCandidate:
        """Return the description with what was found out after the group was scored."""
        if not self.adjustments:
            return described
        change = self.score - described.score
        return replace(
            described,
            score=self.score,
            curve=tuple((time, score + change) for time, score in described.curve),
            adjustments=self.adjustments,
            statements=tuple(sorted({*described.statements, *self.statements})),
        )


def keep_groups(
    behaviour: BehaviourDetector,
    open_indicators: OpenIndicators,
    groups: BehaviourGroups,
    table: FeatureTable,
    p: Floats,
    chosen: ChosenGroups,
    lineage: LineageEvidence,
    hits: BuiltinHits,
    sigma: SigmaHits,
    abouts: Sequence[RuleDescription],
    scored: tuple[Floats, float, Floats, Floats],
    others: Ragged | None = None,
) -> KeptGroups:
    """Keep the chosen groups, (k,) and not none. `abouts` describe the Sigma rules, whose hits are at their own records.

    `scored` is (score (k,), base, parts (k, len(PARTS)), unsupervised evidence (k,)). `others` are the further accounts of each
    group of attempts that gained nothing (see `refusals`), as codes; None if the groups gained access.
    """
    score, base, own_parts, unsupervised = scored
    rows = chosen.rows
    day, batch = groups.day, groups.day.batch
    members = find_members(day.group, rows, len(groups))
    hostile = find_intruder(groups, hits, lineage, rows, members)
    hostile = chosen.attribute(hostile, members, open_indicators.mark(groups, members, behaviour.derived))
    owner = chosen.find_owners(len(batch), members, hostile)
    placed = sigma.move(day.evidence_row)
    top_rules = find_top_rules(placed, abouts, owner[placed.row], len(rows))
    parts = np.concatenate([own_parts, top_rules.strongest()[:, None]], axis=1)
    own = FeatureTable(table.values[rows])
    pattern = find_best_patterns(own, p[rows])
    kept_pattern = pattern if others is None else np.full(len(rows), NAMED_PATTERNS.index(REFUSED))
    arrivals = EvidenceTimes(groups, rows, members, behaviour.derived, lineage, hits, placed, pattern)
    steps, changes = list_steps(arrivals, parts)
    group, name = np.nonzero(parts)
    at = members.values[members.bounds[:-1]]
    return KeptGroups(
        day=day.number,
        vocabularies=batch.vocabularies,
        organisation=batch.codes["org_uid"][at].astype(np.int32),
        account=batch.codes["account"][at].astype(np.int32),
        account_type=batch.codes["account_type"][at].astype(np.int32),
        network=day.network[rows],
        score=score,
        base=base,
        unsupervised=unsupervised,
        parts=collect(group, parts[group, name], len(rows)),
        part_names=name.astype(np.uint8),
        values=SparseRows.pack(own.values),
        is_on_new_network=own.column("network.is_new") > 0,
        pattern=kept_pattern,
        p=p[rows, pattern],
        rules=_list_rules(hits, owner[hits.row], len(rows)),
        sigma=top_rules,
        steps=steps,
        changes=changes,
        fields=collect_fields(behaviour, groups, rows),
        events=collect_events(groups, rows, members, hostile, lineage),
        acts=collect_acts(behaviour, groups, chosen, owner, hits, sigma, abouts),
        follows=chosen.origins,
        is_follow_up=chosen.is_follow_up,
        others=collect(group[:0], rows[:0], len(rows)) if others is None else others,
        story=collect_story(day, chosen, owner, members.select(hostile)),
    )


def _list_rules(hits: BuiltinHits, owner: Codes, groups: int) -> Ragged:
    """Return the numbers of the built-in rules that hit each group."""
    mine = owner != MISSING
    keys = np.unique((owner[mine].astype(np.int64) << 32) | hits.rule[mine])
    return collect(keys >> 32, (keys & 0xFFFFFFFF).astype(np.int32), groups)
