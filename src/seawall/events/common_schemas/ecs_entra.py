"""Turn `azure.signinlogs`, `azure.auditlogs` and the like of Elastic's integrations back into diagnostic settings' records.

Source: elastic/integrations, `packages/azure/data_stream/*/elasticsearch/ingest_pipeline/default.yml`.
"""

from __future__ import annotations

from typing import Any

from seawall.events.common_schemas.fields import Table, fill, find, in_capitals, in_order, nest

_LOGS = ("signinlogs", "auditlogs", "identity_protection", "provisioning", "graphactivitylogs")
_NAMES = {
    "created_at": "createdDateTime",
    "activity_datetime": "activityDateTime",
    "processing_time_ms": "processingTimeInMilliseconds",
    "risk_level_during_signin": "riskLevelDuringSignIn",
    "risk_event_types_v2": "riskEventTypes_v2",
    "caller_ip_address": "callerIpAddress",
}
"""Names that are not the vendor's in small letters."""
_FIELDS: Table = (
    ("time", "@timestamp"),
    ("operationName", "event.action"),
    ("tenantId", "azure.tenant_id azure.tenant.id cloud.account.id"),
    ("correlationId", "azure.correlation_id azure.correlation.id"),
    ("resourceId", "azure.resource.id azure.resource_id"),
    ("callerIpAddress", "source.ip client.ip source.address"),
    ("Level", "log.level"),
)
_OF_SIGN_INS: Table = (
    ("location", "geo.country_iso_code"),
    ("properties.id", "event.id"),
    ("properties.ipAddress", "source.ip client.ip source.address"),
    ("properties.userAgent", "user_agent.original"),
    ("properties.userId", "user.id"),
    ("properties.status.failureReason", "message"),
    ("properties.location.city", "geo.city_name"),
    ("properties.location.countryOrRegion", "geo.country_iso_code"),
    ("properties.location.state", "geo.country_name"),
)
_OF_CHANGES: Table = (("properties.result", "event.outcome"),)
_MORE = {"signinlogs": _OF_SIGN_INS, "auditlogs": _OF_CHANGES}


def make_entra_record(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a document with one of Azure's logs; None if it has none."""
    record = nest(record)
    name = next((name for name in _LOGS if isinstance(find(record, f"azure.{name}"), dict)), None)
    if name is None:
        return None
    found: dict[str, Any] = in_capitals(find(record, f"azure.{name}"), _NAMES)
    properties = found.get("properties")
    if isinstance(properties, dict):
        properties["targetResources"] = _list_targets(properties.get("targetResources"))
        found["properties"] = {name: value for name, value in properties.items() if value is not None}
    return fill(fill(found, record, _FIELDS), record, _MORE.get(name, ()))


def _list_targets(targets: Any) -> Any:
    targets = in_order(targets)
    if not isinstance(targets, list):
        return targets
    return [
        {**target, "modifiedProperties": in_order(target["modifiedProperties"])}
        if isinstance(target, dict) and "modifiedProperties" in target
        else target
        for target in targets
    ]
