"""Ask the vendors, with reads alone, whether an account is an administrator's, and whether another one stays.

Logs cannot prove that somebody is no administrator, so the vendor's answer decides. An answer that is refused, has another
shape, or is about another account raises LeftAlone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from seawall.response.automatic.judging import LeftAlone, is_service
from seawall.response.automatic.settings import AccountKind, AutomaticSettings
from seawall.response.containment.google_directory import USERS, call_directory
from seawall.response.containment.microsoft import call_graph, principal_path, user_path
from seawall.response.containment.templates import encode_segment, fill_address, is_guid
from seawall.response.containment.values import ContainmentStep, Vendor, VendorCall
from seawall.response.containment.vendor_calls import CallRefused, CallResultUnknown, VendorCaller
from seawall_base.errors import SeawallError

GLOBAL_ADMINISTRATOR: Final = "62e90394-69f5-4237-9190-012177145e10"
"""Entra's id of the role Global Administrator, the same in every directory."""

NO_LICENCE: Final = "AadPremiumLicenseRequired"
"""Entra's refusal in a directory without a licence for eligible roles: nobody is eligible there."""

MOST_OTHERS: Final = 50
_ROLES: Final = "RoleManagement.Read.Directory"
_OKTA_DOCS: Final = "https://developer.okta.com/docs/api/openapi/okta-management/management/tags/"


