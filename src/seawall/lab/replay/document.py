"""Build the document of replays: incidents with their stages, the word of each layer, and the verdict of each setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Any

from seawall.detection.incident import Incident
from seawall.lab.replay.incident_file import MARKS, ReplayIncident
from seawall.lab.replay.layers import LAYERS
from seawall.lab.replay.organisation import QUIET_DAYS, OrganisationChoice
from seawall.lab.replay.run import IncidentFindings
from seawall.lab.replay.verdicts import (
    LayerWord,
    SettingVerdict,
    count_read,
    day_of,
    judge_all,
    judge_own,
    list_words,
)
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.times import rfc3339


def list_document(incidents: Sequence[ReplayIncident]) -> dict[str, Any]:
    """Return the incidents that can be replayed, and the layers, as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "incidents": [describe_incident(one) for one in incidents],
        "layers": [asdict(one) for one in LAYERS],
    }


def replay_document(
    found: Sequence[IncidentFindings],
    choice: OrganisationChoice,
    configuration: str,
    coverage: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the result of replays as plain values. `configuration` names the settings that were judged.

    `coverage` says what the user's own logs leave out.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "organisation": {
            "accounts": choice.accounts,
            "seed": choice.seed,
            "density": choice.density,
            "quiet_days": QUIET_DAYS,
            "configuration": configuration,
            "coverage": list(coverage),
        },
        "incidents": [_result(one) for one in found],
        "layers": [asdict(one) for one in LAYERS],
    }


def describe_incident(incident: ReplayIncident) -> dict[str, Any]:
    """Return what the incident's file says, without any verdict."""
    return {
        "name": incident.name,
        "title": incident.title,
        "summary": incident.summary,
        "began": incident.began.isoformat(),
        "days": incident.length,
        "systems": list(incident.systems),
        "victims": incident.victims,
        "techniques": list(incident.techniques),
        "provider_side": list(incident.provider_side),
        "logs": {
            "identifiers": incident.logs.identifiers,
            "note": incident.logs.note,
            "missing": list(incident.logs.missing),
        },
        "stages": [
            {
                "id": stage.id,
                **_moment(incident, stage.day),
                "until": None if stage.until is None else _moment(incident, stage.until),
                "title": stage.title,
                "is_staged": bool(stage.act),
                "assumption": stage.assumption,
                "sources": list(stage.sources),
            }
            for stage in incident.stages
        ],
        "sources": [
            {"id": one.id, "mark": one.mark, "means": MARKS[one.mark], "text": one.text}
            for one in incident.sources
        ],
    }


def _result(found: IncidentFindings) -> dict[str, Any]:
    incident = found.staged.incident
    verdicts = judge_all(found)
    alone = {verdict.setting.name.removesuffix(" alone"): verdict for verdict in verdicts}
    everything = found.detections[verdicts[0].setting.detectors]
    return {
        **describe_incident(incident),
        "first_record": _find_first(found),
        "records": {"honest": found.records, "intruder": len(found.records_read.times)},
        "messages_read": found.staged.count_messages(),
        "detected_after": count_read(
            found, None if everything.raised_at is None else day_of(found, everything.raised_at)
        ),
        "raised_without_intruder": everything.others,
        "contained": None if incident.contained is None else _moment(incident, incident.contained),
        "returned": _describe_return(found, verdicts[0]),
        "own": _verdict(incident, judge_own(found)),
        "threshold": everything.threshold,
        "reasons": _list_reasons(everything.incident),
        "truth": _describe_truth(found),
        "words": [
            {"layer": word.layer, **_moment(incident, word.day), "text": word.text, "ends": word.ends}
            for word in list_words(found)
        ],
        "layers": [{"layer": layer.name, **_verdict(incident, alone[layer.name])} for layer in LAYERS],
        "settings": [
            {"setting": one.setting.name, "on": sorted(one.setting.on), **_verdict(incident, one)}
            for one in verdicts
        ],
    }


def _verdict(incident: ReplayIncident, one: SettingVerdict) -> dict[str, Any]:
    return {
        "prevented": _word(incident, one.prevented),
        "warned": _word(incident, one.warned),
        "first_evidence": _word(incident, one.first),
        "raised": None if one.raised is None else {**_moment(incident, one.raised), "by": one.raised_by},
        "rank": one.rank,
        "score": one.score,
        "messages_read_before": one.read_before,
        "returned": None if one.returned is None else _moment(incident, one.returned),
        "reason": one.reason,
    }


def _find_first(found: IncidentFindings) -> dict[str, Any] | None:
    """Return when the intruder's first record was made, None if the logs hold none."""
    first = min(found.records_read.times.values(), default=None)
    return None if first is None else _moment(found.staged.incident, day_of(found, first))


def _list_reasons(incident: Incident | None) -> list[dict[str, Any]]:
    """Return the reasons of an incident, those with the greatest weight first."""
    ordered = sorted(incident.reasons, key=lambda one: -one.weight) if incident else ()
    return [{"layer": one.layer, "text": one.text, "weight": round(one.weight, 2)} for one in ordered]


def _describe_truth(found: IncidentFindings) -> dict[str, Any]:
    """Return when the incident was really noticed and ended, as far as the sources tell, and what was read until then."""
    incident, truth = found.staged.incident, dict[str, Any]()
    for name, place in (("seen", incident.seen), ("ended", incident.ended)):
        stage = incident.find_stage(place)
        truth[name] = stage and {
            **_moment(incident, stage.day),
            "text": stage.title,
            "messages_read_before": count_read(found, stage.day),
        }
    return truth


def _describe_return(found: IncidentFindings, everything: SettingVerdict) -> dict[str, Any] | None:
    """Return when the watch after the containment first reports the intruder, with all layers on."""
    returned = found.returns.get(everything.setting.detectors)
    if returned is None or returned.first is None:
        return None
    first = min(returned.returns, key=lambda one: one.first)
    return {
        **_moment(found.staged.incident, day_of(found, first.first)),
        "text": first.text,
        "others": returned.others,
    }


def _word(incident: ReplayIncident, word: LayerWord | None) -> dict[str, Any] | None:
    return None if word is None else {**_moment(incident, word.day), "by": word.layer}


def _moment(incident: ReplayIncident, day: float) -> dict[str, Any]:
    """Return a day of the incident, and the incident's own time of it."""
    begin = datetime.combine(incident.began, time(), UTC)
    at = begin + timedelta(days=day)
    return {"day": day, "at": rfc3339(int(at.timestamp()) * 1_000_000)}
