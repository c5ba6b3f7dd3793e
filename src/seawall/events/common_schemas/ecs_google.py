"""Turn `google_workspace` of Elastic's integrations back into an activity of Google's Reports API.

Source: elastic/integrations, `packages/google_workspace/data_stream/*/elasticsearch/ingest_pipeline/default.yml`.
"""

from __future__ import annotations

from typing import Any

from seawall.events.common_schemas.fields import Table, fill, find, nest, remove

_FIELDS: Table = (
    ("id.time", "@timestamp google_workspace.id.time ts"),
    ("id.uniqueQualifier", "event.id google_workspace.id.unique_qualifier"),
    ("id.applicationName", "event.provider google_workspace.id.application_name"),
    ("id.customerId", "organization.id google_workspace.id.customer.id"),
    ("actor.email", "source.user.email user.email google_workspace.actor.email"),
    ("actor.profileId", "source.user.id user.id google_workspace.actor.profile.id"),
    ("actor.callerType", "google_workspace.actor.type"),
    ("actor.key", "google_workspace.actor.key"),
    ("actor.applicationInfo.applicationName", "google_workspace.actor.application_name"),
    ("ipAddress", "source.ip google_workspace.ip_address"),
    ("ownerDomain", "google_workspace.organization.domain"),
    ("etag", "google_workspace.etag"),
)
_EVENT: Table = (
    ("type", "google_workspace.event.type"),
    ("name", "event.action google_workspace.event.name"),
)
_LOGIN = {
    name: f"login_{name}" for name in ("type", "challenge_method", "challenge_status", "failure_type", "timestamp")
}  # fmt: skip
_TOKEN = {
    "client.id": "client_id",
    "client.type": "client_type",
    "scope.value": "scope",
    "scope.data": "scope_data",
}
_DRIVE = {
    "file.id": "doc_id",
    "file.type": "doc_type",
    "file.owner.email": "owner",
    "file.owner.is_shared_drive": "owner_is_shared_drive",
    "target": "target_user",
}
_ADMIN = {
    "application.name": "APPLICATION_NAME",
    "application.edition": "APPLICATION_EDITION",
    "application.enabled": "APPLICATION_ENABLED",
    "application.id": "APP_ID",
    "application.asp_id": "ASP_ID",
    "application.package_id": "MOBILE_APP_PACKAGE_ID",
    "group.email": "GROUP_EMAIL",
    "group.priorities": "GROUP_PRIORITIES",
    "org_unit.name": "ORG_UNIT_NAME",
    "org_unit.full": "FULL_ORG_UNIT_PATH",
    "setting.name": "SETTING_NAME",
    "setting.description": "SETTING_DESCRIPTION",
    "user_defined_setting.name": "USER_DEFINED_SETTING_NAME",
    "domain.name": "DOMAIN_NAME",
    "domain.alias": "DOMAIN_ALIAS",
    "domain.secondary_name": "SECONDARY_DOMAIN_NAME",
    "field": "FIELD_NAME",
    "resource.id": "RESOURCE_IDENTIFIER",
    "user.email": "USER_EMAIL",
    "user.nickname": "USER_NICKNAME",
    "role.name": "ROLE_NAME",
    "role.id": "ROLE_ID",
    "privilege.name": "PRIVILEGE_NAME",
    "service.name": "SERVICE_NAME",
    "product.name": "PRODUCT_NAME",
    "product.sku": "SKU_NAME",
    "device.id": "DEVICE_ID",
    "device.type": "DEVICE_TYPE",
    "device.serial_number": "DEVICE_SERIAL_NUMBER",
    "email.log_search_filter.message_id": "EMAIL_LOG_SEARCH_MSG_ID",
    "email.log_search_filter.recipient.value": "EMAIL_LOG_SEARCH_RECIPIENT",
    "email.log_search_filter.sender.value": "EMAIL_LOG_SEARCH_SENDER",
    "email.log_search_filter.recipient.ip": "EMAIL_LOG_SEARCH_SMTP_RECIPIENT_IP",
    "email.log_search_filter.sender.ip": "EMAIL_LOG_SEARCH_SMTP_SENDER_IP",
    "email.quarantine_name": "QUARANTINE_NAME",
    "email_monitor.dest_email": "EMAIL_MONITOR_DEST_EMAIL",
    "email_monitor.level.chat": "EMAIL_MONITOR_LEVEL_CHAT",
    "email_monitor.level.draft": "EMAIL_MONITOR_LEVEL_DRAFT_EMAIL",
    "email_monitor.level.incoming": "EMAIL_MONITOR_LEVEL_INCOMING_EMAIL",
    "email_monitor.level.outgoing": "EMAIL_MONITOR_LEVEL_OUTGOING_EMAIL",
    "email_dump.include_deleted": "EMAIL_EXPORT_INCLUDE_DELETED",
    "email_dump.package_content": "EMAIL_EXPORT_PACKAGE_CONTENT",
    "email_dump.query": "SEARCH_QUERY_FOR_DUMP",
    "oauth2.service.name": "OAUTH2_SERVICE_NAME",
    "oauth2.application.id": "OAUTH2_APP_ID",
    "oauth2.application.name": "OAUTH2_APP_NAME",
    "oauth2.application.type": "OAUTH2_APP_TYPE",
    "api.client.name": "API_CLIENT_NAME",
    "api.scopes": "API_SCOPES",
    "rule.name": "RULE_NAME",
    "alert.name": "ALERT_NAME",
    "request.id": "REQUEST_ID",
    "info_type": "INFO_TYPE",
    "new_value": "NEW_VALUE",
    "old_value": "OLD_VALUE",
}
_PARAMETERS = {"login": _LOGIN, "token": _TOKEN, "drive": _DRIVE, "admin": _ADMIN}
"""Parameters by log, where Elastic names them otherwise. All others have the vendor's names."""
_BESIDE = {
    "drive": (("file.name", "doc_title"),),
    "admin": (("group.name", "GROUP_NAME"), ("url.full", "WEB_ADDRESS")),
}
"""Parameters that Elastic moves out of `google_workspace`."""
_NO_LOGS = frozenset({"actor", "event", "organization", "id", "kind", "etag", "ip_address"})


