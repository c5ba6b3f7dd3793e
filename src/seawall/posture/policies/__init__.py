"""Declare every policy that a configuration is checked against."""

from __future__ import annotations

from seawall.posture.policies.sign_in import SIGN_IN
from seawall.posture.policy import BaselinePolicy

POLICIES: tuple[BaselinePolicy, ...] = (*SIGN_IN,)
"""Every policy, by product and number of the baseline."""
