"""Build steps that undo changes in Entra's directory: consents, application permissions, credentials. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from seawall.events.changes.objects import find_application
from seawall.events.changes.records import ChangeRecord, normalise_operation
from seawall.response.containment.microsoft import CHANGED, call_graph
from seawall.response.containment.steps import StepSubject, describe_record, make_powershell, make_record_step
from seawall.response.containment.templates import encode_segment, escape_filter_text, is_guid
from seawall.response.containment.values import (
    ActionKind,
    ChangeCheck,
    ContainmentStep,
    StateRead,
    TargetCondition,
)

_GRANT: Final = re.compile(r"\[Id: ([\w-]{10,100}),[^\[\]]{0,200}?ClientId: ([0-9a-fA-F-]{36})")
_SHARED_GRANT: Final = re.compile(r"\[Id: ([\w-]{10,100}),[^\[\]]{0,400}?ConsentType: AllPrincipals\b")
_KEY: Final = re.compile(r"KeyIdentifier=([0-9a-fA-F-]{36}),KeyType=(\w+)")
_GRANT_FIELDS: Final = ("clientId", "consentType", "principalId", "resourceId", "scope")
_TRUST_FIELDS: Final = ("name", "issuer", "subject", "audiences", "description")
FEDERATED: Final = "FederatedIdentityCredentials"
_ASSIGNMENT_FIELDS: Final = ("principalId", "resourceId", "appRoleId")
GRANTS_PERMISSION: Final = "DelegatedPermissionGrant.ReadWrite.All"
"""Permission for reading and removing grants.

The documented minimum for listing, Directory.Read.All, would expose the whole directory.
"""


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the steps that undo a directory record; none for a record of another kind."""
    name = normalise_operation(record.activity)
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
        yield from _undo_federation(subject, record)


