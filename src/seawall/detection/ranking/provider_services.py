"""The mail provider's own applications, where they act as themselves to keep the organisation in order."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.events.coded_batch import MISSING, Floats

RESERVED = tuple(
    f"000000{number:02x}-0000-{family}-000000000000"
    for number in range(0x20)
    for family in ("0ff1-ce00", "0000-c000")
)
"""The form of id that Microsoft keeps for its services: nobody else can register one."""

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
"""Further services of Microsoft whose ids are public and that write to directories as themselves.

Their ids have no form of their own. Source: "Unknown actors in audit reports" and "Microsoft service principal sign-in logs
table" of Microsoft's documentation. They are known by the application's id, which is one world-wide, and never by a name.
"""

QUIET_KINDS = ("directory", "file", "other", "sign_in")
"""What housekeeping consists of. Whoever reads or changes mail is looked at, whatever the application."""


def is_housekeeping(groups: BehaviourGroups) -> Floats:
    """Return 1.0 (g,) where a service of the provider only keeps house, from the provider's network or none, else 0.

    An intruder who took such a service over reads mail, comes from elsewhere, or does what a rule names
    (a new credential, a role, a consent). Misses one who does none of these.
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
