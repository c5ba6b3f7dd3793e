"""Lessons on applications: what they may do, whether they are used, their secrets, owners and home tenants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.role_members import EXPORTS as ROLE_EXPORTS
from seawall.posture.role_members import role_members
from seawall.posture.values import DAY, read_fields, read_flag, read_items, read_text, read_time

_MAILBOX = {
    "810c84a8-4a9e-49e6-bf7d-12d183f40d01": "Mail.Read",
    "e2a3a72e-5f79-4c64-b1b1-878b674786c9": "Mail.ReadWrite",
    "b633e1c5-b582-4048-a93e-9f11b44c7e96": "Mail.Send",
    "693c5e45-0940-467d-9b8a-1022fb9d42ef": "Mail.ReadBasic.All",
    "6931bccd-447a-43d1-b442-00a195474933": "MailboxSettings.ReadWrite",
    "dc890d15-9560-4a4c-9b7f-a736ec74ec40": "full_access_as_app",
    "5e5addcd-3e8d-4e90-baf5-964efab2b20a": "IMAP.AccessAsApp",
    "cb842b43-da6e-4506-86fe-bb12199c656d": "POP.AccessAsApp",
}
"""Application permissions on every mailbox, of Microsoft Graph and Exchange Online, by the id of their role."""
_UNSCOPED = frozenset({"full_access_as_app", "IMAP.AccessAsApp", "POP.AccessAsApp"})
_TENANT = {
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "RoleManagement.ReadWrite.Directory",
    "06b708a9-e830-4db3-a914-8e69da51d44f": "AppRoleAssignment.ReadWrite.All",
    "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": "Application.ReadWrite.All",
    "19dbc75e-c2e2-444c-a770-ec69d8559fc7": "Directory.ReadWrite.All",
    "50483e42-d915-4231-9639-7fdb7fd190e5": "UserAuthenticationMethod.ReadWrite.All",
    "01c0a623-fc9b-48e9-b794-0756f8e8f067": "Policy.ReadWrite.ConditionalAccess",
}
"""Application permissions by which an application can give itself, or anybody, more."""
_FILES = {
    "75359482-378d-4052-8f01-80520e7db3cd": "Files.ReadWrite.All",
    "01d4889c-1287-42c6-ac1f-5d1e02578ef6": "Files.Read.All",
    "332a536c-c7ef-4017-ab91-336970924f0d": "Sites.Read.All",
    "9492366f-7969-46a4-8d15-ed1a20078fff": "Sites.ReadWrite.All",
    "a82116e5-55eb-4c41-a434-62fe8a61c773": "Sites.FullControl.All",
}
_MICROSOFT = frozenset({"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"})
"""Tenants in which Microsoft registers its own applications."""
_MAIL_SCOPES = frozenset({"mail.read", "mail.readwrite", "mail.send", "mail.read.shared", "mail.readwrite.shared",
                          "ews.accessasuser.all", "imap.accessasuser.all", "full_access_as_user"})  # fmt: skip
_QUIET_DAYS, _SECRET_DAYS = 90, 180
_MICROSECONDS = 1_000_000


@dataclass(slots=True)
class _Application:
    """Join what the exports say of one service principal."""

    id: str
    name: str
    app_id: str = ""
    owner: str = ""
    created: int | None = None
    permissions: set[str] = field(default_factory=set)

    @property
    def is_microsoft(self) -> bool:
        return self.owner in _MICROSOFT

    def words(self, known: Mapping[str, str]) -> str:
        """Return its name with those of its permissions that are in the table."""
        return f"{self.name}: {', '.join(sorted(known[one] for one in self.permissions if one in known))}"


def _applications(configuration: Configuration) -> dict[str, _Application]:
    """Return the enabled service principals by their object id, with their application permissions."""
    found: dict[str, _Application] = {}
    disabled = set()
    for one in configuration.all("service_principals"):
        uid = read_text(one.get("id")).lower()
        if read_flag(one.get("accountenabled")) is False:
            disabled.add(uid)
            continue
        found[uid] = _Application(
            uid,
            name_of(one, "displayname", "appid"),
            read_text(one.get("appid")).lower(),
            read_text(one.get("appownerorganizationid")).lower(),
            read_time(one.get("createddatetime")),
        )
    for one in configuration.all("app_role_assignments"):
        uid = read_text(one.get("principalid")).lower()
        if uid in disabled or read_text(one.get("principaltype")).lower() in ("user", "group"):
            continue
        known = found.setdefault(uid, _Application(uid, name_of(one, "principaldisplayname", "principalid")))
        known.permissions.add(read_text(one.get("approleid")).lower())
    return found


def _check_tenant_power(configuration: Configuration) -> PolicyVerdict:
    strong = [one for one in _applications(configuration).values() if one.permissions & _TENANT.keys()]
    return configuration.judge_offenders(
        "app_role_assignments",
        [one.words(_TENANT) for one in strong if not one.is_microsoft],
        "applications can give themselves more permissions",
        "no application can give itself more permissions",
    )


def _check_mailboxes(configuration: Configuration) -> PolicyVerdict:
    limited = {
        read_text(app).lower()
        for one in configuration.all("application_access")
        if read_text(one.get("accessright")).lower() in ("restrictaccess", "0")
        for app in read_items(one.get("appid")) or ()
    }
    wrong: list[str] = []
    unknown: list[str] = []
    for one in _applications(configuration).values():
        held = {_MAILBOX[uid] for uid in one.permissions if uid in _MAILBOX}
        if not held or one.is_microsoft:
            continue
        if held & _UNSCOPED or one.app_id not in limited:
            (wrong if one.app_id or held & _UNSCOPED else unknown).append(one.words(_MAILBOX))
    return configuration.judge_offenders(
        ("app_role_assignments", "application_access"),
        wrong,
        "applications can reach every mailbox",
        "no application can reach every mailbox",
        unknown,
    )


def _last_sign_ins(configuration: Configuration) -> dict[str, int]:
    """Return when each application signed in last, by its application id, in microseconds since 1970."""
    last: dict[str, int] = {}
    for one in configuration.all("application_activity"):
        app = read_text(one.get("appid")).lower()
        time = read_time(read_fields(one.get("lastsigninactivity")).get("lastsignindatetime"))
        if time is not None:
            last[app] = max(last.get(app, time), time)
    return last


def _check_unused(configuration: Configuration) -> PolicyVerdict:
    last = _last_sign_ins(configuration)
    before = configuration.now - _QUIET_DAYS * DAY * _MICROSECONDS
    granted = {read_text(one.get("clientid")).lower() for one in configuration.all("delegated_grants")}
    wrong = []
    for one in _applications(configuration).values():
        is_new = one.created is not None and one.created > before
        if one.is_microsoft or is_new or not (one.permissions or one.id in granted):
            continue
        time = last.get(one.app_id)
        if time is None:
            wrong.append(f"{one.name}: no sign-in is known")
        elif time < before:
            wrong.append(f"{one.name}: {(configuration.now - time) // (DAY * _MICROSECONDS)} days ago")
    missing = [name for name in ("app_role_assignments", "delegated_grants") if not configuration.has(name)]
    if missing and not wrong:
        return verdict("cannot say", "another export may show further permissions", (), tuple(missing))
    return configuration.judge_offenders(
        ("application_activity", "service_principals"),
        wrong,
        f"applications hold permissions that nobody used for {_QUIET_DAYS} days",
        "every application with permissions is in use",
    )


def _check_secrets(configuration: Configuration) -> PolicyVerdict:
    wrong, unknown = [], []
    for one in (*configuration.all("applications"), *configuration.all("service_principals")):
        items = read_items(one.get("passwordcredentials"))
        if items is None:
            if one.get("passwordcredentials") is not None:
                unknown.append(name_of(one, "displayname", "appid"))
            continue
        for item in items:
            secret = read_fields(item)
            end, start = read_time(secret.get("enddatetime")), read_time(secret.get("startdatetime"))
            if end is None or end < configuration.now:
                continue
            days = (end - (configuration.now if start is None else start)) // (DAY * _MICROSECONDS)
            if days > _SECRET_DAYS + 5:
                wrong.append(f"{name_of(one, 'displayname', 'appid')}: {days} days")
    return configuration.judge_offenders(
        "applications",
        wrong,
        f"secrets last longer than {_SECRET_DAYS} days",
        "no secret lasts longer",
        unknown,
    )


def _own_tenant(configuration: Configuration) -> str:
    """Return the id of the tenant itself: the home of the applications that are registered in it."""
    own = {read_text(one.get("appid")).lower() for one in configuration.all("applications")}
    homes = [one.owner for one in _applications(configuration).values() if one.app_id in own and one.owner]
    return max(set(homes), key=homes.count) if homes else ""


def _check_foreign(configuration: Configuration) -> PolicyVerdict:
    own = _own_tenant(configuration)
    if not own:
        return verdict(
            "cannot say", "no application in the exports is registered in this tenant, so its id is unknown"
        )
    known = _MAILBOX | _FILES | _TENANT
    wrong = [
        f"{one.words(known)} (tenant {one.owner})"
        for one in _applications(configuration).values()
        if one.owner and one.owner != own and not one.is_microsoft and one.permissions & known.keys()
    ]
    return configuration.judge_offenders(
        ("service_principals", "app_role_assignments"),
        wrong,
        "applications of other tenants can read mail or files of everybody",
        "no application of another tenant can read mail or files of everybody",
    )


def _check_owners(configuration: Configuration) -> PolicyVerdict:
    known = _MAILBOX | _TENANT | _FILES
    strong = {one.app_id for one in _applications(configuration).values() if one.permissions & known.keys()}
    administrators = {one.id for one in role_members(configuration)}
    wrong, unknown = [], []
    for one in configuration.all("applications"):
        if read_text(one.get("appid")).lower() not in strong:
            continue
        owners = read_items(one.get("owners"))
        if owners is None:
            unknown.append(name_of(one, "displayname", "appid"))
        people = [read_fields(item) for item in owners or ()]
        wrong += [
            f"{name_of(one, 'displayname', 'appid')}: {name_of(owner, 'userprincipalname', 'id')}"
            for owner in people
            if read_text(owner.get("id")).lower() not in administrators
        ]
    return configuration.judge_offenders(
        "applications",
        wrong,
        "people without an administrator's role own applications that can reach everybody's data",
        "applications with strong permissions belong to administrators",
        unknown,
    )


def _check_delegated(configuration: Configuration) -> PolicyVerdict:
    names = _applications(configuration)
    return configuration.judge_offenders(
        "delegated_grants",
        list(_wide_grants(configuration, names)),
        "applications may read the mail of every user who signs in to them",
        "no application has a grant on mail for everybody",
    )


def _wide_grants(configuration: Configuration, names: Mapping[str, _Application]) -> Iterator[str]:
    for one in configuration.all("delegated_grants"):
        if read_text(one.get("consenttype")).lower() != "allprincipals":
            continue
        scopes = sorted(
            {text for text in read_text(one.get("scope")).split() if text.lower() in _MAIL_SCOPES}
        )
        client = read_text(one.get("clientid")).lower()
        app = names.get(client)
        if scopes and not (app and app.is_microsoft):
            yield f"{app.name if app else client}: {', '.join(scopes)}"


APPLICATIONS = (
    BaselinePolicy(
        "SEAWALL.APPS.1v1",
        "No application can give itself more permissions",
        "No application holds a permission that changes roles, grants, applications or policies.",
        "lesson",
        ("app_role_assignments",),
        _check_tenant_power,
        "The old test application could not have created others and granted them every mailbox.",
        "Remove the permission from the application under Enterprise applications, Permissions.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "SEAWALL.APPS.2v1",
        "No application can reach every mailbox",
        "Applications with permissions on mail are limited to the mailboxes that they need.",
        "lesson",
        ("app_role_assignments", "service_principals", "application_access"),
        _check_mailboxes,
        "A stolen secret opens the few mailboxes of the application, not those of the leadership.",
        "Limit the application with New-ApplicationAccessPolicy -AccessRight RestrictAccess, or with RBAC for Applications.",
        ("midnight-blizzard", "commvault"),
    ),
    BaselinePolicy(
        "SEAWALL.APPS.3v1",
        "Unused applications are removed",
        f"Every application with permissions signed in within the last {_QUIET_DAYS} days.",
        "lesson",
        ("application_activity", "service_principals", ("app_role_assignments", "delegated_grants")),
        _check_unused,
        "The forgotten grant that the attacker found would not have existed.",
        "Disable the application under Enterprise applications, Properties; delete it a month later.",
        ("midnight-blizzard", "salesloft-drift", "context-ai"),
    ),
    BaselinePolicy(
        "SEAWALL.APPS.4v1",
        "Secrets of applications are short-lived",
        f"No valid client secret lasts longer than {_SECRET_DAYS} days.",
        "lesson",
        ("applications",),
        _check_secrets,
        "The secret that leaked at the vendor would have expired.",
        "Replace the secret by a certificate or a managed identity; else by one of at most 180 days.",
        ("commvault",),
    ),
    BaselinePolicy(
        "SEAWALL.APPS.5v1",
        "Applications of other tenants cannot read everybody's mail",
        "No service of a vendor holds application permissions on all mail or files.",
        "lesson",
        ("service_principals", "applications", "app_role_assignments"),
        _check_foreign,
        "A breach at one vendor does not open the tenants of its customers.",
        "Limit the vendor's application to the mailboxes that it needs, or remove its consent.",
        ("commvault", "salesloft-drift"),
    ),
    BaselinePolicy(
        "SEAWALL.APPS.6v1",
        "Strong applications belong to administrators",
        "Nobody without an administrator's role owns an application that can reach everybody's data.",
        "lesson",
        ("applications", "service_principals", "app_role_assignments", ROLE_EXPORTS),
        _check_owners,
        "An ordinary account that is taken over cannot add a secret to a strong application.",
        "Remove the owner with Remove-MgApplicationOwnerByRef.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "SEAWALL.APPS.7v1",
        "No application has a grant on mail for everybody",
        "Delegated permissions on mail are granted to named users, not to the whole tenant.",
        "lesson",
        ("delegated_grants", "service_principals"),
        _check_delegated,
        "A stolen integration token reaches the users who use it, not all.",
        "Remove the tenant-wide grant, and assign the application to the users who need it.",
        ("salesloft-drift", "context-ai"),
    ),
)
"""Lessons on applications."""
