"""Run replays: stage incidents, read the logs, score the days for every set of detectors, and ask every layer."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from seawall.detection.incident import Incident
from seawall.detection.ranking.kept_groups import KeptCandidate
from seawall.detection.rules.sigma.load import load_rules
from seawall.lab.replay.custody import CustodyFinding, audit_key
from seawall.lab.replay.detection import DetectionVerdict, IntruderRecords, judge_candidates
from seawall.lab.replay.given_incident import find_incident
from seawall.lab.replay.incident_file import ReplayIncident
from seawall.lab.replay.layered_scan import LayeredScan
from seawall.lab.replay.layers import DETECTOR_SETTINGS
from seawall.lab.replay.leak_scan import LeakVerdict, search_exposed
from seawall.lab.replay.organisation import (
    HONEST,
    QUIET_DAYS,
    OrganisationChoice,
    OrganisationKind,
    StagedIncident,
    count_days,
    find_kind,
    make_honest,
    stage_all,
)
from seawall.lab.replay.policies import (
    GivenConfiguration,
    SettingState,
    StoppedSignIn,
    judge_settings,
    play_sign_ins,
    read_given,
)
from seawall.lab.replay.reading import KeepsEvent, ReadLogs, read_parts
from seawall.lab.replay.returns import ReturnVerdict, watch_for_return
from seawall.lab.replay.tokens import TokenVerdict, at_noon, verify_tokens

_Candidates = dict[frozenset[str], list[KeptCandidate]]
Tell = Callable[[str], None]
"""Is called with what is done now, for a progress message."""


@dataclass(frozen=True, slots=True)
class IncidentFindings:
    """All that the layers said about one incident, before settings are judged.

    `records` counts the honest records, `records_read` are the intruder's. `detections` and `returns` are by the set of
    detectors that is on.
    """

    staged: StagedIncident
    kind: OrganisationKind
    records: int
    records_read: IntruderRecords
    stopped: list[StoppedSignIn]
    settings: list[tuple[str, SettingState]]
    tokens: list[TokenVerdict]
    keys: list[CustodyFinding]
    leaks: list[LeakVerdict]
    detections: dict[frozenset[str], DetectionVerdict]
    returns: dict[frozenset[str], ReturnVerdict]


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Which incidents are replayed, and with what: organisation, configuration exports, and the events that are kept.

    `coverage` says in a few words what the user's own logs leave out.
    """

    names: Sequence[str]
    choice: OrganisationChoice = field(default_factory=OrganisationChoice)
    configuration: Sequence[Path] = ()
    keeps: KeepsEvent | None = None
    coverage: Sequence[str] = ()


def run_replays(request: ReplayRequest, folder: Path, tell: Tell | None = None) -> list[IncidentFindings]:
    """Replay incidents in order of their names; those of one kind share an organisation. The logs stay in `folder`."""
    by_kind: dict[OrganisationKind, list[ReplayIncident]] = defaultdict(list)
    for name in request.names:
        incident = find_incident(name)
        by_kind[find_kind(incident, request.choice.systems)].append(incident)
    found: dict[str, IncidentFindings] = {}
    for number, (kind, incidents) in enumerate(by_kind.items()):
        place = folder if len(by_kind) == 1 else folder / str(number)
        for one in _replay_kind(kind, incidents, request, place, tell):
            found[one.staged.incident.name] = one
    return [found[find_incident(name).name] for name in request.names]


