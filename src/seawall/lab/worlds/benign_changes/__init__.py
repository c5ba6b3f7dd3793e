"""Benign changes that look like attacks: every value that an intruder shows is made here by somebody honest too.

A new confuser is a function and a line in its file's CONFUSERS.
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
"""Confusers that only organisations with Okta or Google Workspace have."""
_ONLY_MICROSOFT = ("partners",)


def confusers_of(systems: LabSystems) -> dict[str, Confuser]:
    """Return the confusers that make sense where these systems are, in an order that new ones do not disturb."""
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
