"""Extract how strongly an Entra sign-in was authenticated, as texts with few distinct values.

The event's columns tell whether a second factor was used. The details for `authentication_strength` (method, claim,
platform, risk) are one small JSON object in `parameters`. It contains no time, phone number or device name, so that equal
sign-ins have equal texts, which are judged once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names, spellings
from seawall.events.formats.json_values import as_text, encode

MOST_STEPS = 12
_LONGEST = 120
_STEP = ("authenticationmethod", "authenticationmethoddetail", "succeeded", "authenticationstepresultdetail")
MORE_TEXTS = {
    "issuer": "tokenissuertype",
    "user_type": "usertype",
    "risk": "risklevelduringsignin",
    "user_risk": "risklevelaggregated",
    "conditional_access": "conditionalaccessstatus",
    "cross_tenant": "crosstenantaccesstype",
}
"""Further fields of a sign-in that are needed for this alone, by their names in the JSON object."""
PLAIN = {
    "requirement": "requirement",
    "client_app": "client_used",
    "token_type": "token_type",
    "transfer": "transfer",
    **{name: name for name in MORE_TEXTS},
}
_DEVICE = {"system": "operatingsystem", "compliant": "iscompliant", "trust": "trusttype"}
_NOTHING = ("none", "unknownfuturevalue", "")


def read_strength(found: Callable[[str], str | None], details: Any, device: Any) -> str | None:
    """Return the JSON object of one record, or None if it has no details. An application's sign-in has none.

    `found` returns texts of the record by name, including those of `MORE_TEXTS`. `details` are its authentication steps,
    `device` its device.
    """
    if found("principal") and not found("upn"):
        return None
    return write_strength(
        read_steps(details), {name: found(name) for name in PLAIN.values()}, read_device(device)
    )


def write_strength(
    steps: list[list[str | None]], plain: dict[str, str | None], device: dict[str, str]
) -> str | None:
    """Return the JSON object of what the steps, the texts of PLAIN's columns and the device say."""
    said: dict[str, Any] = {}
    if steps:
        said["steps"] = steps
    for name, column in PLAIN.items():
        value = plain[column]
        if value is not None and value.lower() not in _NOTHING:
            said[name] = value[:_LONGEST]
    said |= device
    return encode(said) if said else None


def read_device(device: Any) -> dict[str, str]:
    """Return system, compliance and trust of a device."""
    said: dict[str, str] = {}
    if isinstance(device, dict):
        for name, key in _device_names(tuple(device)):
            value = as_text(device[key])
            if value:
                said[name] = value[:_LONGEST]
    return said


@once_for_names
def _device_names(fields: Names) -> tuple[tuple[str, str], ...]:
    names = spellings(fields)
    return tuple((name, names[field]) for name, field in _DEVICE.items() if field in names)


@once_for_names
def _step_names(fields: Names) -> tuple[str | None, ...]:
    names = spellings(fields)
    return tuple(names.get(name) for name in _STEP)


def read_steps(details: Any) -> list[list[str | None]]:
    """Return method, detail, success and result of each step.

    Details with a digit may identify a phone or device, so they are omitted.
    """
    steps = []
    for step in details[:MOST_STEPS] if isinstance(details, list) else ():
        if isinstance(step, dict):
            values = [
                None if key is None else (as_text(step[key]) or "")[:_LONGEST] or None
                for key in _step_names(tuple(step))
            ]
            if values[1] and any(character.isdigit() for character in values[1]):
                values[1] = None
            steps.append(values)
    return steps