def _consents(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    before, _, made = record.text("ConsentAction.Permissions").rpartition("=>")
    grants = dict.fromkeys(_GRANT.findall(made))
    known = {grant for grant, _ in _GRANT.findall(before)}
    shared = set(_SHARED_GRANT.findall(made))
    for grant, client in grants:
        if is_guid(client):
            whose = "everybody's" if grant in shared else f"{record.account.partition('@')[0]}'s"
            title = f"Remove {whose} consent to {find_application(record)}"
            if grant in known:
                title += ", which was there before with other permissions"
            yield _consent(subject, record, title, client, TargetCondition("id", "equal", grant))
    if not grants and is_guid(record.resource):
        # The record names only the application: remove its grants for this account, or all if no account is named.
        title = f"Remove the consents to {find_application(record)}"
        meant = (
            TargetCondition("principalId", "equal", record.object_id)
            if is_guid(record.object_id)
            else TargetCondition("clientId", "equal", record.resource)
        )
        yield _consent(subject, record, title, record.resource, meant)
    elif not grants:
        yield _make_unnamed(
            subject, record, "remove_consent", "the consents that were given",
            "In the Entra admin center, under the enterprise application, Permissions, revoke what nobody wanted.",
        )  # fmt: skip


def _make_unnamed(
    subject: StepSubject, record: ChangeRecord, kind: ActionKind, what: str, by_hand: str
) -> ContainmentStep:
    """Build a manual review step for a record that does not name the changed object."""
    return make_record_step(
        subject,
        record,
        kind=kind,
        title=f"Look through {what}",
        reason=describe_record(record, "The record does not name it in the form that a call needs"),
        by_hand=by_hand,
        irreversible="Note what you remove: it has to be given again by hand.",
    )


def _consent(
    subject: StepSubject, record: ChangeRecord, title: str, client: str, meant: TargetCondition
) -> ContainmentStep:
    body: dict[str, Any] = {field: {"$read": f"grant.{field}"} for field in _GRANT_FIELDS}
    path = f"/oauth2PermissionGrants?$filter={encode_segment(f'clientId eq {_quote(client)}')}"
    read = StateRead(
        "grant",
        call_graph("GET", path, GRANTS_PERMISSION, "oauth2permissiongrant-list"),
        ("id", *_GRANT_FIELDS),
        items="value",
        where=(meant,),
    )
    return make_record_step(
        subject,
        record,
        kind="remove_consent",
        title=title,
        reason=describe_record(
            record, "A consent lets an application read mail without a password until it is removed"
        ),
        before=(read,),
        each="grant",
        calls=(
            call_graph(
                "DELETE",
                "/oauth2PermissionGrants/{grant.id}",
                GRANTS_PERMISSION,
                "oauth2permissiongrant-delete",
            ),
        ),
        done=ChangeCheck("grant", "absent", ("id",)),
        undo=(
            call_graph(
                "POST",
                "/oauth2PermissionGrants",
                GRANTS_PERMISSION,
                "oauth2permissiongrant-post",
                body=body,
            ),
        ),
        undone=ChangeCheck("grant", "restored", _GRANT_FIELDS),
        irreversible="Access tokens that the application has work until they end. Whether its refresh tokens come back with "
        "the consent, the documentation does not say.",
    )


def _application_permissions(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    principal = record.text("ServicePrincipal.ObjectID")
    role = record.text("AppRole.Id")
    if not is_guid(principal) or not is_guid(role):
        yield _make_unnamed(
            subject, record, "remove_consent", "the application permissions that were given",
            "In the Entra admin center, under the enterprise application, Permissions, revoke what it should not have.",
        )  # fmt: skip
        return
    base = f"/servicePrincipals/{principal}/appRoleAssignments"
    body: dict[str, Any] = {field: {"$read": f"assignment.{field}"} for field in _ASSIGNMENT_FIELDS}
    yield make_record_step(
        subject,
        record,
        kind="remove_consent",
        title=f"Remove the permission {record.text('AppRole.Value') or role} of the application {principal}",
        reason=describe_record(record, "With it the application acts by itself, without any account"),
        before=(
            StateRead(
                "assignment",
                call_graph("GET", base, "Application.Read.All", "serviceprincipal-list-approleassignments"),
                ("id", *_ASSIGNMENT_FIELDS),
                items="value",
                where=(TargetCondition("appRoleId", "equal", role),),
            ),
        ),
        each="assignment",
        calls=(
            call_graph(
                "DELETE",
                base + "/{assignment.id}",
                "AppRoleAssignment.ReadWrite.All",
                "serviceprincipal-delete-approleassignments",
            ),
        ),
        done=ChangeCheck("assignment", "absent", ("id",)),
        undo=(
            call_graph(
                "POST",
                base,
                "AppRoleAssignment.ReadWrite.All",
                "serviceprincipal-post-approleassignments",
                body=body,
            ),
        ),
        undone=ChangeCheck("assignment", "restored", _ASSIGNMENT_FIELDS),
    )


def _credentials(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    keys = _list_added_keys(record)
    if not is_guid(record.resource) or not keys:
        listed = ", ".join(dict.fromkeys(key for key, _ in _KEY.findall(record.text("KeyDescription"))))
        yield _make_unnamed(
            subject, record, "remove_app_credential", f"the secrets and certificates of {find_application(record)}",
            "In the Entra admin center, under the application and under its enterprise application, remove those that were "
            "added during the intrusion." + (f" After the change there were the key ids {listed}." if listed else ""),
        )  # fmt: skip
        return
    where = "applications" if _target_type(record) == "Application" else "servicePrincipals"
    for key, kind in keys:
        title = f"Remove the {'secret' if kind == 'Password' else 'certificate'} {key} of {find_application(record)}"
        reason = describe_record(record, "A credential that an intruder added works until it is removed")
        forever = "A removed secret or certificate cannot be put back: the application gets a new one."
        if kind != "Password":
            # Graph's removeKey requires a proof signed with one of the application's own keys, so this is manual.
            noun = "Application" if where == "applications" else "ServicePrincipal"
            yield make_record_step(
                subject, record, kind="remove_app_credential", title=title, reason=reason, irreversible=forever,
                by_hand="In the Entra admin center, under the application's certificates and secrets, remove the certificate "
                "with this key id. Graph removes one only for who can sign with the application's own key.",
                powershell=make_powershell(
                    f"Get-Mg{noun} -{noun}Id {{id}} | Select-Object -ExpandProperty KeyCredentials", id=record.resource
                ),
            )  # fmt: skip
            continue
        kind_of = "application" if where == "applications" else "serviceprincipal"
        base = f"/{where}/{record.resource}"
        yield make_record_step(
            subject,
            record,
            kind="remove_app_credential",
            title=title,
            reason=reason,
            before=(
                StateRead(
                    "secret",
                    call_graph(
                        "GET",
                        f"{base}?$select=passwordCredentials",
                        "Application.ReadWrite.All",
                        f"{kind_of}-get",
                    ),
                    ("keyId", "displayName", "startDateTime", "endDateTime", "hint"),
                    items="passwordCredentials",
                    where=(TargetCondition("keyId", "equal", key),),
                ),
            ),
            each="secret",
            calls=(
                call_graph(
                    "POST",
                    f"{base}/removePassword",
                    "Application.ReadWrite.All",
                    f"{kind_of}-removepassword",
                    body={"keyId": {"$read": "secret.keyId"}},
                    expect=CHANGED,
                ),
            ),
            done=ChangeCheck("secret", "absent", ("keyId",)),
            irreversible=forever,
        )


def _undo_federation(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the step that removes a federated credential.

    With it, tokens of a foreign issuer sign in as the application without a secret.
    """
    added = _undo_added_trust(record)
    if added is None or not is_guid(record.resource):
        yield _make_unnamed(
            subject, record, "remove_app_credential", f"the federated credentials of {find_application(record)}",
            "In the Entra admin center, under the application's certificates and secrets, Federated credentials, remove those "
            "whose issuer nobody in the organisation knows.",
        )  # fmt: skip
        return
    base = f"/applications/{record.resource}/federatedIdentityCredentials"
    for one, before in added:
        title = f"Remove the federated credential {one['Name']} of {find_application(record)}"
        again = ""
        if before:
            title += ", which was there before with other values"
            again = (
                f"Before the change it trusted {before.get('Issuer')} for {before.get('Subject')}: where that is wanted, set it "
                "again by hand. "
            )
        yield make_record_step(
            subject,
            record,
            kind="remove_app_credential",
            title=title,
            reason=describe_record(
                record,
                f"Whoever holds a token of {one.get('Issuer')} for {one.get('Subject')} acts as the application",
            ),
            before=(
                StateRead(
                    "trust",
                    call_graph(
                        "GET", base, "Application.Read.All", "application-list-federatedidentitycredentials"
                    ),
                    ("id", *_TRUST_FIELDS),
                    items="value",
                    where=(TargetCondition("id", "equal", one["Id"]),),
                ),
            ),
            each="trust",
            calls=(
                call_graph(
                    "DELETE",
                    base + "/{trust.id}",
                    "Application.ReadWrite.All",
                    "federatedidentitycredential-delete",
                ),
            ),
            done=ChangeCheck("trust", "absent", ("id",)),
            undo=(
                call_graph(
                    "POST",
                    base,
                    "Application.ReadWrite.All",
                    "application-post-federatedidentitycredentials",
                    body={field: {"$read": f"trust.{field}"} for field in _TRUST_FIELDS},
                ),
            ),
            undone=ChangeCheck("trust", "restored", _TRUST_FIELDS),
            irreversible=again + "Access tokens that the application has work until they end.",
        )


def _undo_added_trust(record: ChangeRecord) -> list[tuple[dict[str, Any], dict[str, Any]]] | None:
    """Return the federated credentials that a record added or changed, each with its earlier value.

    None if the record does not say.
    """
    held = _find_earlier_value(record, FEDERATED)
    new, old = (
        _parse_credentials(record.text(FEDERATED)),
        None if held is None else _parse_credentials(held or "[]"),
    )
    if new is None or old is None:
        return None
    known = {one["Id"]: one for one in old}
    return [(one, known.get(one["Id"], {})) for one in new if known.get(one["Id"]) != one]


def _parse_credentials(text: str) -> list[dict[str, Any]] | None:
    """Parse the federated credentials in a record value.

    None unless each has an id and a name.
    """
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    is_whole = isinstance(found, list) and all(
        isinstance(one, dict) and is_guid(str(one.get("Id"))) and isinstance(one.get("Name"), str)
        for one in found
    )
    return found if is_whole else None


def _list_added_keys(record: ChangeRecord) -> list[tuple[str, str]]:
    """Return the keys in the record's new value that are not in its old one.

    Empty if the record lacks the old value: the keys may be the organisation's own, and deleted keys cannot be
    restored.
    """
    held = _find_earlier_value(record, "KeyDescription")
    old = {key for key, _ in _KEY.findall(held or "")}
    found = dict.fromkeys(_KEY.findall(record.text("KeyDescription"))) if held is not None else {}
    return [one for one in found if one[0] not in old and is_guid(one[0])]


def _find_earlier_value(record: ChangeRecord, name: str) -> str | None:
    """Return a property's value before the change, empty if it had none; None if the record does not say."""
    found = [
        str(change.get("oldValue") or "")
        for target in _list(record.raw.get("targetResources"))
        for change in (_list(target.get("modifiedProperties")) if isinstance(target, dict) else [])
        if isinstance(change, dict) and change.get("displayName") == name
    ]
    return " ".join(found) if found else None


def _target_type(record: ChangeRecord) -> str:
    targets = _list(record.raw.get("targetResources"))
    first = targets[0] if targets and isinstance(targets[0], dict) else {}
    return str(first.get("type") or "")


def _quote(value: str) -> str:
    return f"'{escape_filter_text(value)}'"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
