"""Read an incident that a user describes: a TOML file in the form of those that Seawall has, every value checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from seawall.lab.replay.acts import STAGE_ACTS
from seawall.lab.replay.incident_file import (
    Identifiers,
    ReplayIncident,
    SourceMark,
    load_incident,
    read_incident,
)
from seawall.lab.replay.layers import LAYER_NAMES
from seawall.lab.replay.leak_scan import EXPOSED
from seawall.lab.replay.organisation import LONG, QUIET_DAYS
from seawall.lab.replay.tokens import TOKEN_KINDS
from seawall.lab.worlds.world_settings import SystemsChoice
from seawall.posture.policies import POLICIES
from seawall_base.errors import InputUnreadable
from seawall_base.regular_files import open_file

MOST_BYTES = 256 << 10
MOST_DAYS = LONG - QUIET_DAYS - 1
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
_OLDEST = -15_000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_Text = Annotated[str, Meta(max_length=2_000)]
_Word = Annotated[str, Meta(max_length=200)]
_Day = Annotated[float, Meta(ge=_OLDEST, le=400)]


class _Source(msgspec.Struct, forbid_unknown_fields=True):
    id: _Word
    mark: SourceMark
    text: _Text


class _Logs(msgspec.Struct, forbid_unknown_fields=True):
    identifiers: Identifiers = "full"
    note: _Text = ""
    missing: Annotated[list[_Text], Meta(max_length=50)] = []


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    issued: date
    certificate_ends: date
    shared_since: date
    taken_out: date


class _Stage(msgspec.Struct, forbid_unknown_fields=True):
    """A stage: its own fields, then the options of all acts."""

    id: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    day: _Day
    title: _Text
    act: _Word = ""
    until: _Day | None = None
    token: _Word = ""
    governed_by: Annotated[list[_Word], Meta(max_length=50)] = []
    exposes: _Word = ""
    assumption: _Text = ""
    sources: Annotated[list[_Word], Meta(max_length=50)] = []
    visits: Annotated[int, Meta(ge=1, le=200)] = 1
    victims: Annotated[int, Meta(ge=1, le=50)] = 1
    messages: Annotated[int, Meta(ge=1, le=200)] = 1
    mailboxes: Annotated[int, Meta(ge=1, le=200)] = 1
    targets: Annotated[int, Meta(ge=1, le=500)] = 1
    days: Annotated[int, Meta(ge=1, le=30)] = 1
    spread: Annotated[float, Meta(ge=0, le=60)] = 0.0
    style: Literal["owa", "graph", "ews", "mapi"] = "owa"
    app: _Word = ""
    application: _Word = ""
    scope: _Word = ""
    kinds: Annotated[list[_Word], Meta(max_length=20)] = []
    alert: _Word = ""
    alert_level: Literal["low", "medium", "high"] = "medium"
    alert_delay_hours: Annotated[float, Meta(ge=0, le=1_000)] = 0.0
    alerted: Annotated[int, Meta(ge=0, le=50)] = 1
    foreign: bool = False
    moves: bool = False
    forwards: bool = False
    usual_mailboxes: bool = False


class _Incident(msgspec.Struct, forbid_unknown_fields=True):
    title: _Word
    summary: _Text
    began: date
    length: Annotated[int, Meta(ge=1, le=MOST_DAYS)]
    systems: Annotated[list[SystemsChoice], Meta(min_length=1, max_length=4)]
    victims: Annotated[int, Meta(ge=1, le=50)]
    stages: Annotated[list[_Stage], Meta(min_length=1, max_length=50)]
    sources: Annotated[list[_Source], Meta(max_length=50)]
    logs: _Logs = msgspec.field(default_factory=_Logs)
    difficulty: Literal["easy", "medium", "hard"] = "medium"
    network: Literal["hosting", "vpn", "residential", "mobile", "anonymiser"] = "hosting"
    techniques: Annotated[list[_Word], Meta(max_length=50)] = []
    provider_side: Annotated[list[_Word], Meta(max_length=10)] = []
    key: _Key | None = None
    contained: Annotated[float, Meta(ge=0, le=MOST_DAYS)] | None = None
    target: Literal["person", "admin"] = "person"
    seen: _Word = ""
    ended: _Word = ""


def find_incident(name: str) -> ReplayIncident:
    """Return an incident by its name, or that of a file, whose name ends with `.toml`.

    Raises `UsageError` for an unknown name, `InputUnreadable` for a file that describes none.
    """
    return read_given_incident(Path(name)) if name.endswith(".toml") else load_incident(name)


def read_given_incident(path: Path) -> ReplayIncident:
    """Return the incident that a file describes. Raises `InputUnreadable`, whatever the file holds."""
    try:
        return _read(path)
    except OSError as error:
        raise _refuse(path, error.strerror or str(error)) from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _refuse(path, _say(str(error))) from None


def _read(path: Path) -> ReplayIncident:
    name = path.name.removesuffix(".toml")
    if not _NAME.fullmatch(name):
        raise ValueError("name the file with small letters, digits and hyphens")
    with open_file(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES >> 10} kB")
    document = tomllib.loads(content.decode())
    _check(msgspec.convert(document, type=_Incident), document)
    return read_incident(name, document)


def _say(reason: str) -> str:
    """Return a reason in one line, with the place before it: `stages[0].day: expected …`."""
    text, at, place = " ".join(reason.split())[:300].replace("`", "").partition(" - at $.")
    return f"{place}: {text[:1].lower()}{text[1:]}" if at else text


def _refuse(path: Path, reason: str) -> InputUnreadable:
    return InputUnreadable(
        f"{path}: {reason}", fix="see docs/explanation/replay.md for the form of an incident's file"
    )


_NEEDS: Mapping[str, tuple[str, ...]] = {
    "grant_long_ago": ("application", "scope"),
    "prepare_application": ("application",),
    "hand_over_code": ("app",),
}
"""Options that an act cannot do without."""


def _check(form: _Incident, document: Mapping[str, Any]) -> None:
    """Raise `ValueError` for values that no type refuses."""
    dates = [
        form.began,
        *((form.key.issued, form.key.certificate_ends, form.key.shared_since) if form.key else ()),
    ]
    if any(isinstance(day, datetime) or not EARLIEST <= day <= LATEST for day in dates):
        raise ValueError(f"a date must lie from {EARLIEST} to {LATEST}")
    if form.key and form.key.issued > form.began:
        raise ValueError("the key is issued after the incident began")
    _check_names("layer", form.provider_side, LAYER_NAMES)
    ids = [stage.id for stage in form.stages]
    if len(set(ids)) < len(ids):
        raise ValueError("two stages have one id")
    for stage, table in zip(form.stages, document["stages"], strict=True):
        try:
            _check_stage(stage, table, form.length)
        except ValueError as error:
            raise ValueError(f"stage {stage.id}: {error}") from None
    if not any(stage.act for stage in form.stages):
        raise ValueError("no stage has an act that makes records")


def _check_stage(stage: _Stage, table: Mapping[str, Any], length: int) -> None:
    if stage.until is not None and stage.until < stage.day:
        raise ValueError("it ends before it begins")
    if stage.act and not 0.5 - QUIET_DAYS <= stage.day < length:
        raise ValueError(f"an act lies between {1 - QUIET_DAYS} and {length} days from the beginning")
    _check_names("act", [stage.act] if stage.act else [], STAGE_ACTS)
    _check_names("token", [stage.token] if stage.token else [], TOKEN_KINDS)
    _check_names("file", [stage.exposes] if stage.exposes else [], EXPOSED)
    _check_names("policy", stage.governed_by, [policy.id for policy in POLICIES])
    for option in _NEEDS.get(stage.act, ()):
        if not table.get(option):
            raise ValueError(f"{stage.act} needs {option}")


def _check_names(what: str, names: list[str], known: Container[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"no such {what}: {name[:60]}")
