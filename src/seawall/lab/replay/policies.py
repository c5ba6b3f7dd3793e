"""Judge policies: play the intruder's recorded sign-ins against Conditional Access, and judge the settings over each stage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from seawall.detection.authentication_strength.assess import AssessmentInputs, assess
from seawall.detection.authentication_strength.collect import DayAggregator
from seawall.detection.authentication_strength.replay import ASKED, LOCKED_OUT, OUTCOMES, STOPPED
from seawall.events.access_policy import AccessPolicy, PolicyDirectory
from seawall.events.coded_batch import CodedBatch
from seawall.events.microsoft.access_policies import read_policies
from seawall.lab.replay.incident_file import ReplayIncident
from seawall.lab.worlds.world_settings import SystemsChoice
from seawall.posture.assess import assess_configuration
from seawall.posture.read_configuration import read_configuration
from seawall_base.errors import InputUnreadable

_KEPT_OUT = (STOPPED, ASKED, LOCKED_OUT)
"""Outcomes of a what-if in which the intruder does not get in."""


@dataclass(frozen=True, slots=True)
class SettingState:
    """The state of one policy of the baselines in a configuration."""

    policy: str
    title: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class GivenConfiguration:
    """Exported settings, read once: enabled Conditional Access policies, and the state of each policy of the baselines."""

    name: str
    access: Sequence[AccessPolicy]
    directory: PolicyDirectory
    states: Mapping[str, SettingState]


@dataclass(frozen=True, slots=True)
class StoppedSignIn:
    """A sign-in of the intruder that the policies would not have let through. `time` is in microseconds since 1970."""

    record: str
    time: int
    outcome: str


def read_given(paths: Sequence[Path], now: int) -> GivenConfiguration:
    """Return the user's exported settings, or the reference without paths. `now` is in microseconds since 1970.

    Raises `InputUnreadable` if a path does not exist, or the paths hold no configuration.
    """
    given = list(paths) or [_find_reference()]
    for path in given:
        if not path.exists():
            raise InputUnreadable(f"no such file or folder: {path}", fix="check the path")
    configuration, problems = read_configuration(given, now)
    if not configuration.objects:
        why = f" ({problems[0].reason})" if problems else ""
        raise InputUnreadable(
            f"no configuration export found in {given[0]}{why}",
            fix="see docs/how-to/posture.md for the exports",
        )
    access, directory, _ = read_policies(given)
    return GivenConfiguration(
        "the configuration that was given" if paths else "the reference configuration",
        [one for one in access if one.state == "enabled"],
        directory,
        {
            one.policy.id: SettingState(
                one.policy.id, one.policy.title, one.verdict.state, one.verdict.reason
            )
            for one in assess_configuration(configuration)
        },
    )


def _find_reference() -> Path:
    return Path(str(resources.files("seawall.lab.replay") / "reference"))


def play_sign_ins(
    given: GivenConfiguration, days: Iterable[tuple[int, CodedBatch]], entries: Collection[str]
) -> list[StoppedSignIn]:
    """Return which of the intruder's sign-ins the policies would have stopped, in order of time.

    `entries` are the ids of the records with which a session began. Later sign-ins in the same session are left out: a policy
    that had been in force would have judged the first one.
    """
    if not entries or not given.access:
        return []
    collector = DayAggregator()
    for number, batch in days:
        collector.observe(batch, number)
    result = assess(
        collector, AssessmentInputs(policies=(), proposed=given.access, directory=given.directory)
    )
    replayed, signs = result.replayed, result.signs
    if replayed is None:
        return []
    rows = np.flatnonzero(np.isin(replayed.outcome, _KEPT_OUT))
    found = [
        StoppedSignIn(uid, int(signs.time[row]), OUTCOMES[int(replayed.outcome[row])])
        for row, uid in zip(rows.tolist(), signs.uid.take(rows).to_pylist(), strict=True)
        if uid in entries
    ]
    return sorted(found, key=lambda one: (one.time, one.record))


def judge_settings(
    incident: ReplayIncident, given: GivenConfiguration, systems: SystemsChoice
) -> list[tuple[str, SettingState]]:
    """Return (stage, state) of each setting that rules over a stage in these systems."""
    return [
        (stage.id, given.states[policy])
        for stage in incident.stages
        for policy in stage.governed_by
        if systems in ("mixed", name_vendor(policy))
    ]


def name_vendor(policy: str) -> str:
    """Return the vendor whose settings a policy of the baselines judges, by its id."""
    if policy.startswith("GWS."):
        return "google"
    return "okta" if policy.startswith("SEAWALL.OKTA.") else "microsoft"
