"""Define the event: one normalised log record, as columns.

Column names are OCSF attribute names, flattened with `_`. `EVENT_SCHEMA` is the result of `sources/`; `ENRICHED_SCHEMA`
adds the columns of `enrich/`. String columns with repeated values are dictionary-encoded with int32 indices. A missing
value is null, never an empty string.
"""

from __future__ import annotations

import pyarrow as pa

_TEXT = pa.string()
_NAME = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", tz="UTC")

KINDS = (
    "sign_in",
    "mail_access",
    "mail_action",
    "mail_rule",
    "admin",
    "directory",
    "file",
    "vendor_alert",
    "other",
)
"""Subjects of an event.

- `sign_in`: a token was requested, interactively or not, successfully or not.
- `mail_access`: mail was read or synchronised (MailItemsAccessed, AttachmentAccess, FolderBind, MessageBind).
- `mail_action`: an item was sent, created, moved, deleted or updated.
- `mail_rule`: an inbox rule or forwarding was set (New-InboxRule, UpdateInboxRules, Set-Mailbox forwarding).
- `admin`: another administrative cmdlet of Exchange or the tenant, or a permission on a mailbox or folder.
- `directory`: a change in Entra's or Okta's directory: consent, credential, role, method, policy, user, session revocation.
- `file`: SharePoint and OneDrive.
- `vendor_alert`: a vendor's statement about an account (a risk, an alert). The account did nothing in it.
- `other`: everything else; `unmapped` has its raw fields.
"""

STATUSES = ("success", "failure", "interrupted")
"""`interrupted`: the sign-in was neither granted nor denied yet (MFA demanded, prompt shown)."""

ACCOUNT_TYPES = ("user", "service", "system")
"""`service`: an application without a user. `system`: the provider's own processes and cmdlets."""

EVENT_FIELDS: tuple[tuple[str, pa.DataType], ...] = (
    # record
    ("metadata_uid", _TEXT),  # the log's own record id
    ("time", _TIME),  # when it happened, UTC
    (
        "source",
        _NAME,
    ),  # m365_audit, office_activity, graph_activity, entra_signin, entra_audit, okta, google_workspace, mail_flow, …
    ("source_file", _NAME),  # the path (archive members as archive.zip!member)
    ("source_line", pa.int64()),  # 1-based record number in that file
    ("kind", _NAME),  # one of KINDS
    ("activity_name", _NAME),  # the operation in the vendor's spelling: MailItemsAccessed
    ("status", _NAME),  # one of STATUSES
    ("status_code", _NAME),  # the vendor's error number or result as text; null for success
    ("status_detail", _NAME),
    # who
    ("org_uid", _NAME),  # organisation id in lower case, its domain when that is all there is
    ("account", _NAME),  # UPN in lower case; app or service principal id for app-only; null when nobody
    ("account_type", _NAME),  # one of ACCOUNT_TYPES
    ("actor_user_uid", _NAME),  # directory object id of the account
    ("actor_app_uid", _NAME),  # application that acted as itself (app-only), else null
    # whose
    ("mailbox", _NAME),  # UPN of the mailbox touched, in lower case; null when none
    ("logon_type", _NAME),  # owner, delegate, admin, application; null when unknown
    ("resource_uid", _TEXT),  # ObjectId, target resource
    # with what
    ("app_uid", _NAME),  # AppId or ClientAppId: the application used, in lower case
    ("app_name", _NAME),
    ("target_app_uid", _NAME),  # the resource (API) a sign-in was for
    ("user_agent", _NAME),  # raw, for display
    ("client", _NAME),  # family/protocol, same for sign-in and mail records: chrome/browser, outlook/mapi
    ("device_uid", _NAME),
    # from where
    ("src_ip", _NAME),  # normalised text, no port, no zone; null when none or not an address
    ("src_country", _NAME),  # as the vendor states it (ISO 3166 alpha-2), null otherwise
    # token
    ("session_uid", _TEXT),
    ("token_uid", _TEXT),
    ("token_issued_time", _TIME),
    ("token_org_uid", _NAME),  # tenant that issued the token, when the record says so
    (
        "auth_method",
        _NAME,
    ),  # password, mfa, mfa_claim (satisfied by the token), phishing_resistant, certificate, secret
    ("auth_protocol", _NAME),  # device_code, ropc, legacy (imap, pop, smtp, activesync …), saml, oauth
    ("is_interactive", pa.bool_()),
    ("key_uid", _NAME),  # credential key id of a service principal
    # how much
    ("access_type", _NAME),  # bind, sync
    ("item_count", pa.int32()),  # messages in this record (attachments of AttachmentAccess)
    ("folder", _NAME),
    ("is_throttled", pa.bool_()),
    (
        "parameters",
        _TEXT,
    ),  # JSON object of cmdlet parameters / modified properties; of an Entra sign-in, how it was authenticated
    ("unmapped", _TEXT),  # JSON object of every field that no column holds
)
EVENT_SCHEMA = pa.schema(EVENT_FIELDS)

ENRICHMENT_FIELDS: tuple[tuple[str, pa.DataType], ...] = (
    ("src_prefix", _NAME),  # /24 or /48 that the address lies in
    ("src_asn", pa.int64()),  # null: unknown
    ("src_asn_name", _NAME),
    ("src_location", _NAME),  # country by the table, else as the vendor stated it; null: unknown
    (
        "src_network_class",
        _NAME,
    ),  # hosting, residential, mobile, corporate, anonymiser, microsoft; null: unknown
)
ENRICHED_SCHEMA = pa.schema(EVENT_FIELDS + ENRICHMENT_FIELDS)
