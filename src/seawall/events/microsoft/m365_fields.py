"""Which fields of a unified audit record go where. The one list that both ways of reading share."""

from __future__ import annotations

TEXT_FIELDS = (
    "Id", "CreationTime", "Operation", "RecordType", "OrganizationId", "ResultStatus", "UserType", "UserKey",
    "UserId", "Workload", "ObjectId", "ClientIP", "ClientIPAddress", "ActorIpAddress", "ClientInfoString",
    "ClientProcessName", "UserAgent", "AppId", "ClientAppId", "ApplicationId", "ApplicationDisplayName",
    "MailboxOwnerUPN", "LogonType", "ErrorNumber", "LogonError", "SessionId",
    "TokenTenantId", "TokenObjectId", "DeviceId", "UniqueTokenId", "AADSessionId", "IssuedAtTime",
    "BrowserName", "BrowserType", "OperationCount", "OrganizationName", "ExternalAccess",
)  # fmt: skip
"""Scalars, as text."""

NESTED_FIELDS = (
    "DeviceProperties", "ExtendedProperties", "ModifiedProperties", "Parameters", "OperationProperties",
    "Actor", "Target", "Item", "Folder", "AffectedItems",
)  # fmt: skip
"""Structures, as JSON text; columns are computed from them."""

CONTEXT_FIELDS = ("AADSessionId", "UniqueTokenId", "IssuedAtTime", "ClientAppId", "DeviceId")
"""Members of AppAccessContext that columns hold."""

DERIVED_FIELDS = (*(f"Context.{name}" for name in CONTEXT_FIELDS), "Folders.Path", "Folders.Items")
"""Columns computed while reading: context members, first folder's path, number of folder items."""

KEPT_FIELDS = (
    "AffectedItems", "CrossMailboxOperation", "DestFolder", "EventData", "ExtendedProperties", "Folder", "Folders", "Item",
    "ItemType", "SendAsUserSmtp", "SendOnBehalfOfUserSmtp", "SensitivityLabelId", "SourceFileName", "SourceRelativeUrl",
    "TargetUserOrGroupName", "TargetUserOrGroupType",
)  # fmt: skip
"""Known fields that no column holds in full; they go to `unmapped`. `Folders` names the messages that were read."""

DROPPED_FIELDS = frozenset({
    "ActorContextId", "ActorUserId", "AzureActiveDirectoryEventType", "ActorYammerUserId",
    "AppAccessContext", "AppPoolName",
    "ClientRequestId",
    "ClientVersion", "CorrelationId", "CustomUniqueId", "DoNotDistributeEvent", "EventSource",
    "FromApp", "GeoLocation", "HighPriorityMediaProcessing", "InterSystemsId", "InternalLogonType",
    "IntraSystemId", "IsManagedDevice", "ItemCount", "ListBaseTemplateType", "ListBaseType", "ListColor",
    "ListIcon", "ListId", "ListItemUniqueId", "ListTitle", "LogonUserSid", "MailboxGuid",
    "MailboxOwnerMasterAccountSid", "MailboxOwnerSid", "OriginatingServer", "Platform",
    "Site", "SiteUrl", "SourceFileExtension", "SupportTicketId", "TargetContextId", "TemplateTypeId",
    "Version",
    "WebId", "AuthenticationType", "IsDocLib", "DeviceDisplayName", "TokenType",
})  # fmt: skip
"""Known fields that say nothing about a takeover (or repeat a column) and are not kept for known kinds."""

KNOWN_FIELDS = frozenset({*TEXT_FIELDS, *NESTED_FIELDS, *KEPT_FIELDS}) | DROPPED_FIELDS

MAIL_RECORD_TYPES = frozenset({"2", "3", "50"})
"""ExchangeItem, ExchangeItemGroup, ExchangeItemAggregated."""
FILE_RECORD_TYPES = frozenset({"4", "6", "7", "14"})
"""SharePoint, SharePointFileOperation, OneDrive, SharePointSharingOperation."""
DIRECTORY_RECORD_TYPE = "8"
SIGN_IN_RECORD_TYPE = "15"
ADMIN_RECORD_TYPE = "1"

RECORD_TYPE_NAMES = {
    "exchangeadmin": "1", "exchangeitem": "2", "exchangeitemgroup": "3", "sharepoint": "4",
    "sharepointfileoperation": "6", "onedrive": "7", "azureactivedirectory": "8", "sharepointsharingoperation": "14",
    "azureactivedirectorystslogon": "15", "exchangeitemaggregated": "50",
}  # fmt: skip
"""Names that exports and tables write instead of the number."""

FOLDER_PERMISSIONS = frozenset({
    "AddFolderPermissions", "ModifyFolderPermissions", "RemoveFolderPermissions", "UpdateFolderPermissions",
    "UpdateCalendarDelegation",
})  # fmt: skip
"""Operations that give somebody a share in a mail folder."""
