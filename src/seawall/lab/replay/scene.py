"""The scene of a replay: victims, the intruder's network, clients and sessions, which later stages use again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seawall.lab.replay.incident_file import IncidentStage, ReplayIncident
from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.attacks.stage import StagedAttack
from seawall.lab.worlds.clients import LabClient, LabSession
from seawall.lab.worlds.networks import ConnectionPoint, networks_of
from seawall.lab.worlds.organisation import LabAccount, LabApplication
from seawall.lab.worlds.seeded_random import SeededRandom

DAY = 86_400.0


@dataclass(slots=True)
class ReplayScene:
    """The state of a replay between its stages. `first` is the number of the day, in the lab's calendar, on which it begins.

    `held` are the intruder's client and session by account; `app` is the application that the incident is about.
    """

    incident: ReplayIncident
    attack: StagedAttack
    first: int
    place: ConnectionPoint
    other_place: ConnectionPoint
    held: dict[str, tuple[LabClient, LabSession]] = field(default_factory=dict)
    app: LabApplication | None = None
    alerts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def diary(self) -> ActivityLog:
        """The organisation's acts."""
        return self.attack.diary

    @property
    def dice(self) -> SeededRandom:
        """The incident's random numbers."""
        return self.attack.dice

    @property
    def victims(self) -> list[LabAccount]:
        """The people attacked."""
        return self.attack.victims

    @property
    def application(self) -> LabApplication:
        """The application that the incident is about. Raises `LookupError` if no stage made it."""
        if self.app is None:
            raise LookupError(f"{self.incident.name}: no stage made an application")
        return self.app

    def find_time(self, day: float) -> float:
        """Return the time of a day of the incident, in seconds since 1970."""
        return self.diary.start + DAY * (self.first + day)

    def draw_times(self, stage: IncidentStage, count: int, wait: float = 0.0) -> list[float]:
        """Draw times between the stage's begin and end, the first one `wait` seconds after its begin."""
        begin = stage.day + 0.02 + wait / DAY
        end = max(stage.until if stage.until is not None else stage.day + 0.9, begin + 0.03)
        later = sorted(self.dice.between(begin + 0.02, end) for _ in range(count - 1))
        return [self.find_time(day) for day in (begin, *later)]

    def find_address(self, time: float) -> str:
        """Return the intruder's address at a time."""
        return self.place.address(self.diary.day_of(time), self.dice)


def open_scene(
    incident: ReplayIncident, diary: ActivityLog, first: int, number: int, seed: int
) -> ReplayScene:
    """Choose victims and the intruder's networks. Equal arguments give the same scene."""
    dice = SeededRandom(seed, 41, *incident.name.encode())
    attack = StagedAttack(
        number, incident.name, incident.difficulty, diary, dice, first, first + incident.length - 1
    )
    pool = diary.tenant.admins() if incident.target == "admin" else diary.tenant.people
    here = [
        person
        for person in pool
        if not person.is_service
        and person.first_day <= max(0, first - 7)
        and person.last_day > first + incident.length
        and person.upn not in diary.tenant.habits.unaudited
    ]
    attack.victims = dice.sample(here or list(pool), min(incident.victims, len(here or pool)))
    attack.subjects = [person.upn for person in attack.victims]
    return ReplayScene(incident, attack, first, _draw_place(incident, dice), _draw_place(incident, dice))


def _draw_place(incident: ReplayIncident, dice: SeededRandom) -> ConnectionPoint:
    """Draw a network of the incident's kind with a few fixed addresses."""
    network = dice.pick(networks_of((incident.network,)))
    return ConnectionPoint(network, fixed=tuple(network.v4_address(dice) for _ in range(3)))
