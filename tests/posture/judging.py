"""Judge one policy on a few objects."""

from __future__ import annotations

from typing import Any

from seawall.posture.assess import assess_configuration
from seawall.posture.policies import POLICIES
from seawall.posture.policy import Configuration, PolicyVerdict
from seawall.posture.values import lower_names
from seawall_base.rfc3339 import parse_time

NOW = parse_time("2026-03-01")
BY_ID = {policy.id: policy for policy in POLICIES}


def judge(policy: str, **exports: list[dict[str, Any]]) -> PolicyVerdict:
    """Return the verdict on a policy for exports by name, with field names as vendors write them."""
    objects = {name: [lower_names(one) for one in found] for name, found in exports.items()}
    (found,) = assess_configuration(Configuration(objects, NOW), [BY_ID[policy]])
    return found.verdict
