"""Record what the accounts of kept groups did that a rule names: in the group, or beside it without an address of their own.

The provider writes many records of its directory with its own address, or with none. They lie in another group than the
session that caused them, so what they tell is kept with every group of the account's day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.ragged import Ragged, collect, gather
from seawall.detection.ranking.administrators import find_administrators
from seawall.detection.ranking.places import ChosenGroups
from seawall.detection.rules.detector import RULES, BuiltinHits
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sigma.model import RuleDescription
from seawall.events.coded_batch import MISSING, Bools, Codes
from seawall.events.grouping import Rows

ROLE_GRANT = "role-grant"
TOLD_LEVELS = ("medium", "high", "critical")
"""Levels of the Sigma rules whose hits are recorded. Rules of lower levels describe what is mostly ordinary."""

MOST_GRANTED = 50
"""Number of accounts that a group is said to have given roles to."""

_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """Hold an act that succeeded, as the rule that names it: `level` is "" for built-in rules.

    `is_own` says whether a record of the group itself shows it, or one of the account's day without an address of its own.
    """

    rule: str
    title: str
    level: str
    techniques: tuple[str, ...]
    is_own: bool


@dataclass(frozen=True, slots=True)
class GroupActs:
    """Hold the acts of k groups as lists of rule numbers, doubled, plus 1 for acts of the group's own records.

    Built-in rules come before the Sigma rules. `grantees` are numbers of the texts `names`: accounts that were given a role.
    """

    acts: Ragged
    is_administrator: Bools
    grantees: Ragged
    names: tuple[str, ...]
    abouts: Sequence[RuleDescription]

    def list_acts(self, place: int) -> tuple[RecordedAct, ...]:
        """Return the acts of a group, each rule once, in order of the rules' names."""
        own: dict[int, bool] = {}
        for number in self.acts.of(place).tolist():
            own[number >> 1] = own.get(number >> 1, False) or bool(number & 1)
        found = [self._describe(rule, is_own) for rule, is_own in own.items()]
        return tuple(sorted(found, key=lambda act: (bool(act.level), act.rule)))

    def list_grantees(self, place: int) -> tuple[str, ...]:
        """Return the names of the accounts that were given a role, in alphabetical order."""
        return tuple([self.names[number] for number in self.grantees.of(place).tolist()])

    def _describe(self, number: int, is_own: bool) -> RecordedAct:
        if number < len(RULES):
            rule = RULES[number]
            return RecordedAct(rule.name, rule.words, "", (rule.technique.split()[0],), is_own)
        about = self.abouts[number - len(RULES)]
        return RecordedAct(about.id, about.title, about.level, about.techniques, is_own)


def collect_acts(
    behaviour: BehaviourDetector,
    groups: BehaviourGroups,
    chosen: ChosenGroups,
    owners: Codes,
    hits: BuiltinHits,
    sigma: SigmaHits,
    abouts: Sequence[RuleDescription],
) -> GroupActs:
    """Record the acts of the chosen groups, (k,). Failed acts, sign-ins and statements of vendors are none.

    `owners` (n,) says which of the groups each event tells something about; see `ChosenGroups.find_owners`.

    Hits are at their own records. Of Sigma rules count those of `TOLD_LEVELS` that the organisation's use does not silence.
    """
    is_told = np.array([about.level in TOLD_LEVELS for about in abouts], bool)
    told = np.flatnonzero((sigma.weight > 0) & is_told[sigma.rule]) if len(abouts) else np.empty(0, np.intp)
    row = np.concatenate([hits.row, sigma.row[told]])
    rule = np.concatenate([hits.rule.astype(np.int64), sigma.rule[told].astype(np.int64) + len(RULES)])
    is_act = groups.day.gained[row] & ~groups.day.batch.one_of("kind", ("sign_in",))[row]
    row, rule = row[is_act], rule[is_act]
    rows = chosen.rows
    owner, place, is_own = place_events(groups.day, chosen, owners, row)
    numbers = rule[place] << 1 | is_own
    keys = np.unique(owner << 32 | numbers)
    grantees, names = _list_grantees(groups.day, rows, owner, row[place], rule[place])
    return GroupActs(
        collect(keys >> 32, (keys & 0xFFFFFFFF).astype(np.int32), len(rows)),
        find_administrators(behaviour, groups, rows),
        grantees,
        names,
        abouts,
    )


def place_events(
    day: GroupedDay, chosen: ChosenGroups, owners: Codes, row: Rows
) -> tuple[_Numbers, Rows, _Numbers]:
    """Return which of the events `row` belong to which of the groups: (group's place, event's place, 1 if its own)."""
    batch, rows = day.batch, chosen.rows
    order = np.argsort(day.actor[rows], kind="stable")
    actors = day.actor[rows][order]
    actor = batch.actor[row]
    of_account = gather(np.searchsorted(actors, actor), np.searchsorted(actors, actor, side="right"))
    place, owner = of_account.owners, order[of_account.values]
    is_own = owners[row][place] == owner
    is_without = (day.columns["network"] == MISSING) | batch.one_of("src_network_class", ("microsoft",))
    is_told = is_own | (is_without[row][place] & ~chosen.is_follow_up[owner])
    return owner[is_told].astype(np.int64), place[is_told], is_own[is_told].astype(np.int64)


def _list_grantees(
    day: GroupedDay, rows: Rows, owner: _Numbers, row: Rows, rule: _Numbers
) -> tuple[Ragged, tuple[str, ...]]:
    """Return the accounts to which the events `row` gave a role, by group: numbers of the texts that come second."""
    batch = day.batch
    number = next(number for number, one in enumerate(RULES) if one.name == ROLE_GRANT)
    grants = np.flatnonzero(rule == number)
    targets = [batch.value("resource_uid", int(at)).lower() for at in row[grants]]  # role grants are rare
    givers = [batch.value("account", int(at)) for at in row[grants]]
    pairs = sorted(
        {
            (int(whose), target)
            for whose, target, giver in zip(owner[grants], targets, givers, strict=True)
            if "@" in target and target != giver
        }
    )
    names = tuple(dict.fromkeys(target for _, target in pairs))
    numbers = {name: place for place, name in enumerate(names)}
    owners = np.array([whose for whose, _ in pairs], np.int64)
    values = np.array([numbers[target] for _, target in pairs], np.int32)
    return collect(owners, values, len(rows)).first(MOST_GRANTED), names
