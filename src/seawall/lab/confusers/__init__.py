"""Benign changes that look like attacks: every value that an intruder shows is made here by somebody honest too.

A new confuser is a function and a line in its file's CONFUSERS.
"""

from __future__ import annotations

from seawall.lab.confusers import applications, devices, networks, organisation
from seawall.lab.confusers.stage import Confuser

CONFUSERS: dict[str, Confuser] = {
    **networks.CONFUSERS,
    **devices.CONFUSERS,
    **organisation.CONFUSERS,
    **applications.CONFUSERS,
}
