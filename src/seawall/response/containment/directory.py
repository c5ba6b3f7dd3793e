"""Steps that take back what was changed in Entra's directory: consents, application permissions, credentials. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from seawall.response.containment.microsoft import CHANGED, graph
from seawall.response.containment.records import Record, plainly
from seawall.response.containment.steps import Subject, by_record, shell, why
from seawall.response.containment.templates import filter_text, is_guid, segment
from seawall.response.containment.values import Action, ActionKind, Check, Condition, Read

_GRANT: Final = re.compile(r"\[Id: ([\w-]{10,100}),[^\[\]]{0,200}?ClientId: ([0-9a-fA-F-]{36})")
_KEY: Final = re.compile(r"KeyIdentifier=([0-9a-fA-F-]{36}),KeyType=(\w+)")
_GRANT_FIELDS: Final = ("clientId", "consentType", "principalId", "resourceId", "scope")
_TRUST_FIELDS: Final = ("name", "issuer", "subject", "audiences", "description")
FEDERATED: Final = "FederatedIdentityCredentials"
_ASSIGNMENT_FIELDS: Final = ("principalId", "resourceId", "appRoleId")
GRANTS_PERMISSION: Final = "DelegatedPermissionGrant.ReadWrite.All"
"""For reading too: the least that listing needs by its documentation, Directory.Read.All, reads the whole directory."""


def from_record(subject: Subject, record: Record) -> Iterator[Action]:
    """The steps that take back what a record of the directory did; none for a record of anything else."""
    name = plainly(record.activity)
    if name in {"Consent to application", "Add delegated permission grant", "Add OAuth2PermissionGrant"}:
        yield from _consents(subject, record)
    elif name == "Add app role assignment to service principal":
        yield from _application_permissions(subject, record)
    elif name in {
        "Add service principal credentials",
        "Update application - Certificates and secrets management",
    }:
        yield from _credentials(subject, record)
    elif name == "Update application" and record.text(FEDERATED):
        yield from _federated(subject, record)


def _consents(subject: Subject, record: Record) -> Iterator[Action]:
    before, _, made = record.text("ConsentAction.Permissions").rpartition("=>")
    grants = dict.fromkeys(_GRANT.findall(made))
    known = {grant for grant, _ in _GRANT.findall(before)}
    for grant, client in grants:
        if is_guid(client):
            title = f"Remove the consent {grant} to {_application(record)}"
            if grant in known:
                title += ", which was there before with other permissions"
            yield _consent(subject, record, title, client, Condition("id", "equal", grant))
    if not grants and is_guid(record.resource):
        # The record names the application alone: its grants for this account are meant, or all where nobody is named.
        title = f"Remove the consents to {_application(record)}"
        meant = (
            Condition("principalId", "equal", record.object_id)
            if is_guid(record.object_id)
            else Condition("clientId", "equal", record.resource)
        )
        yield _consent(subject, record, title, record.resource, meant)
    elif not grants:
        yield _unnamed(
            subject, record, "remove_consent", "the consents that were given",
            "In the Entra admin center, under the enterprise application, Permissions, revoke what nobody wanted.",
        )  # fmt: skip


def _unnamed(subject: Subject, record: Record, kind: ActionKind, what: str, by_hand: str) -> Action:
    """Have a person look where the record does not say which thing it was about."""
    return by_record(
        subject,
        record,
        kind=kind,
        title=f"Look through {what}",
        reason=why(record, "The record does not name it in the form that a call needs"),
        by_hand=by_hand,
        irreversible="Note what you remove: it has to be given again by hand.",
    )


def _consent(subject: Subject, record: Record, title: str, client: str, meant: Condition) -> Action:
    body: dict[str, Any] = {field: {"$read": f"grant.{field}"} for field in _GRANT_FIELDS}
    path = f"/oauth2PermissionGrants?$filter={segment(f'clientId eq {_quoted(client)}')}"
    read = Read(
        "grant",
        graph("GET", path, GRANTS_PERMISSION, "oauth2permissiongrant-list"),
        ("id", *_GRANT_FIELDS),
        items="value",
        where=(meant,),
    )
    return by_record(
        subject,
        record,
        kind="remove_consent",
        title=title,
        reason=why(record, "A consent lets an application read mail without a password until it is removed"),
        before=(read,),
        each="grant",
        calls=(
            graph(
                "DELETE",
                "/oauth2PermissionGrants/{grant.id}",
                GRANTS_PERMISSION,
                "oauth2permissiongrant-delete",
            ),
        ),
        done=Check("grant", "absent", ("id",)),
        undo=(
            graph(
                "POST",
                "/oauth2PermissionGrants",
                GRANTS_PERMISSION,
                "oauth2permissiongrant-post",
                body=body,
            ),
        ),
        undone=Check("grant", "restored", _GRANT_FIELDS),
        irreversible="Access tokens that the application has work until they end. Whether its refresh tokens come back with "
        "the consent, the documentation does not say.",
    )


def _application_permissions(subject: Subject, record: Record) -> Iterator[Action]:
    principal = record.text("ServicePrincipal.ObjectID")
    role = record.text("AppRole.Id")
    if not is_guid(principal) or not is_guid(role):
        yield _unnamed(
            subject, record, "remove_consent", "the application permissions that were given",
            "In the Entra admin center, under the enterprise application, Permissions, revoke what it should not have.",
        )  # fmt: skip
        return
    base = f"/servicePrincipals/{principal}/appRoleAssignments"
    body: dict[str, Any] = {field: {"$read": f"assignment.{field}"} for field in _ASSIGNMENT_FIELDS}
    yield by_record(
        subject,
        record,
        kind="remove_consent",
        title=f"Remove the permission {record.text('AppRole.Value') or role} of the application {principal}",
        reason=why(record, "With it the application acts on every mailbox, without any account"),
        before=(
            Read(
                "assignment",
                graph("GET", base, "Application.Read.All", "serviceprincipal-list-approleassignments"),
                ("id", *_ASSIGNMENT_FIELDS),
                items="value",
                where=(Condition("appRoleId", "equal", role),),
            ),
        ),
        each="assignment",
        calls=(
            graph(
                "DELETE",
                base + "/{assignment.id}",
                "AppRoleAssignment.ReadWrite.All",
                "serviceprincipal-delete-approleassignments",
            ),
        ),
        done=Check("assignment", "absent", ("id",)),
        undo=(
            graph(
                "POST",
                base,
                "AppRoleAssignment.ReadWrite.All",
                "serviceprincipal-post-approleassignments",
                body=body,
            ),
        ),
        undone=Check("assignment", "restored", _ASSIGNMENT_FIELDS),
    )


def _credentials(subject: Subject, record: Record) -> Iterator[Action]:
    keys = _added_keys(record)
    if not is_guid(record.resource) or not keys:
        listed = ", ".join(dict.fromkeys(key for key, _ in _KEY.findall(record.text("KeyDescription"))))
        yield _unnamed(
            subject, record, "remove_app_credential", f"the secrets and certificates of {_application(record)}",
            "In the Entra admin center, under the application and under its enterprise application, remove those that were "
            "added during the intrusion." + (f" After the change there were the key ids {listed}." if listed else ""),
        )  # fmt: skip
        return
    where = "applications" if _target_type(record) == "Application" else "servicePrincipals"
    for key, kind in keys:
        title = (
            f"Remove the {'secret' if kind == 'Password' else 'certificate'} {key} of {_application(record)}"
        )
        reason = why(record, "A credential that an intruder added works until it is removed")
        forever = "A removed secret or certificate cannot be put back: the application gets a new one."
        if kind != "Password":
            # Graph's removeKey asks for a proof signed by a key of the application itself.
            noun = "Application" if where == "applications" else "ServicePrincipal"
            yield by_record(
                subject, record, kind="remove_app_credential", title=title, reason=reason, irreversible=forever,
                by_hand="In the Entra admin center, under the application's certificates and secrets, remove the certificate "
                "with this key id. Graph removes one only for who can sign with the application's own key.",
                powershell=shell(
                    f"Get-Mg{noun} -{noun}Id {{id}} | Select-Object -ExpandProperty KeyCredentials", id=record.resource
                ),
            )  # fmt: skip
            continue
        kind_of = "application" if where == "applications" else "serviceprincipal"
        base = f"/{where}/{record.resource}"
        yield by_record(
            subject,
            record,
            kind="remove_app_credential",
            title=title,
            reason=reason,
            before=(
                Read(
                    "secret",
                    graph(
                        "GET",
                        f"{base}?$select=passwordCredentials",
                        "Application.ReadWrite.All",
                        f"{kind_of}-get",
                    ),
                    ("keyId", "displayName", "startDateTime", "endDateTime", "hint"),
                    items="passwordCredentials",
                    where=(Condition("keyId", "equal", key),),
                ),
            ),
            each="secret",
            calls=(
                graph(
                    "POST",
                    f"{base}/removePassword",
                    "Application.ReadWrite.All",
                    f"{kind_of}-removepassword",
                    body={"keyId": {"$read": "secret.keyId"}},
                    expect=CHANGED,
                ),
            ),
            done=Check("secret", "absent", ("keyId",)),
            irreversible=forever,
        )


def _federated(subject: Subject, record: Record) -> Iterator[Action]:
    """Remove the trust that a record gave to a foreign issuer, whose tokens sign in as the application, with no secret."""
    added = _added_trust(record)
    if added is None or not is_guid(record.resource):
        yield _unnamed(
            subject, record, "remove_app_credential", f"the federated credentials of {_application(record)}",
            "In the Entra admin center, under the application's certificates and secrets, Federated credentials, remove those "
            "whose issuer nobody in the organisation knows.",
        )  # fmt: skip
        return
    base = f"/applications/{record.resource}/federatedIdentityCredentials"
    for one, before in added:
        title = f"Remove the federated credential {one['Name']} of {_application(record)}"
        again = ""
        if before:
            title += ", which was there before with other values"
            again = (
                f"Before the change it trusted {before.get('Issuer')} for {before.get('Subject')}: where that is wanted, set it "
                "again by hand. "
            )
        yield by_record(
            subject,
            record,
            kind="remove_app_credential",
            title=title,
            reason=why(
                record,
                f"Whoever holds a token of {one.get('Issuer')} for {one.get('Subject')} acts as the application",
            ),
            before=(
                Read(
                    "trust",
                    graph(
                        "GET", base, "Application.Read.All", "application-list-federatedidentitycredentials"
                    ),
                    ("id", *_TRUST_FIELDS),
                    items="value",
                    where=(Condition("id", "equal", one["Id"]),),
                ),
            ),
            each="trust",
            calls=(
                graph(
                    "DELETE",
                    base + "/{trust.id}",
                    "Application.ReadWrite.All",
                    "federatedidentitycredential-delete",
                ),
            ),
            done=Check("trust", "absent", ("id",)),
            undo=(
                graph(
                    "POST",
                    base,
                    "Application.ReadWrite.All",
                    "application-post-federatedidentitycredentials",
                    body={field: {"$read": f"trust.{field}"} for field in _TRUST_FIELDS},
                ),
            ),
            undone=Check("trust", "restored", _TRUST_FIELDS),
            irreversible=again + "Access tokens that the application has work until they end.",
        )


def _added_trust(record: Record) -> list[tuple[dict[str, Any], dict[str, Any]]] | None:
    """The federated credentials that a record added or changed, each with what it was; None where that cannot be told."""
    held = _before(record, FEDERATED)
    new, old = _objects(record.text(FEDERATED)), None if held is None else _objects(held or "[]")
    if new is None or old is None:
        return None
    known = {one["Id"]: one for one in old}
    return [(one, known.get(one["Id"], {})) for one in new if known.get(one["Id"]) != one]


def _objects(text: str) -> list[dict[str, Any]] | None:
    """The federated credentials in a value of a record; None where it does not hold them, each with its id and name."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    is_whole = isinstance(found, list) and all(
        isinstance(one, dict) and is_guid(str(one.get("Id"))) and isinstance(one.get("Name"), str)
        for one in found
    )
    return found if is_whole else None


