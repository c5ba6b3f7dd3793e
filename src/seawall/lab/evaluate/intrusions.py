"""Read the truth of a world as intrusions, whichever maker wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.lab.evaluate.outcomes import microseconds

SLACK = 3_600_000_000
"""Microseconds by which an incident may miss an intrusion's span and still be about it."""


@dataclass(frozen=True, slots=True)
class Intrusion:
    """One staged intrusion. `who` are its victims, or the application that is misused; `events` are ids of its records.

    Times are microseconds. `names` are all names of its organisation, in lower
    case; none if logs name it otherwise, as Google's do, and accounts alone tell. `is_linkable` says whether its logs name
    sessions or tokens.
    """

    id: str
    family: str
    difficulty: str
    near_impossible: bool
    is_linkable: bool
    names: frozenset[str]
    who: frozenset[str]
    start: int
    end: int
    events: frozenset[str]


@dataclass(frozen=True, slots=True)
class WorldTruth:
    """The truth of a world: measured from `begin` to before `end` (microseconds), over so many `accounts`.

    `changes` are spans of honest change: kind, accounts, start and end.
    """

    intrusions: tuple[Intrusion, ...]
    accounts: int
    begin: int
    end: int
    changes: tuple[tuple[str, frozenset[str], int, int], ...]

    @property
    def account_days(self) -> float:
        """Return thousands of accounts times measured days: budget times this is the number of incidents allowed."""
        return self.accounts / 1000 * round((self.end - self.begin) / 86_400_000_000)


def read_intrusions(path: Path) -> WorldTruth:
    """Return the truth of a world of the lab, or of the other maker, from its `truth.json`."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return _of_other_maker(document) if "episodes" in document else _of_lab(document)


def _of_lab(document: Mapping[str, Any]) -> WorldTruth:
    intrusions = [
        Intrusion(
            attack["id"],
            attack["family"],
            attack["difficulty"],
            bool(attack.get("near_impossible")),
            True,
            frozenset(),
            _lower(attack["accounts"]),
            microseconds(attack["first_event"]),
            microseconds(attack["last_event"]),
            frozenset(attack["events"]),
        )
        for attack in document["attacks"]
    ]
    accounts = sum(tenant["accounts"] for tenant in document["tenants"])
    begin, end = microseconds(document["quiet_until"]), microseconds(document["last_time"])
    return WorldTruth(tuple(intrusions), accounts, begin, end, _read_changes(document["confusers"]))


def _of_other_maker(document: Mapping[str, Any]) -> WorldTruth:
    names = {
        name: frozenset({name.lower(), *(alias.lower() for alias in aliases)})
        for name, aliases in document["tenants"].items()
    }
    intrusions = [
        Intrusion(
            episode["id"],
            episode["family"],
            episode["difficulty"],
            bool(episode.get("near_impossible")),
            bool(episode["linkable"]),
            names[episode["tenant"]],
            _lower([*episode["accounts"], *(episode["actor_apps"] if episode["principal_is_app"] else ())]),
            microseconds(episode["start"]),
            microseconds(episode["end"]),
            frozenset(episode["events"]),
        )
        for episode in document["episodes"]
    ]
    accounts = sum(map(len, document["accounts"].values()))
    begin, end = microseconds(document["eval_start"]), microseconds(document["end"])
    return WorldTruth(tuple(intrusions), accounts, begin, end, _read_changes(document["confusers"]))


def _read_changes(spans: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, frozenset[str], int, int], ...]:
    return tuple(
        (str(span["kind"]), _lower(span["accounts"]), microseconds(span["start"]), microseconds(span["end"]))
        for span in spans
    )


def _lower(names: Sequence[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
