"""Policies on administrator roles of Entra ID (MS.AAD.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seawall.posture.conditional_access import GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLES
from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, verdict
from seawall.posture.role_members import EXPORTS, RoleMember, role_members, role_of
from seawall.posture.values import read_fields, read_flag, read_items, read_text, read_texts, read_time

_MEMBERS = (EXPORTS,)
_SCHEDULES = (("role_schedules", "privileged_roles"),)
_RULES = (("role_policies", "privileged_roles"),)
_FEWEST, _MOST = 2, 8
_GROUPS = "groups hold roles, and their members are not in the export"


def _count(configuration: Configuration) -> tuple[list[RoleMember], list[RoleMember], list[str]]:
    """Return the users that are Global Administrators, the other privileged users, and members whose users are unknown."""
    members = role_members(configuration)
    top = [one for one in members if one.role == GLOBAL_ADMINISTRATOR and one.kind in ("user", "unknown")]
    ids = {one.id for one in top}
    others = {one.id: one for one in members if one.kind == "user" and one.id not in ids}
    groups = [one.name for one in members if one.kind == "group"]
    return top, list(others.values()), groups


def _check_number(configuration: Configuration) -> PolicyVerdict:
    top, _, groups = _count(configuration)
    names = [one.name for one in top]
    if len(top) > _MOST:
        return verdict(
            "not met", f"{len(top)} accounts are Global Administrators, at most {_MOST} should be", names
        )
    if groups:
        return verdict("cannot say", _GROUPS, groups, ("groups",))
    knows_all = configuration.has("role_eligibility") or configuration.has("privileged_users")
    if len(top) < _FEWEST and not knows_all:
        return verdict(
            "cannot say", "accounts that may activate the role are unknown", names, ("role_eligibility",)
        )
    if len(top) < _FEWEST:
        return verdict(
            "not met", f"{len(top)} accounts are Global Administrators, at least {_FEWEST} should be", names
        )
    return verdict("met", f"{len(top)} accounts are Global Administrators", names)


def _check_share(configuration: Configuration) -> PolicyVerdict:
    top, others, groups = _count(configuration)
    if len(top) > len(others):
        if groups:
            return verdict("cannot say", _GROUPS, groups, ("groups",))
        return verdict(
            "not met",
            f"{len(top)} Global Administrators, and only {len(others)} privileged users with a smaller role",
            [one.name for one in top],
        )
    return verdict(
        "met", f"{len(top)} Global Administrators, and {len(others)} privileged users with a smaller role"
    )


def _check_cloud_only(configuration: Configuration) -> PolicyVerdict:
    users = [one for one in role_members(configuration) if one.kind in ("user", "unknown")]
    return configuration.judge_offenders(
        EXPORTS,
        [f"{one.name} ({PRIVILEGED_ROLES[one.role]})" for one in users if one.is_synced],
        "administrators come from the on-premises directory",
        "privileged accounts exist in the cloud alone",
        [one.name for one in users if one.is_synced is None],
    )


def _assignments(configuration: Configuration) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield role, principal and assignment of each active assignment of a privileged role."""
    for one in configuration.all("role_schedules"):
        if (role := role_of(one)) and read_text(one.get("assignmenttype")).lower() != "activated":
            principal = read_fields(one.get("principal"))
            name = read_text(principal.get("userprincipalname")) or read_text(principal.get("displayname"))
            yield role, name or read_text(one.get("principalid")), one
    for one in configuration.all("privileged_roles"):
        role = read_text(one.get("roletemplateid")).lower()
        for value in read_items(one.get("assignments")) or () if role in PRIVILEGED_ROLES else ():
            assignment = read_fields(value)
            yield role, read_text(assignment.get("principalid")), assignment


