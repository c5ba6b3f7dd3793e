"""Turn `o365.audit` of Elastic's integrations back into a record of the unified audit log.

Source: elastic/integrations, `packages/o365/data_stream/audit`, and Filebeat's module `o365`.
"""

from __future__ import annotations

from typing import Any

from seawall.events.common_schemas.fields import Table, fill, find, nest

_FIELDS: Table = (
    ("Id", "event.id"),
    ("CreationTime", "@timestamp ts"),
    ("Operation", "event.action"),
    ("Workload", "event.provider"),
    ("OrganizationId", "organization.id"),
    ("OrganizationName", "organization.name"),
    ("RecordType", "event.code"),
    ("UserId", "user.id user.email"),
    ("ClientIP", "client.address client.ip source.ip"),
    ("ClientProcessName", "process.name"),
    ("LogonUserDisplayName", "user.full_name"),
)
_OF_FILES: Table = (
    ("ObjectId", "url.original"),
    ("SourceRelativeUrl", "file.directory"),
    ("SourceFileName", "file.name"),
    ("SourceFileExtension", "file.extension"),
)
_OF_ALERTS: Table = (
    ("Comments", "message"),
    ("Name", "rule.name"),
    ("PolicyId", "rule.id"),
    ("Category", "rule.category"),
    ("EntityType", "rule.ruleset"),
    ("AlertEntityId", "rule.description"),
)
_OF_TEAMS: Table = (("TeamName", "group.name"),)
_BY_CODE: dict[str, Table] = {
    "SharePointFileOperation": _OF_FILES,
    "SharePointSharingOperation": _OF_FILES,
    "SecurityComplianceAlerts": _OF_ALERTS,
    "MicrosoftTeams": _OF_TEAMS,
}
_ACTIONS = {
    "added-user-account": "Add user.",
    "modified-user-account": "Update user.",
    "deleted-user-account": "Delete user.",
    "added-group-account-to": "TeamCreated",
    "added-users-to-group": "MemberAdded",
}
"""Actions that stand for an operation."""
_RAW, _RAW_PREFIX = "_raw", "Raw"
"""Names under which Elastic and Matano keep what should be a list and was a text."""
_PROPERTIES = "ModifiedProperties"
_OF_OBJECTS = ("AppRole", "ConsentAction", "ConsentContext", "DelegatedPermissionGrant", "Device", "Group", "Role",
               "ServicePrincipal", "TargetId", "User")  # fmt: skip
"""What is before the dot in a property's name; in all other names a blank became a line."""


def make_audit_record(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return the audit record of a document with `o365.audit`; None if it has none."""
    record = nest(record)
    audit = find(record, "o365.audit")
    if not isinstance(audit, dict):
        return None
    found = {name: value for name, value in audit.items() if name not in ("Data", _PROPERTIES)}
    for name, value in found.items():
        if isinstance(value, dict) and value.keys() == {_RAW}:
            found[name] = value[_RAW]
    for name in ("Parameters", "ExtendedProperties"):
        if found.get(name) is None and found.get(_RAW_PREFIX + name) is not None:
            found[name] = found.pop(_RAW_PREFIX + name)
    data, changes = audit.get("Data"), audit.get(_PROPERTIES)
    if data is not None:
        found["Data"] = data.get("flattened", data) if isinstance(data, dict) else data
    if changes is not None:
        found[_PROPERTIES] = _list_changes(changes)
    code = find(record, "event.code")
    fill(found, record, _FIELDS)
    fill(found, record, _BY_CODE.get(code, ()) if isinstance(code, str) else ())
    operation = found.get("Operation")
    found["Operation"] = _ACTIONS.get(operation, operation) if isinstance(operation, str) else operation
    _fill_agent(found, find(record, "user_agent.original"))
    if code == "ExchangeItem":
        _fill_owner(found, find(record, "user.email"))
    return found


def _list_changes(changes: Any) -> Any:
    if not isinstance(changes, dict) or changes.keys() == {_RAW}:
        return changes[_RAW] if isinstance(changes, dict) else changes
    return [
        {"Name": _spell(name), **(value if isinstance(value, dict) else {"NewValue": value})}
        for name, value in changes.items()
    ]


def _spell(name: str) -> str:
    """Return a property's name as Microsoft spells it: Elastic writes lines for blanks and dots."""
    outer, line, inner = name.partition("_")
    return f"{outer}.{inner}" if line and outer in _OF_OBJECTS else name.replace("_", " ")


def _fill_agent(found: dict[str, Any], agent: Any) -> None:
    """Put the user agent where the record had it: among the properties of a sign-in, else at the top."""
    properties = found.get("ExtendedProperties")
    if not isinstance(agent, str) or not agent:
        return
    if str(found.get("RecordType")) in ("8", "15") and isinstance(properties, dict | None):
        found["ExtendedProperties"] = {**(properties or {}), "UserAgent": agent}
    elif not found.get("UserAgent"):
        found["UserAgent"] = agent


def _fill_owner(found: dict[str, Any], email: Any) -> None:
    """Fill in the owner of the mailbox, unless the address may be the acting user's, who is another one."""
    is_owner = str(found.get("LogonType")) == "0"
    if (
        isinstance(email, str)
        and not found.get("MailboxOwnerUPN")
        and (email != found.get("UserId") or is_owner)
    ):
        found["MailboxOwnerUPN"] = email
