"""Check a configuration against every policy of the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.posture.policies import POLICIES
from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, missing_exports, verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold the verdict on a policy, and the exports that it misses: for each need those of which one suffices."""

    policy: BaselinePolicy
    verdict: PolicyVerdict
    missing: tuple[tuple[str, ...], ...] = ()


def assess_configuration(
    configuration: Configuration, policies: Sequence[BaselinePolicy] = POLICIES
) -> list[Finding]:
    """Return a finding for each policy, in the order of the table. No check can stop the others."""
    return [_find(policy, configuration) for policy in policies]


def _find(policy: BaselinePolicy, configuration: Configuration) -> Finding:
    missing = missing_exports(policy, configuration)
    if missing:
        return Finding(policy, PolicyVerdict("cannot say", "an export is missing"), tuple(missing))
    try:
        found = policy.check(configuration)
        return Finding(policy, found, tuple((name,) for name in found.missing))
    except Exception as error:  # noqa: BLE001 - hostile values must not stop the other policies
        return Finding(
            policy, verdict("cannot say", f"the check failed on these values ({type(error).__name__})")
        )
