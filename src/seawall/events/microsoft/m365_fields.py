"""List which fields of a unified audit record go where. All readers share this list."""

from __future__ import annotations

TEXT_FIELDS = (
    "Id", "CreationTime", "Operation", "RecordType", "OrganizationId", "ResultStatus", "UserType", "UserKey",
    "UserId", "Workload", "ObjectId", "ClientIP", "ClientIPAddress", "ActorIpAddress", "ClientInfoString",
    "ClientProcessName", "UserAgent", "AppId", "ClientAppId", "ApplicationId", "ApplicationDisplayName",
    "MailboxOwnerUPN", "LogonType", "ErrorNumber", "LogonError", "SessionId",
    "TokenTenantId", "TokenObjectId", "DeviceId", "UniqueTokenId", "AADSessionId", "IssuedAtTime",
    "BrowserName", "BrowserType", "OperationCount", "OrganizationName", "ExternalAccess",
)  # fmt: skip
"""Scalars, read as text."""

NESTED_FIELDS = (
    "DeviceProperties", "ExtendedProperties", "ModifiedProperties", "Parameters", "OperationProperties",
    "Actor", "Target", "Item", "Folder", "AffectedItems",
)  # fmt: skip
"""Structures, read as JSON text; columns are computed from them."""

CONTEXT_FIELDS = ("AADSessionId", "UniqueTokenId", "IssuedAtTime", "ClientAppId", "DeviceId")
"""Members of AppAccessContext that become columns."""

DERIVED_FIELDS = (*(f"Context.{name}" for name in CONTEXT_FIELDS), "Folders.Path", "Folders.Items")
"""Columns computed while reading: members of AppAccessContext, path of the first folder, number of folder items."""

KEPT_FIELDS = (
    "AffectedItems", "ChatThreadId", "CrossMailboxOperation", "DestFolder", "EventData", "ExtendedProperties",
    "FlowConnectorNames", "Folder", "Folders", "Item", "ItemType", "Members", "MessageURLs", "Name", "ParticipantInfo",
    "SendAsUserSmtp", "SendOnBehalfOfUserSmtp", "SensitivityLabelId", "SourceFileName", "SourceRelativeUrl",
    "TargetUserOrGroupName", "TargetUserOrGroupType",
)  # fmt: skip
"""Known fields that no column holds completely, so they go to `unmapped`. `Folders` names the messages that were read."""

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
"""Known fields that are irrelevant to a takeover or repeat a column. Records of known kinds do not keep them."""

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
"""Names that some exports use instead of the record type's number."""

FOLDER_PERMISSIONS = frozenset({
    "AddFolderPermissions", "ModifyFolderPermissions", "RemoveFolderPermissions", "UpdateFolderPermissions",
    "UpdateCalendarDelegation",
})  # fmt: skip
"""Operations that change the permissions on a mail folder."""
