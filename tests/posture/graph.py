"""Made-up objects of configuration exports: each function returns one that meets its baseline, and takes what differs."""

from __future__ import annotations

import zlib
from typing import Any


def access_policy(name: str = "Rule", state: str = "enabled", **changes: Any) -> dict[str, Any]:
    """A Conditional Access policy on everybody and everything, as Microsoft Graph v1.0 writes it."""
    conditions = {
        "clientAppTypes": ["all"],
        "users": {
            "includeUsers": ["All"],
            "excludeUsers": [],
            "includeGroups": [],
            "excludeGroups": [],
            "includeRoles": [],
            "excludeRoles": [],
        },
        "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": []},
        "platforms": None,
        "locations": None,
        "devices": None,
        "userRiskLevels": [],
        "signInRiskLevels": [],
        "authenticationFlows": None,
        "clientApplications": None,
        **changes.pop("conditions", {}),
    }
    return {
        "id": f"00000000-0000-4000-8000-{zlib.crc32(name.encode()):012}",
        "displayName": name,
        "state": state,
        "conditions": conditions,
        "grantControls": {
            "operator": "OR",
            "builtInControls": changes.pop("controls", ["block"]),
            **changes.pop("grant", {}),
        },
        "sessionControls": changes.pop("session", None),
        **changes,
    }


def page(context: str, objects: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A page of Microsoft Graph."""
    return {
        "@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{context}",
        "value": objects,
        **more,
    }
