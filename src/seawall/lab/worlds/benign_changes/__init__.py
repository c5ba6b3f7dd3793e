"""Benign changes (confusers) that look like attacks, so that no value occurs with attackers alone.

A new one is a function and an entry in its module's CONFUSERS.
"""

from __future__ import annotations

from seawall.lab.worlds.benign_changes import applications, devices, identity, networks, organisation
from seawall.lab.worlds.benign_changes.stage import Confuser
from seawall.lab.worlds.systems import LabSystems

CONFUSERS: dict[str, Confuser] = {
    **networks.CONFUSERS,
    **devices.CONFUSERS,
    **organisation.CONFUSERS,
    **applications.CONFUSERS,
}
MORE_CONFUSERS = identity.CONFUSERS
"""Benign changes that only organisations with Okta or Google Workspace have."""
_ONLY_MICROSOFT = ("partners",)


def confusers_of(systems: LabSystems) -> dict[str, Confuser]:
    """Return the benign changes possible with these systems; adding new ones does not change the order of the others."""
    if systems.only_microsoft:
        return CONFUSERS
    found = {
        name: confuser
        for name, confuser in CONFUSERS.items()
        if systems.suite == "microsoft" or name not in _ONLY_MICROSOFT
    }
    for name, system in identity.NEEDS.items():
        if system in systems.collected:
            found[name] = MORE_CONFUSERS[name]
    return found
