"""Judge Conditional Access policies: which of them apply to everybody, and what narrows the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from seawall.posture.policy import Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import is_hidden, read_fields, read_flag, read_text, read_texts

PRIVILEGED_ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
}
"""Template ids of the roles that CISA's baseline calls highly privileged."""
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PHISHING_RESISTANT = frozenset({"windowshelloforbusiness", "fido2", "x509certificatemultifactor"})
_RESISTANT_STRENGTH = "00000000-0000-0000-0000-000000000004"
_SINGLE_FACTOR = frozenset(
    {"password", "sms", "federatedsinglefactor", "x509certificatesinglefactor", "qrcodepin"}
)
_NARROWING = {
    "platforms": "device platforms",
    "locations": "locations",
    "devices": "a filter of devices",
    "clientapptypes": "client types",
    "userrisklevels": "user risk",
    "signinrisklevels": "sign-in risk",
    "authenticationflows": "authentication flows",
    "serviceprincipalrisklevels": "service principal risk",
    "insiderrisklevels": "insider risk",
    "clientapplications": "workload identities",
}
_REPORT_ONLY, _DISABLED = "it is report-only", "it is disabled"
_EVERYTHING = frozenset({"", "all", "none"})


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold one Conditional Access policy with its conditions and controls. A list is None if the export hides it."""

    name: str
    state: str
    users: Mapping[str, Any]
    apps: Mapping[str, Any]
    conditions: Mapping[str, Any]
    grant: Mapping[str, Any]
    session: Mapping[str, Any]

    @property
    def controls(self) -> frozenset[str]:
        """Return the built-in grant controls in lower case."""
        return self.words(self.grant, "builtincontrols")

    @property
    def is_hidden(self) -> bool:
        """Return whether the export hides a part of the policy."""
        parts = (self.conditions, self.users, self.apps, self.grant)
        return (
            not self.conditions
            or not self.users
            or any(is_hidden(one) for part in parts for one in part.values())
        )

    @property
    def is_any_control_enough(self) -> bool:
        """Return whether one of the controls suffices."""
        return read_text(self.grant.get("operator")).upper() != "AND"

    @staticmethod
    def words(part: Mapping[str, Any], name: str) -> frozenset[str]:
        """Return a list of texts in lower case, empty if it is not there."""
        return frozenset(text.lower() for text in read_texts(part.get(name)) or ())

    def combinations(self) -> frozenset[str]:
        """Return the method combinations of the authentication strength; those of the built-in one by its id."""
        strength = read_fields(self.grant.get("authenticationstrength"))
        found = read_texts(strength.get("allowedcombinations"), separators="|;")
        if found:
            return frozenset(text.lower().replace(" ", "") for text in found)
        return PHISHING_RESISTANT if read_text(strength.get("id")) == _RESISTANT_STRENGTH else frozenset()


def access_rules(configuration: Configuration) -> Iterator[Rule]:
    """Yield the Conditional Access policies of a configuration."""
    for one in configuration.all("conditional_access"):
        conditions = read_fields(one.get("conditions"))
        yield Rule(
            name_of(one, "displayname"),
            read_text(one.get("state")).lower(),
            read_fields(conditions.get("users")),
            read_fields(conditions.get("applications")),
            conditions,
            read_fields(one.get("grantcontrols")),
            read_fields(one.get("sessioncontrols")),
        )


def requires_only(rule: Rule, controls: frozenset[str]) -> bool:
    """Return whether nobody passes a policy without one of these built-in controls."""
    found, more = (
        rule.controls,
        bool(rule.combinations() or rule.words(rule.grant, "customauthenticationfactors")),
    )
    if rule.is_any_control_enough:
        return bool(found) and found <= controls and not more
    return bool(found & controls)


def requires_resistance(rule: Rule) -> bool:
    """Return whether nobody passes a policy without a phishing-resistant method."""
    found = rule.combinations()
    return bool(found) and found <= PHISHING_RESISTANT and not (rule.is_any_control_enough and rule.controls)


def requires_second_factor(rule: Rule) -> bool:
    """Return whether nobody passes a policy without a second factor."""
    found = rule.combinations()
    if found and not found & _SINGLE_FACTOR:
        return not (rule.is_any_control_enough and rule.controls - {"mfa"})
    return requires_only(rule, frozenset({"mfa"}))


def blocks(rule: Rule) -> bool:
    """Return whether a policy blocks access."""
    return "block" in rule.controls


def list_gaps(
    rule: Rule,
    configuration: Configuration,
    *,
    used: frozenset[str] = frozenset(),
    by_roles: bool = False,
    by_action: bool = False,
) -> list[str]:
    """Return what keeps a policy from applying to everybody. `used` are conditions that the policy is meant to have."""
    gaps = []
    if rule.state != "enabled":
        gaps.append(_REPORT_ONLY if rule.state.startswith("enabledforreporting") else _DISABLED)
    gaps += _user_gaps(rule, configuration, by_roles)
    if not by_action and "all" not in rule.words(rule.apps, "includeapplications"):
        gaps.append("it does not include all resources")
    if rule.words(rule.apps, "excludeapplications"):
        gaps.append("it excludes resources")
    if read_text(read_fields(rule.apps.get("applicationfilter")).get("rule")):
        gaps.append("it filters resources")
    gaps += [
        f"it applies only to some {words}"
        for name, words in _NARROWING.items()
        if name not in used and _narrows(rule, name)
    ]
    return gaps


def _user_gaps(rule: Rule, configuration: Configuration, by_roles: bool) -> Iterator[str]:
    if "all" not in rule.words(rule.users, "includeusers"):
        lacking = [
            name
            for key, name in PRIVILEGED_ROLES.items()
            if key not in rule.words(rule.users, "includeroles")
        ]
        if not by_roles:
            yield "it does not include all users"
        elif lacking:
            yield f"it leaves out {', '.join(lacking)}"
    if rule.words(rule.users, "excluderoles"):
        yield "it excludes roles"
    guests = read_fields(rule.users.get("excludeguestsorexternalusers"))
    if read_texts(guests.get("guestorexternalusertypes")):
        yield "it excludes guests"
    for name, words in (("excludeusers", "users"), ("excludegroups", "groups")):
        count = len(rule.words(rule.users, name) - configuration.emergency)
        if count:
            yield f"it excludes {count} {words} that are not named as emergency accounts"


def _narrows(rule: Rule, name: str) -> bool:
    value = rule.conditions.get(name)
    if name == "clientapptypes":
        found = rule.words(rule.conditions, name)
        return bool(found) and "all" not in found and not {"browser", "mobileappsanddesktopclients"} <= found
    if name == "devices":
        return bool(read_text(read_fields(read_fields(value).get("devicefilter")).get("rule")))
    fields = read_fields(value)
    if name in ("platforms", "locations"):
        return (
            "all" not in rule.words(fields, f"include{name}") and bool(rule.words(fields, f"include{name}"))
        ) or bool(rule.words(fields, f"exclude{name}"))
    if fields:
        return any(read_texts(one) for one in fields.values() if not isinstance(one, dict))
    return any(text.lower() not in _EVERYTHING for text in read_texts(value) or ())


def judge_rules(
    configuration: Configuration,
    fits: Callable[[Rule], bool],
    what: str,
    *,
    used: frozenset[str] = frozenset(),
    by_roles: bool = False,
    by_action: bool = False,
) -> PolicyVerdict:
    """Return "met" if a policy that fits applies to everybody; else which policies come near, and what narrows each."""
    near: list[str] = []
    hidden: list[str] = []
    nearest: list[tuple[str, str]] = []
    for rule in access_rules(configuration):
        if rule.is_hidden:
            hidden.append(rule.name)
        elif fits(rule) and (by_action or not rule.words(rule.apps, "includeuseractions")):
            gaps = list_gaps(rule, configuration, used=used, by_roles=by_roles, by_action=by_action)
            if not gaps:
                return verdict("met", f"a policy {what}", [rule.name])
            near.append(f"{rule.name}: {'; '.join(gaps)}")
            nearest += [(rule.name, gaps[0])] if len(gaps) == 1 else []
    if hidden:
        return verdict(
            "cannot say", "the export hides parts of policies: export them again with -Depth 10", hidden
        )
    if "conditional_access" in configuration.partial:
        return verdict("cannot say", "the export of policies is not complete: a next page is missing")
    found = verdict("not met", f"no policy {what}", near)
    return replace(found, fix=_close_gap(*min(nearest))) if nearest else found


def _close_gap(name: str, gap: str) -> str:
    """Return the change that lets a policy with one gap apply to everybody."""
    if gap in (_REPORT_ONLY, _DISABLED):
        return f"Set the policy {name} to On: it exists, and {gap}."
    if gap.startswith("it excludes"):
        return f"Remove the exclusion from the policy {name} ({gap}), or name emergency accounts with --emergency."
    return f"Widen the policy {name}: {gap}."


def has_security_defaults(configuration: Configuration) -> bool:
    """Return whether the export shows that security defaults are enabled."""
    return any(read_flag(one.get("isenabled")) is True for one in configuration.all("security_defaults"))
