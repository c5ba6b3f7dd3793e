"""What an Entra sign-in says about how strongly it was authenticated, in few distinct texts.

The event's columns say *that* a second factor was used. What assurance asks beyond that (which method, by what claim,
from which platform, at which risk) is kept as one small JSON object in `parameters`. It holds no time, no phone number and
no device name, so that equal sign-ins have equal texts, which are judged once.
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
"""Fields of a sign-in that are wanted for this alone, by what they are called here."""
_PLAIN = {
    "requirement": "requirement",
    "client_app": "client_used",
    "token_type": "token_type",
    "transfer": "transfer",
    **{name: name for name in MORE_TEXTS},
}
_DEVICE = {"system": "operatingsystem", "compliant": "iscompliant", "trust": "trusttype"}
_NOTHING = ("none", "unknownfuturevalue", "")


def read_strength(found: Callable[[str], str | None], details: Any, device: Any) -> str | None:
    """The JSON object of one record, None where it says nothing; an application's sign-in has nothing to say.

    `found` are texts of the record, those of `MORE_TEXTS` among them; `details` and `device` are the structures of its steps and
    its device.
    """
    if found("principal") and not found("upn"):
        return None
    said: dict[str, Any] = {}
    steps = _steps(details)
    if steps:
        said["steps"] = steps
    for name, column in _PLAIN.items():
        value = found(column)
        if value is not None and value.lower() not in _NOTHING:
            said[name] = value[:_LONGEST]
    if isinstance(device, dict):
        for name, key in _device_names(tuple(device)):
            value = as_text(device[key])
            if value:
                said[name] = value[:_LONGEST]
    return encode(said) if said else None


@once_for_names
def _device_names(fields: Names) -> tuple[tuple[str, str], ...]:
    names = spellings(fields)
    return tuple((name, names[field]) for name, field in _DEVICE.items() if field in names)


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
