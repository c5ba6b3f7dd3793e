"""Read what an alert in the unified audit log says (`AlertTriggered`, `AlertEntityGenerated`, `AlertUpdated`)."""

from __future__ import annotations

from seawall.events.formats.json_values import read_structure
from seawall.events.vendor_alerts import write_statement


def state_alert(record: str | None) -> str | None:
    """Return the statement of an alert's record, given as JSON; None if it is no object."""
    whole = read_structure(record)
    if not isinstance(whole, dict):
        return None
    severity = whole.get("Severity")
    return write_statement(
        vendor="Microsoft",
        product=whole.get("Source"),
        says=whole.get("Name") or whole.get("Operation"),
        type=whole.get("AlertType"),
        level=severity.lower() if isinstance(severity, str) else severity,
        state=whole.get("Status"),
        detail=whole.get("Comments"),
        category=whole.get("Category"),
        alert=whole.get("AlertId"),
    )
