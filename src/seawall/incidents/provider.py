"""The mail provider's own applications, where they act as themselves to keep the organisation in order."""

from __future__ import annotations

import numpy as np

from seawall.behaviour.detector import Groups
from seawall.schema.batches import MISSING, Floats

RESERVED = tuple(
    f"000000{number:02x}-0000-{family}-000000000000"
    for number in range(0x20)
    for family in ("0ff1-ce00", "0000-c000")
)
"""The form of id that Microsoft keeps for its services: nobody else can register one."""

OTHERS = (
    "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9",  # Device Registration Service
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",  # Microsoft Teams Services
)
"""Further services of Microsoft whose ids are public and that write to directories as themselves."""

QUIET_KINDS = ("directory", "file", "other", "sign_in")
"""What housekeeping consists of. Whoever reads or changes mail is looked at, whatever the application."""


def is_housekeeping(groups: Groups) -> Floats:
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