def _replay_kind(
    kind: OrganisationKind,
    incidents: Sequence[ReplayIncident],
    request: ReplayRequest,
    folder: Path,
    tell: Tell | None,
) -> list[IncidentFindings]:
    """Replay incidents in one organisation: its honest days are made, read and scored once."""
    say = tell or (lambda _: None)
    logs = folder / "logs"
    say(f"{request.choice.accounts:,} honest accounts live for {max(map(count_days, incidents))} days")
    days = max(count_days(one) for one in incidents)
    diary = make_honest(kind, request.choice, logs, days)
    staged = stage_all(incidents, diary, request.choice, logs)
    rules, found = load_rules(()), []
    with tempfile.TemporaryDirectory(prefix=".seawall-") as scratch:
        say("reading the logs")
        read = read_parts([logs / HONEST, *(one.logs for one in staged)], rules, Path(scratch), request.keeps)
        scan = LayeredScan(rules)
        first = int(diary.start // 86_400)
        quiet = range(first, first + QUIET_DAYS)
        before: _Candidates = {on: [] for on in DETECTOR_SETTINGS}
        say("scoring the honest days")
        for number, batch in read.days(HONEST, _present(read, quiet)):
            for on, candidates in scan.observe(batch, number).items():
                before[on] += candidates
        state = scan.state()
        for one in staged:
            say(f"replaying {one.incident.title}")
            scan.restore(state)
            found.append(_replay_one(one, kind, request, read, scan, before, Path(scratch)))
    return found


def _present(read: ReadLogs, wanted: Sequence[int]) -> list[int]:
    return [day for day in read.spool.days() if day in wanted]


def _replay_one(
    staged: StagedIncident,
    kind: OrganisationKind,
    request: ReplayRequest,
    read: ReadLogs,
    scan: LayeredScan,
    before: _Candidates,
    scratch: Path,
) -> IncidentFindings:
    incident, part = staged.incident, staged.logs.name
    first = int(staged.scene.diary.start // 86_400) + QUIET_DAYS
    days = _present(read, range(first, first + incident.length + 1))
    candidates = {on: list(found) for on, found in before.items()}
    for number, batch in read.days(part, days):
        for on, found in scan.observe(batch, number).items():
            candidates[on] += found
    records = _find_records(read, staged)  # a policy judges a sign-in whether or not the user's logs hold it
    active = scan.engine.behaviour.accounts_of(read.spool.vocabularies["org_uid"])
    length = QUIET_DAYS + len(days)
    detections = {on: judge_candidates(found, records, active, length) for on, found in candidates.items()}
    given = _read_given(request, incident)
    whole = _read_whole(staged, request, read, scan, scratch)
    entries = _find_entries(staged, _find_records(whole, staged))
    signed_in = whole.days(part, _present(whole, days), with_honest=False)
    return IncidentFindings(
        staged,
        kind,
        read.records.get(HONEST, 0),
        records,
        play_sign_ins(given, signed_in, entries),
        judge_settings(incident, given, kind.systems),
        verify_tokens(incident, scratch / part / "tokens"),
        audit_key(incident, scratch / part / "keys"),
        search_exposed(incident, scratch / part / "exposed"),
        detections,
        _watch(staged, read, detections, records),
    )


def _read_whole(
    staged: StagedIncident, request: ReplayRequest, read: ReadLogs, scan: LayeredScan, scratch: Path
) -> ReadLogs:
    """Return logs with all of the intruder's records, also those that the user's own logs would not hold."""
    if request.keeps is None:
        return read
    folder = scratch / f"whole-{staged.logs.name}"
    folder.mkdir()
    return read_parts([staged.logs], scan.engine.sigma.rules, folder)


def _read_given(request: ReplayRequest, incident: ReplayIncident) -> GivenConfiguration:
    return read_given(request.configuration, int(at_noon(incident.began)) * 1_000_000)


def _find_records(read: ReadLogs, staged: StagedIncident) -> IntruderRecords:
    """Return the intruder's records as they were read: those that the coverage leaves out are none."""
    times, accounts = dict[str, int](), set[str]()
    for table in read.tables.get(staged.logs.name, ()):
        columns = table.select(["metadata_uid", "account"])
        moments = table["time"].cast(pa.int64()).to_pylist()
        for uid, account, time in zip(*(column.to_pylist() for column in columns), moments, strict=True):
            if uid.partition(":")[0] in staged.ids:  # some sources add a digest to the log's id
                times[uid] = min(time, times.get(uid, time))
                accounts.add(account or "")
    return IntruderRecords(times, frozenset(accounts - {""}))


def _find_entries(staged: StagedIncident, records: IntruderRecords) -> frozenset[str]:
    """Return the ids of records with which the intruder's sessions began: interactive sign-ins at the times of such acts."""
    moments = {
        int(act.time)
        for act in staged.acts
        if act.kind == "sign_in" and act.details["interactive"] and not act.details["error"]
    }
    return frozenset(uid for uid, time in records.times.items() if time // 1_000_000 in moments)


def _watch(
    staged: StagedIncident,
    read: ReadLogs,
    detections: dict[frozenset[str], DetectionVerdict],
    records: IntruderRecords,
) -> dict[frozenset[str], ReturnVerdict]:
    """Return what the watch after the containment reports, for each set of detectors whose incidents it starts from."""
    contained = staged.incident.contained
    if contained is None:
        return {}
    at = int(staged.scene.find_time(contained)) * 1_000_000
    known: dict[tuple[str, ...], ReturnVerdict] = {}
    found = {}
    for on, verdict in detections.items():
        raised: tuple[Incident, ...] = verdict.raised
        key = tuple(sorted(one.id for one in raised))
        if key not in known:
            tables = [*read.tables[HONEST], *read.tables.get(staged.logs.name, ())]
            known[key] = watch_for_return(tables, raised, at, records.times)
        found[on] = known[key]
    return found
