"""Extract how an Entra sign-in was authenticated, as texts with few distinct values.

The event's columns tell whether a second factor was used. The details (method, claim, platform, risk, token protection,
agent, managed identity) are one small JSON object in `parameters`. It contains no time, phone number or device name, so
that equal sign-ins have equal texts, which are judged once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names, spellings
from seawall.events.formats.json_values import as_text, encode
from seawall.events.microsoft.risk_types import name_risk

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
    "token_protection": "signintokenprotectionstatus",
    "app_token_protection": "apptokenprotectionstatus",
    "federated_credential": "federatedcredentialid",
}
"""Further fields of a sign-in that are needed for this alone, by their names in the JSON object."""
PLAIN = {
    "requirement": "requirement",
    "client_app": "client_used",
    "protocol": "protocol",
    "token_type": "token_type",
    "transfer": "transfer",
    "credential": "credential",
    **{name: name for name in MORE_TEXTS},
}
_OF_APPLICATIONS = frozenset({
    "protocol", "token_type", "credential", "federated_credential", "conditional_access", "cross_tenant",
})  # fmt: skip
"""Names of `PLAIN` that the sign-in of an application has."""
_DEVICE = {
    "system": "operatingsystem",
    "managed": "ismanaged",
    "compliant": "iscompliant",
    "trust": "trusttype",
}
STRUCTURES = {
    "tokenprotectionstatusdetails": {
        "token_protection": "signinsessionstatus",
        "token_protection_code": "signinsessionstatuscode",
    },
    "agent": {
        "agent": "agenttype",
        "agent_subject": "agentsubjecttype",
        "agent_parent": "agentsubjectparentid",
        "agent_application": "parentappid",
    },
    "managedserviceidentity": {
        "managed_identity": "msitype",
        "managed_resource": "associatedresourceid",
        "federated_issuer": "federatedtokenissuer",
    },
}
"""Fields that are objects, and their members by the name in the JSON object. They replace plain texts of that name."""
RISK_FIELDS = ("riskeventtypes_v2", "riskeventtypes")
"""Fields with the types of risk that Microsoft saw in the sign-in; the first with a value is used."""
MOST_RISKS = 8
_NOTHING = ("none", "unknownfuturevalue", "notagentic", "")


def read_strength(
    found: Callable[[str], str | None], details: Any, device: Any, value: Callable[..., Any]
) -> str | None:
    """Return the JSON object of one record, or None if it has no details.

    `found` returns texts of the record by name, including those of `MORE_TEXTS`. `details` are its authentication steps,
    `device` its device. `value` returns the first value of fields: those of `STRUCTURES` and `RISK_FIELDS`.
    """
    facts = read_structures(*map(value, STRUCTURES)) | read_risks(value(*RISK_FIELDS))
    plain = {name: found(name) for name in PLAIN.values()}
    if found("principal") and not found("upn"):
        return write_application_strength(plain, facts)
    return write_strength(read_steps(details), plain, read_device(device) | facts)


def write_strength(
    steps: list[list[str | None]], plain: dict[str, str | None], facts: dict[str, str]
) -> str | None:
    """Return the JSON object of what the steps, the texts of PLAIN's columns, the device and the structures say."""
    said: dict[str, Any] = {"steps": steps} if steps else {}
    said |= _plain_texts(plain)
    said |= facts
    return encode(said) if said else None


def write_application_strength(plain: dict[str, str | None], facts: dict[str, str]) -> str | None:
    """Return the JSON object of an application's sign-in: it has no steps and no device."""
    said = {name: text for name, text in _plain_texts(plain).items() if name in _OF_APPLICATIONS} | facts
    return encode(said) if said else None


def _plain_texts(plain: dict[str, str | None]) -> dict[str, str]:
    texts = ((name, plain[column]) for name, column in PLAIN.items())
    return {
        name: text[:_LONGEST] for name, text in texts if text is not None and text.lower() not in _NOTHING
    }


def read_structures(*structures: Any) -> dict[str, str]:
    """Return the facts of the fields of `STRUCTURES`, in their order; other values than objects have none."""
    said: dict[str, str] = {}
    for structure, members in zip(structures, STRUCTURES.values(), strict=True):
        if isinstance(structure, dict):
            known = spellings(tuple(structure))
            for name, member in members.items():
                text = as_text(structure[known[member]]) if member in known else None
                if text is not None and text.lower() not in _NOTHING:
                    said[name] = text[:_LONGEST]
    return said


def read_risks(types: Any) -> dict[str, str]:
    """Return in words what Microsoft saw in the sign-in, given the types of risk as a list or as text."""
    names = types if isinstance(types, list) else [types]
    texts = (name for name in names[:MOST_RISKS] if isinstance(name, str) and name.lower() not in _NOTHING)
    words = "; ".join(dict.fromkeys(name_risk(text[:_LONGEST]) for text in texts))
    return {"risk_says": words} if words else {}


def read_device(device: Any) -> dict[str, str]:
    """Return system, management, compliance and trust of a device."""
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
