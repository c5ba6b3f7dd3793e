"""Define the table `[automatic]` of respond.toml: what may be contained without a person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import any_text, any_texts, number

AccountKind = Literal["people", "administrators", "services"]
"""Kind of an account, named as the table of its thresholds."""

Mode = Literal["off", "simulate", "act"]
SIMULATED_DAYS: Final = 7
"""Days of simulation with the same settings before anything may be done."""

_name: Final = any_text(least=1)


@dataclass(frozen=True, slots=True)
class KindThresholds:
    """`[automatic.people]`, `[automatic.administrators]`, `[automatic.services]`: from when an account of the kind is
    contained."""

    chance: Annotated[
        float,
        SettingDescription("least chance that the incident is real, from 0.5 to 1", number(float, 0.5, 1.0)),
    ]
    severity: Annotated[Literal["high", "critical"], SettingDescription("least severity of the incident")] = (
        "critical"
    )


def check_limits(table: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if more is allowed an hour than a day, or if nothing can ever be contained."""
    if table.an_hour > table.a_day:
        yield "an_hour", "is more than a_day", "write the smaller number for the hour"
    if table.mode != "off" and not table.organisations:
        yield (
            "organisations",
            "names no organisation",
            'write organisations = ["TENANT"], as incidents name it',
        )


@dataclass(frozen=True, slots=True)
class AutomaticSettings:
    """`[automatic]`. Without the table, or with `mode = "off"`, nothing is done and nothing is simulated."""

    CHECKS: ClassVar = (check_limits,)

    mode: Annotated[
        Mode,
        SettingDescription(
            "`off`; `simulate`: only write down what would be done; `act`: do it, after a week of simulation and "
            "`seawall respond automatic confirm`"
        ),
    ] = "off"
    organisations: Annotated[
        tuple[str, ...],
        SettingDescription(
            "organisations (`tenant`) whose accounts may be contained; others never", any_texts(_name)
        ),
    ] = ()
    an_hour: Annotated[
        int, SettingDescription("most accounts of an organisation in any hour", number(int, 1, 20))
    ] = 2
    a_day: Annotated[
        int, SettingDescription("most accounts of an organisation in any 24 hours", number(int, 1, 100))
    ] = 5
    protected: Annotated[
        tuple[str, ...],
        SettingDescription(
            "accounts that are never touched, such as those for emergencies", any_texts(_name)
        ),
    ] = ()
    service_names: Annotated[
        tuple[str, ...],
        SettingDescription(
            "names of service accounts, with `*` for any text; applications are service accounts anyway",
            any_texts(_name),
        ),
    ] = ("svc*", "service*", "*-svc@*", "noreply*", "no-reply*")
    people: Annotated[
        KindThresholds | None, SettingDescription("thresholds for people; without the table: never")
    ] = None
    administrators: Annotated[
        KindThresholds | None, SettingDescription("thresholds for administrators; without the table: never")
    ] = None
    services: Annotated[
        KindThresholds | None, SettingDescription("thresholds for service accounts; without the table: never")
    ] = None

    def thresholds(self, kind: AccountKind) -> KindThresholds | None:
        """Return the thresholds of a kind of account, None if it is never contained."""
        return {"people": self.people, "administrators": self.administrators, "services": self.services}[kind]

    @property
    def digest(self) -> str:
        """Return a hash of all settings but the mode. Simulation and confirmation count for these settings alone."""
        plain = msgspec.json.encode(replace(self, mode="off"), order="sorted")
        return hashlib.sha256(plain).hexdigest()[:16]
