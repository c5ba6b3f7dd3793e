"""Say in words what incidents have in common, what a record shows, and how an incident stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from seawall.detection.incidents.traits import TraitKind
from seawall.storage.database.handling import HandlingStatus
from seawall.storage.database.traits import SharedTrait
from seawall_base.safe_text import visible

STATUS_NAMES: Final[dict[HandlingStatus, str]] = {
    "new": "new",
    "in-progress": "in progress",
    "waiting": "waiting",
    "closed": "closed",
}
ANSWER_NAMES: Final = {
    "compromised": "compromised",
    "safe": "safe: it was the owner",
    "expected-change": "an expected change",
}
_KINDS: Final[dict[TraitKind, str]] = {
    "account": "the same account",
    "prefix": "the same address block",
    "network": "the same network",
    "app": "the same application",
    "key": "the same credential key",
    "name": "the same name of an application or rule",
    "client": "the same client",
    "sigma": "the same Sigma rule",
    "pattern": "the same pattern",
    "technique": "the same technique",
}
_LONGEST: Final = 120
_FACTS: Final = ("activity", "app_name", "network", "country", "ip", "status")


def describe_shared(shared: Sequence[SharedTrait], incidents: int) -> list[str]:
    """Return what two incidents share, each with how many of all incidents show it."""
    return [
        f"{_KINDS[one.trait.kind]}: {visible(one.trait.value, _LONGEST)} "
        f"({one.incidents:,} of {incidents:,} incidents show it)"
        for one in shared
    ]


def describe_record(document: Mapping[str, Any]) -> str:
    """Return in one line what a record shows: operation, application, network, country, address."""
    values = (document.get(name) for name in _FACTS)
    return " · ".join(visible(value, _LONGEST) for value in values if isinstance(value, str) and value)
