"""Recognise routine maintenance by the mail provider's own applications."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.events.coded_batch import MISSING, Floats

RESERVED = tuple(
    f"000000{number:02x}-0000-{family}-000000000000"
    for number in range(0x20)
    for family in ("0ff1-ce00", "0000-c000")
)
"""Application ids that Microsoft reserves for its services; nobody else can register one."""

OTHERS = (
    "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9",  # Device Registration Service
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",  # Microsoft Teams Services
    "62b732f7-fc71-40bc-b27d-35efcb0509de",  # Microsoft Teams AadSync
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",  # Windows Azure Service Management API
    "98db8bd6-0cc0-4e67-9de5-f187f1cd1b41",  # Microsoft Substrate Management
    "65d91a3d-ab74-42e6-8a2f-0add61688c74",  # Microsoft Approval Management
    "ea890292-c8c8-4433-b5ea-b09d0668e1a6",  # Azure Credential Configuration Endpoint Service
    "f0ae4899-d877-4d3c-ae25-679e38eea492",  # AAD App Management
    "2f5afa01-cdcb-4707-a62a-0803cc994c60",  # MS-CE-CXG-MAC-AadShadowRoleWriter
)
"""Further services of Microsoft with public ids that write to directories under their own name.

Their ids have no common form. Source: "Unknown actors in audit reports" and "Microsoft service principal sign-in logs
table" of Microsoft's documentation. They are recognised by application id, which is unique world-wide, and never by name.
"""

QUIET_KINDS = ("directory", "file", "other", "sign_in")
"""Kinds of event that count as maintenance. An application that reads or changes mail is always judged."""


def is_housekeeping(groups: BehaviourGroups) -> Floats:
    """Return 1.0 for groups in which a service of the provider does only maintenance, else 0; float64 (g,).

    Maintenance comes from the provider's network or carries no address. An attacker who controls such a service reads mail,
    comes from elsewhere, or does what a rule matches (a new credential, a role, a consent). Misses an attacker who does
    none of these.
    """
    day, batch = groups.day, groups.day.batch
    rows = np.flatnonzero(day.group != MISSING)
    group = day.group[rows]
    own = batch.one_of("account_type", ("service",)) & batch.one_of("account", (*RESERVED, *OTHERS))
    at_home = batch.one_of("src_network_class", ("microsoft",)) | (batch.codes["src_prefix"] == MISSING)
    quiet = own & at_home & batch.one_of("kind", QUIET_KINDS)
    result = np.ones(len(groups))
    result[group[~quiet[rows]]] = 0.0
    return result
