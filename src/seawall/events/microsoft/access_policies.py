"""Read Conditional Access exports of Microsoft Graph: policies, named locations, groups, roles and users, in any files.

A part of a policy that is not evaluated (application filters, client certificates …) becomes a doubt. A policy with a doubt
never proves anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seawall.events.access_policy import (
    PATHS,
    AccessPolicy,
    ConditionList,
    Enforcement,
    NamedLocation,
    PolicyDirectory,
    Principals,
)
from seawall.events.formats.json_values import as_text, encode, read_structure
from seawall.events.masked_excerpts import record_problem
from seawall.events.microsoft.device_filters import Strangers, strangers_of
from seawall.events.microsoft.grant_controls import Choices, find_granted, weakest
from seawall.events.microsoft.security_defaults import is_security_defaults, policies_of
from seawall.events.problem import Problem
from seawall.events.small_exports import ExportedObject, objects

_LONGEST = 256
_CUT_OFF_AT = (20, 100)
"""Numbers of members at which Graph truncates an expanded list without saying so."""
_STATES: dict[str, Enforcement] = {
    "enabled": "enabled",
    "disabled": "disabled",
    "enabledforreportingbutnotenforced": "report-only",
}
_CLIENTS = {
    "browser": ("browser",),
    "mobileappsanddesktopclients": ("apps", "device_code"),
    "exchangeactivesync": ("activesync",),
    "eassupported": ("activesync",),
    "easunsupported": ("activesync",),
    "other": ("legacy",),
    "all": PATHS,
}
_CONDITIONS = {
    "users", "applications", "clientapptypes", "platforms", "locations", "signinrisklevels", "userrisklevels",
    "authenticationflows", "clientapplications", "serviceprincipalrisklevels", "times", "devices",
}  # fmt: skip


def read_policies(paths: Sequence[Path]) -> tuple[list[AccessPolicy], PolicyDirectory, list[Problem]]:
    """Return policies by name, the objects that they refer to, and problems."""
    policies: dict[tuple[str, str], AccessPolicy] = {}
    directory, problems = PolicyDirectory(), list[Problem]()
    for item in objects(paths):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        value = _lower(item.value)
        if is_security_defaults(value):
            policies |= {(one.uid, one.name): one for one in policies_of(value, item.where)}
        elif "conditions" in value or "grantcontrols" in value:
            policy = _policy(value, item)
            if policy is None:
                problems.append(_make_problem(item, "a policy without a state or conditions"))
            else:
                policies[policy.uid, policy.name] = policy
        elif not _read_references(value, directory):
            problems.append(_make_problem(item, "no policy, named location, group, role or user is in it"))
    return [policies[key] for key in sorted(policies, key=lambda key: (key[1], key[0]))], directory, problems


def _make_problem(item: ExportedObject, reason: str) -> Problem:
    return record_problem(item.file, item.place, "not-a-log", reason, text=encode(item.value)[:400])


def _policy(value: dict[str, Any], item: ExportedObject) -> AccessPolicy | None:
    state = _STATES.get((_text(value.get("state")) or "").lower())
    conditions = _lower(value.get("conditions"))
    if state is None or not conditions:
        return None
    users, apps = _lower(conditions.get("users")), _lower(conditions.get("applications"))
    places, systems = _lower(conditions.get("locations")), _lower(conditions.get("platforms"))
    doubts = [
        f"the condition {name}" for name in sorted(conditions.keys() - _CONDITIONS) if _says(conditions[name])
    ]
    doubts += _doubts_of(apps, conditions)
    choices, more = _read_grant(_lower(value.get("grantcontrols")))
    strangers, on_devices = _devices(conditions)
    doubts += ["the filter of devices"] if strangers == "unsure" else []
    include_apps, on_registration = _applications(apps)
    uid = (_text(value.get("id")) or "").lower()
    name = _text(value.get("displayname")) or uid or item.where
    if _says(conditions.get("clientapplications")) and not _says(users.get("includeusers")):
        users = {}  # for workload identities: no account is meant
    return AccessPolicy(
        uid, name, state, weakest(choices),
        _principals(users, "include"), _principals(users, "exclude"),
        include_apps, _choose(apps.get("excludeapplications"), "all"),
        _paths(conditions),
        _choose(systems.get("includeplatforms"), "all") if systems else ConditionList(everything=True),
        _choose(systems.get("excludeplatforms"), "all"),
        _choose(places.get("includelocations"), "all") if places else ConditionList(everything=True),
        _choose(places.get("excludelocations"), "all"),
        frozenset(_list(conditions.get("signinrisklevels"))),
        frozenset(_list(conditions.get("userrisklevels"))),
        on_registration, (*doubts, *more), item.where, choices, strangers, on_devices,
        _session(_lower(value.get("sessioncontrols"))),
    )  # fmt: skip


def _doubts_of(apps: dict[str, Any], conditions: dict[str, Any]) -> list[str]:
    doubts = []
    if _says(apps.get("applicationfilter")):
        doubts.append("a filter of applications")
    if _says(conditions.get("times")):
        doubts.append("the condition times")
    return doubts


def _applications(apps: dict[str, Any]) -> tuple[ConditionList, bool]:
    """Return the applications of a policy, and whether it covers the registration of sign-in methods."""
    actions = [action.lower() for action in _list(apps.get("includeuseractions"))]
    included = _choose(apps.get("includeapplications"), "all")
    if _says(apps.get("includeauthenticationcontextclassreferences")) or actions:
        # Applications request an action or a context; a sign-in alone does not trigger such a policy.
        return ConditionList() if not included.everything else included, any(
            "registersecurityinfo" in a for a in actions
        )
    return included, False


def _paths(conditions: dict[str, Any]) -> frozenset[str]:
    kinds = [kind.lower() for kind in _list(conditions.get("clientapptypes"))] or ["all"]
    paths = {path for kind in kinds for path in _CLIENTS.get(kind, ())}
    flows = _lower(conditions.get("authenticationflows"))
    methods = ",".join(_list(flows.get("transfermethods"))).lower()
    if methods:
        return frozenset(paths & {"device_code"}) if "devicecodeflow" in methods else frozenset()
    return frozenset(paths)


def _read_grant(controls: dict[str, Any]) -> tuple[Choices, list[str]]:
    """Return the grant controls as choices, and doubts."""
    strength = _lower(controls.get("authenticationstrength"))
    return find_granted(
        _list(controls.get("builtincontrols")),
        _list(strength.get("allowedcombinations"), is_split=False) if strength else None,
        (_text(strength.get("id")) or "").lower(),
        others=sum(_says(controls.get(field)) for field in ("customauthenticationfactors", "termsofuse")),
        is_or=(_text(controls.get("operator")) or "OR").upper() == "OR",
    )


def _devices(conditions: dict[str, Any]) -> tuple[Strangers, bool]:
    """Return whether the policy covers unmanaged devices, and whether it distinguishes devices."""
    devices = _lower(conditions.get("devices"))
    rule = _lower(devices.get("devicefilter"))
    left_out = {
        text.lower() for key in ("excludedevices", "excludedevicestates") for text in _list(devices.get(key))
    }
    if _says(rule.get("rule")):
        return strangers_of(_text(rule.get("mode")) or "", str(rule["rule"])), True
    if left_out:
        return ("in" if left_out <= {"compliant", "domainjoined"} else "unsure"), True
    return "in", False


def _session(controls: dict[str, Any]) -> tuple[str, ...]:
    """Return the enabled session controls."""
    return tuple(
        name
        for name, value in sorted(controls.items())
        if (
            _lower(value).get("isenabled") is True
            if isinstance(read_structure(value), dict)
            else value is True
        )
    )


def _principals(users: dict[str, Any], side: str) -> Principals:
    listed = [user.lower() for user in _list(users.get(f"{side}users"))]
    guests = _lower(users.get(f"{side}guestsorexternalusers"))
    kinds = frozenset(kind.lower() for kind in _list(guests.get("guestorexternalusertypes")))
    everyone = "guestsorexternalusers" in listed
    named_users = frozenset(u for u in listed if u not in ("all", "none", "guestsorexternalusers"))
    return Principals(
        "all" in listed, everyone or bool(guests), named_users,
        frozenset(g.lower() for g in _list(users.get(f"{side}groups"))),
        frozenset(r.lower() for r in _list(users.get(f"{side}roles"))),
        frozenset() if everyone else kinds,
        not everyone and "enumerated" in encode(guests.get("externaltenants")).lower(),
    )  # fmt: skip


def _choose(value: Any, everything: str) -> ConditionList:
    listed = [text.lower() for text in _list(value)]
    return ConditionList(
        everything in listed, frozenset(text for text in listed if text not in (everything, "none"))
    )


def _read_references(value: dict[str, Any], directory: PolicyDirectory) -> bool:
    """Read a named location, a group or role with its members, or a user; return whether it was one."""
    uid, name = (_text(value.get("id")) or "").lower(), _text(value.get("displayname")) or ""
    if "ipranges" in value or "countriesandregions" in value:
        ranges = [_lower(one) for one in _any_list(value.get("ipranges"))]
        networks = tuple(n for one in ranges if (n := _text(one.get("cidraddress"))))
        countries = frozenset(code.upper() for code in _list(value.get("countriesandregions")))
        directory.places[uid] = NamedLocation(uid, name, value.get("istrusted") is True, networks, countries)
    elif "members" in value:
        keys = [uid, (_text(value.get("roletemplateid")) or "").lower()]
        listed, is_whole = _members(value["members"])
        members = frozenset(key for member in listed for key in _member(member, directory))
        for key in filter(None, keys):
            directory.members[key] = members | directory.members.get(key, frozenset())
            directory.names[key] = name or key
            if not is_whole or _says(value.get("members@odata.nextlink")):
                directory.partial.add(key)
    elif "userprincipalname" in value and uid:
        directory.accounts[uid] = (_text(value["userprincipalname"]) or "").lower()
    elif uid and name and ("securityenabled" in value or "grouptypes" in value or "roletemplateid" in value):
        directory.names[uid] = name  # a group without members in the export: only its name is known
        template = (_text(value.get("roletemplateid")) or "").lower()
        if template:
            directory.names[template] = name
    else:
        return False
    return True


def _members(value: Any) -> tuple[list[Any], bool]:
    """Return the listed members, from a list or a Graph response, and whether the list may be complete."""
    value = read_structure(value)
    if isinstance(value, list):
        return value, len(value) not in _CUT_OFF_AT
    page = _lower(value)
    return _any_list(page.get("value")), "value" in page and not _says(page.get("@odata.nextlink"))


def _member(member: Any, directory: PolicyDirectory) -> list[str]:
    """Return the id and UPN of a member. A nested group is given by its id, and incomplete until its own members are read."""
    if isinstance(member, str):
        return [member.lower()[:_LONGEST]]
    value = _lower(member)
    uid, name = ((_text(value.get(key)) or "").lower() for key in ("id", "userprincipalname"))
    if uid and name:
        directory.accounts.setdefault(uid, name)
    if uid and "#microsoft.graph.group" in str(value.get("@odata.type", "")).lower():
        directory.names.setdefault(uid, _text(value.get("displayname")) or uid)
        directory.nested.add(uid)
    return [text for text in (uid, name) if text]


def _lower(value: Any) -> dict[str, Any]:
    value = read_structure(value)
    return {str(key).lower(): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def _any_list(value: Any) -> list[Any]:
    value = read_structure(value)
    return value if isinstance(value, list) else []


def _list(value: Any, *, is_split: bool = True) -> list[str]:
    value = read_structure(value)
    if isinstance(value, str) and is_split:
        return [part.strip() for part in value.split(",") if part.strip()]
    return [text[:_LONGEST] for item in _any_list(value) if isinstance(text := as_text(item), str) and text]


def _text(value: Any) -> str | None:
    return value.strip()[:_LONGEST] or None if isinstance(value, str) else None


def _says(value: Any) -> bool:
    return value not in (None, "", [], {}, "all")
