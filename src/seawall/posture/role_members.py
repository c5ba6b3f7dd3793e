"""Collect who holds the privileged roles, from any of the exports that say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from seawall.posture.conditional_access import PRIVILEGED_ROLES
from seawall.posture.policy import Configuration, name_of
from seawall.posture.values import read_fields, read_items, read_text

Kind = Literal["user", "group", "application", "unknown"]
EXPORTS = (
    "role_schedules",
    "role_assignments",
    "role_eligibility",
    "directory_roles",
    "privileged_users",
    "privileged_roles",
)
"""Exports that name the members of roles; any of them suffices."""
_ROLE_BY_NAME = {name.lower(): key for key, name in PRIVILEGED_ROLES.items()}
_KINDS: dict[str, Kind] = {
    "#microsoft.graph.user": "user",
    "#microsoft.graph.group": "group",
    "#microsoft.graph.serviceprincipal": "application",
}


@dataclass(frozen=True, slots=True)
class RoleMember:
    """Hold one holder of a role. `is_synced` is None if no export says whether the account is synchronised."""

    id: str
    name: str
    role: str
    kind: Kind
    is_synced: bool | None = None


def role_members(configuration: Configuration) -> list[RoleMember]:
    """Return the members of the privileged roles, each once for a role, with what any export knows of them."""
    found: dict[tuple[str, str], RoleMember] = {}
    synced = _synced_users(configuration)
    for member in _with_groups(configuration):
        key = member.role, member.id
        known = found.get(key)
        is_synced = next((one for one in (member.is_synced, synced.get(member.id)) if one is not None), None)
        if known is None or (known.kind == "unknown" and member.kind != "unknown"):
            found[key] = RoleMember(member.id, member.name, member.role, member.kind, is_synced)
    return list(found.values())


def _with_groups(configuration: Configuration) -> Iterator[RoleMember]:
    """Yield members, and instead of a group whose members an export lists those members."""
    groups = {
        read_text(one.get("id")).lower(): read_items(one.get("members"))
        for one in configuration.all("groups")
    }
    for member in _list_members(configuration):
        inside = groups.get(member.id) if member.kind in ("group", "unknown") else None
        if inside is None:
            yield member
        for value in inside or ():
            yield _member(read_fields(value), member.role)


def _list_members(configuration: Configuration) -> Iterator[RoleMember]:
    for export in ("role_schedules", "role_assignments", "role_eligibility"):
        for one in configuration.all(export):
            role = role_of(one)
            if role:
                yield _member(read_fields(one.get("principal")), role, read_text(one.get("principalid")))
    for one in configuration.all("directory_roles"):
        role = read_text(one.get("roletemplateid")).lower()
        for value in read_items(one.get("members")) or () if role in PRIVILEGED_ROLES else ():
            yield _member(read_fields(value), role)
    for one in configuration.all("privileged_users"):
        is_synced = bool(read_text(one.get("onpremisesimmutableid")))
        for name in read_items(one.get("roles")) or ():
            if role := _ROLE_BY_NAME.get(read_text(name).lower(), ""):
                who = name_of(one, "displayname")
                yield RoleMember(read_text(one.get("id")).lower() or who, who, role, "user", is_synced)
    for one in configuration.all("privileged_roles"):
        role = read_text(one.get("roletemplateid")).lower()
        for value in read_items(one.get("assignments")) or () if role in PRIVILEGED_ROLES else ():
            yield _member({}, role, read_text(read_fields(value).get("principalid")))


def role_of(assignment: dict[str, Any]) -> str:
    """Return the template id of the privileged role that an assignment gives; empty for any other role."""
    definition = read_fields(assignment.get("roledefinition"))
    for text in (read_text(definition.get("templateid")), read_text(assignment.get("roledefinitionid"))):
        if text.lower() in PRIVILEGED_ROLES:
            return text.lower()
    return _ROLE_BY_NAME.get(read_text(definition.get("displayname")).lower(), "")


def _member(one: dict[str, Any], role: str, principal: str = "") -> RoleMember:
    uid = (principal or read_text(one.get("id"))).lower()
    kind = _KINDS.get(
        read_text(one.get("@odata.type")).lower(),
        "user" if read_text(one.get("userprincipalname")) else "unknown",
    )
    name = name_of(one, "userprincipalname", "displayname") if one else uid
    return RoleMember(uid or name, name, role, kind, _is_synced(one))


def _is_synced(one: dict[str, Any]) -> bool | None:
    if "onpremisessyncenabled" not in one and "onpremisesimmutableid" not in one:
        return None
    text = read_text(one.get("onpremisessyncenabled")).lower()
    return text == "true" or bool(read_text(one.get("onpremisesimmutableid")))


def _synced_users(configuration: Configuration) -> dict[str, bool]:
    return {
        read_text(one.get("id")).lower(): known
        for one in configuration.all("users")
        if (known := _is_synced(one)) is not None
    }