def _check_permanent(configuration: Configuration) -> PolicyVerdict:
    wrong = [
        f"{name} ({PRIVILEGED_ROLES[role]})"
        for role, name, one in _assignments(configuration)
        if not one.get("enddatetime")
        and read_text(one.get("principalid")).lower() not in configuration.emergency
    ]
    return configuration.judge_offenders(
        _SCHEDULES[0], wrong, "roles are active for ever", "no privileged role is active without an end"
    )


def _check_outside(configuration: Configuration) -> PolicyVerdict:
    wrong = [
        f"{name} ({PRIVILEGED_ROLES[role]})"
        for role, name, one in _assignments(configuration)
        if read_time(one.get("startdatetime")) is None and not read_text(one.get("startdatetime"))
    ]
    return configuration.judge_offenders(
        _SCHEDULES[0],
        wrong,
        "roles were assigned outside Privileged Identity Management",
        "every privileged role was assigned in Privileged Identity Management",
    )


def _rules(configuration: Configuration) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield role and rule of each setting of a privileged role."""
    for one in configuration.all("role_policies"):
        role = role_of(one)
        for value in read_items(read_fields(one.get("policy")).get("rules")) or () if role else ():
            yield role, read_fields(value)
    for one in configuration.all("privileged_roles"):
        role = read_text(one.get("roletemplateid")).lower()
        for value in read_items(one.get("rules")) or () if role in PRIVILEGED_ROLES else ():
            yield role, read_fields(value)


def _check_approval(configuration: Configuration) -> PolicyVerdict:
    flags = [
        read_flag(read_fields(rule.get("setting")).get("isapprovalrequired"))
        for role, rule in _rules(configuration)
        if role == GLOBAL_ADMINISTRATOR and read_text(rule.get("id")) == "Approval_EndUser_Assignment"
    ]
    return configuration.judge_offenders(
        _RULES[0],
        ["Global Administrator"] if False in flags else [],
        "the role is activated without approval",
        "activation needs approval",
        ["Approval_EndUser_Assignment"] if None in flags or not flags else [],
    )


def _check_notice(
    configuration: Configuration, rules: tuple[str, ...], roles: frozenset[str], what: str
) -> PolicyVerdict:
    wrong, hidden = [], []
    seen = set[tuple[str, str]]()
    for role, rule in _rules(configuration):
        name = read_text(rule.get("id"))
        if role not in roles or name not in rules:
            continue
        seen.add((role, name))
        found = read_texts(rule.get("notificationrecipients"))
        if found is None:
            hidden.append(PRIVILEGED_ROLES[role])
        elif not found:
            wrong.append(f"{PRIVILEGED_ROLES[role]}: {name}")
    hidden += [PRIVILEGED_ROLES[role] for role in sorted(roles) for name in rules if (role, name) not in seen]
    return configuration.judge_offenders(
        _RULES[0], wrong, f"nobody is told of {what}", f"{what} sends a message", hidden
    )


_OTHERS = frozenset(PRIVILEGED_ROLES) - {GLOBAL_ADMINISTRATOR}


def _check_assignment_notice(configuration: Configuration) -> PolicyVerdict:
    rules = ("Notification_Admin_Admin_Assignment", "Notification_Admin_Admin_Eligibility")
    return _check_notice(
        configuration, rules, frozenset(PRIVILEGED_ROLES), "the assignment of a privileged role"
    )


def _check_activation_notice(configuration: Configuration) -> PolicyVerdict:
    rules = ("Notification_Admin_EndUser_Assignment",)
    return _check_notice(
        configuration, rules, frozenset({GLOBAL_ADMINISTRATOR}), "the activation of Global Administrator"
    )


def _check_other_activations(configuration: Configuration) -> PolicyVerdict:
    rules = ("Notification_Admin_EndUser_Assignment",)
    return _check_notice(configuration, rules, _OTHERS, "the activation of other privileged roles")


def _check_applications(configuration: Configuration) -> PolicyVerdict:
    found = [one for one in role_members(configuration) if one.kind == "application"]
    unknown = [one.name for one in role_members(configuration) if one.kind == "unknown"]
    return configuration.judge_offenders(
        EXPORTS,
        [f"{one.name} ({PRIVILEGED_ROLES[one.role]})" for one in found],
        "applications hold administrator roles",
        "no application holds an administrator role",
        unknown,
    )


ADMIN_ROLES = (
    BaselinePolicy(
        "MS.AAD.7.1v1",
        "Two to eight accounts are Global Administrators",
        "Neither a single account nor a crowd holds the highest role.",
        "shall",
        _MEMBERS,
        _check_number,
        "Each further Global Administrator is one more session that opens everything.",
        "Remove the role Global Administrator from accounts that can work with a smaller one.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "MS.AAD.7.2v1",
        "Administrators have the smallest role that suffices",
        "Fewer accounts are Global Administrators than hold smaller privileged roles.",
        "shall",
        _MEMBERS,
        _check_share,
        "The session of a help desk or mail administrator does not open the whole tenant.",
        "Give administrators a smaller role, such as User or Exchange Administrator, instead of Global Administrator.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "MS.AAD.7.3v1",
        "Privileged accounts exist in the cloud alone",
        "No privileged account is synchronised from an on-premises directory.",
        "shall",
        (EXPORTS, (*EXPORTS, "users")),
        _check_cloud_only,
        "An intruder on the premises does not become administrator of the cloud. No catalogued incident crossed so.",
        "Create cloud-only accounts for administrators, and remove the roles from the synchronised ones.",
    ),
    BaselinePolicy(
        "MS.AAD.7.4v1",
        "No privileged role is active for ever",
        "Privileged roles are eligible, and active only for a time.",
        "shall",
        _SCHEDULES,
        _check_permanent,
        "A stolen session of an administrator holds no role until somebody activates it.",
        "Make the assignments eligible in Privileged Identity Management, except those of emergency accounts.",
        ("tycoon-2fa", "midnight-blizzard"),
    ),
    BaselinePolicy(
        "MS.AAD.7.5v1",
        "Privileged roles are assigned in one place",
        "No privileged role is assigned outside Privileged Identity Management.",
        "shall",
        _SCHEDULES,
        _check_outside,
        "A role that an attacker gives to his own account stands out.",
        "Assign the roles again in Privileged Identity Management, and remove the direct assignments.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "MS.AAD.7.6v1",
        "Global Administrator needs approval",
        "A second person approves each activation of the highest role.",
        "shall",
        _RULES,
        _check_approval,
        "One stolen session does not suffice to become Global Administrator.",
        "Require approval to activate in the settings of the role Global Administrator.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "MS.AAD.7.7v1",
        "Assignments of privileged roles send a message",
        "Somebody hears of every new eligible or active assignment.",
        "shall",
        _RULES,
        _check_assignment_notice,
        "The new administrator account of the attacker is known within minutes.",
        "Name recipients for both kinds of assignment in the notification settings of each privileged role.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "MS.AAD.7.8v1",
        "Activations of Global Administrator send a message",
        "Somebody hears of every activation of the highest role.",
        "shall",
        _RULES,
        _check_activation_notice,
        "An activation at an odd hour is seen when it happens.",
        "Name recipients for activations in the notification settings of Global Administrator.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "MS.AAD.7.9v1",
        "Activations of other privileged roles send a message",
        "Somebody hears of every activation of the other privileged roles.",
        "should",
        _RULES,
        _check_other_activations,
        "An activation of Exchange or Application Administrator by a stolen session is seen.",
        "Name recipients for activations in the notification settings of each privileged role.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "SEAWALL.ROLES.1v1",
        "No application holds an administrator role",
        "Service principals have permissions for their task, and no role of a person.",
        "lesson",
        _MEMBERS,
        _check_applications,
        "An old application cannot create users and grants for the attacker.",
        "Remove the role from the application, and grant the one permission that it needs.",
        ("midnight-blizzard",),
    ),
)
"""Policies on administrator roles."""
