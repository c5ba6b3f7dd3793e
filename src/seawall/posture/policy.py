"""Define a policy of a baseline, the verdict on it, and the exported configuration that it is checked against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from seawall.posture.values import read_text

State = Literal["met", "not met", "cannot say"]
Strength = Literal["shall", "should", "lesson"]
MOST_NAMES = 200
"""Most names that a verdict lists; it counts all."""
_LONGEST_NAME = 200

Needs = tuple[str | tuple[str, ...], ...]
"""Names of exports that a policy needs. In an inner tuple one of the names suffices."""


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """Say whether a policy is met, and why.

    `names` are the objects that break it (or meet it), `count` how many there are. `missing` are exports without which
    nothing can be said, beyond those that the policy always needs. `fix` is the smallest change for these objects, if the
    check knows a smaller one than the policy's.
    """

    state: State
    reason: str
    names: tuple[str, ...] = ()
    count: int = 0
    missing: tuple[str, ...] = ()
    fix: str = ""


@dataclass(slots=True)
class Configuration:
    """Hold the exported objects by the name of their export, with lower-case field names.

    `partial` names exports whose last page is missing. `now` is the time of the assessment, in microseconds since 1970.
    `emergency` are ids of emergency accounts and their groups, which policies may exclude; in lower case.
    """

    objects: Mapping[str, Sequence[dict[str, Any]]]
    now: int
    partial: frozenset[str] = frozenset()
    emergency: frozenset[str] = frozenset()
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def has(self, export: str) -> bool:
        """Return whether an export was given, even if it is empty."""
        return export in self.objects

    def all(self, export: str) -> Sequence[dict[str, Any]]:
        """Return the objects of an export; none if it was not given."""
        return self.objects.get(export, ())

    def judge_offenders(
        self,
        exports: str | tuple[str, ...],
        offenders: Iterable[str],
        bad: str,
        good: str,
        unknown: Iterable[str] = (),
    ) -> PolicyVerdict:
        """Return "not met" if there are offenders, "cannot say" if some objects are unknown or missing, else "met"."""
        names = list(offenders)
        if names:
            return verdict("not met", bad, names)
        hidden = list(unknown)
        if hidden:
            return verdict(
                "cannot say", "the export does not show the setting: export it again with more depth", hidden
            )
        missing = [
            name for name in ((exports,) if isinstance(exports, str) else exports) if name in self.partial
        ]
        if missing:
            return verdict("cannot say", "the export is not complete: a next page is missing", missing)
        return verdict("met", good)


def verdict(
    state: State, reason: str, names: Iterable[str] = (), missing: tuple[str, ...] = ()
) -> PolicyVerdict:
    """Return a verdict with distinct names in order."""
    found = list(dict.fromkeys(name[:_LONGEST_NAME] for name in names))
    return PolicyVerdict(state, reason, tuple(sorted(found)[:MOST_NAMES]), len(found), missing)


def name_of(one: Mapping[str, Any], *fields: str) -> str:
    """Return the name by which an administrator finds an object."""
    for name in (
        *fields,
        "displayname",
        "userprincipalname",
        "name",
        "identity",
        "domainname",
        "domain",
        "id",
        "guid",
    ):
        text = read_text(one.get(name))
        if text:
            return text
    return "an object without a name"


@dataclass(frozen=True, slots=True)
class BaselinePolicy:
    """Describe one policy: its id in the baseline, what it requires, what breaks without it, and the one change that mends it.

    `formerly` are ids that the baseline used before. `incidents` are keys of `incidents.INCIDENTS`; `stops` says what the
    policy would have stopped there, or stops in general. `fix` is one change, with the command or the place.
    """

    id: str
    title: str
    requires: str
    strength: Strength
    needs: Needs
    check: Callable[[Configuration], PolicyVerdict]
    stops: str
    fix: str
    incidents: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()

    @property
    def baseline(self) -> str:
        """Return the part of the id before the numbers, such as `MS.AAD`."""
        return ".".join(part for part in self.id.split(".") if not part[:1].isdigit())

    @property
    def stem(self) -> str:
        """Return the id without its version, such as `MS.AAD.1.1`: it stays when the baseline revises a policy."""
        return self.id.rpartition("v")[0]


def missing_exports(policy: BaselinePolicy, configuration: Configuration) -> list[tuple[str, ...]]:
    """Return what a policy needs and was not given: for each need the names of exports of which one suffices."""
    needs = [(need,) if isinstance(need, str) else need for need in policy.needs]
    return [names for names in needs if not any(configuration.has(name) for name in names)]
