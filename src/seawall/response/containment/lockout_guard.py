"""Refuse steps that would lock out the account whose credentials make the calls: nothing could then be undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from seawall.response.containment.settings import ContainmentSettings
from seawall.response.containment.values import ContainmentPlan, ContainmentStep, Vendor, VendorCall
from seawall.response.containment.vendor_calls import CallRefused, CallResultUnknown, VendorCaller
from seawall.response.errors import RespondInvalid
from seawall_base.errors import SeawallError

LOCKS_OUT: Final = frozenset({"disable_account", "reset_password", "revoke_sessions", "remove_role"})
WHO_AM_I: Final = VendorCall(
    "GET",
    "/api/v1/users/me",
    permission="okta.users.read",
    documentation="https://developer.okta.com/docs/api/openapi/okta-management/management/tags/user",
)
"""The call that names the owner of the API token. Okta accepts a token only while its owner is active."""


def refuse_lockout(
    plan: ContainmentPlan, wanted: Collection[str], settings: ContainmentSettings, asking: VendorCaller
) -> None:
    """Raise RespondInvalid if a selected step targets the account whose credentials call Google or Okta.

    That account is the administrator named in the settings, or the owner of the API token. An application with a key
    has no account.
    """
    steps = [one for one in plan.actions if one.id in wanted and one.kind in LOCKS_OUT]
    if settings.google is not None:
        _is_spared(steps, "google", {settings.google.administrator.casefold()})
    if (
        settings.okta is not None
        and not settings.okta.client_id
        and any(one.vendor == "okta" for one in steps)
    ):
        _is_spared(steps, "okta", _token_owner(asking))


def _is_spared(steps: list[ContainmentStep], vendor: Vendor, who: Collection[str]) -> None:
    for action in steps:
        if action.vendor == vendor and action.account.casefold() in who:
            raise RespondInvalid(
                f"{action.id} would lock out {action.account}, which Seawall uses to call {vendor}",
                fix=f"configure another account: [{vendor}] in the file of --config",
            )


def _token_owner(asking: VendorCaller) -> set[str]:
    """Return the id and login of the API token's owner.

    Empty if Okta does not answer: the plan's own calls will then report why.
    """
    try:
        document = asking.ask("okta", WHO_AM_I).document
    except (CallRefused, CallResultUnknown, SeawallError):
        return set()
    if not isinstance(document, Mapping):
        return set()
    profile = document.get("profile")
    login = profile.get("login") if isinstance(profile, Mapping) else None
    return {value.casefold() for value in (document.get("id"), login) if isinstance(value, str)}
