"""Makes conditional access policies as Microsoft Graph gives them, and reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seawall.events.access_policy import AccessPolicy, PolicyDirectory
from seawall.events.microsoft.access_policies import read_policies
from seawall.events.problem import Problem

ANN, BEN, GROUP = (f"{number:08d}-0000-4000-8000-000000000000" for number in (1, 2, 3))
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"


def policy(name: str = "MFA for all", **changes: Any) -> dict[str, Any]:
    """A policy that asks everybody for a second factor everywhere, changed at the top and in `conditions`."""
    conditions = {
        "clientAppTypes": ["all"],
        "users": {"includeUsers": ["All"], "excludeUsers": []},
        "applications": {"includeApplications": ["All"]},
    }
    conditions |= changes.pop("conditions", {})
    return {
        "id": f"id-{name}",
        "displayName": name,
        "state": "enabled",
        "conditions": conditions,
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        **changes,
    }


def users(**changes: Any) -> dict[str, Any]:
    """The condition on users, everybody unless changed."""
    return {"users": {"includeUsers": ["All"], **changes}}


def read(folder: Path, *objects: Any) -> tuple[list[AccessPolicy], PolicyDirectory, list[Problem]]:
    """The objects as one page of Graph, read back."""
    path = folder / "policies.json"
    path.write_text(json.dumps({"value": list(objects)}), encoding="utf-8")
    return read_policies([path])