def make_activity(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return the activity of a document with `google_workspace`; None if it has none."""
    record = nest(record)
    log = record.get("google_workspace")
    if not isinstance(log, dict):
        return None
    kind = log.get("kind")
    found = fill({"kind": kind if isinstance(kind, str) else "admin#reports#activity"}, record, _FIELDS)
    application = find(found, "id.applicationName") or _find_log(record, log)
    if not isinstance(application, str):
        return None
    found["id"] = {**found.get("id", {}), "applicationName": application}
    event = fill({}, record, _EVENT)
    event["parameters"] = _name_parameters(application, record, log.get(application))
    found["events"] = [event]
    return found


def _find_log(record: dict[str, Any], log: dict[str, Any]) -> str | None:
    for path in ("event.dataset", "data_stream.dataset"):
        dataset = find(record, path)
        if isinstance(dataset, str) and dataset.startswith("google_workspace."):
            return dataset.partition(".")[2]
    return next(
        (name for name, value in log.items() if name not in _NO_LOGS and isinstance(value, dict)), None
    )


def _name_parameters(application: str, record: dict[str, Any], held: Any) -> dict[str, Any]:
    rest = dict(held) if isinstance(held, dict) else {}
    found: dict[str, Any] = {}
    for path, name in _PARAMETERS.get(application, {}).items():
        value = find(rest, path)
        if value is not None and not isinstance(value, dict):
            found[name] = value
            remove(rest, path)
    for path, name in _BESIDE.get(application, ()):
        value = find(record, path)
        if value is not None:
            found[name] = value
    return found | rest
