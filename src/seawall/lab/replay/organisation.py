"""Make the organisation of a replay: honest days once, then each incident's acts, in logs of their own."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from seawall.lab.replay.acts import stage_incident
from seawall.lab.replay.alerts import write_alerts
from seawall.lab.replay.incident_file import Identifiers, ReplayIncident
from seawall.lab.replay.scene import DAY, ReplayScene, open_scene
from seawall.lab.worlds.acts import NOBODY, Act, ActivityLog
from seawall.lab.worlds.benign_changes import CONFUSERS
from seawall.lab.worlds.export import write_logs
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.single_sign_on import open_applications
from seawall.lab.worlds.style import MAIL_STYLES, OrganisationStyle, draw_style
from seawall.lab.worlds.world import live_honestly
from seawall.lab.worlds.world_settings import SystemsChoice, WorldSettings
from seawall_base.errors import UsageError

QUIET_DAYS = 14
"""Days of honest life before an incident begins."""

SHORT, LONG = 26, 68
"""Lengths of an organisation's life in days: incidents of equal kind share one."""

CALENDAR = date(2024, 1, 1)
"""First day of the lab's own calendar, the same for every incident; a report translates to the incident's dates."""

HONEST = "part-0"
"""Folder of the honest people's logs."""

_SHARE = {"full": 0.97, "partial": 0.5, "absent": 0.0}


@dataclass(frozen=True)
class OrganisationChoice:
    """The organisation that a user chooses. `density` multiplies the acts of an ordinary day.

    `systems` is the vendor mix, None for the one that the incident is described for.
    """

    accounts: int = 500
    seed: int = 1
    density: float = 0.3
    systems: str | None = None


@dataclass(frozen=True)
class OrganisationKind:
    """What incidents must share to be staged in one organisation: systems, identifiers of its logs, and days."""

    systems: SystemsChoice
    identifiers: Identifiers
    days: int


def count_days(incident: ReplayIncident) -> int:
    """Return the days of logs of a replay: the quiet ones, those of the incident, and one more."""
    return QUIET_DAYS + incident.length + 1


def find_kind(incident: ReplayIncident, systems: str | None = None) -> OrganisationKind:
    """Return the kind of organisation that an incident needs. Raises `UsageError` for systems in which it cannot be staged."""
    chosen = [one for one in incident.systems if systems in (None, one)]
    if not chosen:
        raise UsageError(
            f"{incident.name} cannot be staged in logs of {systems}",
            fix=f"choose from {', '.join(incident.systems)}",
        )
    days = SHORT if count_days(incident) <= SHORT else LONG
    return OrganisationKind(chosen[0], incident.logs.identifiers, days)


@dataclass(slots=True)
class StagedIncident:
    """An incident with its acts and the ids of its records, and where its logs lie.

    `ids` are the log's ids; `logs` is None if no log shows anything.
    """

    incident: ReplayIncident
    scene: ReplayScene
    acts: list[Act]
    logs: Path
    ids: frozenset[str]

    def count_messages(self, before: float | None = None) -> int:
        """Return how many messages were read, before a time (seconds since 1970) if one is given."""
        return sum(
            act.count for act in self.acts if act.kind == "read" and (before is None or act.time < before)
        )


def make_honest(kind: OrganisationKind, choice: OrganisationChoice, folder: Path, days: int) -> ActivityLog:
    """Let honest people live in an organisation of this kind, and write the logs of the first `days` below `folder`."""
    settings = WorldSettings(
        seed=choice.seed,
        accounts=choice.accounts,
        days=kind.days,
        attacks=0,
        confusers=tuple(name for name in CONFUSERS if name != "log_gap"),
        start=CALENDAR,
        quiet_days=QUIET_DAYS,
        density=choice.density,
        systems=kind.systems,
    )

    def draw(asked: WorldSettings, dice: SeededRandom) -> OrganisationStyle:
        return _fit_style(draw_style(asked, dice), kind.identifiers)

    diary = live_honestly(settings, draw)
    if diary.tenant.systems.is_federated:
        open_applications(diary, SeededRandom(choice.seed, 11, 0))
    diary.days = days
    write_logs(diary, folder / HONEST, choice.seed)
    return diary


def _fit_style(style: OrganisationStyle, identifiers: Identifiers) -> OrganisationStyle:
    """Return the style with whole logs of Microsoft's usual kinds, and the identifiers of the time."""
    share = _SHARE[identifiers]
    return replace(
        style,
        audit_shape="jsonl",
        sign_in_shape="graph",
        directory_in="both",
        has_sign_ins=True,
        has_non_interactive=True,
        identifiers=identifiers,
        identifier_share=dict.fromkeys(MAIL_STYLES, share),
    )


def stage_all(
    incidents: Sequence[ReplayIncident], diary: ActivityLog, choice: OrganisationChoice, folder: Path
) -> list[StagedIncident]:
    """Stage incidents in one organisation, each as if it were alone, and write the logs of each below a folder of its own."""
    staged = []
    diary.acts = []  # they are written, and copies of millions would take long
    diary.plans.clear()
    for incident in incidents:
        own = copy.deepcopy(
            diary
        )  # sessions, addresses and keys that one incident adds are none of the next one's
        own.dice = SeededRandom(choice.seed, 42, *incident.name.encode())
        own.attack = 0
        scene = open_scene(incident, own, QUIET_DAYS, 0, choice.seed)
        stage_incident(scene)
        own.attack = NOBODY
        staged.append(_write(scene, own, choice, folder / f"part-{incident.name}"))
    return staged


def _write(scene: ReplayScene, diary: ActivityLog, choice: OrganisationChoice, logs: Path) -> StagedIncident:
    acts = [act for act in diary.acts if act.attack != NOBODY]
    end = diary.start + DAY * diary.days
    # Ids of records come from the seed: equal ones of two incidents would be taken for one record.
    exported = write_logs(diary, logs, choice.seed << 32 | zlib.crc32(scene.incident.name.encode()))
    alerts = write_alerts(scene, logs)
    ids = frozenset([*exported.ids.get(0, ()), *alerts])
    return StagedIncident(scene.incident, scene, [act for act in acts if act.time < end], logs, ids)