@dataclass(frozen=True, slots=True)
class AccountKindReader:
    """Read kinds of accounts from the vendors."""

    settings: AutomaticSettings
    asking: VendorCaller

    def find_kind(self, step: ContainmentStep) -> AccountKind:
        """Return the kind of a step's account at its vendor. Raises LeftAlone."""
        read = {"microsoft": self._microsoft, "google": self._google, "okta": self._okta}.get(step.vendor)
        if read is None:
            raise LeftAlone("unknown", f"nothing is known of administrators at {step.vendor}")
        try:
            is_administrator = read(step)
        except (CallRefused, CallResultUnknown) as refused:
            raise LeftAlone(
                "unknown", f"{step.vendor} did not say who is an administrator: {refused}"
            ) from None
        except SeawallError as error:
            raise LeftAlone("unknown", f"{step.vendor} cannot be asked: {error.message}") from None
        if is_administrator:
            return "administrators"
        return "services" if is_service(self.settings, step) else "people"

    def check_another_administrator(self, step: ContainmentStep, without: Collection[str]) -> None:
        """Raise LeftAlone unless another person's enabled administrator account is proved to stay.

        `without` are accounts that do not count, because they were contained, in lower case.
        """
        try:
            stays = self._has_another(step, without)
        except (CallRefused, CallResultUnknown, SeawallError):
            stays = False
        if not stays:
            raise LeftAlone("last-administrator", "it is not proved that another administrator stays")

    def _has_another(self, step: ContainmentStep, without: Collection[str]) -> bool:
        if step.vendor == "microsoft":
            return self._has_another_at_microsoft(step, without)
        if step.vendor != "google":
            return False
        call = call_directory(
            "GET", "/users?customer=my_customer&query=isAdmin%3Dtrue", USERS + ".readonly", "users/list"
        )
        for one in self._list("google", call, "users"):
            name = str(one.get("primaryEmail", "")).casefold()
            is_open = one.get("suspended") is False and one.get("isAdmin") is True and not one.get("archived")
            if name and is_open and name != step.account.casefold() and name not in without:
                return True
        return False

    def _has_another_at_microsoft(self, step: ContainmentStep, without: Collection[str]) -> bool:
        wanted = encode_segment(f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'")
        call = call_graph(
            "GET", f"/roleManagement/directory/roleAssignments?$filter={wanted}", _ROLES,
            "rbacapplication-list-roleassignments",
        )  # fmt: skip
        assigned = [
            one for one in self._list("microsoft", call, "value") if one.get("directoryScopeId") == "/"
        ]
        for one in assigned[:MOST_OTHERS]:
            other = str(one.get("principalId", ""))
            try:
                found = self._read_microsoft_user(other) if is_guid(other) else {}
            except CallRefused:  # a group or an application: nobody who can sign in and help
                continue
            name = str(found.get("userPrincipalName", "")).casefold()
            is_other = name and name != step.account.casefold() and name not in without
            if is_other and found.get("accountEnabled") is True and found.get("id") == other:
                return True
        return False

    def _read_microsoft_user(self, name: str) -> Mapping[str, Any]:
        path = user_path(name, "?$select=id,userPrincipalName,accountEnabled")
        return self._object("microsoft", call_graph("GET", path, "User.Read.All", "user-get"))

    def _microsoft(self, step: ContainmentStep) -> bool:
        if step.kind == "disable_service_principal":
            base = principal_path(step.account)
            call = call_graph(
                "GET", base + "?$select=id,appId", "Application.Read.All", "serviceprincipal-get"
            )
            found, named = self._object("microsoft", call), "appId"
        else:
            base = user_path(step.account)
            found, named = self._read_microsoft_user(step.account), "userPrincipalName"
        _require_same(step, found.get(named))
        identity = found.get("id")
        if not isinstance(identity, str) or not identity:
            raise LeftAlone("unknown", "the directory names no id for the account")
        member = call_graph(
            "GET",
            f"{base}/transitiveMemberOf?$select=id",
            "Directory.Read.All",
            "user-list-transitivememberof",
        )
        for one in self._list("microsoft", member, "value"):
            kind = one.get("@odata.type")
            if not isinstance(kind, str):
                raise LeftAlone("unknown", "the directory does not say what the account is a member of")
            if kind.casefold() == "#microsoft.graph.directoryrole":
                return True
        return self._holds_role(identity)

    def _holds_role(self, identity: str) -> bool:
        wanted = "?$filter=" + encode_segment(f"principalId eq '{identity}'")
        base = "/roleManagement/directory"
        call = call_graph(
            "GET", f"{base}/roleAssignments{wanted}", _ROLES, "rbacapplication-list-roleassignments"
        )
        if self._list("microsoft", call, "value"):
            return True
        eligible = call_graph(
            "GET", f"{base}/roleEligibilitySchedules{wanted}", "RoleEligibilitySchedule.Read.Directory",
            "rbacapplication-list-roleeligibilityschedules",
        )  # fmt: skip
        try:
            return bool(self._list("microsoft", eligible, "value"))
        except CallRefused as refused:
            if refused.code == NO_LICENCE:
                return False
            raise

    def _google(self, step: ContainmentStep) -> bool:
        path = "/users/{account}?fields=id,primaryEmail,isAdmin,isDelegatedAdmin"
        call = call_directory("GET", path, USERS + ".readonly", "users/get", account=step.account)
        found = self._object("google", call)
        _require_same(step, found.get("primaryEmail"))
        flags = [found.get("isAdmin"), found.get("isDelegatedAdmin")]
        if not all(isinstance(flag, bool) for flag in flags):
            raise LeftAlone("unknown", "Google does not say whether the account is an administrator's")
        return any(flags)

    def _okta(self, step: ContainmentStep) -> bool:
        user = VendorCall(
            "GET", fill_address("/api/v1/users/{account}", account=step.account),
            permission="okta.users.read", documentation=_OKTA_DOCS + "user",
        )  # fmt: skip
        found = self._object("okta", user)
        profile, identity = found.get("profile"), found.get("id")
        _require_same(step, profile.get("login") if isinstance(profile, Mapping) else None)
        if not isinstance(identity, str) or not identity:
            raise LeftAlone("unknown", "Okta names no id for the account")
        roles = VendorCall(
            "GET", fill_address("/api/v1/users/{id}/roles", id=identity),
            permission="okta.roles.read", documentation=_OKTA_DOCS + "roleassignmentauser",
        )  # fmt: skip
        return bool(self._list("okta", roles, "."))

    def _object(self, vendor: Vendor, call: VendorCall) -> Mapping[str, Any]:
        document = self.asking.ask(vendor, call).document
        if not isinstance(document, Mapping):
            raise LeftAlone("unknown", f"{vendor} answered with something else than an object")
        return document

    def _list(self, vendor: Vendor, call: VendorCall, items: str) -> list[Mapping[str, Any]]:
        """Return all items of a list. An answer without the list is unknown, not empty."""
        document = self.asking.ask(vendor, call).document
        listed = document if items == "." else document.get(items) if isinstance(document, Mapping) else None
        if not isinstance(listed, list):
            raise LeftAlone("unknown", f"{vendor} answered without a list")
        found = self.asking.pages(vendor, call, items)
        if len(found) < len(listed) or not all(isinstance(one, Mapping) for one in found):
            raise LeftAlone("unknown", f"{vendor} answered with something else than objects")
        return found


def _require_same(step: ContainmentStep, name: Any) -> None:
    """Raise LeftAlone if the vendor's object is not the step's account: an alias, or another organisation's."""
    if not isinstance(name, str) or name.casefold() != step.account.casefold():
        raise LeftAlone("unknown", "the vendor knows the account by another name")
