"""Read the description of a public incident: its stages, the logs of its time, its tokens and keys, and the sources."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any, Literal

from seawall.lab.worlds.world_settings import SystemsChoice
from seawall_base.errors import UsageError

SourceMark = Literal["P", "S", "M", "K"]
MARKS: Mapping[SourceMark, str] = {
    "P": "primary text of the vendor or an agency",
    "S": "secondary article",
    "M": "taken over from notes on primary texts",
    "K": "not checked",
}
"""What each mark of a source says."""

Identifiers = Literal["full", "partial", "absent"]


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source, with the mark that says how near to the facts it is."""

    id: str
    mark: SourceMark
    text: str


@dataclass(frozen=True, slots=True)
class IncidentLogs:
    """Which logs a tenant had at that time. `identifiers`: whether mail records name session and token of the sign-in log.

    `missing` are logs of today that did not exist, or that the lab does not write; both are told with the result.
    """

    identifiers: Identifiers = "full"
    note: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentStage:
    """One stage. `day` counts from the day on which the incident began; `act` makes its records, "" makes none.

    `token` names the access token that is presented in this stage, for verification. `governed_by` are policies of the
    baselines that rule over this step. `exposes` is the kind of file that leaves the house, for a search for keys.
    `assumption` is what the lab assumes where the sources are silent.
    """

    id: str
    day: float
    title: str
    act: str = ""
    until: float | None = None
    token: str = ""
    governed_by: tuple[str, ...] = ()
    exposes: str = ""
    assumption: str = ""
    sources: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncidentKey:
    """A signing key of the incident: when it was issued, when its certificate ended, and since when its set was shared."""

    issued: date
    certificate_ends: date
    shared_since: date
    taken_out: date


@dataclass(frozen=True, slots=True)
class ReplayIncident:
    """A public incident. `began` is day 0, `length` the number of days from it that are staged. `systems` are the
    vendor mixes in which it can be staged, the usual one first.

    `provider_side` are layers that only the provider of the service could have used, and no customer of it. `contained` is
    the day on which the intruder lost his first way in, if he returned by another one. `seen` and `ended` are the stages in
    which somebody really noticed the incident and in which it really ended, "" if the sources do not tell.
    """

    name: str
    title: str
    summary: str
    began: date
    length: int
    systems: tuple[SystemsChoice, ...]
    victims: int
    stages: tuple[IncidentStage, ...]
    sources: tuple[SourceText, ...]
    logs: IncidentLogs = field(default_factory=IncidentLogs)
    difficulty: Literal["easy", "medium", "hard"] = "medium"
    network: str = "hosting"
    techniques: tuple[str, ...] = ()
    provider_side: tuple[str, ...] = ()
    key: IncidentKey | None = None
    contained: float | None = None
    target: str = "person"
    seen: str = ""
    ended: str = ""

    def find_stage(self, name: str) -> IncidentStage | None:
        """Return the stage with an id, None without one."""
        return next((one for one in self.stages if one.id == name), None)

    def find_date(self, day: float) -> date:
        """Return the date of a day of the incident."""
        return self.began + timedelta(days=int(day // 1))


def list_names() -> list[str]:
    """Return the names of all incidents, those that began first before the others."""
    return [one.name for one in sorted(map(load_incident, _files()), key=lambda one: (one.began, one.name))]


def _files() -> list[str]:
    folder = resources.files("seawall.lab.replay") / "incidents"
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))


@cache
def load_incident(name: str) -> ReplayIncident:
    """Return an incident by its name. Raises `UsageError` if there is none."""
    if name not in _files():
        raise UsageError(f"no such incident: {name}", fix="`seawall replay list` lists them")
    text = (resources.files("seawall.lab.replay") / "incidents" / f"{name}.toml").read_text(encoding="utf-8")
    return read_incident(name, tomllib.loads(text))


def read_incident(name: str, document: Mapping[str, Any]) -> ReplayIncident:
    """Return the incident of a document. Raises `ValueError` for an unknown field or source."""
    values = dict(document)
    stages = tuple(_read_stage(one) for one in values.pop("stages"))
    sources = tuple(SourceText(**one) for one in values.pop("sources"))
    known = {one.id for one in sources}
    cited = {source for stage in stages for source in stage.sources}
    if cited - known:
        raise ValueError(f"{name}: no such source: {sorted(cited - known)}")
    named = {values.get(field, "") for field in ("seen", "ended")} - {"", *(stage.id for stage in stages)}
    if named:
        raise ValueError(f"{name}: no such stage: {sorted(named)}")
    logs = dict(values.pop("logs", {}))
    key = values.pop("key", None)
    return ReplayIncident(
        name=name,
        stages=stages,
        sources=sources,
        systems=tuple(values.pop("systems")),
        logs=IncidentLogs(**{**logs, "missing": tuple(logs.get("missing", ()))}),
        key=IncidentKey(**key) if key else None,
        techniques=tuple(values.pop("techniques", ())),
        provider_side=tuple(values.pop("provider_side", ())),
        **values,
    )


_STAGE_FIELDS = frozenset(
    ("id", "day", "title", "act", "until", "token", "governed_by", "exposes", "assumption", "sources")
)


def _read_stage(table: Mapping[str, Any]) -> IncidentStage:
    """Return a stage; other members than its fields are the options of its act."""
    own = {name: value for name, value in table.items() if name in _STAGE_FIELDS}
    for name in ("governed_by", "sources"):
        own[name] = tuple(own.get(name, ()))
    options = {name: value for name, value in table.items() if name not in _STAGE_FIELDS}
    return IncidentStage(**own, options=options)
