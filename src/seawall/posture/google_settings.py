"""Read the settings of Google Workspace in force, from the Policy API.

A setting counts for each organisational unit and group that has a value of its own; the others inherit. Of several values for
one unit the administrator's counts, and of these the one with the highest sort order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.posture.policy import Configuration, PolicyVerdict, verdict
from seawall.posture.values import read_fields, read_flag, read_number, read_text

Judge = Callable[[dict[str, Any]], bool | None]
"""A function that returns whether the value of a setting is good; None if it does not show it."""


def read_settings(configuration: Configuration, setting: str) -> dict[str, dict[str, Any]]:
    """Return the value of a setting in force, by organisational unit or group."""
    found: dict[str, tuple[tuple[bool, float], dict[str, Any]]] = {}
    for one in configuration.all("google_policies"):
        part, query = read_fields(one.get("setting")), read_fields(one.get("policyquery"))
        if read_text(part.get("type")).lower().removeprefix("settings/") != setting:
            continue
        where = read_text(query.get("group")) or read_text(query.get("orgunit")) or "everybody"
        rank = read_text(one.get("type")).upper() != "SYSTEM", read_number(query.get("sortorder")) or 0.0
        if where not in found or rank >= found[where][0]:
            found[where] = rank, read_fields(part.get("value"))
    return {where: value for where, (_, value) in found.items()}


def judge_setting(
    configuration: Configuration, setting: str, judge: Judge, bad: str, good: str
) -> PolicyVerdict:
    """Return "met" if the setting is good in every unit and group that has a value of its own."""
    values = read_settings(configuration, setting)
    if not values:
        return verdict("cannot say", f"the export has no setting {setting}")
    answers = {where: judge(value) for where, value in values.items()}
    return configuration.judge_offenders(
        "google_policies",
        [where for where, answer in answers.items() if answer is False],
        bad,
        good,
        [where for where, answer in answers.items() if answer is None],
    )


def flag_is(field: str, *, wanted: bool) -> Judge:
    """Return a judge of settings whose flag must have this value."""

    def judge(value: dict[str, Any]) -> bool | None:
        flag = read_flag(value.get(field.lower()))
        return None if flag is None else flag is wanted

    return judge
