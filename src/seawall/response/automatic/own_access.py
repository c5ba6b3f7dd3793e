"""Leave alone what would lock out Seawall itself, or belongs to a directory that its credentials do not name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seawall.response.automatic.judging import LeftAlone
from seawall.response.containment.lockout_guard import WHO_AM_I, refuse_lockout
from seawall.response.containment.settings import ContainmentSettings
from seawall.response.containment.values import ContainmentPlan, ContainmentStep
from seawall.response.containment.vendor_calls import CallRefused, CallResultUnknown, VendorCaller
from seawall_base.errors import SeawallError


def check_own_access(
    settings: ContainmentSettings,
    plan: ContainmentPlan,
    steps: Sequence[ContainmentStep],
    asking: VendorCaller,
) -> None:
    """Raise LeftAlone if a step needs access that is not configured, is of another directory, or would end that access."""
    for step in steps:
        if getattr(settings, step.vendor) is None:
            raise LeftAlone("access", f"no access to {step.vendor} is configured")
        if step.vendor == "microsoft" and settings.microsoft is not None:
            if step.tenant.casefold() != settings.microsoft.tenant.casefold():
                raise LeftAlone("access", f"the credentials are not those of {step.tenant}")
            if step.account.casefold() == settings.microsoft.client_id.casefold():
                raise LeftAlone("own-account", "Seawall's own application makes the calls")
        if step.vendor == "okta":
            _require_owner(settings, asking)
    try:
        refuse_lockout(plan, {step.id for step in steps}, settings, asking)
    except SeawallError as error:
        raise LeftAlone("own-account", error.message) from None


def _require_owner(settings: ContainmentSettings, asking: VendorCaller) -> None:
    """Raise LeftAlone if the owner of Okta's API token cannot be told: the token ends with its owner's account."""
    if settings.okta is None or settings.okta.client_id:
        return
    try:
        found = asking.ask("okta", WHO_AM_I).document
    except (CallRefused, CallResultUnknown, SeawallError):
        found = None
    if not isinstance(found, Mapping) or not isinstance(found.get("id"), str):
        raise LeftAlone("own-account", "Okta does not say whose account makes the calls")
