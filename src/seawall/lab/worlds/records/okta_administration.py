"""Okta's entries of administration: users, groups, factors, roles, tokens, policies."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.records.accounts import letters
from seawall.lab.worlds.records.okta_entry import Record, entry, thing, user
from seawall.lab.worlds.seeded_random import SeededRandom

_USERS = {
    "Change user password.": ("user.account.update_password", "User update password for Okta"),
    "Reset user password.": ("user.account.reset_password", "Fired when the user's Okta password is reset"),
    "Update StsRefreshTokenValidFrom Timestamp.": ("user.session.clear", "Clear user session"),
    "User registered security info": ("user.mfa.factor.activate", "Activate factor or authenticator enrollment method for user"),
    "Update user.": ("user.account.update_profile", "Update user profile for Okta"),
    "Add member to role.": ("user.account.privilege.grant", "Grant user privilege"),
    "Add member to group.": ("group.user_membership.add", "Add user to group membership"),
    "Add user.": ("user.lifecycle.create", "Create Okta user"),
    "Reset authentication methods.": ("user.mfa.factor.reset_all", "Reset all factors for user"),
    "Remove authentication method.": ("user.mfa.factor.deactivate", "Reset factor for user"),
}  # fmt: skip
"""Acts on a person: event type and display message."""
_THINGS = {
    "Open administration.": ("user.session.access_admin_app", "User accessing Okta admin app", "AppInstance"),
    "Create API token.": ("system.api_token.create", "Create API token", "Token"),
    "Revoke API token.": ("system.api_token.revoke", "Revoke API token", "Token"),
    "Change sign-on rule.": ("policy.rule.update", "Update policy rule", "PolicyRule"),
    "Change network zone.": ("zone.update", "Update network zone", "NetworkZone"),
    "Add identity provider.": ("system.idp.lifecycle.create", "Create identity provider", "IdentityProvider"),
    "Change application.": ("application.lifecycle.update", "Update application", "AppInstance"),
    "Assign application.": ("application.user_membership.add", "Add user to application membership", "AppUser"),
}  # fmt: skip
"""Other acts: event type, display message, and type of target."""
ROLES = {
    "Exchange Administrator": "Application administrator",
    "Helpdesk Administrator": "Help desk administrator",
    "Global Reader": "Read-only administrator",
    "User Administrator": "Group administrator",
}


def administration(
    act: Act, tenant: Tenant, dice: SeededRandom, week: int, program: LabClient
) -> Iterator[Record]:
    """Yield the entry of a change by a person, if the change is made at Okta."""
    target, operation = act.details["target"], act.details.get("says", act.operation)
    if operation in _THINGS:
        kind, says, sort = _THINGS[operation]
        name = str(act.details.get("name", sort))
        yield entry(
            kind, says, act, tenant, dice, thing(sort, "0" + letters(f"{tenant.id}/{name}", 19), name),
            week=week, program=program,
        )  # fmt: skip
    elif operation in _USERS and isinstance(target, LabAccount):
        kind, says = _USERS[operation]
        debug: dict[str, str] = {}
        modified = act.details.get("modified", {})
        if "StrongAuthenticationUserDetails" in modified:
            kind, says = _USERS["User registered security info"]
            debug["factor"] = "SMS_FACTOR"
        elif kind.startswith("user.mfa.factor") and kind != "user.mfa.factor.reset_all":
            debug["factor"] = dice.pick(
                ("OKTA_VERIFY_PUSH", "OKTA_VERIFY_PUSH", "FIDO_WEBAUTHN", "TOKEN_SOFTWARE_TOTP")
            )
        targets = [user(target)]
        if operation == "Add member to role.":
            role = modified.get("Role.DisplayName", "")
            debug["privilegeGranted"] = ROLES.get(role, role or "Group administrator")
        if operation == "Add member to group.":
            targets.append(
                thing("UserGroup", "00g" + letters(tenant.id + target.department, 17), target.department)
            )
        record = entry(kind, says, act, tenant, dice, *targets, week=week, program=program)
        record["debugContext"]["debugData"] |= debug
        yield record
