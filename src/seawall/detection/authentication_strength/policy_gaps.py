"""What policies leave open: for each account, resource and way to sign in, how much is asked for at least, proved and at most.

An intruder chooses his operating system and, among networks that are not trusted, his country. So of these the worst
choice counts. His device is not one that the organisation knows. A policy that waits for a risk to be noticed proves nothing.
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
    """How much is asked for: `proved` certainly, `possible` at most; int8 (accounts, targets, paths), levels of `DEMANDS`."""

    proved: Levels
    possible: Levels

    def answer(self, least: int) -> Levels:
        """Where at least so much is asked for: no, maybe, yes."""
        return np.where(self.proved >= least, YES, np.where(self.possible >= least, MAYBE, NO)).astype(
            np.int8
        )


class PolicyGrid:
    """The accounts and resources that are asked about, and what is known of them."""

    def __init__(
        self, people: Sequence[AccountFacts], targets: Sequence[SignInTarget], directory: PolicyDirectory
    ) -> None:
        self.people, self.targets, self.directory = people, targets, directory
        self.evaluator = PolicyEvaluator(directory)
        countries = [uid for uid, place in sorted(directory.places.items()) if place.countries]
        # Elsewhere, and in each place that is made of countries: there an intruder can rent an address.
        self.places = [SignInLocation(), *(SignInLocation(frozenset({uid})) for uid in countries)]

    def cover(self, policies: Sequence[AccessPolicy]) -> RequiredStrength:
        """What the policies ask for together; only those that are enabled count."""
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
        """The least that is asked for over all systems and places, by kind of account, target and path."""
        paths = np.stack([for_paths(one)[: len(PATHS)] for one in used])
        systems = np.stack([for_systems(one, SYSTEMS) for one in used])
        places = np.stack([for_places(one, self.places, self.directory.places) for one in used])
        choices = np.unique(
            np.minimum(systems[:, :, None], places[:, None, :]).reshape(len(used), -1), axis=1
        ).T  # ways to choose that differ, each with its answer for every policy
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
    """A way to sign in that no policy covers, or of which it is not known: for which accounts, resources."""

    answer: str
    paths: tuple[str, ...]
    need: str
    accounts: tuple[str, ...]
    targets: tuple[str, ...]


def find_gaps(
    cover: RequiredStrength, people: Sequence[AccountFacts], names: Sequence[str], least: int, need: str
) -> list[PolicyGap]:
    """Accounts, resources and paths that are not covered, or of which it is not known, by name.

    Accounts that lack the same resources are listed together, and paths on which the same accounts do. The largest come first.
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
