"""Find what policies leave open: the least strength demanded for each account, resource and sign-in path.

The attacker is assumed to choose his operating system, and his country outside trusted networks. His device is unmanaged.
So the weakest combination counts. Policies that apply only to detected risk prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.detection.authentication_strength.evaluation import (
    MAYBE,
    NO,
    STRANGERS,
    YES,
    AccountFacts,
    PolicyEvaluator,
    SignInLocation,
    SignInTarget,
    cap_at_maybe,
    for_paths,
    for_places,
    for_systems,
    for_targets,
    level_of,
)
from seawall.events.access_policy import PATHS, AccessPolicy, PolicyDirectory

Levels = npt.NDArray[np.int8]
SYSTEMS = ("windows", "macos", "ios", "android", "linux", "windowsphone", "another")


@dataclass(frozen=True, slots=True)
class RequiredStrength:
    """Hold the demanded strength, as indices of `DEMANDS`:

    `proved` at least, `possible` at most; each int8 (accounts, targets, paths).
    """

    proved: Levels
    possible: Levels

    def answer(self, least: int) -> Levels:
        """Return where a strength of at least `least` is demanded: no, maybe, yes; int8 (accounts, targets, paths)."""
        return np.where(self.proved >= least, YES, np.where(self.possible >= least, MAYBE, NO)).astype(
            np.int8
        )


class PolicyGrid:
    """Evaluate policies over a grid of accounts and resources."""

    def __init__(
        self, people: Sequence[AccountFacts], targets: Sequence[SignInTarget], directory: PolicyDirectory
    ) -> None:
        self.people, self.targets, self.directory = people, targets, directory
        self.evaluator = PolicyEvaluator(directory)
        countries = [uid for uid, place in sorted(directory.places.items()) if place.countries]
        # Outside all places, and in each place made of countries: an attacker can rent an address there.
        self.places = [SignInLocation(), *(SignInLocation(frozenset({uid})) for uid in countries)]

    def cover(self, policies: Sequence[AccessPolicy]) -> RequiredStrength:
        """Return the strength that the enabled policies demand together."""
        shape = (len(self.people), len(self.targets), len(PATHS))
        used = [one for one in policies if one.state == "enabled" and level_of(one) and not one.is_narrow]
        if not used:
            return RequiredStrength(np.zeros(shape, np.int8), np.zeros(shape, np.int8))
        accounts = np.stack(
            [
                np.minimum(
                    cap_at_maybe(one, self.evaluator.accounts(one, self.people)), STRANGERS[one.strangers]
                )
                for one in used
            ]
        ).astype(np.int8)
        kinds, of_account = np.unique(accounts, axis=1, return_inverse=True)
        targets = np.stack([for_targets(one, self.targets) for one in used])
        proved, possible = self._worst(used, kinds, targets)
        of_account = of_account.reshape(-1)
        return RequiredStrength(proved[of_account], possible[of_account])

    def _worst(self, used: Sequence[AccessPolicy], kinds: Levels, targets: Levels) -> tuple[Levels, Levels]:
        """Return the least demanded strength over all systems and places; two int8 (kinds of account, targets, paths)."""
        paths = np.stack([for_paths(one)[: len(PATHS)] for one in used])
        systems = np.stack([for_systems(one, SYSTEMS) for one in used])
        places = np.stack([for_places(one, self.places, self.directory.places) for one in used])
        choices = np.unique(
            np.minimum(systems[:, :, None], places[:, None, :]).reshape(len(used), -1), axis=1
        ).T  # (distinct choices, policies)
        shape = (kinds.shape[1], targets.shape[1], len(PATHS))
        proved, possible = np.full(shape, 127, np.int8), np.full(shape, 127, np.int8)
        for choice in choices:
            sure, may = np.zeros(shape, np.int8), np.zeros(shape, np.int8)
            for place, one in enumerate(used):
                answer = np.minimum(kinds[place][:, None], targets[place][None, :])[:, :, None]
                answer = np.minimum(np.minimum(answer, paths[place][None, None, :]), choice[place])
                level = np.int8(level_of(one))
                np.maximum(sure, np.where(answer == YES, level, 0), out=sure)
                np.maximum(may, np.where(answer >= MAYBE, level, 0), out=may)
            np.minimum(proved, sure, out=proved)
            np.minimum(possible, may, out=possible)
        return proved, possible


@dataclass(frozen=True, slots=True)
class PolicyGap:
    """Describe sign-in paths that are not covered, or that may not be, for the same accounts and resources."""

    answer: str
    paths: tuple[str, ...]
    need: str
    accounts: tuple[str, ...]
    targets: tuple[str, ...]


def find_gaps(
    cover: RequiredStrength, people: Sequence[AccountFacts], names: Sequence[str], least: int, need: str
) -> list[PolicyGap]:
    """Return the accounts, resources and paths whose demanded strength is below `least`, or may be.

    Accounts with the same gaps form one entry, and so do paths with the same accounts. The largest entries come first.
    """
    answers = cover.answer(least)
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for place, path in enumerate(PATHS):
        for wanted, words in ((NO, "not covered"), (MAYBE, "unknown")):
            is_open = answers[:, :, place] == wanted
            rows = np.flatnonzero(is_open.any(axis=1))
            if not len(rows):
                continue
            kinds, of_row = np.unique(is_open[rows], axis=0, return_inverse=True)
            for kind in range(len(kinds)):
                members = rows[of_row.reshape(-1) == kind]
                accounts = tuple(people[row].account for row in members.tolist())
                targets = tuple(names[one] for one in np.flatnonzero(kinds[kind]).tolist())
                found.setdefault((words, accounts, targets), []).append(path)
    return sorted(
        (
            PolicyGap(words, tuple(paths), need, accounts, targets)
            for (words, accounts, targets), paths in found.items()
        ),
        key=lambda hole: (hole.answer, -len(hole.accounts), PATHS.index(hole.paths[0]), hole.accounts),
    )
