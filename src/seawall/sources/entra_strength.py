"""What an Entra sign-in says about how strongly it was authenticated, in few distinct texts.

The event's columns say *that* a second factor was used. What assurance asks beyond that (which method, by what claim,
from which platform, at which risk) is kept as one small JSON object in `parameters`. It holds no time, no phone number and
no device name, so that equal sign-ins have equal texts, which are judged once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.sources.json_values import as_text, encode
from seawall.sources.lower import Fields, Names, once_for_names, spellings

MOST_STEPS = 12
_LONGEST = 120
_STEP = ("authenticationmethod", "authenticationmethoddetail", "succeeded", "authenticationstepresultdetail")
_PLAIN = {
    "requirement": "authenticationrequirement",
    "client_app": "clientappused",
    "token_type": "incomingtokentype",
    "issuer": "tokenissuertype",
    "user_type": "usertype",
    "risk": "risklevelduringsignin",
    "user_risk": "risklevelaggregated",
    "conditional_access": "conditionalaccessstatus",
    "cross_tenant": "crosstenantaccesstype",
    "transfer": "originaltransfermethod",
}
_DEVICE = {"system": "operatingsystem", "compliant": "iscompliant", "trust": "trusttype"}
_NOTHING = ("none", "unknownfuturevalue", "")


def said_of_strength(get: Fields, found: Callable[[str], str | None]) -> str | None:
    """The JSON object of one record, None where it says nothing; an application's sign-in has nothing to say."""
    if found("principal") and not found("upn"):
        return None
    said: dict[str, Any] = {}
    steps = _steps(get.value("authenticationdetails"))
    if steps:
        said["steps"] = steps
    for name, field in _PLAIN.items():
        value = get.text(field)
        if value is not None and value.lower() not in _NOTHING:
            said[name] = value[:_LONGEST]
    device = get.value("devicedetail")
    if isinstance(device, dict):
        names = spellings(tuple(device))
        for name, field in _DEVICE.items():
            value = as_text(device.get(names.get(field, "")))
            if value:
                said[name] = value[:_LONGEST]
    return encode(said) if said else None


@once_for_names
def _step_names(fields: Names) -> tuple[str | None, ...]:
    names = spellings(fields)
    return tuple(names.get(name) for name in _STEP)


def _steps(details: Any) -> list[list[str | None]]:
    """Method, its detail, success and result of each step; details with a digit name a phone or a device."""
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
