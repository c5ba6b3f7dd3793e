"""List the first steps for an analyst, from what an incident's strongest group shows."""

from __future__ import annotations

from seawall.detection.incidents.refused_steps import REFUSED_STEPS
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.rules.detector import RULES

_RULES = {rule.name: rule for rule in RULES}


def list_first_steps(top: ScoredCandidate) -> tuple[str, ...]:
    """Return the first steps for an analyst, in order."""
    if top.is_refused:
        return REFUSED_STEPS
    if top.account_type == "service":
        steps = [
            "Ask the application's owner whether this network and use are theirs.",
            "Remove credentials that nobody can account for, then rotate the others.",
            "Review the application's mail permissions.",
        ]
    else:
        steps = [
            "Ask the owner, by another way than mail, whether this was them.",
            "Block the account, reset the password and review sign-in methods.",
            "Then revoke the account's sessions and refresh tokens: what is ended before the block can be opened again.",
        ]
    groups = {_RULES[name].group for name in top.rules}
    if "identity" in groups:
        steps.append(
            "Take out sign-in methods that the owner does not know, and put back those that were removed."
        )
    if "role-grant" in top.rules:
        steps.append("Take back the administrator roles given in this session.")
    if "api-token" in top.rules:
        steps.append("Revoke the API tokens made in this session.")
    if "evasion" in groups:
        steps.append("Put back the policies and settings changed in this session.")
    if any(_RULES[name].group == "persistence" for name in top.rules):
        steps.append("Remove the inbox and forwarding rules set in this session.")
    if any(_RULES[name].group == "grant" for name in top.rules):
        steps.append("Remove the mailbox permissions granted in this session.")
    if any(_RULES[name].group.startswith("consent") for name in top.rules):
        steps.append("Revoke the consent given to the application and block the application.")
    return tuple(steps)