def _added_keys(record: Record) -> list[tuple[str, str]]:
    """The keys that a record added: those of the new value that are not in the old one.

    Empty where the record does not say what was there before: those keys may be the organisation's own, and what is removed
    does not come back.
    """
    held = _before(record, "KeyDescription")
    old = {key for key, _ in _KEY.findall(held or "")}
    found = dict.fromkeys(_KEY.findall(record.text("KeyDescription"))) if held is not None else {}
    return [one for one in found if one[0] not in old and is_guid(one[0])]


def _before(record: Record, name: str) -> str | None:
    """What a property was before the change, empty for nothing; None where the record does not say."""
    found = [
        str(change.get("oldValue") or "")
        for target in _list(record.raw.get("targetResources"))
        for change in (_list(target.get("modifiedProperties")) if isinstance(target, dict) else [])
        if isinstance(change, dict) and change.get("displayName") == name
    ]
    return " ".join(found) if found else None


def _target_type(record: Record) -> str:
    targets = _list(record.raw.get("targetResources"))
    first = targets[0] if targets and isinstance(targets[0], dict) else {}
    return str(first.get("type") or "")


def _application(record: Record) -> str:
    return record.text("Target", "DisplayName", "AppId") or record.resource


def _quoted(value: str) -> str:
    return f"'{filter_text(value)}'"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
